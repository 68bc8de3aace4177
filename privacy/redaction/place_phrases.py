"""Places and firms whose names are several words: "Jan Mayen", "Møre og Romsdal", "Espresso House".

No word of such a place is a person there; that a word is part of such a firm is one fact of it among others.
"""

from collections import defaultdict
from functools import cache

from privacy.redaction.folding import folded
from privacy.redaction.gazetteer import Trust, listed, trust_by_name


def within_places(words: list[str], places: list[int]) -> set[int]:
    """Return which words of a text, among those at `places`, are part of such a name (also in the genitive)."""
    return _within(words, places, _by_first_word(("place_phrases.txt", "region_phrases.txt")))


def firm_words(words: list[str]) -> set[int]:
    """Return which words of a text are part of a known name of a firm or brand that is several words."""
    capitals = [place for place, word in enumerate(words[:-1]) if word[0].isupper()]
    return _within(words, capitals, _by_first_word(("firm_phrases.txt",)))


def _within(words: list[str], places: list[int], phrases: dict[str, list[tuple[str, ...]]]) -> set[int]:
    found: set[int] = set()
    for place in places:
        for phrase in phrases.get(folded(words[place]), ()):
            size = len(phrase)
            said = tuple(folded(word) for word in words[place : place + size])
            if said == phrase or (*said[:-1], said[-1].removesuffix("s")) == phrase:
                found.update(range(place, place + size))
    return found


@cache
def _by_first_word(lists: tuple[str, ...]) -> dict[str, list[tuple[str, ...]]]:
    """Return the phrases by their first word; one that could as well be somebody's whole name is left out."""
    by_first = defaultdict(list)
    for phrase in (entry.split() for name in lists for entry in listed(name)):
        if any(trust_by_name().get(word, Trust.NONE) < Trust.WORD_GIVEN for word in phrase):
            by_first[phrase[0]].append(tuple(phrase))
    return dict(by_first)
