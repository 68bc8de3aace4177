"""What the same word is elsewhere in texts that came together: evidence for or against its being a name here.

A sentence alone does not tell a firm from a person ("Frp svarer", "Olsen svarer"); the same word in other texts of a
company does. Each capitalised word is weighed by its own sentence first; then by how often it is said in other
sentences of the batch, and what those make of it, on average and at best. Rules kept:
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
    _LEVELS,  # by the own sentence, of a word that is said once
)
_OFFSETS: Final = np.cumsum([0, *_SIZES[:-1]])
WEIGHTS: Final = sum(_SIZES)
"""How many weights there are; facts that do not hold have the code `WEIGHTS`, which weighs nothing."""

Numbers = npt.NDArray[np.float64]


class Elsewhere(NamedTuple):
    """Of each word said: how many others say the same, and the mean and best of their log-odds (own where none)."""

    times: npt.NDArray[np.int64]
    mean: Numbers
    best: Numbers


class Evidence(NamedTuple):
    """The model: a weight for each code of `codes_of`, one for own, mean and best log-odds each, and a bias."""

    weights: Sequence[float]
    slopes: Sequence[float]
    bias: float


def elsewhere(words: Sequence[str], odds: Numbers) -> Elsewhere:
    """Gather what the others that say a word make of it."""
    ids = dict[str, int]()
    said = np.array([ids.setdefault(word.lower().removesuffix("s"), len(ids)) for word in words], dtype=np.int64)
    count = np.bincount(said, minlength=len(ids))[said] - 1
    alone = count == 0
    mean = (np.bincount(said, weights=odds, minlength=len(ids))[said] - odds) / np.maximum(count, 1)
    order = np.lexsort((-odds, said))
    first = np.flatnonzero(np.diff(said[order], prepend=-1))
    best = odds[order[first]][said] if len(said) else odds
    # The best one's own best is the second of its word.
    top = order[first]
    second = order[np.minimum(first + 1, max(len(order) - 1, 0))] if len(order) else order
    best = best.copy()
    best[top] = odds[second]
    return Elsewhere(count, np.where(alone, odds, mean), np.where(alone, odds, best))


def codes_of(odds: Numbers, others: Elsewhere) -> npt.NDArray[np.int64]:
    """Return a row of codes for each word: which weights are added for it."""
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
        own,
    )
    codes = np.stack(facts, axis=1) + _OFFSETS
    alone = (others.times == 0)[:, np.newaxis]
    spoken_for = np.array([True, *[False] * (len(_SIZES) - 2), True])
    return np.where(np.where(alone, spoken_for, np.arange(len(_SIZES)) < len(_SIZES) - 1), codes, WEIGHTS)


def slopes_of(odds: Numbers, others: Elsewhere) -> Numbers:
    """Return own, mean and best log-odds as columns."""
    return np.stack([odds, others.mean, others.best], axis=1)


def likelihoods(evidence: Evidence, odds: Numbers, others: Elsewhere) -> Numbers:
    """Return for each word the probability that it is part of a person's name."""
    table = np.array([*evidence.weights, 0.0])
    added = table[codes_of(odds, others)].sum(axis=1) + slopes_of(odds, others) @ np.array(evidence.slopes)
    likely: Numbers = 1 / (1 + np.exp(-added - evidence.bias))
    return likely
