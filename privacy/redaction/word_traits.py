"""What is publicly known of a word and how it looks: the facts that the model of names reasons with.

Facts come from lists (names, towns, countries, cities, common words), from classes of words that stand for each other
in the vocabulary of multilingual-e5-small (MIT), from shape, and from a word's last letters. The word itself is no
fact, unless it is a common word in lower case: so the model cannot hold a name of a text that it learned from.
"""

from bisect import bisect_right
from functools import cache
from typing import Final, NamedTuple

from privacy.redaction.compound import WHOLE, compound_of
from privacy.redaction.folding import folded
from privacy.redaction.gazetteer import listed
from privacy.redaction.letters import NOTHING_SAID, likeness_of
from privacy.redaction.name_context import INTRODUCTIONS, NOT_NAMES, TITLES
from privacy.redaction.surname import looks_like_surname
from privacy.redaction.tokens import LINE, PLACED
from privacy.redaction.word_classes import class_of, in_vocabulary

_LISTS: Final = (
    ("g", ("given_names.txt", "given_names_by_hand.txt")),
    ("f", ("family_names.txt", "family_names_by_hand.txt")),
    ("t", ("places.txt",)),
    ("l", ("places_by_hand.txt",)),
    ("n", ("nordic_places.txt",)),
    ("w", ("also_words.txt", "also_words_by_hand.txt", "nouns_by_hand.txt")),
    ("c", ("countries.txt",)),
    ("b", ("cities.txt",)),
    ("r", ("regions.txt", "regions_by_hand.txt")),
    ("o", ("firms.txt", "firms_by_hand.txt")),
)
_USUAL: Final = (("g", "common_given_names.txt"), ("f", "common_family_names.txt"))
_LONG_ENOUGH: Final = 4  # letters of a word whose ending says something
_LONG: Final = 5
_KINDS: Final = "wgfp"  # word, given name, family name, place
_STEPS: Final = (0.02, 0.1, 0.25, 0.5, 0.75, 0.93)  # of a probability: finer where it is sure


class Traits(NamedTuple):
    """Facts of one word, each as a short code; "-" says that nothing is known.

    `lists` are the lists it is in, `shape` its capitals, `known` whether it is a common word in lower case, `group` and
    `wide` its narrow and wide class, `ending` and `tail` its last three and two letters, `introduces` which phrase ends
    in it, `surname` whether it ends as family names do, `said` the word itself where it is a common one in lower case.

    Of a word with a capital: `written` is the kind that its letters speak for and how loudly, `as_word`, `as_name` and
    `as_place` how far they speak for each (0 to 6); `parts` says whether the parts of a compound are words,
    `tail_group` and `tail_wide` are the classes of its last one.

    `usual` says whether it is a common given or family name; `thing` is the last part of a lower-case word and
    `kind_of_thing` its class: "sushirestauranten" is a "restauranten", what follows it a restaurant's name.
    """

    lists: str
    shape: str
    known: str
    group: str
    wide: str
    ending: str
    tail: str
    introduces: str
    surname: str
    said: str
    written: str
    as_word: str
    as_name: str
    as_place: str
    parts: str
    tail_group: str
    tail_wide: str
    usual: str
    thing: str
    kind_of_thing: str


NOTHING: Final = Traits("-", "<>", "-", "-", "-", "", "", "", "-", "<>", "-", "-", "-", "-", *WHOLE[:3], "-", "-", "-")


def traits_of(word: str) -> Traits:
    """Return the facts of one token."""
    if not word[0].isalpha():
        return NOTHING._replace(shape=_mark(word), said=_mark(word))
    low = word.lower()
    plain = folded(low)
    known = f"{'k' if plain in _common() else '-'}{'e' if plain in in_vocabulary() else '-'}"
    group, wide = class_of(word)
    return NOTHING._replace(
        lists=_lists_of(plain.rstrip(".")),
        shape=_shape(word),
        known=known,
        group=group,
        wide=wide,
        ending=plain[-3:] if len(low) > _LONG_ENOUGH else "",
        tail=plain[-2:] if len(low) >= _LONG_ENOUGH else "",
        introduces=_introduces(low.rstrip(".")),
        surname="s" if looks_like_surname(plain) else "-",
        said=low if word == low and known != "--" else "?",
        **(_of_letters(plain.strip("-'.")) if word[0].isupper() else _thing(word, plain, group)),
    )


def _of_letters(plain: str) -> dict[str, str]:
    """Return what the letters of a capitalised word say, and whether it is put together of words."""
    likeness = likeness_of(plain) if len(plain) > 1 else NOTHING_SAID
    most = max(likeness)
    parts, group, wide, _ = compound_of(plain)
    return {
        "written": f"{_KINDS[likeness.index(most)]}{_step(most)}",
        "as_word": _step(likeness.word),
        "as_name": _step(likeness.given + likeness.family),
        "as_place": _step(likeness.place),
        "parts": parts,
        "tail_group": group,
        "tail_wide": wide,
        "usual": _usual(plain),
    }


def _thing(word: str, plain: str, group: str) -> dict[str, str]:
    """Return what a lower-case word is, by its last part where it is put together of words that are known."""
    if plain in _common() or group != "-" or not word.islower():
        return {"thing": plain if plain in _common() else "-", "kind_of_thing": group}
    _, tail_group, _, tail = compound_of(plain)
    return {"thing": tail, "kind_of_thing": tail_group}


def _usual(plain: str) -> str:
    forms = {plain, plain.removesuffix("s").rstrip("'")}
    return "".join(code for code, name in _USUAL if forms & listed(name)) or "-"


def _step(probability: float) -> str:
    return str(bisect_right(_STEPS, probability))


def _mark(word: str) -> str:
    return {LINE: "NL", PLACED: "PH"}.get(word, "9" if word[0].isdigit() else word[0])


def _shape(word: str) -> str:
    if word.islower():
        return "x"
    if len(word) == 1 or word[1:] == ".":
        return "X" if len(word) == 1 else "X."
    if word.isupper():
        return "XX"
    if "-" in word:
        return "X-X" if all(part[:1].isupper() for part in word.split("-")) else "X-x"
    return "Xx" if word[1:].islower() else "XxX" if word[0].isupper() else "xX"


def _introduces(low: str) -> str:
    rules = INTRODUCTIONS.get(low)
    phrase = rules[0].context.name if rules else ""
    return f"{phrase}{'T' if low in TITLES else ''}{'N' if low in NOT_NAMES else ''}"


def _lists_of(plain: str) -> str:
    codes = _codes()
    found = codes.get(plain, "")
    if plain.endswith("s") and len(plain) >= _LONG_ENOUGH:
        found += codes.get(plain[:-1].rstrip("'"), "")
    if "-" in plain:
        found += codes.get(plain.split("-", maxsplit=1)[0], "")
    return "".join(sorted(set(found))) or "-"


@cache
def _codes() -> dict[str, str]:
    codes: dict[str, str] = {}
    for code, names in _LISTS:
        for entry in set().union(*map(listed, names)):
            codes[entry] = codes.get(entry, "") + code
    return codes


@cache
def _common() -> frozenset[str]:
    return frozenset(listed("common_words.txt"))
