"""Name lists: given and family names of Northern and Western Europe, places, and names that are also words.

The files are generated (their first line says by what) from MIT-licensed lists and are read on first use. Look-ups
are in folded form. A class says how far a single word can be trusted without its neighbours.
"""

from enum import IntEnum
from functools import cache
from importlib.resources import files

from privacy.redaction.folding import folded
from privacy.redaction.special import special_words


class Trust(IntEnum):
    """How much one capitalised word says for itself."""

    NONE = 0  # not in any list
    PLACE = 1  # a town: a name only behind a given name
    WORD_FAMILY = 2  # a family name that is also a word
    WORD_GIVEN = 3  # a given name that is also a word ("Per", "Mark")
    FAMILY = 4
    GIVEN = 5


@cache
def trust_by_name() -> dict[str, Trust]:
    """Return folded name -> trust, for every listed name."""
    words = listed("also_words.txt") | listed("also_words_by_hand.txt")
    by_hand = listed("family_names_by_hand.txt") | listed("given_names_by_hand.txt")
    towns = listed("places.txt") - by_hand
    table = dict.fromkeys(towns, Trust.PLACE)
    for name in listed("family_names.txt") | listed("family_names_by_hand.txt"):
        plain = Trust.WORD_FAMILY if name in words else Trust.FAMILY
        table[name] = Trust.PLACE if name in towns else plain
    for name in listed("given_names.txt") | listed("given_names_by_hand.txt"):
        table[name] = Trust.WORD_GIVEN if name in words or name in towns else Trust.GIVEN
    beside = listed("nouns_by_hand.txt") | special_words()
    table |= dict.fromkeys(beside & table.keys(), Trust.WORD_FAMILY)
    # "Jordan" and "Paris" are somebody's names, and mostly not: these stay unless a name stands before them.
    return table | dict.fromkeys(listed("places_by_hand.txt"), Trust.PLACE)


@cache
def places() -> frozenset[str]:
    """Return the folded first words of towns."""
    return listed("places.txt")


@cache
def listed(name: str) -> frozenset[str]:
    """Read one list: a folded entry a line, `#` starts a comment."""
    text = files("privacy.redaction").joinpath("gazetteer", name).read_text("utf-8")
    return frozenset(folded(line.strip()) for line in text.splitlines() if line.strip() and not line.startswith("#"))
