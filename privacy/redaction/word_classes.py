"""Classes of words that stand for each other in the vocabulary of multilingual-e5-small (MIT)."""

from functools import cache
from importlib.resources import files
from typing import Final

from privacy.redaction.folding import folded

_LONG_ENOUGH: Final = 2  # two letters are a syllable of many words


def class_of(word: str) -> tuple[str, str]:
    """Return the narrow and wide class of a word, or of its lower case (marked "l"); "-" for one in no class."""
    table = classes()
    bare = word.rstrip(".'")
    forms = [bare, bare[:-1].rstrip("'") if bare.endswith("s") else bare, bare.title() if bare.isupper() else bare]
    found = next((table[form] for form in forms if form in table), None)
    if found is not None:
        return found
    lower = table.get(word.lower())
    return (f"l{lower[0]}", f"l{lower[1]}") if lower else ("-", "-")


@cache
def classes() -> dict[str, tuple[str, str]]:
    """Return word -> its narrow and wide class; a line of the file is "wide.narrow: word word ..."."""
    text = files("privacy.redaction").joinpath("gazetteer", "word_classes.txt").read_text("utf-8")
    table: dict[str, tuple[str, str]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, words = line.partition(": ")
            wide, narrow = name.split(".")
            table |= dict.fromkeys(words.split(), (narrow, wide))
    return table


@cache
def in_vocabulary() -> frozenset[str]:
    """Return the folded words that the vocabulary has in lower case."""
    return frozenset(folded(word) for word in classes() if word.islower() and len(word) > _LONG_ENOUGH)
