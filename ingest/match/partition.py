"""From edges, numbers and people's decisions to clusters that may be believed, whatever the order of anything.

Rules kept here:
- where nobody decided anything, records are joined as `linkage` joins them, from the model's threshold on;
- two records that somebody called the same are in one cluster, whatever numbers or edges say; two that somebody called
  different never are, not even by way of others. Of two decisions that contradict by way of a third record the one
  that keeps apart wins: apart is what can be mended;
- a cluster that `suspicion` doubts is cut again where only what is nearly sure is joined. What is thin or at odds with
  itself even then is left as single records: a person decides. Nothing is merged in doubt.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ingest.match.linkage import Decided, clusters_decided, clusters_of_few, joins_from, link
from ingest.match.suspicion import Told, may_be_doubted, suspicions

SURE: Final = 0.95
"""Mean probability from which a doubtful cluster still holds together."""
_LARGE: Final = "large"
_NO_DOUBTS: Final = pl.DataFrame(schema={"cluster": pl.Int64, "size": pl.UInt32, "reason": pl.String})
Rows = npt.NDArray[np.int64]
Pair = tuple[int, int]


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
    inside = np.isin(part, part[[row for pair in told for row in pair]])
    within = pl.Series(
        inside[edges["left"].to_numpy()] & (part[edges["left"].to_numpy()] == part[edges["right"].to_numpy()])
    )
    redone = np.where(inside, np.arange(len(clusters)), clusters)
    likely = edges.filter(within).select("left", "right", "probability").sort("left", "right").iter_rows()
    for group in clusters_decided(likely, numbers, threshold, decided):
        redone[group] = group[0]
    return redone


def _parts(bonds: pl.DataFrame, rows: int) -> Rows:
    """Return for each row the number of what it hangs together with."""
    one, other = (bonds[end].to_numpy() for end in ("left", "right"))
    graph = coo_matrix((np.ones(len(one), dtype=np.int8), (one, other)), shape=(rows, rows))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)
