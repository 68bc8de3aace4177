"""Three ways to learn what contacting changes, all linear, so that a person can recompute them.

- `T`: one response model for the contacted and one for the others; their difference (Kuenzel et al., PNAS 116, 2019).
- `X`: each arm's responses are compared with what the other arm's model says of the same customers; two models of
  these differences are mixed by the share contacted (same paper, eq. 8 to 10).
- `CLASS`: the response times 1/p where contacted and times -1/(1 - p) where not has the uplift as its mean, so one
  model of it is a model of uplift (class transformation: Jaskowski & Jaroszewicz, ICML workshop 2012; for any share
  contacted: Athey & Imbens, PNAS 113, 2016).

Beside them stands a plain response model of everybody, the way campaigns are usually aimed: whoever buys anyway ranks
high in it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from sklearn.linear_model import Ridge

from predict.calibrate import expit
from predict.frames import Columns, Matrix, Vector
from predict.logistic import Logistic, fit_logistic, logistic_of
from predict.preparation import Preparation, fit_preparation, preparation_of
from predict.threads import few_threads
from predict.uplift.trial import Trial

PENALTY = 0.001  # per customer, as in `predict.logistic`; the smallest there: a trial has one row a customer


class Learner(StrEnum):
    """How uplift was learnt."""

    T = "T-learner"
    X = "X-learner"
    CLASS = "class transformation"


class Uplift(Protocol):
    """Something that says by how much contacting changes each customer's chance to respond."""

    def uplift(self, raw: Matrix) -> Vector:
        """Give the change in probability, between -1 and 1 (linear models may step over)."""
        ...

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values; `uplift_of` reads them back."""
        ...


@dataclass(frozen=True, slots=True)
class Linear:
    """A number as the weighted sum of prepared features."""

    preparation: Preparation
    coefficients: tuple[float, ...]
    intercept: float

    def uplift(self, raw: Matrix) -> Vector:
        """Give the sum for each row."""
        return np.asarray(self.preparation.apply(raw) @ np.asarray(self.coefficients) + self.intercept)

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "learner": Learner.CLASS.value,
            "preparation": self.preparation.as_mapping(),
            "coefficients": list(self.coefficients),
            "intercept": self.intercept,
        }


@dataclass(frozen=True, slots=True)
class TwoModels:
    """The response model of the contacted minus that of the others."""

    contacted: Logistic
    others: Logistic

    def uplift(self, raw: Matrix) -> Vector:
        """Give the difference of the two probabilities."""
        return expit(self.contacted.log_odds(raw)) - expit(self.others.log_odds(raw))

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "learner": Learner.T.value,
            "contacted": self.contacted.as_mapping(),
            "others": self.others.as_mapping(),
        }


@dataclass(frozen=True, slots=True)
class Crossed:
    """Two models of imputed differences, mixed: the rarer arm's counts for less."""

    of_contacted: Linear
    of_others: Linear
    share: float

    def uplift(self, raw: Matrix) -> Vector:
        """Mix the two by the share contacted."""
        return self.share * self.of_others.uplift(raw) + (1 - self.share) * self.of_contacted.uplift(raw)

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "learner": Learner.X.value,
            "of_contacted": self.of_contacted.as_mapping(),
            "of_others": self.of_others.as_mapping(),
            "share": self.share,
        }


def learn(learner: Learner, trial: Trial) -> Uplift:
    """Fit one learner on a trial."""
    fits: Mapping[Learner, Callable[[Trial], Uplift]] = {
        Learner.T: _learn_t,
        Learner.X: _learn_x,
        Learner.CLASS: _learn_class,
    }
    return fits[learner](trial)


def learn_response(trial: Trial) -> Logistic:
    """Fit who responds at all, contacted or not."""
    return fit_logistic(trial.raw, trial.responded, trial.names, penalty=PENALTY)


def transformed(trial: Trial) -> Vector:
    """Give what has the uplift as its mean: the response weighted by 1/p, or by -1/(1 - p) where not contacted."""
    share = trial.share
    return trial.responded * (trial.treated / share - (1 - trial.treated) / (1 - share))


def uplift_of(stored: Mapping[str, Any]) -> Uplift:
    """Read a model back from its JSON values.

    Raises:
        KeyError, TypeError, ValueError: it is none of ours.
    """
    match Learner(stored["learner"]):
        case Learner.T:
            return TwoModels(logistic_of(stored["contacted"]), logistic_of(stored["others"]))
        case Learner.X:
            return Crossed(_linear_of(stored["of_contacted"]), _linear_of(stored["of_others"]), float(stored["share"]))
        case Learner.CLASS:
            return _linear_of(stored)


def _learn_t(trial: Trial) -> TwoModels:
    contacted, others = (fit_logistic(*trial.arm(arm), trial.names, penalty=PENALTY) for arm in (1.0, 0.0))
    return TwoModels(contacted, others)


def _learn_x(trial: Trial) -> Crossed:
    models = _learn_t(trial)
    contacted, others = trial.arm(1.0), trial.arm(0.0)
    gained = contacted[1] - expit(models.others.log_odds(contacted[0]))
    missed = expit(models.contacted.log_odds(others[0])) - others[1]
    return Crossed(
        _fit_linear(contacted[0], gained, trial.names), _fit_linear(others[0], missed, trial.names), trial.share
    )


def _learn_class(trial: Trial) -> Linear:
    return _fit_linear(trial.raw, transformed(trial), trial.names)


def _fit_linear(raw: Matrix, target: Vector, names: tuple[str, ...]) -> Linear:
    preparation = fit_preparation(raw, Columns(names))
    prepared = preparation.apply(raw)
    with few_threads(prepared):
        model = Ridge(alpha=PENALTY * target.size, solver="cholesky").fit(prepared, target)
    return Linear(preparation, tuple(map(float, model.coef_)), float(model.intercept_))


def _linear_of(stored: Mapping[str, Any]) -> Linear:
    coefficients = tuple(map(float, stored["coefficients"]))
    return Linear(preparation_of(stored["preparation"]), coefficients, float(stored["intercept"]))
