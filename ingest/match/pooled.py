"""How common values are, counted without keeping values: by token, and what few carry only altogether.

A count of a value that three people have is about three people; so a value is counted by itself from `LEAST_CARRIERS`
on, and the others of its column are pooled: each of them counts as the mean of the pool. Names, towns and birthdays
that are common are what rarity is about; whether a rare value has two carriers or four moves a weight by less than the
smallest difference between two levels.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log2
from typing import Final

import polars as pl

from ingest.match.rarity import LEAST_CARRIERS, LEAST_FREQUENCY, Usual

_COUNTED_IN: Final = 1000
"""As in `rarity`: records that carry a value as usual, counted in where there are few."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Counts of one column: values that many carry, and of all others how many values and how many carriers.

    `told_elsewhere` counts the carriers of common values that nobody asks for.
    """

    common: pl.DataFrame
    values: int
    carriers: int
    told_elsewhere: int = 0


def counted(frame: pl.DataFrame, columns: list[str]) -> Iterator[tuple[str, Pool]]:
    """Yield of each column that anybody has its pool; `common` has value (String) and len (UInt32)."""
    for column in columns:
        counts = frame.select(value=column).drop_nulls().group_by("value").len().sort("value")
        if counts.height:
            common = counts.filter(pl.col("len") >= LEAST_CARRIERS)
            rest = counts.filter(pl.col("len") < LEAST_CARRIERS)
            yield column, Pool(common, rest.height, int(rest["len"].sum()))


def rare(values: pl.Series, pool: Pool, usual: Usual) -> pl.Series:
    """Return how rare each record's value is (Float32, -log2 of its share), null where it has none that counts.

    Args:
        values: one column of records.
        pool: what is counted of the column; `common` has value and len for those of `values` that are common.
        usual: the share that a value of the column usually has, and from how many carriers on one counts.

    """
    told = int(pool.common["len"].sum()) + pool.carriers + pool.told_elsewhere
    uncommon = pool.carriers / pool.values if pool.values else 1.0
    found = values.to_frame("value").join(pool.common, on="value", how="left", maintain_order="left")
    counted = (pl.col("len").fill_null(uncommon) + _COUNTED_IN * usual.share) / (told + _COUNTED_IN)
    share = pl.when(pl.col("len").is_null()).then(counted.clip(upper_bound=usual.most)).otherwise(counted)
    rarity = -share.clip(LEAST_FREQUENCY).log(2).cast(pl.Float32)
    counts = pl.col("value").is_not_null() & (pl.col("len").fill_null(1) >= usual.least)
    return found.select(pl.when(counts).then(rarity).alias("rare"))["rare"]


def rarity_of(carriers: int | None, told: int, uncommon: float, usual: Usual) -> float | None:
    """Return how rare one value is, as `rare` says of a column's; None if it does not count.

    Args:
        carriers: who carries it, if it is counted by itself.
        told: how many carry any value of the column.
        uncommon: how many carry a value that is pooled.
        usual: as in `rare`.

    """
    if (carriers or 1) < usual.least:
        return None
    share = ((carriers or uncommon) + _COUNTED_IN * usual.share) / (told + _COUNTED_IN)
    if carriers is None:
        share = min(share, usual.most)
    return -log2(max(share, LEAST_FREQUENCY))


def rarities(frame: pl.DataFrame, pools: Mapping[str, Pool], usual: Mapping[str, Usual]) -> dict[str, pl.Series]:
    """Return of each column how rare each record's value is; a column that nobody counted is as rare as usual."""
    none = Pool(pl.DataFrame(schema={"value": pl.String, "len": pl.Int64}), 0, 0)
    return {column: rare(frame[column], pools.get(column, none), known) for column, known in usual.items()}
