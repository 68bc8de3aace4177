"""From edges to clusters: average linkage over probabilities (Sokal and Michener 1958), with refusals.

Two clusters are joined at the mean probability over *all* pairs between them, where a pair that was never compared
counts as no match. So a chain of weak links does not swallow a community: the third in a chain has to be like the first
too, and the larger the clusters the more of them have to agree. Joining goes on from the likeliest, and one run gives
the clusters of every threshold.

Two clusters that hold different checked numbers are never joined: the only refusal here. People decide the others.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

LEAST: Final = 0.05
"""Mean probability below which nothing is ever joined."""

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Merge:
    """Two clusters become one, named by a row of each; `expected` of the `pairs` between them are likely matches."""

    at: float
    kept: int
    gone: int
    pairs: int
    expected: float


@dataclass(slots=True)
class Linkage:
    """What joining did, in order, and how many times two numbers forbade it."""

    rows: int
    merges: list[Merge] = field(default_factory=list)
    refused: int = 0

    def clusters(self, threshold: float) -> Rows:
        """Return for each row the least row of its cluster, joined at the threshold or above."""
        joined = [(merge.kept, merge.gone) for merge in self.merges if merge.at >= threshold]
        labels = _components(self.rows, joined)
        first = np.full(self.rows, self.rows, dtype=np.int64)
        np.minimum.at(first, labels, np.arange(self.rows))
        return first[labels]


def link(edges: pl.DataFrame, numbers: Sequence[str | None]) -> Linkage:
    """Join rows by edges (left, right, probability), in an order that follows from the edges alone.

    `numbers` has each row's checked number, None where there is none.
    """
    linkage = Linkage(len(numbers))
    strong = edges.filter(pl.col("probability") >= LEAST).select("left", "right")
    part = pl.Series(_components(len(numbers), strong.iter_rows()))
    inside = edges.filter(part.gather(edges["left"]) == part.gather(edges["right"])) if edges.height else edges
    state = _Joining(numbers, inside.sort("left", "right").select("left", "right", "probability"))
    state.run(linkage)
    return linkage


def _components(rows: int, pairs: Iterable[tuple[int, ...]]) -> Rows:
    ends = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(ends), dtype=np.int8), (ends[:, 0], ends[:, 1])), shape=(rows, rows))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


class _Joining:
    """Clusters while they are being joined: for each pair of neighbours the sum of probabilities between them.

    Joining is one after the other by its nature; what is looped over is edges of connected parts, not records.
    """

    def __init__(self, numbers: Sequence[str | None], edges: pl.DataFrame) -> None:
        self.size: dict[int, int] = defaultdict(lambda: 1)
        self.near: dict[int, dict[int, float]] = defaultdict(dict)
        self.number = {row: number for row, number in enumerate(numbers) if number is not None}
        self.waiting: list[tuple[float, int, int]] = []
        for left, right, probability in edges.iter_rows():
            self.near[left][right] = self.near[right][left] = probability
            if probability >= LEAST:
                self.waiting.append((-probability, left, right))
        heapify(self.waiting)

    def run(self, linkage: Linkage) -> None:
        """Join until nothing is likely enough."""
        while self.waiting:
            negative, one, other = heappop(self.waiting)
            between = self.near.get(one, {}).get(other)
            if between is None or -between / (self.size[one] * self.size[other]) != negative:
                continue  # one of them was joined meanwhile: the pair stands in the queue with its new mean
            if self._conflict(one, other):
                linkage.refused += 1
                continue
            linkage.merges.append(Merge(-negative, one, other, self.size[one] * self.size[other], between))
            self._join(one, other)

    def _conflict(self, one: int, other: int) -> bool:
        mine, theirs = self.number.get(one), self.number.get(other)
        return mine is not None and theirs is not None and mine != theirs

    def _join(self, kept: int, gone: int) -> None:
        """Let the smaller neighbourhood go into the larger; names of clusters are rows and mean nothing."""
        if len(self.near[kept]) < len(self.near[gone]):
            kept, gone = gone, kept
        near = self.near[kept]
        for neighbour, between in self.near.pop(gone).items():
            del self.near[neighbour][gone]
            if neighbour != kept:
                near[neighbour] = self.near[neighbour][kept] = near.get(neighbour, 0.0) + between
        self.size[kept] += self.size.pop(gone, 1)
        if gone in self.number:
            self.number[kept] = self.number[gone]
        for neighbour, between in near.items():
            mean = between / (self.size[kept] * self.size[neighbour])
            if mean >= LEAST:
                heappush(self.waiting, (-mean, min(kept, neighbour), max(kept, neighbour)))
