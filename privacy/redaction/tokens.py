"""Tokens of a viewed text: words, initials, numbers, marks, and one token for a placeholder.

Texts of a batch are parted by NUL: no token and no neighbour reaches over it. Line ends at the edges of a text are left
out, so that a text of a batch is read as if it stood alone.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

SEAM: Final = "\n\x00\n"  # between texts of a buffer: no pattern matches across NUL
PLACED: Final = "\x01"  # stands for a placeholder, however long
LINE: Final = "\n"
_TOKEN: Final = re.compile(r"[^\W\d_]\.(?!\w)|[^\W\d_]+(?:['-][^\W\d_]+)*|\d+(?:[.,:]\d+)*|\x01+|\n+|[^\w\s\x01]|_")
_SENTENCE_ENDS: Final = frozenset('.!?:"«”“•*-')


class Tokens(NamedTuple):
    """The tokens of one text: `words`, and for each where it starts in the buffer."""

    words: list[str]
    starts: list[int]


def texts_of(buffer: str) -> Iterator[Tokens]:
    """Yield the tokens of each text of a buffer."""
    at = 0
    for text in buffer.split("\x00"):
        inner = text.strip("\n")
        first = at + text.find(inner)
        found = [(match.group(), first + match.start()) for match in _TOKEN.finditer(inner)]
        words = [PLACED if word[0] == PLACED else LINE if word[0] == LINE else word for word, _ in found]
        yield Tokens(words, [start for _, start in found])
        at += len(text) + 1


def begins_sentence(words: list[str], place: int) -> bool:
    """Say whether a word stands where any word has a capital."""
    before = words[place - 1] if place else LINE
    return before == LINE or before in _SENTENCE_ENDS
