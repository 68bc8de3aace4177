"""What churn means, as a pure reference that the hub's compiled view is tested against.

At cut `as_of` with horizon H a customer **churned** when, in the label window [as_of, as_of + H),

- there is no activity at all, or
- a contract of theirs ended and none started or was renewed in the window.

The boundary belongs to the future: something *at* `as_of` counts for the label and is unseen by every feature
(`seen`); something at `as_of + H` counts for neither. A label exists only when records are complete to the end of
the window: later silence is ignorance.

A customer is **eligible** when active within the `SILENCE_HORIZONS` horizons before the cut. Whoever has been silent
for longer already meets the definition: he has left, nothing can be foretold, and win-back asks another question.
"""

from datetime import datetime, timedelta

import polars as pl

from predict.churn.declaration import CHURN
from predict.errors import LabelNotYetKnown
from predict.frames import PSEUDONYM

AT = "at"
SILENCE_HORIZONS = 2


def seen(events: pl.DataFrame, *, as_of: datetime) -> pl.DataFrame:
    """Keep the events a feature may use: strictly before the cut (columns pseudonym, at)."""
    return events.filter(pl.col(AT) < as_of)


def in_window(events: pl.DataFrame, *, as_of: datetime, horizon: timedelta) -> pl.DataFrame:
    """Keep the events of the label window [as_of, as_of + horizon)."""
    return events.filter((pl.col(AT) >= as_of) & (pl.col(AT) < as_of + horizon))


def eligible(activity: pl.DataFrame, *, as_of: datetime, horizon: timedelta) -> pl.DataFrame:
    """Name the customers who can still leave: active in [as_of - 2 horizons, as_of); column pseudonym, sorted."""
    since = as_of - SILENCE_HORIZONS * horizon
    return seen(activity, as_of=as_of).filter(pl.col(AT) >= since).select(PSEUDONYM).unique().sort(PSEUDONYM)


def label(
    customers: pl.DataFrame,
    activity: pl.DataFrame,
    ends: pl.DataFrame,
    *,
    window: tuple[datetime, timedelta],
    known_until: datetime,
) -> pl.DataFrame:
    """Say who churned (columns pseudonym, churned; sorted by pseudonym).

    Args:
        customers: column pseudonym, one row each.
        activity: pseudonym, at; orders, logins and starts or renewals of contracts.
        ends: pseudonym, at; contract ends that no start or renewal in the window took back.
        window: the cut `as_of` and the horizon.
        known_until: records are complete for every instant before this one.

    Raises:
        LabelNotYetKnown: the window reaches past `known_until`.
    """
    as_of, horizon = window
    if as_of + horizon > known_until:
        raise LabelNotYetKnown(until=(as_of + horizon).isoformat(), known_until=known_until.isoformat())
    active = in_window(activity, as_of=as_of, horizon=horizon)[PSEUDONYM].unique()
    ended = in_window(ends, as_of=as_of, horizon=horizon)[PSEUDONYM].unique()
    person = pl.col(PSEUDONYM)
    silent = ~person.is_in(active.implode())
    return customers.select(person, (silent | person.is_in(ended.implode())).alias(CHURN.label.name)).sort(PSEUDONYM)
