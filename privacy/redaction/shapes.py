"""Shapes that carry letters: e-mail, URL, IBAN, British codes, passports, handles.

Each is found from an anchor (`@`, `://`, two letters and two digits) so that one pass over a batch of texts stays
linear. URLs stay unless they say something about a person: credentials, a query, a fragment, a profile page.
"""

import re
from collections.abc import Iterator
from typing import Final

from privacy.redaction.placeholder import Kind, Span

_LOCAL_STOP: Final = frozenset(" \n\x00\x01\t<>()[]{},;:\"'|=/\\@")
_DOMAIN: Final = re.compile(r"[^\W_](?:[\w-]*(?:\.[\w-]+)*)")
_DOTTED_DOMAIN: Final = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_SPELT_AT: Final = re.compile(
    r"[\w.+-]{1,64} ?[\[({] ?(?:at|alfakrøll|krøllalfa|snabel-?a|ätt|ät|klammeraffe)? ?[\])}] ?[\w-]+"
    r"(?: ?(?:\.|[\[({] ?(?:dot|punktum|punkt|prikk) ?[\])}]| (?:dot|punktum|punkt) ) ?[\w-]+)+",
    re.IGNORECASE,
)
_AT_WORD: Final = re.compile(r"[\[({] ?(?:at|alfakrøll|krøllalfa|snabel-?a|ätt|ät|klammeraffe) ?[\])}]", re.IGNORECASE)
_URL: Final = re.compile(r"(?:https?|ftps?|file)://[^\s<>\"\x00\x01]+|\bwww\.[^\s<>\"\x00\x01]+", re.IGNORECASE)
_PERSONAL_URL: Final = re.compile(
    r"://[^/?#]*@|[?#]|(?:linkedin\.com/in|facebook\.com|instagram\.com|twitter\.com|x\.com|tiktok\.com|github\.com)/\w"
    r"|/(?:user|users|profile|profil|member|account|u|~)/?[\w-]{2,}|/[\w-]{32,}",
    re.IGNORECASE,
)
_HANDLE: Final = re.compile(r"@\w{3,40}")
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{2,4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?\b", re.IGNORECASE)
_IBAN_COUNTRY: Final = re.compile(
    r"A[DELTZ]|B[AEGHRY]|C[HRYZ]|D[EKO]|E[EGS]|F[IOR]|G[BEILRT]|H[RU]|I[ELQST]|JO|K[WZ]|L[BCITUV]|M[CDEKRTU]"
    r"|N[LO]|P[KLST]|QA|R[OS]|S[ACEIKMTV]|T[LNR]|UA|V[AG]|XK",
    re.IGNORECASE,
)
_NINO: Final = re.compile(r"\b[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-DFMPT]\b")
_UK_POSTCODE: Final = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b")
_DOCUMENT: Final = re.compile(
    r"\b(?=[pdrfk])"  # skips most words at their first letter
    r"(?:passport|passnummer|passnr|reisepass|driver'?s licen[cs]e|driving licen[cs]e|førerkort|körkort"
    r"|führerschein|personalausweis)(?: ?(?:number|no|nr|nummer)\b\.?)?(?: is| er| är| ist)?[ :#]{1,3}"
    r"(?P<code>[A-Z]{0,3}\d[A-Z0-9]{4,11})\b",
    re.IGNORECASE,
)
_IBAN_LENGTHS: Final = range(15, 35)  # ISO 13616: Norway has 15, the longest allowed is 34
_IBAN_DIGITS: Final = 8


def shape_spans(view: str) -> Iterator[Span]:
    """Find shapes with letters in a viewed text."""
    yield from _emails(view)
    yield from _urls(view)
    if any(char.isdigit() for char in view):
        yield from _coded(view)


def _emails(view: str) -> Iterator[Span]:
    at = view.find("@")
    while at >= 0:
        yield from _around(view, at)
        at = view.find("@", at + 1)
    # A spelt-out @ ("kari (at) firma.no") is rare: only where the bracketed word stands is the long pattern tried.
    for match in _AT_WORD.finditer(view):
        line = max(view.rfind("\n", 0, match.start()), match.start() - 65) + 1
        for spelt in _SPELT_AT.finditer(view, line, match.end() + 80):
            yield Span(*spelt.span(), Kind.EMAIL)


def _around(view: str, at: int) -> Iterator[Span]:
    start = at
    while start > 0 and view[start - 1] not in _LOCAL_STOP:
        start -= 1
    domain = _DOMAIN.match(view, at + 1)
    if domain is None:
        return
    if start < at and (_DOTTED_DOMAIN.match(view, at + 1) or view[start].isalpha()):
        yield Span(start, domain.end(), Kind.EMAIL)
    elif _DOTTED_DOMAIN.match(view, at + 1):
        yield Span(at, domain.end(), Kind.EMAIL)
    elif start == at and (handle := _HANDLE.match(view, at)) is not None:
        yield Span(at, handle.end(), Kind.NAME)


def _urls(view: str) -> Iterator[Span]:
    for match in _URL.finditer(view):
        if _PERSONAL_URL.search(match.group()):
            yield Span(match.start(), match.start() + len(match.group().rstrip(".,;:!)'")), Kind.URL)


def _coded(view: str) -> Iterator[Span]:
    for match in _IBAN.finditer(view):
        code = [char for char in match.group() if char.isalnum()]
        if (
            _IBAN_COUNTRY.match(match.group())
            and len(code) in _IBAN_LENGTHS
            and sum(map(str.isdigit, code)) >= _IBAN_DIGITS
        ):
            yield Span(*match.span(), Kind.IBAN)
    for match in _NINO.finditer(view):
        yield Span(*match.span(), Kind.ID)
    for match in _UK_POSTCODE.finditer(view):
        yield Span(*match.span(), Kind.ADDRESS)
    for match in _DOCUMENT.finditer(view):
        yield Span(*match.span("code"), Kind.ID)
