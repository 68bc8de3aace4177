"""Clusters that should not be believed before somebody has looked: too large, too thin, or at odds with themselves.

Nothing is taken apart here: a cluster named here goes to review instead of into the registry.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import polars as pl

_SMALLEST: Final = 4
"""Records; in less than four a thin cluster cannot be told from a poor record."""
LARGE: Final = 10
"""Records up to which no cluster is out of proportion."""
_TIMES_USUAL: Final = 4
"""A cluster this many times as large as 99 of 100 joined ones is out of proportion."""
_THIN: Final = 0.5
_AT_ODDS: Final = 0.5
_LIKELY: Final = 0.5
_SEVERAL: Final = 3
"""Records; of two that differ in one thing the edge has said so already."""
OWN: Final = ("birth", "national_id", "number")
"""Comparisons of what one person, or one organisation, has one of."""
Told = tuple[int, int, float, tuple[int, ...]]
"""Two rows, how likely they are one, and the levels of `OWN`."""


def suspicions(clusters: pl.Series, edges: pl.DataFrame) -> pl.DataFrame:
    """Return cluster, size, reason (`large`, `thin`, `at odds: COMPARISON`), a row for each doubt, in order.

    Args:
        clusters: the cluster of each row.
        edges: left, right, probability, `level_NAME`.

    """
    sizes = clusters.value_counts(name="size").rename({clusters.name: "cluster"}).filter(pl.col("size") > 1)
    inside = _inside(clusters, edges)
    pairs = (pl.col("size") * (pl.col("size").cast(pl.Int64) - 1) / 2).alias("pairs")
    told = sizes.with_columns(pairs).join(inside, on="cluster", how="left")
    usual = sizes["size"].quantile(0.99, "lower") or 0
    doubts = {
        "large": pl.col("size") > max(LARGE, _TIMES_USUAL * usual),
        "thin": (pl.col("size") >= _SMALLEST) & (pl.col("likely").fill_null(0) / pl.col("pairs") < _THIN),
    } | {
        f"at odds: {name}": (pl.col("size") >= _SEVERAL) & (pl.col(f"odd_{name}") > _AT_ODDS * pl.col(f"told_{name}"))
        for name in OWN
        if f"level_{name}" in edges.columns
    }
    found = [told.filter(doubt).select("cluster", "size", reason=pl.lit(name)) for name, doubt in doubts.items()]
    return pl.concat(found).sort("cluster", "reason")


def may_be_doubted(clusters: Sequence[int], edges: Iterable[Told]) -> bool:
    """Say of a handful of rows whether `suspicions` has anything to look at; no means that it would find nothing."""
    sizes = {cluster: size for cluster, size in Counter(clusters).items() if size >= _SEVERAL}
    told: defaultdict[int, list[Told]] = defaultdict(list)
    for each in edges if sizes else ():
        if clusters[each[0]] == clusters[each[1]]:
            told[clusters[each[0]]].append(each)
    return any(size > LARGE or _is_odd(size, told[cluster]) for cluster, size in sizes.items())


def _is_odd(size: int, edges: Sequence[Told]) -> bool:
    likely = sum(probability >= _LIKELY for _, _, probability, _ in edges)
    if size >= _SMALLEST and likely / (size * (size - 1) / 2) < _THIN:
        return True
    columns = list(zip(*(levels for *_, levels in edges), strict=True))
    return any(sum(n == 0 for n in column) > _AT_ODDS * sum(n >= 0 for n in column) for column in columns)


def _inside(clusters: pl.Series, edges: pl.DataFrame) -> pl.DataFrame:
    """Count for each cluster its likely pairs, and those that a comparison told of and that disagree in it."""
    left, right = clusters.gather(edges["left"]), clusters.gather(edges["right"])
    names = [name for name in OWN if f"level_{name}" in edges.columns]
    return (
        edges.with_columns(cluster=left)
        .filter(left == right)
        .group_by("cluster")
        .agg(
            (pl.col("probability") >= _LIKELY).sum().alias("likely"),
            *((pl.col(f"level_{name}") >= 0).sum().alias(f"told_{name}") for name in names),
            *((pl.col(f"level_{name}") == 0).sum().alias(f"odd_{name}") for name in names),
        )
    )
