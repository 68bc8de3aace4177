"""What the letters of a word say of it: whether it is written as words are, as given or family names, or as places.

A model of its own, learned from public lists alone (`tests.benchmarks.make_letter_model`): names, places and common
words, never a text. It speaks for the many words that are in no list: "Hovuddrivkrafta" is written as a word,
"Skjevesland" as a place or the family called after it.
"""

import json
from functools import cache
from importlib.resources import files
from math import exp
from typing import Final, NamedTuple

LONGEST_RUN: Final = 4
_SHORTEST_RUN: Final = 2


class Likeness(NamedTuple):
    """The probabilities that a word is a common word, a given name, a family name or a place; they add to one."""

    word: float
    given: float
    family: float
    place: float


class LetterModel(NamedTuple):
    """Weights of runs of letters for each kind, in the order of `Likeness`."""

    bias: list[float]
    weights: dict[str, list[float]]


NOTHING_SAID: Final = Likeness(0.25, 0.25, 0.25, 0.25)


def likeness_of(plain: str) -> Likeness:
    """Weigh the letters of a folded word."""
    model = _model()
    word, given, family, place = model.bias
    weights = model.weights
    for run in runs_of(plain):
        if run in weights:
            of = weights[run]
            word += of[0]
            given += of[1]
            family += of[2]
            place += of[3]
    parts = [exp(each) for each in (word, given, family, place)]
    whole = sum(parts)
    return Likeness(*(part / whole for part in parts))


def runs_of(plain: str) -> set[str]:
    """Return the runs of two to four letters of a word, with its edges marked."""
    edged = f"^{plain}$"
    return {
        edged[start : start + size]
        for size in range(_SHORTEST_RUN, LONGEST_RUN + 1)
        for start in range(len(edged) - size + 1)
    }


@cache
def _model() -> LetterModel:
    told = json.loads(files("privacy.redaction").joinpath("letter_model.json").read_text("utf-8"))
    return LetterModel(told["bias"], told["weights"])
