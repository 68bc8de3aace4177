"""The run of capitalised words that a word stands in: "Thon Hotel Rosenkrantz" is one thing, not three.

A run is unbroken, particles allowed ("Ludwig van Beethoven"); what stands before and after it speaks for all its words.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from privacy.redaction.name_context import PARTICLES

_OPENING: Final = frozenset("«“„")
_CLOSING: Final = frozenset("»”")
_EITHER: Final = frozenset('"')


class Run(NamedTuple):
    """Places of the first word of a run and of the one behind its last, and whether it stands in quotation marks."""

    start: int
    end: int
    quoted: bool


def runs_of(words: list[str]) -> dict[int, Run]:
    """Return for the place of each capitalised word of a text the run that it is part of."""
    found: dict[int, Run] = {}
    quoted = quoted_in(words)
    for start, end in _runs(words):
        run = Run(start, end, quoted[start])
        found.update((place, run) for place in range(start, end))
    return found


def quoted_in(words: list[str]) -> list[bool]:
    """Say of each word whether it stands between quotation marks; what is opened last and never closed is not."""
    inside, opened = [False] * len(words), -1
    for place, word in enumerate(words):
        closes = word in _CLOSING or (word in _EITHER and opened >= 0)
        if closes and opened >= 0:
            inside[opened:place] = [True] * (place - opened)
            opened = -1
        elif word in _OPENING or word in _EITHER or word in _CLOSING:
            opened = place  # "”" opens in Swedish
    return inside


def _runs(words: list[str]) -> Iterator[tuple[int, int]]:
    start = end = -1
    for place, word in enumerate(words):
        if word[0].isupper():
            if start < 0:
                start = place
            end = place + 1
        elif start >= 0 and word not in PARTICLES:
            yield start, end
            start = -1
    if start >= 0:
        yield start, end
