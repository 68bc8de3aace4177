"""A person's own attributes in their own text: the surest list of names there is.

Values come opened, in memory, from the caller, and are matched without case and diacritics, also in parts ("Kari
Nordmann": "kari", "nordmanns"), also with digits grouped otherwise ("912 34 567": "91234567"). Parts are words of
three letters or more. A short one (up to five letters) must be a whole word, but for a genitive; a longer one is taken
wherever it stands, with the word around it. So "Berg" leaves "Bergen", and "Hansen" takes "hansenfamilien".
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from privacy.redaction.folding import folded, viewed
from privacy.redaction.placeholder import Kind, Span

SHORTEST: Final = 3
_WHOLE_WORD_BELOW: Final = 6
_SHORTEST_DIGITS: Final = 5
_LOCAL_NUMBER: Final = 8  # what is left of a phone number without its country
_GENITIVE: Final = re.compile(r"(?:'?s|es)?(?!\w)")
_DIGIT_RUN: Final = re.compile(r"\d(?:[ .\-/()]{0,3}\d)*")
_ISO_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_PART: Final = re.compile(r"[^\W\d_]+")
_SPELLINGS: Final = (("ø", "oe"), ("æ", "ae"), ("å", "aa"), ("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"))
# Words that are part of an address or company name and of every other sentence.
_NOT_PARTS_TEXT: Final = """
    and the for und der die das den det som med mit von van ikke not och ett com net org gmail
    hotmail outlook yahoo mail post info kontakt gate gata gatan vei veien veg vegen vag vagen
    strasse street road avenue
"""
_NOT_PARTS: Final = frozenset(_NOT_PARTS_TEXT.split())


class Attribute(NamedTuple):
    """One attribute in every form it is searched in."""

    kind: Kind
    needles: tuple[tuple[str, bool], ...]
    digits: tuple[str, ...]


def attributes_of(values: Iterable[str]) -> tuple[Attribute, ...]:
    """Prepare a person's attributes once for all their texts; those shorter than three characters are left out.

    What stands before the @ of an address is mostly a name: alone in a text it is taken out as one.
    """
    plain = [viewed(value.strip()) for value in values]
    whole = [_attribute(_kind(value), value) for value in plain if len(value) >= SHORTEST]
    mailboxes = [value.split("@", 1)[0] for value in plain if "@" in value]
    return (*whole, *(_attribute(Kind.NAME, mailbox) for mailbox in mailboxes if len(mailbox) >= SHORTEST))


def _attribute(kind: Kind, value: str) -> Attribute:
    forms = (value,) if kind is Kind.EMAIL else (value, *_parts(value))
    digits = tuple(form for form in _digit_forms(value) if len(form) >= _SHORTEST_DIGITS)
    return Attribute(kind, tuple(_needles(forms)), () if kind is Kind.NAME else digits)


def own_spans(view: str, attributes: Iterable[Attribute]) -> Iterator[Span]:
    """Find a person's own attributes in their viewed text."""
    text = folded(view)
    runs: list[re.Match[str]] | None = None
    for attribute in attributes:
        for needle, anywhere in attribute.needles:
            if needle in text:
                yield from _found(text, needle, attribute.kind, anywhere=anywhere)
        if attribute.digits:
            runs = list(_DIGIT_RUN.finditer(text)) if runs is None else runs
            yield from _numbers(runs, attribute.digits, attribute.kind)


def _kind(value: str) -> Kind:
    digits = sum(map(str.isdigit, value))
    if "@" in value:
        return Kind.EMAIL
    if not digits:
        return Kind.NAME
    if any(map(str.isalpha, value)):
        return Kind.ADDRESS
    return Kind.ID if digits > _LOCAL_NUMBER and "+" not in value else Kind.PHONE


def _parts(value: str) -> list[str]:
    """Return the words of a value that are no everyday words."""
    return [part for part in _PART.findall(value) if folded(part) not in _NOT_PARTS]


def _needles(forms: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Yield folded needles of a value and its parts, and whether each may stand inside a word."""
    seen: set[str] = set()
    for form in forms:
        for needle in _spellings(form):
            if len(needle) >= SHORTEST and needle not in seen:
                seen.add(needle)
                yield needle, len(needle) >= _WHOLE_WORD_BELOW or (form is forms[0] and not needle.isalpha())


def _spellings(form: str) -> Iterator[str]:
    """Yield the folded form, and as written with and without oe, ae, aa, ue, ss."""
    low = form.lower()
    yield folded(form)
    if low.isascii() and not any(pair in low for _, pair in _SPELLINGS):
        return
    wide, narrow = low, low
    for letter, pair in _SPELLINGS:
        wide = wide.replace(letter, pair)
        narrow = narrow.replace(pair, letter)
    yield folded(wide)
    yield folded(narrow)


def _found(text: str, needle: str, kind: Kind, *, anywhere: bool) -> Iterator[Span]:
    at = text.find(needle)
    while at >= 0:
        end = at + len(needle)
        if anywhere:
            yield _with_word(text, at, end, kind)
        elif not _joined(text, at):
            genitive = _GENITIVE.match(text, end)
            if genitive is not None:
                yield Span(at, genitive.end(), kind)
        at = text.find(needle, at + 1)


def _with_word(text: str, start: int, end: int, kind: Kind) -> Span:
    """Stretch a finding over the letters it is joined to: half a word would still tell."""
    while start > 0 and text[start].isalnum() and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return Span(start, end, kind)


def _joined(text: str, at: int) -> bool:
    return at > 0 and text[at - 1].isalnum()


def _digit_forms(value: str) -> list[str]:
    digits = "".join(filter(str.isdigit, value))
    date = _ISO_DATE.fullmatch(value)
    if date is not None:
        year, month, day = date.groups()
        short = f"{int(day)}{int(month)}"
        return [year + month + day, day + month + year, day + month + year[2:], short + year, short + year[2:]]
    if any(map(str.isalpha, value)):
        return []
    forms = [digits, digits.lstrip("0")]
    return [*forms, digits[-_LOCAL_NUMBER:]] if len(digits) > _LOCAL_NUMBER else forms


def _numbers(runs: list[re.Match[str]], forms: tuple[str, ...], kind: Kind) -> Iterator[Span]:
    for run in runs:
        digits = "".join(filter(str.isdigit, run.group()))
        if any(form in digits for form in forms):
            yield Span(*run.span(), kind)
