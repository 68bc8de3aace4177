"""How raw values become the columns that leave: derived, then generalised, then filled, in fixed types.

Numbers leave as Int64 or Float64, truths as Boolean, levels as String. Generalisation lowers what a row tells about a
person (Art. 5(1)(c)): a greatest value that many share, a step, or the lower edge of a band.
"""

from functools import reduce
from operator import and_
from typing import assert_never

import polars as pl

from hub.views.feature import (
    COMPARING,
    OTHER_LEVEL,
    STREAKS,
    Aggregate,
    Derived,
    DerivedOp,
    Feature,
    Op,
    Shape,
    Staged,
)
from hub.views.spec import ViewSpec
from hub.views.staff import LEAST_STAFF
from hub.views.summary import staff_of
from hub.views.values import holds
from ingest.canonical.catalogue import table_of
from privacy.minimisation import banded, rounded, top_coded

_WHOLE_OPS = STREAKS | {Op.COUNT, Op.DISTINCT, Op.DAYS_SINCE, Op.DAYS_SINCE_FIRST, Op.DAYS_UNTIL}
_REAL_OPS = COMPARING | {Op.HOURS_SINCE, Op.MEAN, Op.STD, Op.SHARE, Op.GAP_MEAN, Op.RATE}
_AS_IT_IS = frozenset({Op.TEXT, Op.THREAD})
_RARE = "__rare"


def derived(feature: Derived | Staged) -> pl.Expr:
    """Compute a derived feature from raw ones."""
    return _staged(feature) if isinstance(feature, Staged) else _of_two(feature)


def _staged(feature: Staged) -> pl.Expr:
    """Return the level of the first case that holds: the last case is asked first, those before it override."""
    value = pl.lit(feature.otherwise)
    for case in reversed(feature.cases):
        tests = [holds(pl.col(each.column), each) for each in case.conditions]
        value = pl.when(reduce(and_, tests)).then(pl.lit(case.level)).otherwise(value)
    return value


def _of_two(feature: Derived) -> pl.Expr:
    left, right = pl.col(feature.left), pl.col(feature.right)
    match feature.op:
        case DerivedOp.RATIO:
            return pl.when(right != 0).then(left / right)
        case DerivedOp.DIFFERENCE:
            return left - right
        case DerivedOp.TOTAL:
            return pl.coalesce(left + right, left, right)
        case DerivedOp.LEAST:
            return pl.min_horizontal(left, right)
        case DerivedOp.GREATEST:
            return pl.max_horizontal(left, right)
        case DerivedOp.WHILE:
            return pl.when(right <= pl.lit(feature.at_most)).then(left)
        case _:
            assert_never(feature.op)


def released(feature: Feature) -> pl.Expr:
    """Generalise, fill and type one feature's raw value."""
    dtype = dtype_of(feature)
    value = pl.col(feature.name)
    if isinstance(feature, Staged) or (isinstance(feature, Aggregate) and feature.op in _AS_IT_IS):
        return value
    if dtype == pl.String and isinstance(feature, Aggregate):
        levels = dict(enumerate((*feature.levels, OTHER_LEVEL)))
        return value.replace_strict(levels, default=None, return_dtype=pl.String).alias(feature.name)
    shaped = generalised(value, feature.shape)
    filled = shaped if feature.shape.fill is None else shaped.fill_null(feature.shape.fill)
    return filled.cast(dtype).alias(feature.name)


def grouped_levels(spec: ViewSpec, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Group the levels that few rows of one instant share, and the teams that few people work in."""
    for team in spec.teams:
        frame = few_grouped(frame, team.name, staff_of(team.name))
    for feature in spec.released:
        if feature.shape.rare_below:
            frame = rare_grouped(frame, feature.name, below=feature.shape.rare_below)
    return frame


def rare_grouped(frame: pl.LazyFrame, name: str, *, below: int) -> pl.LazyFrame:
    """Release the levels that fewer than `below` rows share as `other`, from the smallest up until `other` has as many.

    Counted at each read, not at approval: a level that has become rare would single out who is left in it.
    """
    level, size = pl.col(name), pl.col("size")
    before = size.cum_sum() - size
    rare = (level == OTHER_LEVEL) | (size < below) | ((before > 0) & (before < below))
    sizes = frame.filter(level.is_not_null()).group_by(name).agg(pl.len().cast(pl.Int64).alias("size"))
    ordered = sizes.sort((level == OTHER_LEVEL).not_(), size, level)
    few = ordered.select(level, rare.alias(_RARE))
    grouped = pl.when(pl.col(_RARE)).then(pl.lit(OTHER_LEVEL)).otherwise(level).alias(name)
    return frame.join(few, on=name, how="left", maintain_order="left").with_columns(grouped).drop(_RARE)


def few_grouped(frame: pl.LazyFrame, name: str, staff: str) -> pl.LazyFrame:
    """Release teams behind whose rows fewer than `LEAST_STAFF` people stand as `other`; `staff` lists a row's people.

    Counted at each read: who has left the team is behind no row any more.
    """
    people = pl.col(staff).explode().drop_nulls().n_unique()
    few = frame.group_by(name).agg((people < LEAST_STAFF).alias(_RARE))
    grouped = pl.when(pl.col(_RARE)).then(pl.lit(OTHER_LEVEL)).otherwise(pl.col(name)).alias(name)
    known = frame.drop(staff).join(few.drop_nulls(name), on=name, how="left", maintain_order="left")
    return known.with_columns(grouped).drop(_RARE)


def generalised(value: pl.Expr, shape: Shape) -> pl.Expr:
    """Top-code, then round half up to a step or put into a band."""
    if shape.top_code is not None:
        value = top_coded(value, most=shape.top_code)
    if shape.round_to is not None:
        value = rounded(value, step=shape.round_to)
    return banded(value, edges=shape.bands) if shape.bands else value


def dtype_of(feature: Feature) -> pl.DataType:
    """Return the type in which a feature leaves; steps and edges that are no whole numbers make it Float64."""
    base = _base_dtype(feature)
    numbers = (feature.shape.top_code, feature.shape.round_to, feature.shape.fill, *feature.shape.bands)
    if base == pl.Int64 and any(number is not None and number != int(number) for number in numbers):
        return pl.Float64()
    return base


def _base_dtype(feature: Feature) -> pl.DataType:
    """Return the type before generalisation."""
    if isinstance(feature, Staged):
        return pl.String()
    if isinstance(feature, Aggregate) and feature.op is Op.THREAD:
        return pl.Binary()  # as it leaves: `hub.views.keyed.by_pseudonym`
    if isinstance(feature, Derived) or feature.op in _REAL_OPS or feature.minus is not None:
        return pl.Float64()
    if feature.op in _WHOLE_OPS or feature.column is None:
        return pl.Int64()
    dtype = table_of(feature.rows.table).column(feature.column).dtype
    if dtype == pl.Boolean and feature.op is not Op.SUM:
        return pl.Boolean()
    if dtype == pl.String:
        return pl.String()
    return pl.Float64() if dtype == pl.Float64 else pl.Int64()
