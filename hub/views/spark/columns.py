"""What a feature reads of one event, in Spark's words: the window, the filter, the value.

Each function says what its namesake in `hub.views.values` says in Polars', over events as they are handed over by
`hub.views.spark.events`: instants and dates are whole microseconds since 1970, so that no session's time zone has a
say, and every whole number is 64 bits wide. What differs between the two is put right here: in Spark NaN is a number,
the greatest; minus zero is another value than zero in a set; whole numbers are divided towards zero.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import and_, or_
from typing import Any, Final

import polars as pl

from hub.views.feature import EVENT_TIME, STREAKS, Aggregate, Comparison, Condition, Op, Rows
from hub.views.partials import Asked
from hub.views.staff import EMPLOYEE
from hub.views.values import AGREED_IN_ADVANCE, DAY_US, HOUR_US, RANK, THING, UNNUMBERED, Span, micros_of
from ingest.canonical.catalogue import table_of

Column = Any
"""A column of classic Spark or of Spark Connect: two classes without a common one."""
_COMPARED: Final = {
    Comparison.GE: lambda column, bound: column >= bound,
    Comparison.GT: lambda column, bound: column > bound,
    Comparison.LE: lambda column, bound: column <= bound,
    Comparison.LT: lambda column, bound: column < bound,
}


class Columns:
    """The columns of one table's events, as they were known at an instant."""

    def __init__(self, functions: Any, table: str, *, as_of: datetime, redactor: int) -> None:  # noqa: ANN401 - a module of Spark's, one of two
        self._f = functions
        self._table = table
        self._as_of = as_of
        self._redactor = redactor

    def mask(self, conditions: Sequence[Condition], span: Span) -> Column:
        """Say whether an event lies in a span and satisfies every condition; never null."""
        return reduce(and_, self._tests(conditions), self._within(span))

    def value(self, asked: Asked, masks: Sequence[Column]) -> Column:
        """Return the value of an event that any mask lets count, else null."""
        aggregate, counts = asked.aggregate, reduce(or_, masks)
        if aggregate is None:
            return self._f.when(counts, self._f.col(EMPLOYEE))
        if aggregate.rows.latest_of is not None:
            return self._f.when(counts, self._latest_of(aggregate.rows, asked.until))
        if aggregate.op is Op.TEXT:
            counts = counts & self._let_in()
        return self._f.when(counts, self._value_of(aggregate, asked.until))

    def _within(self, span: Span) -> Column:
        at = self._f.col(EVENT_TIME)
        before = at < self._whole(span.until)
        return before if span.since is None else before & (at >= self._whole(span.since))

    def _tests(self, conditions: Sequence[Condition]) -> list[Column]:
        f = self._f
        return [f.coalesce(self._test(condition), f.lit(False)) for condition in conditions]  # noqa: FBT003 - Spark's own form

    def _latest_of(self, rows: Rows, until: datetime) -> Column:
        """Return thing and rank, as `hub.views.values.latest_of` does: as they were known at an instant."""
        f, known = self._f, Columns(self._f, self._table, as_of=until, redactor=self._redactor)
        stands = reduce(and_, known._tests(rows.conditions), f.lit(True))  # noqa: FBT003 - Spark's own form
        if rows.until is not None:
            ends = f.col(rows.until)
            stands = stands & (ends.isNull() | (ends > self._whole(until)))
        thing = f.coalesce(f.col(rows.latest_of or EVENT_TIME), self._long(UNNUMBERED))
        rank = f.col(EVENT_TIME) * 2 + f.when(stands, self._long(1)).otherwise(self._long(0))
        return f.struct(thing.alias(THING), rank.alias(RANK))

    def _let_in(self) -> Column:
        f = self._f
        new = f.coalesce(f.col("redactor_version") >= self._redactor, f.lit(False))  # noqa: FBT003 - Spark's own form
        return new & ~f.coalesce(f.col("withheld"), f.lit(False))  # noqa: FBT003 - Spark's own form

    def _seen(self, name: str) -> Column:
        """Read a column as it was known; NaN is no value, and there is one zero."""
        f, column, dtype = self._f, self._f.col(name), self._dtype(name)
        if dtype == pl.Float64:
            return f.when(~f.isnan(column), column + f.lit(0.0))
        known = name == EVENT_TIME or name in AGREED_IN_ADVANCE or not isinstance(dtype, pl.Datetime)
        return column if known else f.when(column < self._whole(self._as_of), column)

    def _value_of(self, aggregate: Aggregate, until: datetime) -> Column:
        """Return what is aggregated, as `hub.views.values.value_of` does."""
        f, name = self._f, aggregate.column or EVENT_TIME
        if aggregate.minus is not None:
            hours = (self._seen(name) - self._seen(aggregate.minus)) / f.lit(float(HOUR_US))
            return hours if aggregate.at_most is None else f.when(hours <= aggregate.at_most, hours)
        if aggregate.op is Op.GAP_MEAN:
            return self._floored(f.col(EVENT_TIME), DAY_US)
        if aggregate.every_days is not None:
            until = until if aggregate.op in STREAKS else self._as_of
            return self._floored(self._whole(until) - 1 - f.col(EVENT_TIME), aggregate.every_days * DAY_US)
        value = self._seen(name)
        if aggregate.levels:
            return self._place(value, aggregate.levels)
        return value if self._dtype(name) in (pl.String, pl.Float64) else value.cast("long")

    def _place(self, value: Column, levels: Sequence[str]) -> Column:
        """Return a level's place; that of any other text is after the last."""
        places = {level: place for place, level in enumerate(levels)}
        chosen = self._f
        for level, place in places.items():
            chosen = chosen.when(value == level, self._long(place))
        return chosen.when(value.isNotNull(), self._long(len(places)))

    def _test(self, condition: Condition) -> Column:
        """Compare a column; null compares to nothing."""
        column = self._seen(condition.column)
        match condition.comparison:
            case Comparison.NULL:
                return column.isNull()
            case Comparison.NOT_NULL:
                return column.isNotNull()
            case Comparison.IN:
                return column.isin(*condition.values)
            case Comparison.NOT_IN:
                return ~column.isin(*condition.values)
            case _:
                return _COMPARED[condition.comparison](column, condition.values[0])

    def _floored(self, dividend: Column, divisor: int) -> Column:
        """Divide whole numbers, rounding down; the difference to a multiple is taken off first, so no bit is lost."""
        by = self._long(divisor)
        return ((dividend - self._f.pmod(dividend, by)) / by).cast("long")

    def _whole(self, at: datetime) -> Column:
        return self._long(micros_of(at))

    def _long(self, number: int) -> Column:
        return self._f.lit(number).cast("long")

    def _dtype(self, name: str) -> pl.DataType:
        return table_of(self._table).column(name).dtype
