"""A page for people to read: one HTML document with its style and pictures in it, no script, nothing fetched.

It is light or dark as the reader's system is, and prints. Pictures take their colours from the page.
"""

from collections.abc import Sequence
from html import escape
from typing import Final

STYLE: Final = (
    ":root{color-scheme:light dark;--ink:#1c2430;--paper:#fff;--faint:#556274;--rule:#ccd3dc;--line:#1d4ed8;"
    "--bar:#b45309;--green:#15803d;--amber:#b45309;--red:#b91c1c}"
    "@media screen and (prefers-color-scheme:dark){:root{--ink:#e4e9f1;--paper:#131923;--faint:#a3b0c2;--rule:#3a4658;"
    "--line:#7aa7ff;--bar:#f0a04b;--green:#4ac47a;--amber:#f0a04b;--red:#ff7b72}}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:var(--ink);"
    "background:var(--paper)}"
    "table{border-collapse:collapse;display:block;overflow-x:auto}"
    "td,th{border-bottom:1px solid var(--rule);padding:.3rem .8rem;text-align:left;vertical-align:top}"
    "figure{display:inline-block;vertical-align:top;margin:1rem 1rem 1rem 0;max-width:100%}"
    "figcaption{max-width:26rem}figcaption.wide{max-width:48rem}"
    ".remark,.first{border-left:4px solid var(--bar);padding-left:1rem}.note{color:var(--faint)}"
    "svg{vertical-align:middle;max-width:100%;height:auto}svg text{fill:var(--ink);font-size:13px}"
    "svg .faint{fill:var(--faint)}svg .strong{font-weight:600}svg .frame{fill:none;stroke:var(--rule)}"
    "svg .guide{stroke:var(--faint);stroke-dasharray:4 4}svg .line{fill:none;stroke:var(--line);stroke-width:2}"
    "svg .dot{fill:var(--line)}svg .bar{fill:var(--bar)}svg .green{fill:var(--green)}svg .amber{fill:var(--amber)}"
    "svg .red{fill:var(--red)}"
)
LONGEST: Final = 42
"""Characters of a label that fit beside a bar."""


def document(title: str, body: Sequence[str], language: str = "en") -> str:
    """Write a document; `body` are pieces of HTML, the title is text."""
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
    )
    return f'<!doctype html><html lang="{language}"><head>{head}</head><body>{"".join(body)}</body></html>\n'


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Write a table; the head is text, cells are HTML already."""
    top = "".join(f'<th scope="col">{escape(one)}</th>' for one in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in lines)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def shortened(label: str) -> str:
    """Cut a long label, as SVG: the whole is shown to whoever points at it."""
    if len(label) <= LONGEST:
        return escape(label)
    return f"<title>{escape(label)}</title>{escape(label[: LONGEST - 1].rstrip())}…"
