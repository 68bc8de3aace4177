"""Logistic regression that a person can recompute: one line or curve per feature, summed.

The ridge penalty is stated per row of training (`penalty` = lambda in mean log-loss + lambda/2 |beta|^2), so that the
same number means the same shrinkage whatever the number of customers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from predict.frames import Columns, Matrix, Vector
from predict.preparation import Lines, Preparation, fit_preparation, preparation_of
from predict.threads import few_threads

# Customers stand at many overlapping cuts, so rows are far from independent and a small penalty is no penalty.
PENALTIES = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
TOLERANCE = 1e-5  # of the gradient


@dataclass(frozen=True, slots=True)
class Logistic:
    """Coefficients over the columns of a preparation, and the intercept."""

    preparation: Preparation
    coefficients: tuple[float, ...]
    intercept: float
    penalty: float

    @property
    def names(self) -> tuple[str, ...]:
        """Name the raw feature columns in the order expected."""
        return self.preparation.names

    @property
    def medians(self) -> Vector:
        """Give the reference customer's raw values."""
        return np.asarray(self.preparation.medians, dtype=np.float64)

    def log_odds(self, raw: Matrix) -> Vector:
        """Give raw (uncalibrated) log-odds."""
        return np.asarray(self._weighed(raw).sum(axis=1) + self.intercept, dtype=np.float64)

    def contributions(self, raw: Matrix, groups: tuple[tuple[int, ...], ...]) -> Matrix:
        """Split log-odds minus the reference customer's log-odds, exactly, over groups of feature positions."""
        deviation = self._weighed(raw) - self._weighed(self.medians[None, :])
        return np.column_stack([deviation[:, list(group)].sum(axis=1) for group in groups])

    def _weighed(self, raw: Matrix) -> Matrix:
        return self.preparation.weighed(raw, np.asarray(self.coefficients))

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values; `logistic_of` reads them back."""
        return {
            "preparation": self.preparation.as_mapping(),
            "coefficients": list(self.coefficients),
            "intercept": self.intercept,
            "penalty": self.penalty,
        }


def logistic_of(stored: Mapping[str, Any]) -> Logistic:
    """Read a model back from its JSON values."""
    return Logistic(
        preparation_of(stored["preparation"]),
        tuple(map(float, stored["coefficients"])),
        float(stored["intercept"]),
        float(stored["penalty"]),
    )


def fit_logistic(raw: Matrix, outcome: Vector, names: tuple[str, ...], *, penalty: float) -> Logistic:
    """Fit one penalty on numbers, with straight lines."""
    return fit_penalties(raw, outcome, Columns(names), penalties=(penalty,))[penalty]


def fit_penalties(
    raw: Matrix,
    outcome: Vector,
    columns: Columns,
    *,
    penalties: tuple[float, ...],
    lines: Lines = Lines.STRAIGHT,
) -> dict[float, Logistic]:
    """Fit several penalties on columns that are prepared once.

    Newton's method: with many rows and few columns it needs a handful of passes where L-BFGS needs tens, and it ends
    nearer the optimum; like it, it draws nothing at random.
    """
    preparation = fit_preparation(raw, columns, lines=lines)
    prepared = preparation.apply(raw)
    with few_threads(prepared):
        return _path(preparation, prepared, outcome, penalties)


def _path(
    preparation: Preparation, prepared: Matrix, outcome: Vector, penalties: tuple[float, ...]
) -> dict[float, Logistic]:
    """Fit from the largest penalty down, each starting where the one before ended."""
    model = LogisticRegression(solver="newton-cholesky", warm_start=True, tol=TOLERANCE)
    found = {}
    for penalty in sorted(penalties, reverse=True):
        model.set_params(C=1 / (penalty * outcome.size)).fit(prepared, outcome)
        slopes, intercept = tuple(map(float, model.coef_[0])), float(model.intercept_[0])
        found[penalty] = Logistic(preparation, slopes, intercept, penalty)
    return found
