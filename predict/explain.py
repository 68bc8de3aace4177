"""Why this score: which groups of features raised it most, against the reference customer.

Only what *raises* the probability is a reason; a part below `FAINT` log-odds (about one percentage point) is noise
and not said. The order is by size, ties by name, so that the same row always gets the same reasons; a value
that is missing comes after every one that is known.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from predict.feature import Feature
from predict.frames import Matrix, Vector

REASONS = 3
FAINT = 0.05
Flags = np.ndarray[tuple[int, int], np.dtype[np.bool_]]


class Explained(Protocol):
    """A model whose log-odds can be split over groups of features."""

    @property
    def names(self) -> tuple[str, ...]:
        """Name the raw feature columns in the order expected."""
        ...

    @property
    def medians(self) -> Vector:
        """Give the reference customer's raw values."""
        ...

    def log_odds(self, raw: Matrix) -> Vector:
        """Give raw (uncalibrated) log-odds."""
        ...

    def contributions(self, raw: Matrix, groups: tuple[tuple[int, ...], ...]) -> Matrix:
        """Split log-odds over groups of feature positions."""
        ...


@dataclass(frozen=True, slots=True)
class Group:
    """Features explained together: a name and the positions of their columns."""

    name: str
    positions: tuple[int, ...]


def groups_of(names: tuple[str, ...], features: tuple[Feature, ...]) -> tuple[Group, ...]:
    """Gather column positions by the group their feature belongs to, in name order."""
    group_by_name = {feature.name: feature.group for feature in features}
    gathered: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        gathered.setdefault(group_by_name.get(name, name), []).append(position)
    return tuple(Group(name, tuple(gathered[name])) for name in sorted(gathered))


def strongest(parts: Matrix, absent: Flags) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.int64]], Matrix]:
    """Give for each row the positions of its strongest raising groups (-1: none) and their parts.

    Where `absent`, a group only says that nothing is on record: it takes a place that no fact about the customer fills.
    """
    count = min(REASONS, parts.shape[1])
    raises = parts > FAINT
    behind = np.where(absent, np.max(parts, initial=0.0) + 1.0, 0.0)
    left = np.where(raises, behind - parts, np.inf)
    chosen = np.full((parts.shape[0], REASONS), -1, dtype=np.int64)
    sizes = np.zeros((parts.shape[0], REASONS), dtype=np.float64)
    rows = np.arange(parts.shape[0])
    for place in range(count):  # the smallest of what is left, the first of equals: no row needs all sorted
        best = left.argmin(axis=1)
        there = np.isfinite(left[rows, best])
        chosen[there, place] = best[there]
        sizes[there, place] = parts[rows, best][there]
        left[rows, best] = np.inf
    return chosen, sizes
