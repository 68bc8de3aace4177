"""The rule that stands in where there is too little for a model: one column, in three steps, as it always was.

Customers are ordered by one column that a person would sort by (silence against the own rhythm, else recency, else what
the module names). Past customers are cut into thirds by it; the chance of a third is the share of it that had the
outcome, one of each kind added (Laplace's rule of succession), and never falls from one third to the next, because the
column was chosen to rise. Between the middles of the thirds the chance is read off a straight line in log-odds. It
is a rule and not a model: nothing was compared, no second signal is weighed, and reports say so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from predict.calibrate import CalibrationKind, Calibrator, logit
from predict.frames import Matrix, Vector

STEPS: Final = 3
MIDDLES: Final = (np.arange(STEPS) + 0.5) / STEPS
PLACES: Final = 21  # quantiles that say where a value stands among all: every twentieth


@dataclass(frozen=True, slots=True)
class Rule:
    """One column's quantiles, the log-odds at the middle of each third, and those of who has no value.

    `names` holds the column's name, or nothing where no column is fit to sort by: then everybody has the base rate.
    """

    names: tuple[str, ...]
    quantiles: tuple[float, ...]
    steps: tuple[float, ...]
    unknown: float

    @property
    def rises(self) -> bool:
        """Say whether the outcome is more frequent in the upper third of the column than in the lower."""
        return bool(self.steps) and self.steps[-1] > self.steps[0]

    @property
    def medians(self) -> Vector:
        """Give the reference customer's raw value."""
        return np.asarray(self.quantiles[PLACES // 2 : PLACES // 2 + 1], dtype=np.float64)

    def log_odds(self, raw: Matrix) -> Vector:
        """Read the chance off the line, as log-odds."""
        if not self.names:
            return np.full(raw.shape[0], self.unknown)
        value = raw[:, 0]
        known = np.isfinite(value)
        place = np.interp(np.where(known, value, self.quantiles[0]), self.quantiles, np.linspace(0, 1, PLACES))
        return np.where(known, _line(place, self.steps), self.unknown)

    def contributions(self, raw: Matrix, groups: tuple[tuple[int, ...], ...]) -> Matrix:
        """Give all that is above the reference customer to the one column there is."""
        full = self.log_odds(raw) - (self.log_odds(self.medians[None, :]) if self.names else self.unknown)
        return np.column_stack([full for _ in groups]) if groups else np.empty((raw.shape[0], 0))

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values; `rule_of` reads them back."""
        return {name: list(getattr(self, name)) for name in ("names", "quantiles", "steps")} | {"unknown": self.unknown}


def rule_of(stored: Mapping[str, Any]) -> Rule:
    """Read a rule back from its JSON values."""
    return Rule(
        tuple(map(str, stored["names"])),
        tuple(map(float, stored["quantiles"])),
        tuple(map(float, stored["steps"])),
        float(stored["unknown"]),
    )


def fit_rule(column: Vector | None, outcome: Vector, name: str) -> Rule:
    """Count the outcomes of each third of a column (NaN: no value); without a column the base rate stands for all."""
    base = _share(outcome)
    if column is None or not np.isfinite(column).any():
        return Rule((), (), (), float(logit(np.array([base]))[0]))
    known = np.isfinite(column)
    value, happened = column[known], outcome[known]
    quantiles = np.quantile(value, np.linspace(0, 1, PLACES))
    place = np.interp(value, quantiles, np.linspace(0, 1, PLACES))
    third = np.minimum((place * STEPS).astype(np.int64), STEPS - 1)
    shares = np.maximum.accumulate([_share(happened[third == step]) for step in range(STEPS)])
    unknown = _share(outcome[~known]) if not known.all() else base
    steps = logit(np.asarray(shares, dtype=np.float64))
    return Rule((name,), tuple(map(float, quantiles)), tuple(map(float, steps)), float(logit(np.array([unknown]))[0]))


def as_it_is(customers: int) -> Calibrator:
    """Give the curve that changes nothing: a rule's shares are what they are, seen on so many customers a third."""
    return Calibrator(CalibrationKind.PLATT, (1.0,), (0.0,), max(1, customers // STEPS))


def _line(place: Vector, steps: tuple[float, ...]) -> Vector:
    """Join the middles by straight lines and go on beyond the outer ones, so that nobody ties who differs."""
    slopes = np.diff(steps) / np.diff(MIDDLES)
    inside = np.interp(place, MIDDLES, steps)
    below, above = np.minimum(place - MIDDLES[0], 0.0), np.maximum(place - MIDDLES[-1], 0.0)
    return np.asarray(inside + slopes[0] * below + slopes[-1] * above, dtype=np.float64)


def _share(outcome: Vector) -> float:
    return float((outcome.sum() + 1) / (outcome.size + 2))
