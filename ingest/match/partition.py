"""From edges, numbers and people's decisions to clusters that may be believed, whatever the order of anything.

Rules kept here:
- where nobody decided anything, records are joined as `linkage` joins them, from the model's threshold on;
- two records that somebody called the same are in one cluster, whatever numbers or edges say; two that somebody called
  different never are, not even by way of others. Of two decisions that contradict by way of a third record the one
  that keeps apart wins: apart is what can be mended;
- a cluster that `suspicion` doubts is cut again where only what is nearly sure is joined. What is thin or at odds with
  itself even then is left as single records: a person decides. Nothing is merged in doubt.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ingest.match.linkage import clusters_of_few, joins_from, link
from ingest.match.suspicion import Told, may_be_doubted, suspicions

SURE: Final = 0.95
"""Mean probability from which a doubtful cluster still holds together."""
_LARGE: Final = "large"
_NO_DOUBTS: Final = pl.DataFrame(schema={"cluster": pl.Int64, "size": pl.UInt32, "reason": pl.String})
Rows = npt.NDArray[np.int64]
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Decided:
    """Pairs of rows that people called the same person, and two."""

    same: Collection[Pair] = ()
    different: Collection[Pair] = ()


@dataclass(frozen=True, slots=True)
class Partition:
    """The cluster of each row, by its least row, and the clusters that were doubted: cluster, size, reason."""

    clusters: Rows
    doubts: pl.DataFrame = field(repr=False)


def partition(edges: pl.DataFrame, numbers: Sequence[str | None], threshold: float, decided: Decided) -> Partition:
    """Cluster rows.

    Args:
        edges: left, right (rows), probability, `level_NAME`.
        numbers: each row's checked number, None where it has none.
        threshold: the mean probability from which clusters are joined.
        decided: what people said; it is not doubted.

    """
    linkage = link(edges, numbers, least=joins_from(threshold))
    clusters = linkage.clusters(threshold)
    if decided.same or decided.different:
        clusters = _redone(clusters, edges, numbers, threshold, decided)
    doubts = suspicions(pl.Series("cluster", clusters), edges)
    meant = {clusters[row] for pair in decided.same for row in pair}
    doubts = doubts.filter(~pl.col("cluster").is_in(list(meant)))
    if doubts.is_empty():
        return Partition(clusters, doubts)
    surer = linkage.clusters(max(SURE, threshold))
    clusters = np.where(np.isin(clusters, doubts["cluster"].to_numpy()), _within(surer, clusters), clusters)
    still = suspicions(pl.Series("cluster", clusters), edges).filter(
        (pl.col("reason") != _LARGE) & ~pl.col("cluster").is_in(list(meant))
    )
    alone = np.isin(clusters, still["cluster"].to_numpy())
    return Partition(np.where(alone, np.arange(len(clusters)), clusters), doubts)


def partition_of_few(edges: Sequence[Told], numbers: Sequence[str | None], threshold: float) -> Partition | None:
    """Cluster a handful of rows nobody decided on, as `partition` does: whoever waits for one record waits for this.

    `edges` are in order, the lesser row first. Returns None where a cluster may have to be cut again: `partition` can.
    """
    clusters = clusters_of_few([edge[:3] for edge in edges], numbers, threshold)
    if may_be_doubted(clusters.tolist(), edges):
        return None
    return Partition(clusters, _NO_DOUBTS)


def _within(finer: Rows, coarser: Rows) -> Rows:
    """Name each row's part of both partitions by its least row."""
    parts = pl.DataFrame({"finer": finer, "coarser": coarser}).with_row_index("row")
    least = parts.select(pl.col("row").min().over("finer", "coarser").cast(pl.Int64))
    return np.asarray(least.to_series().to_numpy(), dtype=np.int64)


def _redone(
    clusters: Rows, edges: pl.DataFrame, numbers: Sequence[str | None], threshold: float, decided: Decided
) -> Rows:
    """Join the parts anew that somebody decided something in; a part is what edges and decisions hang together."""
    told = [*decided.same, *decided.different]
    ends = pl.DataFrame(told, schema={"left": pl.UInt32, "right": pl.UInt32}, orient="row")
    bonds = pl.concat([edges.select("left", "right", "probability"), ends.with_columns(probability=pl.lit(1.0))])
    part = _parts(bonds.filter(pl.col("probability") >= joins_from(threshold)), len(numbers))
    redone = clusters.copy()
    for number in sorted({int(part[a]) for a, _ in told}):
        rows = [int(row) for row in np.flatnonzero(part == number)]
        inside = edges.filter(pl.col("left").is_in(rows) & pl.col("right").is_in(rows))
        likely = {(a, b): p for a, b, p in inside.select("left", "right", "probability").iter_rows()}
        groups = _Groups(rows, numbers, decided)
        groups.join_likely(likely, joins_from(threshold))
        for group in groups.members:
            redone[group] = min(group)
    return redone


def _parts(bonds: pl.DataFrame, rows: int) -> Rows:
    """Return for each row the number of what it hangs together with."""
    one, other = (bonds[end].to_numpy() for end in ("left", "right"))
    graph = coo_matrix((np.ones(len(one), dtype=np.int8), (one, other)), shape=(rows, rows))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


class _Groups:
    """Groups of rows of one part while they are joined, the plain way: parts that people look at are small."""

    def __init__(self, rows: list[int], numbers: Sequence[str | None], decided: Decided) -> None:
        self.numbers = numbers
        self.apart = {frozenset(pair) for pair in decided.different}
        self.members = [[row] for row in rows]
        for a, b in sorted(decided.same):
            one, other = self._of(a), self._of(b)
            if one is not None and other is not None and one is not other and not self._called_different(one, other):
                self._merge(one, other)

    def join_likely(self, likely: dict[Pair, float], threshold: float) -> None:
        """Join the likeliest two groups that may be joined, until none is likely enough."""
        while True:
            means = [
                (-_mean(one, other, likely), one[0], other[0], one, other)
                for one, other in combinations(self.members, 2)
                if not self._forbidden(one, other)
            ]
            best = min(means, key=lambda each: each[:3], default=None)
            if best is None or -best[0] < threshold:
                return
            self._merge(best[3], best[4])

    def _of(self, row: int) -> list[int] | None:
        return next((group for group in self.members if row in group), None)

    def _merge(self, one: list[int], other: list[int]) -> None:
        self.members = [group for group in self.members if group is not one and group is not other]
        self.members.append(sorted([*one, *other]))
        self.members.sort()

    def _forbidden(self, one: list[int], other: list[int]) -> bool:
        mine = {self.numbers[row] for row in one} - {None}
        theirs = {self.numbers[row] for row in other} - {None}
        return bool(mine and theirs and mine != theirs) or self._called_different(one, other)

    def _called_different(self, one: list[int], other: list[int]) -> bool:
        return any(frozenset((a, b)) in self.apart for a in one for b in other)


def _mean(one: list[int], other: list[int], likely: dict[Pair, float]) -> float:
    total = sum(likely.get((min(a, b), max(a, b)), 0.0) for a in one for b in other)
    return total / (len(one) * len(other))
