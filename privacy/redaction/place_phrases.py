"""Places whose names are several words: "Jan Mayen", "San José", "Santa Maria"; no word of one is a person there."""

from collections import defaultdict
from functools import cache

from privacy.redaction.folding import folded
from privacy.redaction.gazetteer import Trust, listed, trust_by_name


def within_places(words: list[str], places: list[int]) -> set[int]:
    """Return which words of a text, among those at `places`, are part of such a name (also in the genitive)."""
    found: set[int] = set()
    for place in places:
        for phrase in _by_first_word().get(folded(words[place]), ()):
            size = len(phrase)
            said = tuple(folded(word) for word in words[place : place + size])
            if said == phrase or (*said[:-1], said[-1].removesuffix("s")) == phrase:
                found.update(range(place, place + size))
    return found


@cache
def _by_first_word() -> dict[str, list[tuple[str, ...]]]:
    """Return the phrases by their first word; one that could as well be somebody's whole name is left out."""
    by_first = defaultdict(list)
    for phrase in map(str.split, listed("place_phrases.txt")):
        if any(trust_by_name().get(word, Trust.NONE) < Trust.WORD_GIVEN for word in phrase):
            by_first[phrase[0]].append(tuple(phrase))
    return dict(by_first)
