"""From edges to clusters: average linkage over probabilities (Sokal and Michener 1958), with refusals.

Two clusters are joined at the mean probability over *all* pairs between them, where a pair that was never compared
counts as no match. So a chain of weak links does not swallow a community: the third in a chain has to be like the first
too, and the larger the clusters the more of them have to agree. Joining goes on from the likeliest, and one run gives
the clusters of every threshold. A cluster is named by its least row; of equally likely pairs that of lesser names is
joined first.

Two clusters that hold different checked numbers are never joined: the only refusal here. People decide the others.

Parts of the graph that hang together know nothing of each other. The small ones, nearly all of them, are joined many
at once (`ingest.match.small_parts`), the others one after another here, with the same result.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ingest.match.small_parts import MERGES, join_small

LEAST: Final = 0.05
"""Mean probability below which nothing is ever joined."""
SMALL: Final = 16
"""Rows of a part that is joined together with others of its size."""

Rows = npt.NDArray[np.int64]
Edge = tuple[int, int, float]
"""Two rows, the lesser first, and how likely they are one."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Pairs of rows that people called the same person, and two."""

    same: Collection[tuple[int, int]] = ()
    different: Collection[tuple[int, int]] = ()


@dataclass(frozen=True, slots=True)
class Merge:
    """Two clusters become one, each named by its least row; of the `pairs` between them `expected` are matches."""

    at: float
    kept: int
    gone: int
    pairs: int
    expected: float


@dataclass(frozen=True)
class Linkage:
    """What joining did, the likeliest first, and how many times two numbers forbade it.

    `joined` has the columns of `Merge`.
    """

    rows: int
    joined: pl.DataFrame
    refused: int = 0

    @property
    def merges(self) -> list[Merge]:
        """Each joining by itself, in order."""
        return [Merge(*row) for row in self.joined.iter_rows()]

    def clusters(self, threshold: float) -> Rows:
        """Return for each row the least row of its cluster, joined at the threshold or above."""
        joined = self.joined.filter(pl.col("at") >= threshold)
        labels = _components(self.rows, joined.select("kept", "gone"))
        first = np.full(self.rows, self.rows, dtype=np.int64)
        np.minimum.at(first, labels, np.arange(self.rows))
        return first[labels]


def link(edges: pl.DataFrame, numbers: Sequence[str | None] | pl.Series, *, least: float = LEAST) -> Linkage:
    """Join rows by edges (left, right, probability), in an order that follows from the edges alone.

    `numbers` has each row's checked number, None where there is none. Joining ends where no mean reaches `least`: who
    knows the threshold need not look below it.
    """
    parts = parts_of(edges, len(numbers), least)
    inside = edges.filter(together(edges, parts)).select("left", "right", "probability").sort("left", "right")
    codes = pl.Series("number", numbers, dtype=pl.String).rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    sizes = np.bincount(parts)
    small = pl.Series(sizes[parts[inside["left"].to_numpy()]] <= SMALL, dtype=pl.Boolean)
    at_once = join_small(inside.filter(small), parts, codes, least=least)
    one_by_one = _Joining(codes, inside.filter(~small).iter_rows(), least)
    one_by_one.run()
    merges = [at_once.frame(), pl.DataFrame(one_by_one.merges, schema=MERGES, orient="row")]
    ordered = pl.concat(merges).sort("at", "kept", "gone", descending=[True, False, False])
    return Linkage(len(numbers), ordered, at_once.refused + one_by_one.refused)


def clusters_decided(
    edges: Iterable[Edge], numbers: Sequence[str | None], threshold: float, told: Decided
) -> list[list[int]]:
    """Join rows as `link` does where people had their say: what is one at once, and what never is."""
    joining = _Bound(numbers, edges, joins_from(threshold), told)
    joining.run()
    return [sorted(members) for members in joining.members.values()]


def joins_from(threshold: float) -> float:
    """Return how likely an edge has to be that it may join anybody where clusters are cut at a threshold.

    A mean is never above the likeliest of its pairs. So records that hang together by likelier edges than this are
    clustered by themselves, whatever less likely ones lead out of them; between two of them those still count.
    """
    return max(threshold, LEAST)


def clusters_of_few(edges: Iterable[Edge], numbers: Sequence[str | None], threshold: float) -> Rows:
    """Return what `link` and `Linkage.clusters` say of a handful of rows, without a frame."""
    names = {name: place for place, name in enumerate(dict.fromkeys(numbers), start=1) if name is not None}
    joining = _Joining([names.get(name or "", 0) for name in numbers], edges, joins_from(threshold))
    joining.run()
    found = list(range(len(numbers)))
    for at, one, other, *_ in joining.merges:
        if at >= threshold:
            kept, gone = sorted((found[one], found[other]))
            found = [kept if name == gone else name for name in found]
    return np.array(found, dtype=np.int64)


def parts_of(edges: pl.DataFrame, rows: int, least: float) -> Rows:
    """Return for each row the number of its part: those that hang together by edges likely enough to join anything."""
    return _components(rows, edges.filter(pl.col("probability") >= least).select("left", "right"))


def together(edges: pl.DataFrame, parts: Rows) -> pl.Series:
    """Say of each edge whether both its ends are in one part: no other has a say in what is joined."""
    return pl.Series(parts[edges["left"].to_numpy()] == parts[edges["right"].to_numpy()], dtype=pl.Boolean)


def _components(rows: int, pairs: pl.DataFrame) -> Rows:
    one, other = (pairs.to_series(end).to_numpy() for end in (0, 1))
    graph = coo_matrix((np.ones(len(one), dtype=np.int8), (one, other)), shape=(rows, rows))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


class _Joining:
    """Clusters while they are being joined: for each pair of neighbours the sum of probabilities between them.

    Joining is one after the other by its nature; what is looped over is edges of large parts, not records. A cluster is
    kept under the row whose neighbourhood was the larger, `name` says its least row.
    """

    def __init__(self, numbers: Sequence[int] | Rows, edges: Iterable[Edge], least: float) -> None:
        self.least = least
        self.size: dict[int, int] = defaultdict(lambda: 1)
        self.near: dict[int, dict[int, float]] = defaultdict(dict)
        self.merges: list[tuple[float, int, int, int, float]] = []
        self.refused = 0
        self.waiting: list[tuple[float, int, int, int, int]] = []
        for left, right, probability in edges:
            self.near[left][right] = self.near[right][left] = probability
            if probability >= least:
                self.waiting.append((-probability, left, right, left, right))
        self.name = {row: row for row in self.near}
        self.number = {row: int(numbers[row]) for row in self.near if numbers[row]}
        heapify(self.waiting)

    def run(self) -> None:
        """Join until nothing is likely enough."""
        while self.waiting:
            entry = heappop(self.waiting)
            one, other = entry[3:]
            between = self.near.get(one, {}).get(other)
            if between is None or self._entry(one, other, between) != entry:
                continue  # one of them was joined meanwhile: the pair stands in the queue with its new mean
            if self._conflict(one, other):
                self.refused += 1
                del self.near[one][other], self.near[other][one]
                continue
            self.merges.append((-entry[0], entry[1], entry[2], self.size[one] * self.size[other], between))
            self._join(one, other)

    def _entry(self, one: int, other: int, between: float) -> tuple[float, int, int, int, int]:
        """Put a pair as it waits: by its mean, then by names."""
        first, second = (one, other) if self.name[one] < self.name[other] else (other, one)
        return -(between / (self.size[one] * self.size[other])), self.name[first], self.name[second], first, second

    def _conflict(self, one: int, other: int) -> bool:
        mine, theirs = self.number.get(one), self.number.get(other)
        return mine is not None and theirs is not None and mine != theirs

    def _join(self, kept: int, gone: int) -> int:
        """Let the smaller neighbourhood go into the larger; return under which row it is kept."""
        if len(self.near[kept]) < len(self.near[gone]):
            kept, gone = gone, kept
        near = self.near[kept]
        for neighbour, between in self.near.pop(gone).items():
            del self.near[neighbour][gone]
            if neighbour != kept:
                near[neighbour] = self.near[neighbour][kept] = near.get(neighbour, 0.0) + between
        self.size[kept] += self.size.pop(gone, 1)
        self.name[kept] = min(self.name[kept], self.name.pop(gone))
        if gone in self.number:
            self.number[kept] = self.number[gone]
        for neighbour, between in near.items():
            entry = self._entry(kept, neighbour, between)
            if -entry[0] >= self.least:
                heappush(self.waiting, entry)
        return kept


class _Bound(_Joining):
    """Clusters while they are joined, bound by what people decided of some rows: the decided ones, and all with edges.

    What somebody called one is joined first, whatever numbers say, but where that would join what somebody called two:
    apart is what can be mended. So a cluster may have several numbers.
    """

    def __init__(self, numbers: Sequence[str | None], edges: Iterable[Edge], least: float, told: Decided) -> None:
        super().__init__([0] * len(numbers), edges, least)
        for row in {row for pair in (*told.same, *told.different) for row in pair} - self.near.keys():
            self.near[row], self.name[row] = {}, row
        self.members = {row: [row] for row in self.near}
        self.numbers = {row: {numbers[row]} - {None} for row in self.near}
        self.apart: dict[int, set[int]] = defaultdict(set)
        for one, other in told.different:
            self.apart[one].add(other)
            self.apart[other].add(one)
        of = {row: row for row in self.near}
        for one, other in sorted(told.same):
            if of[one] != of[other] and of[other] not in self.apart[of[one]]:
                kept = self._join(of[one], of[other])
                of |= dict.fromkeys(self.members[kept], kept)

    def _conflict(self, one: int, other: int) -> bool:
        mine, theirs = self.numbers[one], self.numbers[other]
        return other in self.apart[one] or bool(mine and theirs and mine != theirs)

    def _join(self, kept: int, gone: int) -> int:
        kept, gone = (kept, gone) if super()._join(kept, gone) == kept else (gone, kept)
        self.members[kept] += self.members.pop(gone)
        self.numbers[kept] |= self.numbers.pop(gone)
        for other in self.apart.pop(gone, set()):
            self.apart[other].discard(gone)
            self.apart[other].add(kept)
            self.apart[kept].add(other)
        return kept
