"""Features of a capitalised word among its neighbours: what the model of names weighs.

A feature is a short text, "name=value"; the model knows a weight for some of them and none for the rest.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from privacy.redaction.tokens import begins_sentence
from privacy.redaction.word_traits import NOTHING, Traits, traits_of


class TextFacts(NamedTuple):
    """The words of one text, and the language that it seems to be in."""

    words: list[str]
    language: str


class TraitsOfBatch(dict[str, Traits]):
    """Facts of each word of one batch, looked up once; it lives no longer than the batch."""

    def __missing__(self, word: str) -> Traits:
        self[word] = found = traits_of(word)
        return found


def candidates(words: list[str]) -> list[int]:
    """Return the places of words that begin with a capital: what is written small is for the rules."""
    return [place for place, word in enumerate(words) if word[0].isupper()]


def features_of(text: TextFacts, place: int, ruled: Iterable[bool], traits: TraitsOfBatch) -> list[str]:
    """Describe one candidate; `ruled` says for it whether the rules take it, its left and its right neighbour."""
    words, language = text
    size = len(words)
    around = [
        traits[words[at]] if 0 <= at < size else NOTHING for at in (place - 2, place - 1, place, place + 1, place + 2)
    ]
    start = "1" if begins_sentence(words, place) else "0"
    rules = "".join("1" if each else "0" for each in ruled)
    beside = "".join("C" if each.written != "-" else "c" for each in (around[1], around[3]))
    return [
        *_own(around[2], start, rules),
        *_neighbours(around, start),
        *_pairs(around, start),
        *_letters(around, start, beside),
        *_in_language(around[2], language, start, rules),
    ]


def _own(it: Traits, start: str, rules: str) -> Iterator[str]:
    yield f"s={it.shape}{start}"
    yield f"l={it.lists}"
    yield f"ls={it.lists}{it.shape}{start}{it.known}"
    yield f"k={it.known}{start}{it.shape}"
    yield f"u={it.surname}{it.shape}{it.known}"
    yield f"e={it.ending}{it.shape}"
    yield f"t={it.tail}"
    yield f"g={it.group}"
    yield f"w={it.wide}{it.shape}{start}"
    yield f"i={it.introduces}"
    yield f"r={rules}"
    yield f"r1={rules[0]}{it.lists}{it.shape}{start}"
    yield f"wl={it.wide}{it.lists}"


def _neighbours(around: list[Traits], start: str) -> Iterator[str]:
    two_left, left, it, right, two_right = around
    yield f"-d={left.said}"
    yield f"+d={right.said}"
    yield f"-2d={two_left.said}"
    yield f"+2d={two_right.said}"
    yield f"-s={left.shape}{it.shape}"
    yield f"+s={right.shape}{it.shape}{start}"
    yield f"-l={left.lists}{left.shape}"
    yield f"+l={right.lists}{right.shape}"
    yield f"-2l={two_left.lists}{two_left.shape}"
    yield f"+2l={two_right.lists}{two_right.shape}"
    yield f"-e={left.ending}"
    yield f"+e={right.ending}"
    yield f"-g={left.group}"
    yield f"+g={right.group}"
    yield f"-2w={two_left.wide}"
    yield f"+2w={two_right.wide}"
    yield f"-k={left.known}{left.shape}"
    yield f"+k={right.known}{right.shape}"
    yield f"-i={left.introduces}"
    yield f"-2i={two_left.introduces}"


def _pairs(around: list[Traits], start: str) -> Iterator[str]:
    two_left, left, it, right, two_right = around
    yield f"-l|={left.lists}|{it.lists}"
    yield f"|l+={it.lists}|{right.lists}"
    yield f"-ss|={two_left.shape}{left.shape}{it.shape}"
    yield f"|ss+={it.shape}{right.shape}{two_right.shape}"
    yield f"uu={it.surname}{right.surname}{it.shape}{right.shape}"
    yield f"-w|={left.wide}|{it.wide}"
    yield f"|w+={it.wide}|{right.wide}"
    yield f"-w+={left.wide}{it.shape}{right.wide}"
    yield f"sd={start}{it.known}{right.said}"


def _letters(around: list[Traits], start: str, beside: str) -> Iterator[str]:
    """Say what the letters of a word speak for, with the words beside it; `beside` tells whose have capitals."""
    _, left, it, right, _ = around
    kind = it.written[0]
    yield f"cw={it.as_word}{start}"
    yield f"cn={it.as_name}{start}{beside}"
    yield f"cp={it.as_place}{beside}"
    yield f"cnp={it.as_name}{it.as_place}{it.shape}"
    yield f"ct={it.written}{start}{beside}"
    yield f"ctl={it.written}{it.lists}"
    yield f"tt={it.parts}{start}{it.known}"
    yield f"tg={it.tail_group}"
    yield f"tw={it.tail_wide}{start}"
    yield f"-c={left.said}|{kind}"
    yield f"c+={right.said}|{kind}"
    yield f"-c+={left.said}|{right.said}"
    yield f"-x={left.said}|{it.shape}{beside}"
    yield f"-t={left.written}|{it.written}"
    yield f"+t={right.written}|{it.written}"


def _in_language(it: Traits, language: str, start: str, rules: str) -> Iterator[str]:
    """Say what a fact means in this language: German has capitals on all nouns."""
    yield f"x={language}"
    yield f"xs={language}{it.shape}{start}{it.known}"
    yield f"xt={language}{it.written}{start}"
    yield f"xl={language}{it.lists}{it.parts}"
    yield f"xr={language}{rules[0]}{start}"
