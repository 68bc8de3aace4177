"""A page for people to read: one HTML document with its style and pictures in it, no script, nothing fetched."""

from collections.abc import Sequence
from html import escape
from typing import Final

STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1c2430}"
    "table{border-collapse:collapse}td,th{border-bottom:1px solid #ccd3dc;padding:.3rem .8rem;text-align:left}"
    "figure{display:inline-block;margin:1rem 1rem 1rem 0}.remark,.first{border-left:4px solid #b45309;"
    "padding-left:1rem}.note{color:#556}svg{vertical-align:middle}"
)


def document(title: str, body: Sequence[str], language: str = "en") -> str:
    """Write a document; `body` are pieces of HTML, the title is text."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="{language}"><head>{head}</head><body>{"".join(body)}</body></html>\n'


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Write a table; the head is text, cells are HTML already."""
    top = "".join(f'<th scope="col">{escape(one)}</th>' for one in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in lines)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
