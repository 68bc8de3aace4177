"""From a raw score to a probability that means what it says.

Few events: Platt's logistic curve with his smoothed targets (Platt, Advances in Large Margin Classifiers, 1999).
Many: isotonic regression (Zadrozny & Elkan, KDD 2002) joined through the centres of its steps (centred isotonic
regression: Oron & Flournoy, Stat. Biopharm. Res. 9, 2017), because bare steps tie customers who are not alike and
spoil the ranking. `ISOTONIC_FROM` events and non-events is scikit-learn's own advice (about 1,000). Where forecasts of
several cuts are at hand, the bending curve must also beat the plain one on the latest cut: it learns a season's
shape as readily as the truth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from sklearn.isotonic import IsotonicRegression

from predict.frames import Vector

ISOTONIC_FROM = 1000
WILSON_Z = 1.6448536269514722  # two-sided 90 %
NEWTON_STEPS = 50
NEWTON_STRIDE = 2.0  # no step is longer: the first may overshoot where outcomes are rare
NEWTON_ENOUGH = 1e-9
NEIGHBOURS = 100  # an interval is what this many customers with a like score would show


class CalibrationKind(StrEnum):
    """Which curve was fitted."""

    PLATT = "platt"
    ISOTONIC = "isotonic"


@dataclass(frozen=True, slots=True)
class Calibrator:
    """A strictly increasing curve from raw log-odds to probability.

    PLATT: `xs` = (slope,), `ys` = (intercept,). ISOTONIC: knots in raw probability -> calibrated probability,
    with (0, 0) and (1, 1) added so that nobody ties at the ends.
    """

    kind: CalibrationKind
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    customers: int

    def probability(self, log_odds: Vector) -> Vector:
        """Map raw log-odds to calibrated probability."""
        if self.kind is CalibrationKind.PLATT:
            return expit(self.xs[0] * log_odds + self.ys[0])
        return np.asarray(np.interp(expit(log_odds), self.xs, self.ys), dtype=np.float64)

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values; `calibrator_of` reads them back."""
        return {"kind": self.kind.value, "xs": list(self.xs), "ys": list(self.ys), "customers": self.customers}


def calibrator_of(stored: Mapping[str, Any]) -> Calibrator:
    """Read a calibrator back from its JSON values."""
    return Calibrator(
        CalibrationKind(stored["kind"]),
        tuple(map(float, stored["xs"])),
        tuple(map(float, stored["ys"])),
        int(stored["customers"]),
    )


def fit_calibrator(log_odds: Vector, outcome: Vector) -> Calibrator:
    """Fit the curve on customers the model has not learnt from."""
    events = int(outcome.sum())
    if min(events, outcome.size - events) < ISOTONIC_FROM:
        return fit_line(log_odds, outcome)
    return _isotonic(log_odds, outcome)


def fit_line(log_odds: Vector, outcome: Vector) -> Calibrator:
    """Fit Platt's line, the level and the spread of log-odds, by Newton's method: two figures need few passes."""
    events = float(outcome.sum())
    target = np.where(outcome == 1, (events + 1) / (events + 2), 1 / (outcome.size - events + 2))
    line = np.array([0.0, float(logit(target.mean()))])
    for _ in range(NEWTON_STEPS):
        foretold = expit(line[0] * log_odds + line[1])
        weight, error = foretold * (1 - foretold), foretold - target
        slope = np.array([error @ log_odds, error.sum()])
        cross = weight @ log_odds
        bend = np.array([[(weight * log_odds) @ log_odds, cross], [cross, weight.sum()]])
        step = np.linalg.pinv(bend, hermitian=True) @ slope  # scores that are all alike have no spread to fit
        line = line - np.clip(step, -NEWTON_STRIDE, NEWTON_STRIDE)
        if np.abs(step).max() < NEWTON_ENOUGH:
            break
    slope_kept = max(float(line[0]), 1e-6)  # a falling curve would turn every reason round
    return Calibrator(CalibrationKind.PLATT, (slope_kept,), (float(line[1]),), outcome.size)


def fit_on_cuts(forecasts: Sequence[tuple[Vector, Vector]]) -> Calibrator:
    """Fit the curve on (log-odds, outcome) of several cuts in order of time.

    Isotonic is kept only if, fitted on the cuts before, it has the lower Brier score on the last.
    """
    pooled = _pooled(forecasts)
    fitted = fit_calibrator(*pooled)
    if fitted.kind is CalibrationKind.PLATT or len(forecasts) == 1:
        return fitted
    before, (log_odds, outcome) = _pooled(forecasts[:-1]), forecasts[-1]
    bent, plain = (curve(*before).probability(log_odds) for curve in (_isotonic, fit_line))
    return fitted if np.mean((bent - outcome) ** 2) < np.mean((plain - outcome) ** 2) else fit_line(*pooled)


def wilson(probability: Vector, customers: int) -> tuple[Vector, Vector]:
    """Give the 90 % Wilson interval (Wilson, JASA 22, 1927) of a share seen on `customers` like customers.

    It says how sure the calibration can be of the figure, not whether this one customer leaves, and knows nothing
    of a future that differs from the calibration cut.
    """
    spread = WILSON_Z**2 / customers
    centre = (probability + spread / 2) / (1 + spread)
    half = WILSON_Z * np.sqrt(probability * (1 - probability) / customers + spread / (4 * customers)) / (1 + spread)
    return np.clip(centre - half, 0.0, probability), np.clip(centre + half, probability, 1.0)


def expit(log_odds: Vector) -> Vector:
    """Turn log-odds into probability without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * log_odds)), dtype=np.float64)


def logit(probability: Vector) -> Vector:
    """Turn probability into log-odds, clipped away from certainty."""
    safe = np.clip(probability, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(safe / (1 - safe)), dtype=np.float64)


def _pooled(forecasts: Sequence[tuple[Vector, Vector]]) -> tuple[Vector, Vector]:
    log_odds, outcome = zip(*forecasts, strict=True)
    return np.concatenate(log_odds), np.concatenate(outcome)


def _isotonic(log_odds: Vector, outcome: Vector) -> Calibrator:
    raw = expit(log_odds)
    steps = IsotonicRegression(out_of_bounds="clip").fit_transform(raw, outcome)
    levels, inverse, counts = np.unique(steps, return_inverse=True, return_counts=True)
    centres = np.bincount(inverse, weights=raw) / counts
    certain = 1 / (outcome.size + 2)  # nobody is certain: as if one more of each kind had been seen
    inside = np.clip(levels, certain, 1 - certain)
    return Calibrator(
        CalibrationKind.ISOTONIC,
        (0.0, *map(float, centres), 1.0),
        (0.0, *map(float, inside), 1.0),
        outcome.size,
    )
