"""The page behind the link of a message: one question, one button, five languages, no script, nothing from elsewhere.

It is written without looking at the link, so it tells nobody whether a link is anybody's, and whoever fetches links
before a person does (mail scanners) changes nothing.
"""

import base64
import hashlib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from html import escape
from http import HTTPStatus
from importlib.resources import files
from typing import Final

from fastapi import Response

from privacy.plain_yaml import load_yaml
from privacy.purposes import LANGUAGES

_STYLE: Final = (
    "body{font:1.125rem/1.6 system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem;"
    "color:#1a1a1a;background:#fff;overflow-wrap:anywhere}"
    "h1{font-size:1.6rem;line-height:1.25}"
    "button{font:inherit;padding:.75rem 1.25rem;min-height:2.75rem;color:#fff;background:#1f4e79;"
    "border:2px solid #1f4e79;border-radius:.3rem;cursor:pointer}"
    "a{color:#1f4e79}:focus-visible{outline:3px solid #b45309;outline-offset:3px}"
    "nav{margin-top:3rem}nav ul{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:1rem}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}a{color:#9cc9f5}}"
)
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_NAMES: Final = {"nb": "Bokmål", "nn": "Nynorsk", "sv": "Svenska", "en": "English", "de": "Deutsch"}


class Shown(StrEnum):
    """What the page says."""

    ASK = "ask"
    DONE = "done"
    GONE = "gone"
    LATER = "later"


def page(shown: Shown, language: str, *, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Write the page in a language."""
    words = _words()[language]
    title = words["title" if shown is Shown.ASK else f"{shown}_title"]
    body = _asking(words, language) if shown is Shown.ASK else _telling(words, shown)
    html = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main>{_other_languages(words, language)}</body></html>"
    )
    headers = {"Content-Security-Policy": POLICY, "Content-Language": language, "Vary": "Accept-Language"}
    return Response(html, status_code=status, media_type="text/html", headers=headers)


def _asking(words: Mapping[str, str], language: str) -> str:
    return (
        f"<p>{escape(words['ask'])}</p><p>{escape(words['explain'])}</p>"
        f'<form method="post" action="?lang={language}">'
        '<input type="hidden" name="List-Unsubscribe" value="One-Click">'
        f'<button type="submit">{escape(words["button"])}</button></form><p>{escape(words["kept"])}</p>'
    )


def _telling(words: Mapping[str, str], shown: Shown) -> str:
    more = f"<p>{escape(words['kept'])}</p>" if shown is Shown.DONE else ""
    return f'<p role="status">{escape(words[shown.value])}</p>{more}'


def _other_languages(words: Mapping[str, str], language: str) -> str:
    others = "".join(
        f'<li><a href="?lang={each}" lang="{each}" hreflang="{each}">{_NAMES[each]}</a></li>'
        for each in LANGUAGES
        if each != language
    )
    return f'<nav aria-label="{escape(words["languages"])}"><ul>{others}</ul></nav>'


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    """Read the words of every language."""
    text = files("hub.api").joinpath("unsubscribe.yaml").read_text(encoding="utf-8")
    words: Mapping[str, Mapping[str, str]] = load_yaml(text)
    return words
