"""Learn uplift from a trial: cross-fit, choose, weigh the evidence, calibrate, fit again on everybody.

Class transformation is kept because it is one linear model of the very thing, so that a customer's uplift is a sum of
parts; another learner replaces it only if its Q is higher with the whole interval of the paired difference.

Calibrated uplift = mean effect + slope * (score - mean score), with the slope of the best linear predictor, at most 1
and at least 0: where no difference between customers was found, everybody is told the mean.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from predict.evaluate import Interval
from predict.frames import Matrix, Vector
from predict.uplift.crossfit import DEALS, Scorer, unseen_scores
from predict.uplift.evidence import Evidence, Verdict, evidence_of
from predict.uplift.learners import Learner, Uplift, learn, learn_response, uplift_of
from predict.uplift.qini import qini, qini_gain
from predict.uplift.trial import RARELY_DRAWN, Trial, imbalance


@dataclass(frozen=True, slots=True)
class UpliftModel:
    """A learner fitted on a whole trial, with the line that makes its scores mean what they say."""

    uplift: Uplift
    names: tuple[str, ...]
    effect: float
    centre: float
    slope: float

    def score(self, raw: Matrix) -> Vector:
        """Give calibrated uplift: by how much contacting changes the chance to respond."""
        return np.clip(self.effect + self.slope * (self.uplift.uplift(raw) - self.centre), -1.0, 1.0)

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values; `uplift_model_of` reads them back."""
        line = {"effect": self.effect, "centre": self.centre, "slope": self.slope}
        return {"uplift": self.uplift.as_mapping(), "names": list(self.names), **line}


@dataclass(frozen=True, slots=True)
class Learnt:
    """A model, what speaks for it, Q of every learner, and what a reader must know first."""

    model: UpliftModel
    learner: Learner
    evidence: Evidence
    learners_q: Mapping[Learner, float]
    remarks: tuple[str, ...]


def learn_uplift(trial: Trial, *, seed: int, deals: int = DEALS) -> Learnt:
    """Choose a learner, measure it on customers it has not seen, and fit it on all of them."""
    scores = {one: unseen_scores(trial, _fit(one), seed=seed, deals=deals) for one in Learner}
    chosen = _chosen(scores, trial, seed)
    response = unseen_scores(trial, _fit_response, seed=seed, deals=deals)
    evidence = evidence_of(trial, scores[chosen], response, seed=seed)
    fitted = learn(chosen, trial)
    centre = float(fitted.uplift(trial.raw).mean())
    model = UpliftModel(fitted, trial.names, evidence.effect.figure, centre, _shrinkage(evidence))
    by_learner = {one: qini(score, trial.treated, trial.responded) for one, score in scores.items()}
    return Learnt(model, chosen, evidence, by_learner, _remarks(trial, evidence))


def uplift_model_of(stored: Mapping[str, Any]) -> UpliftModel:
    """Read a model back from its JSON values.

    Raises:
        KeyError, TypeError, ValueError: it is none of ours.
    """
    names = tuple(map(str, stored["names"]))
    line = (float(stored["effect"]), float(stored["centre"]), float(stored["slope"]))
    return UpliftModel(uplift_of(stored["uplift"]), names, *line)


def _chosen(scores: Mapping[Learner, Vector], trial: Trial, seed: int) -> Learner:
    arms = (trial.treated, trial.responded)
    better: dict[Learner, Interval] = {
        one: qini_gain((scores[one], scores[Learner.CLASS]), arms, seed=seed) for one in (Learner.T, Learner.X)
    }
    clear = {one: gain.figure for one, gain in better.items() if gain.low > 0}
    return max(clear, key=lambda one: clear[one], default=Learner.CLASS)


def _shrinkage(evidence: Evidence) -> float:
    """Give the line's slope: falling it would turn the order round, above 1 promise more than was predicted."""
    return float(np.clip(evidence.slope.figure, 0.0, 1.0)) if evidence.slope.low > 0 else 0.0


def _remarks(trial: Trial, evidence: Evidence) -> tuple[str, ...]:
    found = []
    if imbalance(trial) < RARELY_DRAWN:
        found.append(
            "The contacted differ from the others by more than a draw would make them: what looks like an effect may "
            "be how they were chosen. Draw the hold-out at random."
        )
    if evidence.verdict is Verdict.TARGET and evidence.gain.low <= 0:
        found.append("Aiming by a plain response model would do as well, as far as this trial can tell.")
    if evidence.groups[-1][1].high < 0:
        found.append("The last fifth respond less when they are contacted: leave them in peace.")
    return tuple(found)


def _fit(learner: Learner) -> Callable[[Trial], Scorer]:
    return lambda trial: learn(learner, trial).uplift


def _fit_response(trial: Trial) -> Scorer:
    return learn_response(trial).log_odds
