"""Partial values in Spark's words: one aggregation for each kind that `hub.views.operations` asks for.

Events meet the map of records to subjects before they are grouped, so nothing has to fold: a kind that does not, like
distinct values, is computed over all of a subject's events at once.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import polars as pl

from hub.views.feature import EVENT_TIME
from hub.views.partials import Partial
from hub.views.spark.columns import Column
from hub.views.values import RANK, THING, ranked

_AT, _VALUE = "at", "value"
_RANKED: Final = ("first", "last")


def over_events(functions: Any, partial: Partial, column: Column) -> Column:  # noqa: ANN401 - a module of Spark's, one of two
    """Return the aggregation that a partial value is; `column` holds its masks or values."""
    return _KINDS[partial.kind](functions, column)


def as_polars(partial: Partial, found: pl.Series) -> pl.Expr:
    """Return what Spark found in a column as the partial value that Polars would have made."""
    column = pl.col(found.name)
    if partial.kind not in _RANKED:
        return column.alias(partial.name)
    value, at = column.struct.field(_VALUE), column.struct.field(_AT)
    real = found.struct.schema[_VALUE] == pl.Float64
    return ranked(value, at=at, real=real).alias(partial.name)


def _of_time(functions: Any, value: Column) -> Column:  # noqa: ANN401 - a module of Spark's, one of two
    """Put the event time before a value, so that the greatest is the latest; null where there is no value."""
    pair = functions.struct(functions.col(EVENT_TIME).alias(_AT), value.alias(_VALUE))
    return functions.when(value.isNotNull(), pair)


def _set(functions: Any, value: Column) -> Column:  # noqa: ANN401 - a module of Spark's, one of two
    return functions.collect_set(value)


def _longest(f: Any, period: Column) -> Column:  # noqa: ANN401 - a module of Spark's, one of two
    """Along a run, period and place in the order rise together, so their difference is the run's name."""
    runs = f.transform(f.sort_array(_set(f, period)), lambda each, place: each - place)
    lengths = f.transform(runs, lambda run, place: place + f.lit(2).cast("long") - f.array_position(runs, run))
    return f.array_max(lengths).cast("long")


def _current(f: Any, period: Column) -> Column:  # noqa: ANN401 - a module of Spark's, one of two
    """Count the periods that are their own place: the run from period 0."""
    return f.size(f.filter(f.sort_array(_set(f, period)), lambda each, place: each == place)).cast("long")


def _standing(f: Any, latest: Column) -> Column:  # noqa: ANN401 - a module of Spark's, one of two
    """Count, of each thing's greatest ranks, the odd ones: ranks of another thing do not matter.

    Before 1970 ranks are negative, and Spark's remainder of an odd one is -1 then.
    """
    ordered = f.sort_array(_set(f, latest))

    def following(place: Column) -> Column:
        return f.get(ordered, place + 1)[THING]

    last = f.filter(ordered, lambda each, place: f.coalesce(following(place) != each[THING], f.lit(True)))  # noqa: FBT003 - Spark's own form
    return f.size(f.filter(last, lambda each: each[RANK] % 2 != 0)).cast("long")


_KINDS: Final[Mapping[str, Callable[[Any, Column], Column]]] = {
    "true": lambda f, mask: f.sum(f.when(mask, f.lit(1)).otherwise(f.lit(0)).cast("long")),
    "count": lambda f, value: f.count(value),
    "sum": lambda f, value: f.sum(value),
    "min": lambda f, value: f.min(value),
    "max": lambda f, value: f.max(value),
    "distinct": lambda f, value: f.size(_set(f, value)).cast("long"),
    "std": lambda f, value: f.stddev_samp(value),
    "last": lambda f, value: f.max(_of_time(f, value)),
    "first": lambda f, value: f.min(_of_time(f, value)),
    "longest": _longest,
    "current": _current,
    "standing": _standing,
    "staff": _set,
}
