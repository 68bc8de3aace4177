"""When a licence's seats are full: a straight line through the last four counts under the present limit.

Four, because teams grow in spells: older counts are of another pace.

A date is told only where it can be: from three counts on that lie two months apart, where seats surely grow (the whole
90 % interval of the slope lies above zero), and no further ahead than the counts reach back, half a year at most.
Everybody else has `because`, the reason why there is none: `reached`, `too_few`, `not_growing`,
`too_far`, `too_unsure` (the interval reaches further than a year) or `passed`: the whole interval lies before today, so
that the last count (`counted_ago`, days) is too old to tell a day. Days before today are told as today.

Seats are whole numbers, so each count may be off by up to half a seat, however straight the line looks: the residual
variance is never below that of rounding (1/12). The interval of the day is Fieller's (J. R. Statist. Soc. B 16, 1954),
with Student's t of n - 2 degrees of freedom.
"""

from typing import Final

import polars as pl
from scipy.stats import t as student

from predict.frames import PSEUDONYM

LEAST_COUNTS: Final = 3
MOST_COUNTS: Final = 4
LEAST_DAYS: Final = 60
FURTHEST: Final = 182
LEVEL: Final = 0.9
_ROUNDING: Final = 1 / 12
COLUMNS: Final = (
    PSEUDONYM,
    "seats",
    "seat_limit",
    "per_month",
    "full_on",
    "earliest",
    "latest",
    "because",
    "counted_ago",
)
_MONTH: Final = 30.4


def limits(changes: pl.DataFrame, *, as_of: pl.Expr) -> pl.DataFrame:
    """Tell for each customer when the seats are full.

    Args:
        changes: one row each: `pseudonym`, `days_ago` (before `as_of`), `seats` and `seat_limit` (null: not told).
        as_of: the day from which it is counted (Date).

    Returns:
        One row a customer (`COLUMNS`), fullest first; dates are null where none can be told.
    """
    there = changes.drop_nulls(["seats", "seat_limit"]).filter(pl.col("seat_limit") > 0).sort("days_ago", PSEUDONYM)
    now = there.group_by(PSEUDONYM, maintain_order=True).agg(
        pl.col("seats", "seat_limit").first(), counted_ago=pl.col("days_ago").first()
    )
    same = there.join(now.select(PSEUDONYM, limit="seat_limit"), on=PSEUDONYM)
    since = (pl.col("seat_limit") != pl.col("limit")).cum_sum().over(PSEUDONYM) == 0  # counts under the present limit
    x, y = -pl.col("days_ago").cast(pl.Float64), pl.col("seats").cast(pl.Float64)
    fitted = (
        same.filter(since)
        .filter(pl.int_range(pl.len()).over(PSEUDONYM) < MOST_COUNTS)  # the latest stand first
        .group_by(PSEUDONYM)
        .agg(
            n=pl.len(),
            reach=pl.col("days_ago").max() - pl.col("days_ago").min(),
            x=x.mean(),
            y=y.mean(),
            xx=((x - x.mean()) ** 2).sum(),
            xy=((x - x.mean()) * (y - y.mean())).sum(),
            yy=((y - y.mean()) ** 2).sum(),
        )
        .with_columns(slope=pl.col("xy") / pl.col("xx"))
    )
    told = now.join(fitted, on=PSEUDONYM, how="left").with_columns(_bounds()).with_columns(_because())
    dated = told.with_columns(
        pl.when(pl.col("because").is_null()).then(as_of + pl.duration(days=pl.col(name).round())).alias(day)
        for name, day in (("middle", "full_on"), ("soon", "earliest"), ("late", "latest"))
    )
    ready = dated.with_columns(per_month=(pl.col("slope") * _MONTH).round(1))
    filled = pl.col("seats") / pl.col("seat_limit")
    return ready.sort("full_on", filled, PSEUDONYM, descending=[False, True, False], nulls_last=True).select(COLUMNS)


def _bounds() -> list[pl.Expr]:
    """Give the days from as_of on which the line and its bounds cross the limit, and the flattest slope."""
    free = pl.col("n") - 2
    rest = pl.when(free > 0).then((pl.col("yy") - pl.col("xy") ** 2 / pl.col("xx")) / free)
    wide = free.replace_strict(_STUDENT, default=_STUDENT[_MOST], return_dtype=pl.Float64) * rest.clip(_ROUNDING).sqrt()
    across = (pl.col("seat_limit") - pl.col("y")) / pl.col("slope")  # days from the mean of the counts' days
    unsure = wide**2 / (pl.col("xx") * pl.col("slope") ** 2)
    inner = ((1 - unsure) / pl.col("n") + across**2 / pl.col("xx")).clip(lower_bound=0).sqrt()
    half = wide / pl.col("slope") * inner
    return [
        (pl.col("slope") - wide / pl.col("xx").sqrt()).alias("flat"),
        (pl.col("x") + across).clip(lower_bound=0).alias("middle"),
        (pl.col("x") + (across - half) / (1 - unsure)).clip(lower_bound=0).alias("soon"),
        (pl.col("x") + (across + half) / (1 - unsure)).alias("late"),
    ]


def _because() -> pl.Expr:
    few = pl.col("n").fill_null(0) < LEAST_COUNTS
    return (
        pl.when(pl.col("seats") >= pl.col("seat_limit"))
        .then(pl.lit("reached"))
        .when(few | (pl.col("reach") < LEAST_DAYS))
        .then(pl.lit("too_few"))
        .when(~(pl.col("flat") > 0))
        .then(pl.lit("not_growing"))
        .when(pl.col("middle") > pl.min_horizontal(pl.col("reach"), pl.lit(FURTHEST)))
        .then(pl.lit("too_far"))
        .when(pl.col("late") > 2 * FURTHEST)
        .then(pl.lit("too_unsure"))
        .when(pl.col("late") < 0)
        .then(pl.lit("passed"))
        .alias("because")
    )


_MOST: Final = 200
_STUDENT: Final = {free: float(student.ppf((1 + LEVEL) / 2, free)) for free in range(1, _MOST + 1)}
