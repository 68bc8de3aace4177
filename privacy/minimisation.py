"""Make values coarser before they leave (GDPR Art. 5(1)(c)): bands, steps, greatest values, groups of at least k.

Rules kept here:
- a coarse value is a function of the value alone, so that two reads cannot be compared to undo it; null stays null;
- k-anonymity (Sweeney, "k-anonymity: a model for protecting privacy", 2002) holds for what is returned, the rows whose
  quasi-identifiers were taken away included: one row alone among them would be known by its very emptiness.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import polars as pl

_SIZE = "__group_size"
_EMPTY = "__group_empty"
_BEFORE = "__rows_before"
_HIDDEN = "__group_hidden"
_POOL = "__rows_hidden"

_DECIMALS: Final = 9


def top_coded(value: pl.Expr, *, most: float) -> pl.Expr:
    """Let nothing be greater than `most`, which many then share."""
    return pl.when(value.is_null() | (value <= most)).then(value).otherwise(pl.lit(most))


def rounded(value: pl.Expr, *, step: float) -> pl.Expr:
    """Round half up to a multiple of `step`, in the unit of the value, as Float64.

    Raises:
        ValueError: the step is not above 0.

    """
    if step <= 0:
        raise ValueError("a step is above 0")
    return ((value / step + 0.5).floor() * step).round(_DECIMALS)  # 453 steps of 0.1 are 45.3, not 45.300000000000004


def banded(value: pl.Expr, *, edges: Sequence[float]) -> pl.Expr:
    """Return the lower edge of the band a value lies in; what lies below the lowest edge belongs to the lowest band.

    Raises:
        ValueError: no edges, or edges that do not rise.

    """
    if not edges or any(low >= high for low, high in pairwise(edges)):
        raise ValueError("bands need edges that rise")
    lower = pl.lit(edges[0])
    for edge in edges[1:]:
        lower = pl.when(value >= edge).then(pl.lit(edge)).otherwise(lower)
    return pl.when(value.is_null()).then(value).otherwise(lower)


def hide_groups_below(frame: pl.LazyFrame, quasi: Sequence[str], *, k: int) -> pl.LazyFrame:
    """Take the quasi-identifiers from every row whose combination of them fewer than `k` rows share.

    The rows so emptied are a group too: where they are fewer than k, the next smallest groups join them, and where all
    rows together are fewer than k, none is returned. Order and all other columns stay. Null counts as a value.

    Raises:
        ValueError: k is below 1.

    """
    if k < 1:
        raise ValueError("a group has at least 1 row")
    if k == 1 or not quasi:
        return frame
    hidden = pl.col(_HIDDEN)
    return (
        frame.join(
            _hidden_groups(frame, quasi, k=k), on=list(quasi), how="left", nulls_equal=True, maintain_order="left"
        )
        .filter(~hidden | (pl.col(_POOL) >= k))
        .with_columns(pl.when(~hidden).then(pl.col(name)).alias(name) for name in quasi)
        .drop(_HIDDEN, _POOL)
    )


def hide_groups_in_each(frame: pl.DataFrame, part: str, quasi: Sequence[str], *, k: int) -> pl.DataFrame:
    """Hide groups as `hide_groups_below` does among the rows of each value of `part`, if there is such a column.

    One person in rows at several instants is no group.
    """
    parts = frame.partition_by(part, maintain_order=True) if part in frame.columns and frame.height else [frame]
    return pl.concat(hide_groups_below(each.lazy(), quasi, k=k) for each in parts).collect()


def _hidden_groups(frame: pl.LazyFrame, quasi: Sequence[str], *, k: int) -> pl.LazyFrame:
    """Say of each combination whether it is hidden, and how many rows are hidden in all.

    Groups are taken from the smallest up, the one that is empty by nature first. Hidden are those below k, and further
    ones for as long as those before them are some but fewer than k.
    """
    empty = pl.all_horizontal(pl.col(name).is_null() for name in quasi)
    before = pl.col(_BEFORE)
    hidden = pl.col(_EMPTY) | (pl.col(_SIZE) < k) | ((before > 0) & (before < k))
    return (
        frame.group_by(quasi)
        .agg(pl.len().cast(pl.Int64).alias(_SIZE))
        .with_columns(empty.alias(_EMPTY))
        .sort([_EMPTY, _SIZE, *quasi], descending=[True, False, *[False] * len(quasi)])
        .with_columns((pl.col(_SIZE).cum_sum() - pl.col(_SIZE)).alias(_BEFORE))
        .with_columns(hidden.alias(_HIDDEN))
        .with_columns(pl.col(_SIZE).filter(pl.col(_HIDDEN)).sum().alias(_POOL))
        .select(*quasi, _HIDDEN, _POOL)
    )
