"""What the same word is elsewhere in texts that came together: evidence for or against its being a name here.

A sentence alone does not tell a firm from a person ("Frp svarer", "Olsen svarer"); the same word in other texts of a
company does. Each capitalised word is weighed by its own sentence first; then by how many others of the batch say it,
and what those make of it, on average and at best. Rules kept:
- a text has one voice for a word, what the likeliest place in it makes of it, however often it says the word: who
  writes a word forty times has no more say in what is found in another's text than who writes it once;
- the word itself is no fact, so the model cannot hold a name of a text that it learned from;
- a word that is said once is judged by its own sentence;
- nothing outlives the batch.
Numbers are log-odds of being part of a person's name, natural logarithm.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

_EDGES: Final = (-4, -2.5, -1.5, -0.7, 0, 0.7, 1.5, 2.5)
_COUNTS: Final = (1, 2, 3, 5, 9, 17, 33)
_LEVELS: Final = len(_EDGES) + 1
_SIZES: Final = (
    _LEVELS,  # by the own sentence
    _LEVELS,  # the mean of the others
    _LEVELS,  # the best of the others
    _LEVELS**2,  # own and mean
    _LEVELS**2,  # own and best
    (len(_COUNTS) + 1) * _LEVELS,  # how many others, and their mean
    (len(_COUNTS) + 1) * _LEVELS,  # how many others, and the best
    _LEVELS**2,  # mean and best
)
_OFFSETS: Final = np.cumsum([0, *_SIZES[:-1]])
WEIGHTS: Final = sum(_SIZES)
"""How many weights there are."""

Numbers = npt.NDArray[np.float64]
Numbered = npt.NDArray[np.int64]


class Elsewhere(NamedTuple):
    """Of each word said: how many others say the same, and the mean and best of their log-odds (own where none).

    Others are the texts beside its own, and its own once if that says the word somewhere else, too.
    """

    times: npt.NDArray[np.int64]
    mean: Numbers
    best: Numbers


class Evidence(NamedTuple):
    """The model: a weight for each code of `codes_of`, one for own, mean and best log-odds each, and a bias."""

    weights: Sequence[float]
    slopes: Sequence[float]
    bias: float


def elsewhere(words: Sequence[str], odds: Numbers, texts: Numbered) -> Elsewhere:
    """Gather what the others that say a word make of it; `texts` numbers the text of each word, from 0."""
    ids = dict[str, int]()
    said = np.array([ids.setdefault(word.lower().removesuffix("s"), len(ids)) for word in words], dtype=np.int64)
    voices, voice_of, there = np.unique(
        said * (texts.max(initial=0) + 1) + texts, return_inverse=True, return_counts=True
    )
    here = _best_of_others(voice_of, odds)  # in the same text; none: -inf
    loudest = np.full(len(voices), -np.inf)
    np.maximum.at(loudest, voice_of, odds)
    word_of = voices // (texts.max(initial=0) + 1)
    spoken, total = np.bincount(word_of), np.bincount(word_of, loudest)
    again = (there > 1)[voice_of]
    times = spoken[said] - 1 + again if len(said) else said
    summed = (total[word_of] - loudest)[voice_of] + np.where(again, here, 0)
    best = np.maximum(_best_of_others(word_of, loudest)[voice_of], here)
    alone = times == 0
    return Elsewhere(times, np.where(alone, odds, summed / np.maximum(times, 1)), np.where(alone, odds, best))


def _best_of_others(groups: Numbered, values: Numbers) -> Numbers:
    """Return for each value the greatest among the others of its group; -inf where there are none."""
    order = np.lexsort((-values, groups))
    first = np.flatnonzero(np.diff(groups[order], prepend=-1))
    best = values[order[first]][groups] if len(groups) else values
    following = np.append(order[1:], -1)[first]
    has_second = (following >= 0) & (groups[following] == groups[order[first]])
    best = best.copy()
    best[order[first]] = np.where(has_second, values[following], -np.inf)
    return best


def codes_of(odds: Numbers, others: Elsewhere) -> npt.NDArray[np.int64]:
    """Return a row of codes for each word: which weights are added for it where others say it, too."""
    own, mean, best = (np.searchsorted(_EDGES, each, side="right") for each in (odds, others.mean, others.best))
    many = np.searchsorted(_COUNTS, others.times, side="right")
    facts = (
        own,
        mean,
        best,
        own * _LEVELS + mean,
        own * _LEVELS + best,
        many * _LEVELS + mean,
        many * _LEVELS + best,
        mean * _LEVELS + best,
    )
    codes: npt.NDArray[np.int64] = np.stack(facts, axis=1) + _OFFSETS
    return codes


def slopes_of(odds: Numbers, others: Elsewhere) -> Numbers:
    """Return own, mean and best log-odds as columns."""
    return np.stack([odds, others.mean, others.best], axis=1)


def likelihoods(evidence: Evidence, odds: Numbers, others: Elsewhere) -> Numbers:
    """Return for each word the probability that it is part of a person's name; of one said once, by its sentence."""
    table = np.array(evidence.weights)
    added = table[codes_of(odds, others)].sum(axis=1) + slopes_of(odds, others) @ np.array(evidence.slopes)
    likely: Numbers = 1 / (1 + np.exp(-np.where(others.times == 0, odds, added + evidence.bias)))
    return likely
