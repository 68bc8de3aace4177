"""Fit a model's probabilities to what happened since, without touching the model.

The old curve stays and a line is laid over its log-odds. With few outcomes only the level moves (the intercept); from
`SLOPED_FROM` outcomes of each kind on the spread may change too (Steyerberg et al., Statistics in Medicine 23, 2004:
methods 2 and 3). The line is kept only if it makes the probabilities better on the newest cut by the Brier score, where
there are two cuts to tell by. Ranks within a cut never change: the line rises.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.optimize import brentq
from sklearn.linear_model import LogisticRegression

from predict.calibrate import CalibrationKind, Calibrator, calibrator_of, expit, logit
from predict.frames import Vector

KIND: Final = "recalibrated"
SLOPED_FROM: Final = 100
LEAST_SLOPE: Final = 0.05
FAR: Final = 30.0  # log-odds beyond which a probability is 0 or 1 to the last digit

Forecasts = Sequence[tuple[Vector, Vector]]
"""Probability and outcome of each cut, in order of time."""


@dataclass(frozen=True, slots=True)
class Recalibrated:
    """A curve with a line laid over it: log-odds times slope plus intercept."""

    base: Calibrator
    slope: float
    intercept: float
    customers: int

    @property
    def kind(self) -> CalibrationKind:
        """Name the curve below the line."""
        return self.base.kind

    def probability(self, log_odds: Vector) -> Vector:
        """Map raw log-odds to calibrated probability."""
        return expit(self.slope * logit(self.base.probability(log_odds)) + self.intercept)

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values; `curve_of` reads them back."""
        line = {"slope": self.slope, "intercept": self.intercept, "customers": self.customers}
        return {"kind": KIND, "base": self.base.as_mapping(), **line}


Curve = Calibrator | Recalibrated


def curve_of(stored: Mapping[str, Any]) -> Curve:
    """Read a curve back from its JSON values."""
    if stored["kind"] != KIND:
        return calibrator_of(stored)
    line = (float(stored["slope"]), float(stored["intercept"]), int(stored["customers"]))
    return Recalibrated(calibrator_of(stored["base"]), *line)


def recalibrated(curve: Curve, forecasts: Forecasts) -> Curve:
    """Lay a line over a curve by forecasts that it had not seen; the curve itself where no line would be better."""
    line = _line(forecasts)
    if len(forecasts) > 1:
        probability, outcome = forecasts[-1]
        if _brier(_moved(probability, _line(forecasts[:-1])), outcome) >= _brier(probability, outcome):
            return curve
    customers = sum(outcome.size for _, outcome in forecasts)
    if isinstance(curve, Recalibrated):  # a line over a line is a line
        slope, intercept = line[0] * curve.slope, line[0] * curve.intercept + line[1]
        return Recalibrated(curve.base, slope, intercept, customers)
    return Recalibrated(curve, *line, customers)


def _line(forecasts: Forecasts) -> tuple[float, float]:
    probability = np.concatenate([one for one, _ in forecasts])
    outcome = np.concatenate([one for _, one in forecasts])
    odds, events = logit(probability), float(outcome.sum())
    if min(events, outcome.size - events) < SLOPED_FROM:
        return 1.0, _level(odds, outcome)
    model = LogisticRegression(C=np.inf).fit(odds[:, None], outcome)
    slope = float(model.coef_[0, 0])
    return (slope, float(model.intercept_[0])) if slope > LEAST_SLOPE else (1.0, _level(odds, outcome))


def _level(odds: Vector, outcome: Vector) -> float:
    """Find the shift at which as many outcomes are foretold as were seen, half an outcome of each kind added."""
    wanted = (float(outcome.sum()) + 0.5) / (outcome.size + 1)
    return float(brentq(lambda shift: float(expit(odds + shift).mean()) - wanted, -FAR, FAR))


def _moved(probability: Vector, line: tuple[float, float]) -> Vector:
    return expit(line[0] * logit(probability) + line[1])


def _brier(probability: Vector, outcome: Vector) -> float:
    return float(np.mean((probability - outcome) ** 2))
