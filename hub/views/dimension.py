"""The levels of a summary's dimensions: a closed list each, known before anything is read.

So which cells there are tells nothing of anybody. Codes are places in the list; the last is `unknown`, for null, but of
days. Of a code of the event and of a feature with levels, the last but one is `other`.

The codes of an event's own dimensions are one number, the key of its row beside the customer: `cell_of` makes it.
"""

from datetime import datetime, timedelta
from math import prod
from typing import Final

import polars as pl

from hub.views.feature import EVENT_TIME, OTHER_LEVEL, Aggregate, Feature, Staged
from hub.views.release import dtype_of
from hub.views.spec import ViewSpec
from hub.views.summary import CELL, UNKNOWN, Dimension, Summary
from hub.views.values import DAY_US, micros_of

_TRUTHS: Final = ("no", "yes")


def labels_of(spec: ViewSpec, dimension: Dimension, as_of: datetime | None = None) -> tuple[str, ...]:
    """Return the levels of a dimension; those of days by the day on which they begin, the latest first.

    None are returned for a feature whose values are no closed list: `hub.views.summary_rules` refuses it.
    """
    if dimension.bucket_days is not None:
        return _days(spec, dimension.bucket_days, as_of)
    if dimension.column is not None:
        return (*dimension.levels, OTHER_LEVEL, UNKNOWN)
    closed = _closed(next(each for each in spec.features if each.name == dimension.feature))
    return (*closed, UNKNOWN) if closed else ()


def sizes_of(spec: ViewSpec, summary: Summary) -> tuple[int, ...]:
    """Return how many levels each dimension has."""
    return tuple(len(labels_of(spec, each)) for each in summary.by)


def cell_of(spec: ViewSpec, as_of: datetime) -> pl.Expr:
    """Return the number (Int64) of the cell that an event belongs to; null where its time lies in no bucket."""
    summary = spec.summary
    number = pl.lit(0, dtype=pl.Int64)
    for dimension in summary.of_events if summary else ():
        size = len(labels_of(spec, dimension))
        if dimension.bucket_days is not None:
            days = (micros_of(as_of) - 1 - pl.col(EVENT_TIME).cast(pl.Int64)) // (dimension.bucket_days * DAY_US)
            code: pl.Expr = pl.when(days.is_between(0, size - 1)).then(days)
        else:
            column = pl.col(dimension.column or "")
            places = {level: place for place, level in enumerate(dimension.levels)}
            other = pl.when(column.is_null()).then(size - 1).otherwise(size - 2)
            code = column.replace_strict(places, default=other, return_dtype=pl.Int64)
        number = number * size + code
    return number


def code_of(spec: ViewSpec, dimension: Dimension) -> pl.Expr:
    """Return the code (UInt16) of a dimension in a row of subject, cell and features."""
    summary = spec.summary
    if summary is not None and dimension.is_of_event:
        sizes = [len(labels_of(spec, each)) for each in summary.of_events]
        place = summary.of_events.index(dimension)
        code = (pl.col(CELL) // prod(sizes[place + 1 :])) % sizes[place]
        return code.cast(pl.UInt16)
    feature = next(each for each in spec.features if each.name == dimension.feature)
    value, closed = pl.col(feature.name), _closed(feature)
    code = pl.lit(len(closed))
    if feature.shape.bands:
        edges = dict(zip(feature.shape.bands, range(len(closed)), strict=True))
        code = value.cast(pl.Float64).replace_strict(edges, default=len(closed), return_dtype=pl.UInt16)
    elif dtype_of(feature) == pl.Boolean:
        code = pl.when(value.is_null()).then(code).otherwise(value.cast(pl.UInt16))
    else:
        places = dict(zip(closed, range(len(closed)), strict=True))
        code = value.replace_strict(places, default=len(closed), return_dtype=pl.UInt16)
    return code.cast(pl.UInt16)


def last_bucket(spec: ViewSpec, days: int) -> int:
    """Return how many buckets of some days the windows of a summary's measures reach back."""
    grouping = spec.summary.grouping if spec.summary else frozenset()
    rows = [each.rows for each in spec.aggregates if each.name not in grouping]
    return max(((each.offset_days + (each.window_days or 0)) // days for each in rows), default=0)


def _days(spec: ViewSpec, days: int, as_of: datetime | None) -> tuple[str, ...]:
    """Name buckets by their first day; without an instant by their number."""
    count = last_bucket(spec, days)
    if as_of is None:
        return tuple(map(str, range(count)))
    return tuple(f"{as_of - timedelta(days=days * (number + 1)):%Y-%m-%d}" for number in range(count))


def _closed(feature: Feature) -> tuple[str, ...]:
    """Return the values that a feature can leave as, null left out; none where they are not known beforehand."""
    if feature.shape.bands:
        return tuple(f"{edge:g}" for edge in feature.shape.bands)
    if isinstance(feature, Staged):
        return feature.levels
    if isinstance(feature, Aggregate) and feature.levels:
        return (*feature.levels, OTHER_LEVEL)
    return _TRUTHS if dtype_of(feature) == pl.Boolean else ()
