"""Scores for every customer of a trial by models that never saw that customer (cross-fitting).

Customers are dealt into folds within each of the four groups (contacted or not, responded or not), a model is fitted
on all folds but one and scores that one. Dealing is repeated, and a customer's scores are averaged: what remains is
the figure of the method on this trial, less the luck of one deal.
"""

from collections.abc import Callable

import numpy as np

from predict.frames import Matrix, Vector
from predict.uplift.trial import Trial

FOLDS = 10
DEALS = 5  # one is enough for a million customers: the more there are, the less the luck of a deal

Scorer = Callable[[Matrix], Vector]


def unseen_scores(trial: Trial, fit: Callable[[Trial], Scorer], *, seed: int, deals: int = DEALS) -> Vector:
    """Give each customer's mean score by models of the folds that he does not stand in."""
    rng = np.random.default_rng(seed)
    total = np.zeros(trial.treated.size)
    for _ in range(deals):
        fold = _deal(trial, rng)
        for number in range(FOLDS):
            judged = np.flatnonzero(fold == number)
            scorer = fit(trial.rows(np.flatnonzero(fold != number)))
            total[judged] += scorer(trial.raw[judged])
    return total / deals


def _deal(trial: Trial, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    fold = np.empty(trial.treated.size, dtype=np.int64)
    group = 2 * trial.treated + trial.responded
    for value in range(4):
        rows = np.flatnonzero(group == value)
        fold[rng.permutation(rows)] = np.arange(rows.size) % FOLDS
    return fold
