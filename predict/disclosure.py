"""Which figures may be told: of how many customers, beside which others, and of which stretch of time.

A figure of few customers is theirs. So is one that could be had by taking what is told off the whole (complementary
suppression: Hundepool et al., Statistical Disclosure Control, 2012), or one study off the next: what is kept is told
of fixed stretches of time, each as it stood when it ended, so that two studies never differ by a few customers.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from predict.frames import PSEUDONYM

LEAST_CUSTOMERS: Final = 10
STUDY_DAYS: Final = 28
"""Studies are kept of instants so far apart, counted from `_FIRST`, so that their four weeks do not overlap."""
SERVICE_DAYS: Final = 84
OTHER: Final = "other"
NAMELESS: Final = (OTHER, "unknown")
"""Levels under which a view puts what it does not name, and what nobody knows."""
LEAST_TEAMS: Final = 2
"""Named teams that use a word or phrase that is told: how many of us do nobody outside the hub knows, and a team may be
one busy colleague. A view names no team of fewer than five of us."""
_FIRST: Final = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday, as the views' grid is


def tellable(rows: pl.DataFrame, by: list[str], level: str) -> pl.DataFrame:
    """Say which levels may be told beside the whole of each group: columns of `by`, `level`, customers.

    Of at least `LEAST_CUSTOMERS`. Where the customers of all others are fewer, the smallest of those is not told, too:
    all less what is told would be their rows.
    """
    sizes = rows.group_by(*by, level).agg(pl.col(PSEUDONYM).n_unique().alias("customers"))
    told = sizes.filter(pl.col("customers") >= LEAST_CUSTOMERS)
    others = rows.join(told, on=[*by, level], how="anti").group_by(by).agg(few=pl.col(PSEUDONYM).n_unique())
    alone = others.filter(pl.col("few") < LEAST_CUSTOMERS)
    ordered = told.sort(*by, "customers", level).join(alone, on=by, how="semi", maintain_order="left")
    return told.join(ordered.group_by(by).first(), on=[*by, level], how="anti")


def tellable_teams(rows: pl.DataFrame, by: list[str], level: str) -> pl.DataFrame:
    """Say which teams may be told beside the whole of each group: as `tellable`, and no figure is of few of us.

    A view names no team of fewer than five people, so whoever stands under `other`, or under no team, may be fewer.
    Where all named teams could be told, the smallest is not: all less what is told would be the work of those few.
    """
    named = pl.col(level).is_in(NAMELESS).not_()
    every = rows.with_columns(pl.col(level).cast(pl.String).fill_null(OTHER))
    told = tellable(every, by, level).filter(named)
    kept_back = every.filter(named).join(told, on=[*by, level], how="anti")
    bare = every.filter(~named).join(kept_back, on=by, how="anti")
    ordered = told.sort(*by, "customers", level).join(bare, on=by, how="semi", maintain_order="left")
    return told.join(ordered.group_by(by).first(), on=[*by, level], how="anti")


def named_teams(team: str) -> pl.Expr:
    """Count the different teams that a view names."""
    return pl.col(team).filter(pl.col(team).is_in(NAMELESS).not_()).drop_nulls().n_unique()


def in_stretch(age_hours: pl.Expr, hours_ago: float) -> pl.Expr:
    """Say which rows are of the `SERVICE_DAYS` that ended so many hours ago, by their age in hours."""
    age = age_hours - hours_ago
    return (age > 0) & (age <= SERVICE_DAYS * 24)


def period_end(at: datetime, days: int = STUDY_DAYS) -> datetime:
    """Return the end of the newest whole stretch of so many days at or before an instant."""
    return _FIRST + (at - _FIRST) // timedelta(days=days) * timedelta(days=days)
