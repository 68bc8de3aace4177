"""Features of a capitalised word among its neighbours: what the model of names weighs.

A feature is a short text, "name=value"; the model knows a weight for some of them and none for the rest.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from privacy.redaction.name_runs import Run
from privacy.redaction.tokens import begins_sentence
from privacy.redaction.word_traits import NOTHING, Traits, traits_of


class TextFacts(NamedTuple):
    """The words of one text, and the language that it seems to be in."""

    words: list[str]
    language: str
    runs: dict[int, Run]
    firms: set[int]


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
    words, language, runs, firms = text
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
        *_in_run(words, runs[place], place, traits),
        *_known(around, start, "p" if place in firms else "-"),
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
    yield f"xe={language}{it.tail}{start}{it.usual}"
    yield f"es={it.ending}{start}{it.usual}"
    yield f"xu={language}{it.usual}{it.lists}{start}"
    yield f"xw={language}{it.as_word}{start}{it.usual}"


def _known(around: list[Traits], start: str, phrase: str) -> Iterator[str]:
    """Say how common a name is, what kind of thing the words beside are, and whether it is part of a firm's name."""
    two_left, left, it, right, _ = around
    yield f"cm={it.usual}{it.lists}"
    yield f"cms={it.usual}{it.known}{it.shape}{start}"
    yield f"-cm={left.usual}|{it.usual}"
    yield f"cm+={it.usual}|{right.usual}"
    yield f"cmw={it.usual}{it.wide}"
    yield f"-th={left.thing}"
    yield f"+th={right.thing}"
    yield f"-2th={two_left.thing}"
    yield f"-tk={left.kind_of_thing}"
    yield f"ph={phrase}{it.usual}"


def _in_run(words: list[str], run: Run, place: int, traits: TraitsOfBatch) -> Iterator[str]:
    """Say what the run of capitals is and what stands around it; the same for all its words but their place in it."""
    inside = [traits[words[at]] for at in range(run.start, run.end)]
    before = traits[words[run.start - 1]] if run.start else NOTHING
    behind = traits[words[run.end]] if run.end < len(words) else NOTHING
    size, at = min(len(inside), 4), min(place - run.start, 3)
    last = "e" if place == run.end - 1 else "m"
    it = traits[words[place]]
    usual = "".join(each.usual[0] for each in inside[:3])
    yield f"rp={size}{at}{last}"
    yield f"rq={run.quoted}{size}"
    yield f"rqu={run.quoted}{it.usual}"
    yield f"ru={usual}"
    yield f"rua={usual}{at}"
    yield f"r-d={before.said}"
    yield f"r+d={behind.said}"
    yield f"r-th={before.thing}"
    yield f"r-k={before.kind_of_thing}"
    yield f"r-g={before.group}{size}"
    yield f"r+g={behind.group}{size}"
    yield f"ro={any('o' in each.lists for each in inside)}{it.usual}"
    yield f"rl={inside[0].lists}|{inside[-1].lists}"
    yield f"rw={inside[-1].wide}{at}{last}"
    yield f"rk={''.join(sorted({each.known for each in inside}))}{size}"
    yield f"rt={''.join(sorted({each.written[0] for each in inside}))}{at}"
    yield f"r1={inside[0].usual}{inside[0].written}{at}"
