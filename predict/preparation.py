"""Turn raw feature columns into what a linear model can weigh, and remember how.

Skewed non-negative columns are taken as log(1 + x): customers differ by factors, not by sums. Missing values are set
to the median and marked by an indicator column of their own. All columns are then standardised. The *reference
customer* has the median of every feature and nothing missing: explanations measure deviation from that customer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from predict.frames import Matrix, Vector

SKEWED_FROM = 1.0  # moment coefficient of skewness above which a column counts as skewed (Bulmer 1979)


@dataclass(frozen=True, slots=True)
class Preparation:
    """Per feature: taken as log, median (raw), mean and standard deviation (after log); then the indicators.

    `indicated` are positions of features with an indicator column; these columns follow the features in order.
    """

    names: tuple[str, ...]
    logged: tuple[bool, ...]
    medians: tuple[float, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    indicated: tuple[int, ...]

    @property
    def owners(self) -> tuple[int, ...]:
        """Give the feature position that each column of the result belongs to."""
        return (*range(len(self.names)), *self.indicated)

    def apply(self, raw: Matrix) -> Matrix:
        """Standardise raw columns (in the order of `names`, NaN = missing) and append the indicators."""
        missing = np.isnan(raw)
        filled = np.where(missing, np.asarray(self.medians), raw)
        out = np.empty((raw.shape[0], len(self.owners)), dtype=np.float64)
        out[:, : len(self.names)] = _log(filled, self.logged)
        out[:, len(self.names) :] = missing[:, list(self.indicated)]
        out -= np.asarray(self.means)
        out /= np.asarray(self.scales)
        return out

    def reference(self) -> Vector:
        """Give the prepared row of the reference customer."""
        row = np.asarray(self.medians, dtype=np.float64)[None, :]
        return np.asarray(self.apply(row)[0], dtype=np.float64)

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values; `preparation_of` reads them back."""
        return {name: list(getattr(self, name)) for name in self.__slots__}


def preparation_of(stored: Mapping[str, Any]) -> Preparation:
    """Read a preparation back from its JSON values."""
    return Preparation(
        names=tuple(map(str, stored["names"])),
        logged=tuple(map(bool, stored["logged"])),
        medians=tuple(map(float, stored["medians"])),
        means=tuple(map(float, stored["means"])),
        scales=tuple(map(float, stored["scales"])),
        indicated=tuple(map(int, stored["indicated"])),
    )


def fit_preparation(raw: Matrix, names: tuple[str, ...]) -> Preparation:
    """Learn medians, logs and scales from the rows that teach, and from no others."""
    missing = np.isnan(raw)
    known = ~missing.all(axis=0)
    medians = np.zeros(raw.shape[1])
    medians[known] = np.nanmedian(raw[:, known], axis=0)
    filled = np.where(missing, medians, raw)
    logged = tuple(bool(_is_skewed(filled[:, j])) for j in range(raw.shape[1]))
    indicated = tuple(int(j) for j in np.flatnonzero(missing.any(axis=0)))
    columns = np.hstack([_log(filled, logged), missing[:, list(indicated)].astype(np.float64)])
    scales = columns.std(axis=0)
    return Preparation(
        names=names,
        logged=logged,
        medians=tuple(map(float, medians)),
        means=tuple(map(float, columns.mean(axis=0))),
        scales=tuple(float(s) if s > 0 else 1.0 for s in scales),
        indicated=indicated,
    )


def _is_skewed(column: Vector) -> bool:
    spread = column.std()
    if column.min() < 0 or spread == 0:
        return False
    deviation = (column - column.mean()) / spread
    return bool(np.mean(deviation * deviation * deviation) > SKEWED_FROM)  # `** 3` costs ten times as much


def _log(filled: Matrix, logged: tuple[bool, ...]) -> Matrix:
    out = np.array(filled, dtype=np.float64)
    for j in np.flatnonzero(logged):  # per column, not per row
        out[:, j] = np.log1p(np.maximum(out[:, j], 0.0))
    return out
