"""Compounds: "Regjeringspartia" is in no list, but "partia" is a word, so the whole is likely one.

Norwegian, Swedish and German make new words of old ones; the last part says what kind of thing the whole is.
"""

from functools import cache
from typing import Final, NamedTuple

from privacy.redaction.folding import folded
from privacy.redaction.gazetteer import listed
from privacy.redaction.word_classes import class_of, classes

_SHORTEST: Final = 3
_JOINTS: Final = "se-"  # letters between the parts: "regjering-s-partia"


class Compound(NamedTuple):
    """How a word is put together: `parts` says whether tail and head are words; `group` and `wide` class the tail."""

    parts: str
    group: str
    wide: str
    tail: str


WHOLE: Final = Compound("--", "-", "-", "-")


def compound_of(plain: str) -> Compound:
    """Return the longest known tail of a folded word."""
    words = _words()
    for start in range(_SHORTEST, len(plain) - _SHORTEST):
        tail = plain[start:]
        if tail in words:
            head = plain[:start]
            known = head in words or head.rstrip(_JOINTS) in words
            return Compound("th" if known else "t-", *class_of(tail), tail)
    return WHOLE


@cache
def _words() -> frozenset[str]:
    vocabulary = {folded(word) for word in classes() if word.islower() and len(word) > _SHORTEST}
    return frozenset(vocabulary | listed("common_words.txt"))
