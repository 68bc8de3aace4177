"""How well a score orders customers by what contacting them changes: the Qini curve and its coefficient.

Radcliffe, "Using control groups to target on predicted lift", Direct Marketing Analytics Journal, 2007. Customers are
ordered by score, highest first. After the first *x* of them, of whom `n_t` were contacted and `n_c` were not, the curve
stands at the responses that contacting brought about,

    u(x) = r_t(x) - r_c(x) * n_t(x) / n_c(x)        (r_t(x) while there is nobody to compare with)

Customers with one score are drawn at random among themselves: the curve is straight across them. *Random* is the
straight line from 0 to the end of the curve. The *optimum* contacts first everybody who responds when contacted and
last everybody who responds anyway; nobody can know that order, so real figures are small (.05 is a good campaign).

    Q = (area under the curve - area under random) / (area under the optimum - area under random)

Q = 0: no better than random; Q < 0: worse. scikit-uplift calls it `qini_auc_score` with `negative_effect=True`;
causalml's unnormalised "Qini" is another figure.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from predict.evaluate import Interval
from predict.frames import Vector

DRAWS = 200
LEVEL = 0.95

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Who was contacted and who responded (1.0 or 0.0), by score from the highest; `ends` close its ties."""

    treated: Vector
    responded: Vector
    order: Integers
    ends: Integers

    def q(self, weight: Vector) -> float:
        """Give Q where each customer counts `weight` times (in the order before ranking)."""
        counts = _Counts.of(self, weight[self.order])
        across, up = counts.curve()
        chance = up[-1] * across[-1] / 2
        room = counts.optimum() - chance
        return float((np.trapezoid(up, across) - chance) / room) if room > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class _Counts:
    """Running sums at the end of each tie: all, contacted, responses of the contacted and of the others."""

    everybody: Vector
    treated: Vector
    treated_responses: Vector
    other_responses: Vector

    @classmethod
    def of(cls, ranking: Ranking, weight: Vector) -> "_Counts":
        contacted = ranking.treated * weight
        responses = ranking.responded * weight
        sums = (weight, contacted, ranking.responded * contacted, responses - ranking.responded * contacted)
        return cls(*(np.cumsum(one)[ranking.ends] for one in sums))

    def curve(self) -> tuple[Vector, Vector]:
        """Give the curve's points: how many customers, responses brought about among them."""
        others = self.everybody - self.treated
        matched = np.divide(self.treated, others, out=np.zeros_like(others), where=others > 0)
        up = self.treated_responses - self.other_responses * matched
        return np.concatenate([[0.0], self.everybody]), np.concatenate([[0.0], up])

    def optimum(self) -> float:
        """Give the area under the best order there can be: one of two, by who is worse to have early.

        Responders among the contacted come first. Then either everybody who does not respond and last the others'
        responders, or, where these are very many, first them and the contacted who do not respond last.
        """
        everybody, treated = self.everybody[-1], self.treated[-1]
        gained, anyway = self.treated_responses[-1], self.other_responses[-1]
        others, idle = everybody - treated, treated - gained
        if others == 0:
            return float(everybody * gained - gained**2 / 2)
        last = gained - anyway * treated / others
        early = gained - anyway * gained / others
        plain = gained**2 / 2 + gained * (everybody - gained - anyway) + anyway * (gained + last) / 2
        turned = gained**2 / 2 + gained * (others - anyway) + anyway * (gained + early) / 2 + idle * (early + last) / 2
        return float(max(plain, turned))


def rank(score: Vector, treated: Vector, responded: Vector) -> Ranking:
    """Order customers by score, highest first."""
    order = np.argsort(-score, kind="stable")
    ends = np.concatenate([np.flatnonzero(np.diff(score[order])), [score.size - 1]])
    return Ranking(treated[order], responded[order], order, ends)


def qini(score: Vector, treated: Vector, responded: Vector) -> float:
    """Give Q; NaN where nobody could be told apart (nobody responds, or all do)."""
    return rank(score, treated, responded).q(np.ones(score.size))


def qini_curve(score: Vector, treated: Vector, responded: Vector) -> tuple[Vector, Vector]:
    """Give the curve as shares of all customers and responses brought about per contacted customer of the trial."""
    across, up = _Counts.of(rank(score, treated, responded), np.ones(score.size)).curve()
    return across / score.size, up / max(float(treated.sum()), 1.0)


def qini_interval(score: Vector, trial: tuple[Vector, Vector], *, seed: int) -> Interval:
    """Percentile bootstrap of Q over customers, for scores that none of them taught; `trial` = treated, responded."""
    ranking = rank(score, *trial)
    values = [ranking.q(weight) for weight in _resamples(*trial, seed=seed)]
    return _interval(ranking.q(np.ones(score.size)), values)


def qini_gain(scores: tuple[Vector, Vector], trial: tuple[Vector, Vector], *, seed: int) -> Interval:
    """Bootstrap Q of the first score minus Q of the second on the same customers (paired)."""
    first, second = (rank(score, *trial) for score in scores)
    every = np.ones(scores[0].size)
    values = [first.q(weight) - second.q(weight) for weight in _resamples(*trial, seed=seed)]
    return _interval(first.q(every) - second.q(every), values)


def _resamples(treated: Vector, responded: Vector, *, seed: int) -> Iterator[Vector]:
    """Draw customers with replacement within contacted and others, as a trial fixes how many there are of each."""
    rng = np.random.default_rng(seed)
    arms = [np.flatnonzero(treated == arm) for arm in (0.0, 1.0)]
    for _ in range(DRAWS):
        weight = np.zeros(responded.size)
        for rows in arms:
            weight[rows] = np.bincount(rng.integers(0, rows.size, rows.size), minlength=rows.size) if rows.size else 0
        yield weight


def _interval(figure: float, values: list[float]) -> Interval:
    usable = np.asarray(values)[np.isfinite(values)]
    if not usable.size:
        return Interval(figure, float("nan"), float("nan"))
    low, high = np.quantile(usable, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(figure, float(low), float(high))
