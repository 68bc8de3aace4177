"""Conditions of a spec, read so that Python can ask them of one pair: for a few pairs DuckDB takes longer to plan.

What is read is the part of SQL that specs are written in: equality and bounds, `AND`, `OR`, `IS [NOT] NULL` and a few
functions. Nothing is ever negated, so a comparison with a missing value, which SQL leaves unknown, may as well be
false. How alike two texts are is not computed here but looked up: it comes from DuckDB, to the last bit.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ingest.errors import SpecInvalid

Row = Mapping[str, str | None]
Alike = Mapping[tuple[str, str, str], float | None]
"""What a function of likeness says of two columns, the first of the one record and the second of the other."""
Asked = Callable[[Row, Row, Alike], Any]

LIKENESS: Final = frozenset({"jaro_winkler_similarity", "damerau_levenshtein"})
_WORD: Final = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<sign><=|>=|=|\(|\)|,))")
_COLUMN: Final = re.compile(r"(\w+)_([lr])")
_BOUNDS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": lambda one, other: one == other,
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
}


def _part(text: str, start: float, size: float | None = None) -> str:
    first = int(start) - 1
    return text[first:] if size is None else text[first : first + int(size)]


_PLAIN: Final[Mapping[str, Callable[..., Any]]] = {
    "length": len,
    "left": lambda text, size: text[: int(size)],
    "substr": _part,
    "starts_with": str.startswith,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as it is asked, and the likenesses that it looks up."""

    holds: Callable[[Row, Row, Alike], bool]
    likenesses: frozenset[tuple[str, str, str]]


def condition_of(text: str) -> Condition:
    """Read a condition of a spec.

    Raises:
        SpecInvalid: it says something that only SQL can ask.

    """
    reading = _Reading(list(_words(text)))
    asked = reading.either()
    if reading.left():
        raise _unread()
    return Condition(lambda one, other, alike: bool(asked(one, other, alike)), frozenset(reading.likenesses))


def _words(text: str) -> Iterator[str]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _WORD.match(text, at)
        if found is None:
            raise _unread()
        yield found[0].strip()
        at = found.end()


def _unread() -> SpecInvalid:
    return SpecInvalid("a condition", "it can be asked of many pairs at once, but not of a single one")


@dataclass(slots=True)
class _Reading:
    """Reads words from the left (recursive descent)."""

    words: list[str]
    at: int = 0
    likenesses: set[tuple[str, str, str]] = field(default_factory=set)

    def left(self) -> bool:
        return self.at < len(self.words)

    def either(self) -> Asked:
        parts = [self._both()]
        while self._took("OR"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda *pair: any(part(*pair) for part in parts)

    def _both(self) -> Asked:
        parts = [self._single()]
        while self._took("AND"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else lambda *pair: all(part(*pair) for part in parts)

    def _single(self) -> Asked:
        if self._took("("):
            inner = self.either()
            self._must(")")
            return inner
        value = self._value()
        if self._took("IS"):
            there = self._took("NOT")
            self._must("NULL")
            return lambda *pair: (value(*pair) is not None) == there
        for sign, bound in _BOUNDS.items():
            if self._took(sign):
                return _known(bound, [value, self._value()])
        return value

    def _value(self) -> Asked:
        word = self._next()
        if word[0].isdigit():
            number = float(word)
            return lambda *_: number
        if self._took("("):
            return self._call(word)
        found = _COLUMN.fullmatch(word)
        if found is None:
            raise _unread()
        name, end = found[1], found[2]
        return (lambda one, _, __: one[name]) if end == "l" else (lambda _, other, __: other[name])

    def _call(self, function: str) -> Asked:
        if function in LIKENESS:
            return self._likeness(function)
        values = [self._value()]
        while self._took(","):
            values.append(self._value())
        self._must(")")
        if function not in _PLAIN:
            raise _unread()
        return _known(_PLAIN[function], values)

    def _likeness(self, function: str) -> Asked:
        one = self._next()
        self._must(",")
        other = self._next()
        self._must(")")
        if not (one.endswith("_l") and other.endswith("_r")):
            raise _unread()
        key = function, one[:-2], other[:-2]
        self.likenesses.add(key)
        return lambda _, __, alike: alike[key]

    def _next(self) -> str:
        if not self.left():
            raise _unread()
        self.at += 1
        return self.words[self.at - 1]

    def _took(self, word: str) -> bool:
        took = self.left() and self.words[self.at] == word
        self.at += took
        return took

    def _must(self, word: str) -> None:
        if not self._took(word):
            raise _unread()


def _known(of: Callable[..., Any], values: list[Asked]) -> Asked:
    """Ask a function of values; of a missing one nothing is known."""

    def asked(one: Row, other: Row, alike: Alike) -> Any:  # noqa: ANN401 - a text, a number or a truth
        given = [value(one, other, alike) for value in values]
        return None if None in given else of(*given)

    return asked
