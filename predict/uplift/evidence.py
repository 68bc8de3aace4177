"""What a trial says about contacting: whether it works, for whom more, and whether aiming beats contacting all.

Everything is measured with scores of customers by models that never saw them (`predict.uplift.crossfit`).

The rule for "targeting beats treating everybody", the same for every trial:

1. Q lies above 0 with its whole 95 % interval: the order is no accident; and
2. the better half of the customers holds clearly more than `WORTHWHILE` of the effect: .55, because an order that
   keeps 55 of 100 extra responses for half of the contacts is hardly worth the model. With u and l the uplift of the
   upper and the lower half, u / (u + l) > .55 is .45 u - .55 l > 0; the whole 95 % interval of that must be.

Where contacting on average helps nobody, 2. asks that the better half gains.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from predict.evaluate import Interval
from predict.frames import Vector
from predict.shares import Z_95, difference
from predict.uplift.qini import qini_gain, qini_interval
from predict.uplift.trial import Trial

WORTHWHILE = 0.55
GROUPS = 5
TINY = 1e-12  # a score that tells nobody apart

Rows = np.ndarray[tuple[int], np.dtype[np.int64]]


class Verdict(StrEnum):
    """What the trial says, in the words of the report."""

    TARGET = "targeting beats treating everybody"
    EVERYBODY = "no evidence that targeting beats treating everybody"
    NOBODY = "no evidence that contacting changes anything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The figures behind a verdict.

    `effect` is the mean uplift; `q` and `response_q` the Qini coefficients of the uplift model and of a plain response
    model, `gain` the difference; `upper_share` the share of the effect that the better half holds (NaN where there is
    no effect to share); `slope` is 1 where predicted differences are as large as real ones, 0 where they mean nothing;
    `groups` are five equal groups from the highest score down: (mean predicted, measured uplift).
    """

    verdict: Verdict
    customers: int
    effect: Interval
    q: Interval
    response_q: Interval
    gain: Interval
    upper_share: float
    slope: Interval
    groups: tuple[tuple[float, Interval], ...]


def evidence_of(trial: Trial, score: Vector, response: Vector, *, seed: int) -> Evidence:
    """Weigh scores of uplift, and those of a plain response model beside them, on the trial that they are unseen by."""
    arms = (trial.treated, trial.responded)
    q = qini_interval(score, arms, seed=seed)
    effect = uplift_in(trial, np.arange(score.size))
    falling = np.argsort(-score, kind="stable")
    upper, lower = (uplift_in(trial, half) for half in np.array_split(falling, 2))
    together = upper.figure + lower.figure
    return Evidence(
        verdict=_verdict(effect, q, (upper, lower)),
        customers=score.size,
        effect=effect,
        q=q,
        response_q=qini_interval(response, arms, seed=seed),
        gain=qini_gain((score, response), arms, seed=seed),
        upper_share=upper.figure / together if together > 0 else float("nan"),
        slope=slope_of(trial, score),
        groups=tuple((float(score[rows].mean()), uplift_in(trial, rows)) for rows in np.array_split(falling, GROUPS)),
    )


def uplift_in(trial: Trial, rows: Rows) -> Interval:
    """Give the difference between the arms' shares of responders, with its 95 % interval."""
    return difference(_responses(trial, rows, 1.0), _responses(trial, rows, 0.0))


def slope_of(trial: Trial, score: Vector) -> Interval:
    """Say how much of a predicted difference is real, with a 95 % interval robust to unequal spreads.

    Best linear predictor of the uplift (Chernozhukov, Demirer, Duflo & Fernandez-Val, NBER 24678, 2018, eq. 2.1):
    regress the response on 1, s, w and w * s, where w = treated - share and s = score - mean; the slope is the last.
    """
    centred = score - score.mean()
    scale = float(centred.std())
    if scale < TINY:
        return Interval(0.0, float("-inf"), float("inf"))
    weight = trial.treated - trial.share
    design = np.column_stack([np.ones(score.size), centred / scale, weight, weight * centred / scale])
    bread = np.linalg.pinv(design.T @ design, hermitian=True)
    found = bread @ design.T @ trial.responded
    left = trial.responded - design @ found
    spread = bread @ ((design * left[:, None] ** 2).T @ design) @ bread  # White, Econometrica 48, 1980
    slope, error = float(found[3]) / scale, float(np.sqrt(max(spread[3, 3], 0.0))) / scale
    return Interval(slope, slope - Z_95 * error, slope + Z_95 * error)


def _verdict(effect: Interval, q: Interval, halves: tuple[Interval, Interval]) -> Verdict:
    upper, lower = halves
    ordered = q.low > 0
    if effect.low <= 0 <= effect.high and not (ordered and upper.low > 0):
        return Verdict.NOBODY
    weights = (1 - WORTHWHILE, WORTHWHILE) if effect.figure > 0 else (1.0, 0.0)
    return Verdict.TARGET if ordered and _above_zero(weights, upper, lower) else Verdict.EVERYBODY


def _above_zero(weights: tuple[float, float], upper: Interval, lower: Interval) -> bool:
    """Say whether `weights[0] * upper - weights[1] * lower` lies above 0 with its whole interval (MOVER: Zou 2008)."""
    first, second = weights
    gap = first * upper.figure - second * lower.figure
    down = np.hypot(first * (upper.figure - upper.low), second * (lower.high - lower.figure))
    return bool(gap > down)


def _responses(trial: Trial, rows: Rows, arm: float) -> tuple[float, float]:
    chosen = trial.treated[rows] == arm
    return float(trial.responded[rows][chosen].sum()), float(chosen.sum())
