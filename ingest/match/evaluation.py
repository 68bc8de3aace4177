"""How good clusters are, where the truth is known: pairwise and B-cubed precision, recall and F1.

Pairwise counts pairs of records: large clusters weigh by their square. B-cubed (Bagga and Baldwin 1998) asks of each
record which part of its cluster is its own person, and which part of its person is in its cluster.
"""

from dataclasses import dataclass

import polars as pl

from ingest.errors import ColumnsUnfit


@dataclass(frozen=True, slots=True)
class Quality:
    """Shares between 0 and 1; of nothing claimed the precision is 1, of nothing to find the recall."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Qualities over all records, and pairwise by pair of sources."""

    records: int
    pairwise: Quality
    b_cubed: Quality
    by_sources: dict[tuple[str, str], Quality]


def evaluate(clusters: pl.DataFrame, truth: pl.DataFrame) -> Evaluation:
    """Compare clusters (record, source, cluster) with the truth (record, entity), for the records that both have.

    Raises:
        ColumnsUnfit: no record is in both, or one is twice in the truth.

    """
    if truth["record"].is_duplicated().any():
        raise ColumnsUnfit("a record stands in the truth twice", "Give each one entity")
    told = clusters.join(truth, on="record")
    if told.is_empty():
        raise ColumnsUnfit("no record of the truth is among the records", "Compare the identifiers of both files")
    return Evaluation(
        records=told.height, pairwise=_pairwise(told), b_cubed=_b_cubed(told), by_sources=_by_sources(told)
    )


def _pairwise(told: pl.DataFrame) -> Quality:
    right, claimed, there = (_pairs(told, by) for by in (["cluster", "entity"], ["cluster"], ["entity"]))
    return Quality(_share(right, claimed), _share(right, there))


def _pairs(told: pl.DataFrame, by: list[str]) -> int:
    sizes = told.group_by(by).len()["len"].cast(pl.Int64)
    return int((sizes * (sizes - 1) // 2).sum())


def _b_cubed(told: pl.DataFrame) -> Quality:
    own = pl.len().over("cluster", "entity")
    shares = told.select(precision=own / pl.len().over("cluster"), recall=own / pl.len().over("entity"))
    precision, recall = shares.mean().row(0)
    return Quality(precision, recall)


def _by_sources(told: pl.DataFrame) -> dict[tuple[str, str], Quality]:
    right, claimed, there = (_pairs_by_sources(told, by) for by in (["cluster", "entity"], ["cluster"], ["entity"]))
    keys = sorted(claimed.keys() | there.keys())
    return {
        key: Quality(_share(right.get(key, 0), claimed.get(key, 0)), _share(right.get(key, 0), there.get(key, 0)))
        for key in keys
    }


def _pairs_by_sources(told: pl.DataFrame, by: list[str]) -> dict[tuple[str, str], int]:
    """Count pairs by the sources of both, the lesser name first."""
    sizes = told.group_by([*by, "source"]).agg(pl.len().cast(pl.Int64).alias("size"))
    both = sizes.join(sizes, on=by).filter(pl.col("source") <= pl.col("source_right"))
    same = pl.col("source") == pl.col("source_right")
    pairs = (
        pl.when(same).then(pl.col("size") * (pl.col("size") - 1) // 2).otherwise(pl.col("size") * pl.col("size_right"))
    )
    summed = both.group_by("source", "source_right").agg(pairs.sum().alias("pairs")).filter(pl.col("pairs") > 0)
    return {(one, other): count for one, other, count in summed.iter_rows()}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
