"""One grouping of one table: partial values per record, how they fold over the records of an entity, and the result.

    count, sum, min, max     fold by sum, min, max
    mean, share              two sums
    last, first              maximum and minimum of (event time, value)
    distinct, gap_mean, std  do not fold: a product bought under two records is one product

Equal windows, filters and partial values are computed once, however many features use them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import polars as pl

from hub.views.feature import Aggregate, Condition, Op
from hub.views.values import DAY_US, Span, micros_of, ranked, satisfied, unranked, value_of, within
from ingest.canonical.catalogue import table_of

Fold = Callable[[pl.Expr], pl.Expr]
Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Partial:
    """One aggregation over events, and how its results per part become one; None: it does not fold."""

    name: str
    over_events: pl.Expr
    over_records: pl.Expr | None

    @property
    def folds(self) -> bool:
        """Say whether results per part are enough."""
        return self.over_records is not None


@dataclass(slots=True)
class Grouping:
    """Collects what the features of one table need of its events, to be computed by one group_by."""

    table: str
    as_of: datetime
    spans: list[Span] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)
    masks: dict[Key, pl.Expr] = field(default_factory=dict)
    values: dict[Key, pl.Expr] = field(default_factory=dict)
    partials: dict[str, Partial] = field(default_factory=dict)

    def add(self, aggregate: Aggregate, span: Span) -> pl.Expr:
        """Ask for a feature; the answer computes it from the folded partial values."""
        self.spans.append(span)
        self.columns.update(aggregate.columns)
        if aggregate.op is Op.SHARE:
            everything = self.mask(aggregate.rows.conditions, span)
            part = self.mask(aggregate.rows.conditions + aggregate.part, span)
            return _divided(_true(self, part), _true(self, everything))
        if aggregate.op is Op.COUNT and aggregate.column is None:
            return _true(self, self.mask(aggregate.rows.conditions, span))
        return _RESULTS[aggregate.op](self, aggregate, self.value(aggregate, span))

    def mask(self, conditions: tuple[Condition, ...], span: Span) -> pl.Expr:
        """Name the column that says whether an event counts."""
        key: Key = (span, conditions)
        if key not in self.masks:
            chosen = satisfied(conditions, table=self.table, as_of=self.as_of)
            mask = within(span) if chosen is None else within(span) & chosen
            self.masks[key] = mask.alias(f"{self.table}.mask{len(self.masks)}")
        return pl.col(self.masks[key].meta.output_name())

    def value(self, aggregate: Aggregate, span: Span) -> pl.Expr:
        """Name the column that holds the value where an event counts, else null."""
        read: Key = (aggregate.column, aggregate.minus, aggregate.levels, aggregate.every_days)
        key: Key = (span, aggregate.rows.conditions, *read, aggregate.op is Op.GAP_MEAN)
        if key not in self.values:
            counts = self.mask(aggregate.rows.conditions, span)
            value = pl.when(counts).then(value_of(aggregate, self.as_of))
            self.values[key] = value.alias(f"{self.table}.value{len(self.values)}")
        return pl.col(self.values[key].meta.output_name())

    def partial(self, kind: str, over: pl.Expr, over_events: pl.Expr, fold: Fold | None = pl.Expr.sum) -> pl.Expr:
        """Name a partial value, made once for each kind and column; without a fold it does not fold."""
        name = f"{over.meta.output_name()}.{kind}"
        folded = None if fold is None else fold(pl.col(name)).alias(name)
        self.partials.setdefault(name, Partial(name, over_events.alias(name), folded))
        return pl.col(name)

    @property
    def all(self) -> list[Partial]:
        """Return every partial value."""
        return list(self.partials.values())

    @property
    def folds(self) -> list[pl.Expr]:
        """Return how the partial values that fold are folded."""
        return [partial.over_records for partial in self.partials.values() if partial.over_records is not None]

    @property
    def leftover(self) -> list[Partial]:
        """Return those that need the events of all records of an entity at once."""
        return [partial for partial in self.partials.values() if not partial.folds]

    def prepared(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Add masks, then the values that read them."""
        return events.with_columns(self.masks.values()).with_columns(self.values.values())


def _true(grouping: Grouping, mask: pl.Expr) -> pl.Expr:
    """Count true masks."""
    return grouping.partial("true", mask, mask.sum().cast(pl.Int64)).fill_null(0)


def _count(grouping: Grouping, value: pl.Expr) -> pl.Expr:
    """Count values that are there."""
    return grouping.partial("count", value, value.count().cast(pl.Int64)).fill_null(0)


def _sum(grouping: Grouping, value: pl.Expr) -> pl.Expr:
    """Add up; nothing adds up to 0."""
    return grouping.partial("sum", value, value.sum()).fill_null(0)


def _min(grouping: Grouping, value: pl.Expr) -> pl.Expr:
    """Take the least value."""
    return grouping.partial("min", value, value.min(), pl.Expr.min)


def _max(grouping: Grouping, value: pl.Expr) -> pl.Expr:
    """Take the greatest value."""
    return grouping.partial("max", value, value.max(), pl.Expr.max)


def _distinct(grouping: Grouping, value: pl.Expr) -> pl.Expr:
    """Count different values; null is not one of them."""
    different = value.n_unique().cast(pl.Int64) - (value.null_count() > 0).cast(pl.Int64)
    return grouping.partial("distinct", value, different, fold=None).fill_null(0)


def _mean(grouping: Grouping, value: pl.Expr) -> pl.Expr:
    """Divide sum by count."""
    return _divided(_sum(grouping, value), _count(grouping, value))


def _std(grouping: Grouping, value: pl.Expr) -> pl.Expr:
    """Take the standard deviation of a sample; null below two values.

    Squared deviations of records could be joined (Chan, Golub and LeVeque 1983), but that expression costs more per
    subject than grouping again the few who are several records.
    """
    return grouping.partial("std", value, value.std(), fold=None)


def _gap_mean(grouping: Grouping, day: pl.Expr) -> pl.Expr:
    """Spread the days from first to last evenly over the days with an event."""
    return _divided(_max(grouping, day) - _min(grouping, day), _distinct(grouping, day) - 1)


def _last(grouping: Grouping, aggregate: Aggregate, value: pl.Expr) -> pl.Expr:
    """Take the value of the latest event."""
    key = ranked(value, real=_is_real(aggregate))
    return unranked(grouping.partial("last", value, key.max(), pl.Expr.max), real=_is_real(aggregate))


def _first(grouping: Grouping, aggregate: Aggregate, value: pl.Expr) -> pl.Expr:
    """Take the value of the earliest event."""
    key = ranked(value, real=_is_real(aggregate))
    return unranked(grouping.partial("first", value, key.min(), pl.Expr.min), real=_is_real(aggregate))


def _is_real(aggregate: Aggregate) -> bool:
    """Say whether the value is a floating-point number."""
    column = table_of(aggregate.rows.table).column(aggregate.column) if aggregate.column else None
    return aggregate.minus is not None or (column is not None and column.dtype == pl.Float64)


def _days_between(later: pl.Expr | int, earlier: pl.Expr | int) -> pl.Expr:
    """Return whole days, rounded down, between microseconds."""
    return (pl.lit(later) if isinstance(later, int) else later).sub(earlier) // DAY_US


def _divided(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """Divide; null where there is nothing to divide by."""
    return pl.when(right > 0).then(left / right)


_RESULTS: Final[Mapping[Op, Callable[[Grouping, Aggregate, pl.Expr], pl.Expr]]] = {
    Op.COUNT: lambda grouping, _, value: _count(grouping, value),
    Op.SUM: lambda grouping, _, value: _sum(grouping, value),
    Op.MEAN: lambda grouping, _, value: _mean(grouping, value),
    Op.MIN: lambda grouping, _, value: _min(grouping, value),
    Op.MAX: lambda grouping, _, value: _max(grouping, value),
    Op.STD: lambda grouping, _, value: _std(grouping, value),
    Op.LAST: _last,
    Op.FIRST: _first,
    Op.DISTINCT: lambda grouping, _, value: _distinct(grouping, value),
    Op.DAYS_SINCE: lambda grouping, _, at: _days_between(micros_of(grouping.as_of), _max(grouping, at)),
    Op.DAYS_SINCE_FIRST: lambda grouping, _, at: _days_between(micros_of(grouping.as_of), _min(grouping, at)),
    Op.DAYS_UNTIL: lambda grouping, _, at: _days_between(_max(grouping, at), micros_of(grouping.as_of)),
    Op.GAP_MEAN: lambda grouping, _, day: _gap_mean(grouping, day),
}
