"""Logistic regression that a person can recompute: a standardised coefficient times a deviation, summed.

The ridge penalty is stated per row of training (`penalty` = lambda in mean log-loss + lambda/2 |beta|^2), so that the
same number means the same shrinkage whatever the number of customers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from predict.frames import Matrix, Vector
from predict.preparation import Preparation, fit_preparation, preparation_of
from predict.threads import few_threads

# Customers stand at many overlapping cuts, so rows are far from independent and a small penalty is no penalty.
PENALTIES = (0.1, 0.03, 0.01, 0.003, 0.001)


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
        prepared = self.preparation.apply(raw)
        return np.asarray(prepared @ np.asarray(self.coefficients) + self.intercept, dtype=np.float64)

    def contributions(self, raw: Matrix, groups: tuple[tuple[int, ...], ...]) -> Matrix:
        """Split log-odds minus the reference customer's log-odds, exactly, over groups of feature positions."""
        deviation = self.preparation.apply(raw) - self.preparation.reference()
        parts = deviation * np.asarray(self.coefficients)
        owners = np.asarray(self.preparation.owners)
        membership = np.column_stack([np.isin(owners, group) for group in groups])
        return np.asarray(parts @ membership.astype(np.float64), dtype=np.float64)

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
    """Fit one penalty."""
    return fit_penalties(raw, outcome, names, penalties=(penalty,))[penalty]


def fit_penalties(
    raw: Matrix, outcome: Vector, names: tuple[str, ...], *, penalties: tuple[float, ...]
) -> dict[float, Logistic]:
    """Fit several penalties on columns that are prepared once.

    Newton's method: with many rows and few columns it needs a handful of passes where L-BFGS needs tens, and it ends
    nearer the optimum; like it, it draws nothing at random.
    """
    preparation = fit_preparation(raw, names)
    prepared = preparation.apply(raw)
    with few_threads(prepared):
        return {penalty: _fitted(preparation, prepared, outcome, penalty) for penalty in penalties}


def _fitted(preparation: Preparation, prepared: Matrix, outcome: Vector, penalty: float) -> Logistic:
    model = LogisticRegression(C=1 / (penalty * outcome.size), solver="newton-cholesky")
    model.fit(prepared, outcome)
    return Logistic(preparation, tuple(map(float, model.coef_[0])), float(model.intercept_[0]), penalty)
