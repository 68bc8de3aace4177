"""Placeholders: what stands where something was taken out, and how spans become text.

`[NAME_1]` is numbered within one text: the same value gets the same number, so "Kari" and "Kari Nordmann" in one
message stay one person to a reader. Numbers tell nothing across texts, only within a thread (`thread`). Text that
already looks like a placeholder is never touched, which makes redaction idempotent; new numbers begin above its own.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from privacy.redaction.folding import folded


class Kind(StrEnum):
    """What a placeholder stands for; the order is the precedence where two findings overlap."""

    EMAIL = "EMAIL"
    URL = "URL"
    IBAN = "IBAN"
    CARD = "CARD"
    ID = "ID"
    PHONE = "PHONE"
    ADDRESS = "ADDRESS"
    NAME = "NAME"


class Span(NamedTuple):
    """Half-open range of characters to take out of one text."""

    start: int
    end: int
    kind: Kind


PLACEHOLDER: Final = re.compile(rf"\[({'|'.join(Kind)})_(\d+)\]")
_PRECEDENCE: Final = {kind: rank for rank, kind in enumerate(Kind)}
_NAME_GLUE: Final = frozenset({"", " ", "-"})


def merged(spans: Iterable[Span], text: str) -> list[Span]:
    """Unite overlapping spans under the kind of higher precedence, and names that only a space parts.

    A union, not a choice: half an address that two rules saw differently would still be an address.
    """
    out: list[Span] = []
    for span in sorted(spans):
        if out and (span.start < out[-1].end or _one_name(out[-1], span, text)):
            last = out[-1]
            kind = min(last.kind, span.kind, key=_PRECEDENCE.__getitem__)
            out[-1] = Span(last.start, max(last.end, span.end), kind)
        else:
            out.append(span)
    return out


def replaced(text: str, spans: Sequence[Span], counts: Counter[str], numbers: "Numbers") -> str:
    """Write numbered placeholders over disjoint, sorted spans and add them to `counts` by kind."""
    pieces: list[str] = []
    at = 0
    for span in spans:
        number = numbers.number_of(span.kind, text[span.start : span.end])
        pieces += (text[at : span.start], f"[{span.kind}_{number}]")
        counts[span.kind] += 1
        at = span.end
    return "".join((*pieces, text[at:]))


def _one_name(left: Span, right: Span, text: str) -> bool:
    return left.kind is right.kind is Kind.NAME and text[left.end : right.start] in _NAME_GLUE


class Numbers:
    """Which number each value of each kind has within one text."""

    def __init__(self, text: str) -> None:
        self._next: Counter[str] = Counter()
        for kind, number in PLACEHOLDER.findall(text) if "[" in text else ():
            self._next[kind] = max(self._next[kind], int(number))
        self._known: dict[tuple[Kind, str], int] = {}

    def number_of(self, kind: Kind, value: str) -> int:
        """Return the value's number, a new one for a value not yet seen in this text."""
        keys = _keys(kind, value)
        found = next((self._known[kind, key] for key in keys if (kind, key) in self._known), None)
        if found is None:
            found = self.drawn(kind, keys)
        for key in keys:
            self._known.setdefault((kind, key), found)
        return found

    def drawn(self, kind: Kind, _keys: Sequence[str]) -> int:
        """Draw the number of a new value, known under some keys: the next one."""
        self._next[kind] += 1
        return self._next[kind]


def _keys(kind: Kind, value: str) -> list[str]:
    """Forms under which a value counts as the same: a name by each of its parts, the rest by letters and digits."""
    low = folded(value)
    if kind is not Kind.NAME:
        return ["".join(filter(str.isalnum, low))]
    words = [word.removesuffix("'s") for word in low.replace("-", " ").split()]
    return [" ".join(words), *(word for word in words if len(word) > 1)]


def name_words(name: str) -> list[str]:
    """Return the words of a folded name that are no initials."""
    return [word for word in name.split() if len(word.rstrip(".")) > 1]
