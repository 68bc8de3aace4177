"""What a feature reads of one event, as expressions: the window, the filter, the value.

An instant that a source fills in later (`resolved_at`, `paid_at`) is part of a row whose event time lies before as_of;
where it is not before as_of itself it was not known yet, and reads as null. Instants that are agreed in advance
(`ends_at`, `due_at`) are known when the row is. Booleans and codes carry no instant: they are as the source last told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import and_, or_
from typing import Final

import polars as pl

from hub.views.feature import EVENT_TIME, Aggregate, Comparison, Condition, Op, Rows
from ingest.canonical.catalogue import table_of

DAY_US: Final = 86_400_000_000
HOUR_US: Final = 3_600_000_000

AGREED_IN_ADVANCE: Final = frozenset({"due_at", "ends_at", "go_live_at", "warranty_ends_at"})

THING: Final = "thing"
RANK: Final = "rank"
UNNUMBERED: Final = -(2**63)
"""Stands for whatever a source did not number; a keyed digest is as good as never this."""

_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SIGN: Final = 2**63


@dataclass(frozen=True, slots=True)
class Span:
    """The instants from `since` (None: all history) up to and without `until`."""

    since: datetime | None
    until: datetime


def span_before(rows: Rows, as_of: datetime) -> Span:
    """Return a feature's window: it ends at as_of or before."""
    until = as_of - timedelta(days=rows.offset_days)
    return Span(None if rows.window_days is None else until - timedelta(days=rows.window_days), until)


def micros_of(at: datetime) -> int:
    """Return whole microseconds since 1970, exact where `timestamp()` is a rounded float."""
    return (at - _EPOCH) // _MICROSECOND


def within(span: Span) -> pl.Expr:
    """Select the events of a span."""
    event_time = pl.col(EVENT_TIME)
    before = event_time < pl.lit(span.until)
    return before if span.since is None else before & (event_time >= pl.lit(span.since))


def within_any(spans: Iterable[Span]) -> pl.Expr:
    """Select the events of any of some spans; those that meet or overlap are asked for as one."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda each: each.since or _BEGINNING):
        last = merged[-1] if merged else None
        if last is not None and (span.since is None or span.since <= last.until):
            merged[-1] = Span(last.since, max(last.until, span.until))
        else:
            merged.append(span)
    return reduce(or_, map(within, merged))


def satisfied(conditions: tuple[Condition, ...], *, table: str, as_of: datetime) -> pl.Expr | None:
    """Select the events for which every condition holds; None where there is none."""
    tests = [holds(seen(table, condition.column, as_of), condition) for condition in conditions]
    return reduce(and_, tests) if tests else None


def seen(table: str, name: str, as_of: datetime) -> pl.Expr:
    """Read a column as it was known at as_of."""
    column = pl.col(name)
    dtype = table_of(table).column(name).dtype
    if dtype == pl.Float64:
        return column.fill_nan(None)
    known = name == EVENT_TIME or name in AGREED_IN_ADVANCE or not isinstance(dtype, pl.Datetime)
    return column if known else pl.when(column < pl.lit(as_of)).then(column)


def value_of(aggregate: Aggregate, as_of: datetime) -> pl.Expr:
    """Return what is aggregated: a number, microseconds, a day, a period, a level's place; text only to count it."""
    table, name = aggregate.rows.table, aggregate.column or EVENT_TIME
    if aggregate.minus is not None:
        later, earlier = (seen(table, side, as_of).cast(pl.Int64) for side in (name, aggregate.minus))
        hours = (later - earlier) / HOUR_US
        return hours if aggregate.at_most is None else pl.when(hours <= aggregate.at_most).then(hours)
    if aggregate.op is Op.GAP_MEAN:
        return (pl.col(EVENT_TIME).cast(pl.Int64) // DAY_US).cast(pl.Int32)
    if aggregate.every_days is not None:  # counted back from as_of, of a streak from the end of its window
        periods = (micros_of(as_of) - 1 - pl.col(EVENT_TIME).cast(pl.Int64)) // (aggregate.every_days * DAY_US)
        return periods.cast(pl.Int32)  # half the width: sets of periods are what a view waits for
    dtype = table_of(table).column(name).dtype
    value = seen(table, name, as_of)
    if aggregate.levels:
        places = {level: place for place, level in enumerate(aggregate.levels)}
        other = pl.when(value.is_not_null()).then(pl.lit(len(places)))
        return value.replace_strict(places, default=other, return_dtype=pl.Int64)
    if dtype == pl.Date:
        return value.cast(pl.Datetime("us")).cast(pl.Int64)
    return value if dtype in (pl.String, pl.Float64) else value.cast(pl.Int64)


def latest_of(rows: Rows, span: Span) -> pl.Expr:
    """Return which thing an event is about and its place among that thing's events: microseconds and whether it stands.

    Twice the microseconds, and one more where it stands: so the greatest is the latest, and of several at one instant
    one that stands. What an event does not number is one thing. All is read as it was known at the end of the span.
    """
    stands = satisfied(rows.conditions, table=rows.table, as_of=span.until)
    stands = pl.lit(value=True) if stands is None else stands
    if rows.until is not None:
        stands = stands & (pl.col(rows.until) > pl.lit(span.until)).fill_null(value=True)
    thing = pl.col(rows.latest_of or EVENT_TIME).fill_null(UNNUMBERED)
    rank = pl.col(EVENT_TIME).cast(pl.Int64) * 2 + stands.cast(pl.Int64)
    return pl.struct(thing.alias(THING), rank.alias(RANK))


def ranked(value: pl.Expr, *, real: bool, at: pl.Expr | None = None) -> pl.Expr:
    """Join event time and value into one 128-bit number whose order is that of (event time, value).

    So the latest value is a maximum, which folds over records and does not depend on the order of rows. A float's bits,
    all but the sign turned over where it is negative, rise with the float (IEEE 754 totalOrder). `at` is the event time
    where it does not lie in the event's own column.
    """
    low = _rising(_bits(value)) if real else value
    time = pl.col(EVENT_TIME) if at is None else at
    return time.cast(pl.Int64).cast(pl.Int128) * (2 * _SIGN) + low.cast(pl.Int128)


def unranked(key: pl.Expr, *, real: bool) -> pl.Expr:
    """Return the value that `ranked` joined to its event time."""
    shifted = key + _SIGN
    low = (shifted - (shifted // (2 * _SIGN)) * (2 * _SIGN) - _SIGN).cast(pl.Int64)
    return _rising(low).reinterpret(dtype=pl.Float64) if real else low


def _bits(value: pl.Expr) -> pl.Expr:
    """Return a float's bits; adding 0.0 makes minus zero zero."""
    return (value + 0.0).reinterpret(dtype=pl.Int64)


def _rising(bits: pl.Expr) -> pl.Expr:
    """Turn sign-and-magnitude into two's complement order; its own inverse."""
    return pl.when(bits < 0).then(bits ^ (_SIGN - 1)).otherwise(bits)


def holds(column: pl.Expr, condition: Condition) -> pl.Expr:
    """Say whether a condition holds; of a null it does not, unless it asks for one."""
    return _test(column, condition).fill_null(value=False)


def _test(column: pl.Expr, condition: Condition) -> pl.Expr:
    """Compare a column; null compares to nothing."""
    if condition.comparison is Comparison.NULL:
        return column.is_null()
    if condition.comparison is Comparison.NOT_NULL:
        return column.is_not_null()
    if condition.comparison in (Comparison.IN, Comparison.NOT_IN):
        (first, *others) = condition.values
        listed = column.is_in(list(condition.values)) if others else column == first  # a set of one costs five times
        return listed if condition.comparison is Comparison.IN else ~listed
    return _ordered(column, condition)


def _ordered(column: pl.Expr, condition: Condition) -> pl.Expr:
    """Compare with one number."""
    (bound,) = condition.values
    compared: dict[Comparison, pl.Expr] = {
        Comparison.GE: column >= bound,
        Comparison.GT: column > bound,
        Comparison.LE: column <= bound,
        Comparison.LT: column < bound,
    }
    return compared[condition.comparison]
