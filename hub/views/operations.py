"""What each operation asks of a grouping, and how it computes its value from the partial values.

count, sum, min, max         fold by sum, sum, min, max
mean, share, rate, trends    of such sums and counts
unusual                      of counts and an earliest instant
last, first                  maximum and minimum of (event time, value)
distinct, gap_mean, std,     do not fold: a product bought under two records is one product
streaks, what stands
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from hub.views.feature import SEASONAL, Aggregate, Measure, Op
from hub.views.partials import Grouping
from hub.views.values import DAY_US, HOUR_US, RANK, THING, Span, micros_of, ranked, unranked
from ingest.canonical.catalogue import table_of

LEVEL: Final = 3 / 8
"""What is added to a count before its root is taken, so that the root's variance is a quarter at any rate
(Anscombe, Biometrika 35, 1948)."""
MOST_WINDOWS: Final = 2
"""A rate is none of the customer's own before it has been seen for half a window."""
SEASON: Final = timedelta(days=364)
"""52 weeks: the windows of a year before hold the same days of the week."""


def ask(grouping: Grouping, aggregate: Aggregate, span: Span) -> pl.Expr:
    """Ask for a feature; the answer computes it from the folded partial values."""
    if aggregate.op is Op.SHARE:
        everything = grouping.mask(aggregate.rows.conditions, span)
        part = grouping.mask(aggregate.rows.conditions + aggregate.part, span)
        return _divided(_true(grouping, part), _true(grouping, everything))
    if aggregate.op is Op.COUNT:
        return _events(grouping, aggregate, span)
    if aggregate.op is Op.RATE:
        return _events(grouping, aggregate, span) * (aggregate.per_days or 1) / _length(span)
    if aggregate.op is Op.UNUSUAL:
        return _unusual(grouping, aggregate, span)
    if aggregate.op.compares:
        return _compared(grouping, aggregate, span)
    if aggregate.op is Op.TEXT:
        return _max(grouping, grouping.text(aggregate, span))
    return _RESULTS[aggregate.op](grouping, aggregate, grouping.value(aggregate, span))


def _events(grouping: Grouping, aggregate: Aggregate, span: Span) -> pl.Expr:
    """Count rows, values of a column, or things that stand."""
    if aggregate.rows.latest_of is not None:
        return _standing(grouping, grouping.standing(aggregate, span))
    if aggregate.column is None:
        return _true(grouping, grouping.mask(aggregate.rows.conditions, span))
    return _count(grouping, grouping.value(aggregate, span))


def _compared(grouping: Grouping, aggregate: Aggregate, span: Span) -> pl.Expr:
    """Compare the window with the one before it, and for a season both with those of a year before."""
    now = _two_windows(grouping, aggregate, span)
    if aggregate.op not in SEASONAL:
        recent, earlier = now
        return recent - earlier if aggregate.op is Op.TREND_DIFFERENCE else _divided(recent - earlier, earlier)
    since = None if span.since is None else span.since - SEASON
    then = _two_windows(grouping, aggregate, Span(since, span.until - SEASON))
    if aggregate.op is Op.SEASONAL_DIFFERENCE:
        return (now[0] - now[1]) - (then[0] - then[1])
    return _divided(_divided(*now), _divided(*then)) - 1


def _two_windows(grouping: Grouping, aggregate: Aggregate, span: Span) -> tuple[pl.Expr, pl.Expr]:
    """Measure a window and the days before it; counts and sums of these are scaled to the window's length."""
    days = _length(span)
    since = span.until - timedelta(days=days)
    before = Span(since - timedelta(days=aggregate.earlier_days or days), since)
    recent, earlier = (_measured(grouping, aggregate, each) for each in (span, before))
    return recent, earlier if aggregate.of is Measure.MEAN else earlier * days / _length(before)


def _unusual(grouping: Grouping, aggregate: Aggregate, span: Span) -> pl.Expr:
    """Say how far a window's count lies from what the customer's own rate before it lets expect.

    The rate is that of the rows after the first of the earlier window, over the days since that first row: who came
    lately is measured by the days that he was there, and not at all before they are half a window. Both counts are
    taken for Poisson; the difference of their roots has the variance (1 + k) / 4, where k is the window's length in
    such days, so that little is unusual of whom little is known.
    """
    days = _length(span)
    since = span.until - timedelta(days=days)
    before = Span(since - timedelta(days=aggregate.earlier_days or days), since)
    recent, earlier = (_events(grouping, aggregate, each) for each in (span, before))
    first = _min(grouping, grouping.value(aggregate, before))
    windows = days * DAY_US / (micros_of(since) - first)
    expected = (earlier - 1) * windows
    apart = 2 * ((recent + LEVEL).sqrt() - (expected + LEVEL).sqrt()) / (1 + windows).sqrt()
    return pl.when(windows <= MOST_WINDOWS).then(apart)


def _measured(grouping: Grouping, aggregate: Aggregate, span: Span) -> pl.Expr:
    """Measure one window of a trend."""
    if aggregate.of is Measure.SUM:
        return _sum(grouping, grouping.value(aggregate, span))
    if aggregate.of is Measure.MEAN:
        return _mean(grouping, grouping.value(aggregate, span))
    return _events(grouping, aggregate, span)


def _length(span: Span) -> int:
    """Return the whole days of a span; the rules see to it that it has a beginning."""
    return 1 if span.since is None else (span.until - span.since).days


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


def _streak_longest(grouping: Grouping, period: pl.Expr) -> pl.Expr:
    """Count the longest run of periods: along a run, period and place in the order rise together."""
    periods = period.drop_nulls().unique().sort()
    longest = (periods - pl.int_range(periods.len())).rle().struct.field("len").max().cast(pl.Int64)
    return grouping.partial("longest", period, longest, fold=None).fill_null(0)


def _streak_current(grouping: Grouping, period: pl.Expr) -> pl.Expr:
    """Count the run from period 0, the last before the window's end: there, a period is its own place."""
    periods = period.drop_nulls().unique().sort()
    current = (periods == pl.int_range(periods.len())).sum().cast(pl.Int64)
    return grouping.partial("current", period, current, fold=None).fill_null(0)


def _standing(grouping: Grouping, latest: pl.Expr) -> pl.Expr:
    """Count the things whose latest event stands: of each, sorted, the last rank, which is odd where it does."""
    ordered = latest.drop_nulls().unique().sort()
    thing, rank = ordered.struct.field(THING), ordered.struct.field(RANK)
    is_last = (thing != thing.shift(-1)).fill_null(value=True)
    standing = (is_last & (rank % 2 == 1)).sum().cast(pl.Int64)
    return grouping.partial("standing", latest, standing, fold=None).fill_null(0)


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
    Op.SUM: lambda grouping, _, value: _sum(grouping, value),
    Op.MEAN: lambda grouping, _, value: _mean(grouping, value),
    Op.MIN: lambda grouping, _, value: _min(grouping, value),
    Op.MAX: lambda grouping, _, value: _max(grouping, value),
    Op.STD: lambda grouping, _, value: _std(grouping, value),
    Op.LAST: _last,
    Op.FIRST: _first,
    Op.THREAD: _last,
    Op.DISTINCT: lambda grouping, _, value: _distinct(grouping, value),
    Op.DAYS_SINCE: lambda grouping, _, at: _days_between(micros_of(grouping.as_of), _max(grouping, at)),
    Op.HOURS_SINCE: lambda grouping, _, at: (micros_of(grouping.as_of) - _max(grouping, at)) / HOUR_US,
    Op.DAYS_SINCE_FIRST: lambda grouping, _, at: _days_between(micros_of(grouping.as_of), _min(grouping, at)),
    Op.DAYS_UNTIL: lambda grouping, _, at: _days_between(_max(grouping, at), micros_of(grouping.as_of)),
    Op.GAP_MEAN: lambda grouping, _, day: _gap_mean(grouping, day),
    Op.STREAK_LONGEST: lambda grouping, _, period: _streak_longest(grouping, period),
    Op.STREAK_CURRENT: lambda grouping, _, period: _streak_current(grouping, period),
}
