"""Turn raw feature columns into what a linear model can weigh, and remember how.

Skewed non-negative numbers are taken as log(1 + x): customers differ by factors, not by sums. Missing values are set
to the median and marked by an indicator column of their own. Levels (`predict.levels`) become one column each; one
that was never seen counts as an average of them all. All columns are then standardised. The *reference customer* has
the median of every number, the most frequent level of every kind and nothing missing: explanations measure deviation
from that customer.

Lines are straight or curved. CURVED lets every other non-negative number enter as itself and as its log, so that the
first month may weigh more than the fiftieth, and lets a number of both signs bend at zero, so that a fall may weigh
more than a rise: the model stays a sum of one curve per feature (fractional polynomials of powers 1 and 0: Royston &
Altman, Applied Statistics 43, 1994; a line with one knot).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from predict.frames import Columns, Matrix, Vector
from predict.levels import most_frequent

SKEWED_FROM = 1.0  # moment coefficient of skewness above which a column counts as skewed (Bulmer 1979)
FEW_VALUES = 10  # a number with no more different values than this is not curved: it has hardly a shape
BOTH_SIDES = 0.05  # share of rows that must lie on each side of zero: a bend of a handful is their noise
SKETCHED = 100_000  # rows from which shapes are judged: more settle no quantile


class Lines(StrEnum):
    """What a number may look like to a linear model."""

    STRAIGHT = "straight"
    CURVED = "curved"


@dataclass(frozen=True, slots=True)
class Preparation:
    """Per feature: how many levels (0: a number), taken as log, centre (raw), curved, bent, and whether indicated.

    The columns of a feature stand together: the number and its curve or what of it is below zero, or its levels; then
    the indicator of what is missing. `means` and `scales` are those of the columns.
    """

    names: tuple[str, ...]
    counts: tuple[int, ...]
    logged: tuple[bool, ...]
    medians: tuple[float, ...]
    curved: tuple[bool, ...]
    bent: tuple[bool, ...]
    indicated: tuple[bool, ...]
    means: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()

    @property
    def owners(self) -> tuple[int, ...]:
        """Give the feature position that each column of the result belongs to."""
        return tuple(j for j in range(len(self.names)) for _ in range(self._width(j)))

    def apply(self, raw: Matrix) -> Matrix:
        """Standardise raw columns (in the order of `names`, NaN = missing)."""
        out = np.empty((raw.shape[0], len(self.owners)), dtype=np.float64)
        for position, column in enumerate(self._columns(raw)):  # per column, not per row
            out[:, position] = (column - self.means[position]) / self.scales[position]
        return out

    def weighed(self, raw: Matrix, coefficients: Vector) -> Matrix:
        """Sum up each feature's columns, standardised and times their coefficients, without laying them all out."""
        slopes = coefficients / np.asarray(self.scales)
        out = np.zeros((raw.shape[0], len(self.names)), dtype=np.float64, order="F")
        for owner, slope, mean, column in zip(self.owners, slopes, self.means, self._columns(raw), strict=True):
            out[:, owner] += slope * (column - mean)
        return out

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values; `preparation_of` reads them back."""
        return {name: list(getattr(self, name)) for name in self.__slots__}

    def _width(self, j: int) -> int:
        return (self.counts[j] or 1 + self.curved[j] + self.bent[j]) + self.indicated[j]

    def _columns(self, raw: Matrix) -> Iterator[Vector]:
        for j, count in enumerate(self.counts):
            column = raw[:, j]
            yield from self._levels(column, j) if count else self._numbers(column, j)
            if self.indicated[j]:
                yield np.isnan(column).astype(np.float64)

    def _numbers(self, column: Vector, j: int) -> Iterator[Vector]:
        filled = np.where(np.isnan(column), self.medians[j], column)
        if not self.logged[j]:
            yield filled
        if self.logged[j] or self.curved[j]:
            yield np.log1p(np.maximum(filled, 0.0))
        if self.bent[j]:
            yield np.minimum(filled, 0.0)

    def _levels(self, column: Vector, j: int) -> Iterator[Vector]:
        codes = np.where(np.isnan(column), self.medians[j], column)
        unseen = codes < 0
        # before the means are known nobody is unseen; afterwards such a customer stands at the mean of every level
        means = iter(self.means[self.owners.index(j) :]) if self.means else iter([0.0] * self.counts[j])
        for level in range(self.counts[j]):
            yield np.where(unseen, next(means), codes == level)


def preparation_of(stored: Mapping[str, Any]) -> Preparation:
    """Read a preparation back from its JSON values; models of before numbers could bend have no such column."""
    return Preparation(
        names=tuple(map(str, stored["names"])),
        counts=tuple(map(int, stored["counts"])),
        logged=tuple(map(bool, stored["logged"])),
        medians=tuple(map(float, stored["medians"])),
        curved=tuple(map(bool, stored["curved"])),
        bent=tuple(map(bool, stored.get("bent") or [False] * len(stored["names"]))),
        indicated=tuple(map(bool, stored["indicated"])),
        means=tuple(map(float, stored["means"])),
        scales=tuple(map(float, stored["scales"])),
    )


def fit_preparation(raw: Matrix, columns: Columns, *, lines: Lines = Lines.STRAIGHT) -> Preparation:
    """Learn centres, logs, curves and scales from the rows that teach, and from no others."""
    unscaled = fit_shapes(raw, columns, lines=lines)
    moments = [(float(column.mean()), float(column.std())) for column in unscaled._columns(raw)]  # noqa: SLF001 - its own builder
    means, scales = zip(*moments, strict=True)
    return replace(unscaled, means=means, scales=tuple(scale if scale > 0 else 1.0 for scale in scales))


def fit_shapes(raw: Matrix, columns: Columns, *, lines: Lines) -> Preparation:
    """Learn what a preparation is but for its means and scales."""
    names, counts = columns.names, columns.counts
    sketch = raw[:: max(1, raw.shape[0] // SKETCHED)]
    medians = tuple(_centre(sketch[:, j], count) for j, count in enumerate(counts))
    filled = np.where(np.isnan(sketch), np.asarray(medians), sketch)
    logged = tuple(not count and _is_skewed(filled[:, j]) for j, count in enumerate(counts))
    return Preparation(
        names=names,
        counts=counts,
        logged=logged,
        medians=medians,
        curved=tuple(
            not (count or logged[j]) and lines is Lines.CURVED and _has_shape(filled[:, j])
            for j, count in enumerate(counts)
        ),
        bent=tuple(
            not count and lines is Lines.CURVED and _has_both_sides(filled[:, j]) for j, count in enumerate(counts)
        ),
        indicated=tuple(bool(np.isnan(raw[:, j]).any()) for j in range(len(names))),
    )


def _centre(column: Vector, count: int) -> float:
    if count:
        return most_frequent(column)
    known = column[~np.isnan(column)]
    return float(np.median(known)) if known.size else 0.0


def _is_skewed(column: Vector) -> bool:
    spread = column.std()
    if column.min() < 0 or spread == 0:
        return False
    deviation = (column - column.mean()) / spread
    return bool(np.mean(deviation * deviation * deviation) > SKEWED_FROM)  # `** 3` costs ten times as much


def _has_shape(column: Vector) -> bool:
    return bool(column.min() >= 0) and np.unique(column).size > FEW_VALUES


def _has_both_sides(column: Vector) -> bool:
    below, above = float(np.mean(column < 0)), float(np.mean(column > 0))
    return min(below, above) >= BOTH_SIDES and np.unique(column).size > FEW_VALUES
