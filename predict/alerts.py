"""Alerts over months: whom a model would have warned of, how long before, and how many of the warnings were right.

One cut says little of early warning: who is in trouble today may leave in four months, and is warned of once, not
every month. So alerts are raised cut after cut, as a team would get them, and judged by departures and their instants:

- a customer is warned of **once a spell**: no second alert within `within_days` of the first;
- an alert is **right** if the customer departs at or after it, within `within_days`; **late** if he had left by
  then and did not come back; else **false**. Only cuts whose `within_days` are over are judged (`Watch.until`);
- a departure is **found** if there was an alert within `within_days` before it; the **lead** is the days between.
  Departures count from the first cut until a month after the last: later ones belong to alerts not raised yet;
- `by_lot` is the precision of as many alerts drawn by lot from the same rows: what nothing planted would show.

Instants of departure are rarely on record. `departures_of` reads them off labels: of overlapping windows, the first
that holds the outcome after one that did not, less all that both have in common. That is the earliest instant at which
the departure can have come about (a lead is "at least"), to within the distance of two cuts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Any, Final

import polars as pl

from predict.frames import AS_OF, PSEUDONYM
from predict.shares import told_share

LEFT_AT: Final = "left_at"
AHEAD: Final = (30, 45, 60)
"""Days ahead of which the share of departures warned of is told."""
ALERTS_A_DEPARTURE: Final = 1.2
"""How many alerts for each real departure the comparable figure allows."""
_HALVINGS: Final = 30
_MONTH: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How long an alert stands, and until when departures are known."""

    until: datetime
    within_days: int = 180

    @property
    def within(self) -> timedelta:
        """Give how long an alert stands."""
        return timedelta(days=self.within_days)


def raised(scores: pl.DataFrame, watch: Watch, *, least: float = -inf, capacity: int | None = None) -> pl.DataFrame:
    """Raise alerts cut after cut: at `least` or above, the likeliest first, at most `capacity` a cut, once a spell.

    Args:
        scores: pseudonym, as_of, probability (any figure that rises with the chance).
        watch: how long an alert stands; cuts that cannot be judged by `until` raise none.
        least: the lowest figure that raises an alert; left out: any, also log-odds below zero.
        capacity: how many alerts a cut may raise; None: all.
    """
    judged = scores.select(PSEUDONYM, AS_OF, "probability").filter(pl.col(AS_OF) + watch.within <= watch.until)
    likely = judged.filter(pl.col("probability") >= least)
    alerts = likely.clear()
    for cut in likely[AS_OF].unique().sort():  # per cut, not per row
        standing = alerts.filter(pl.col(AS_OF) + watch.within > cut)
        fresh = likely.filter(pl.col(AS_OF) == cut).join(standing, on=PSEUDONYM, how="anti")
        fresh = fresh.sort("probability", PSEUDONYM, descending=[True, False])
        alerts = pl.concat([alerts, fresh if capacity is None else fresh.head(capacity)])
    return alerts


def least_for(scores: pl.DataFrame, watch: Watch, *, most: int) -> float:
    """Find the lowest figure at which no more than `most` alerts are raised over all cuts, by halving."""
    figures = scores["probability"].unique().sort()
    low, high = 0, figures.len()  # at `high` none is raised
    for _ in range(_HALVINGS):
        if low >= high:
            break
        middle = (low + high) // 2
        if raised(scores, watch, least=figures[middle]).height > most:
            low = middle + 1
        else:
            high = middle
    return float(figures[high]) if high < figures.len() else float("inf")


def told(alerts: pl.DataFrame, scores: pl.DataFrame, departures: pl.DataFrame, watch: Watch) -> dict[str, Any]:
    """Judge alerts by departures (columns pseudonym, left_at; several of one customer are several departures)."""
    cuts = scores.filter(pl.col(AS_OF) + watch.within <= watch.until)
    if cuts.is_empty():
        return {}
    known = departures.select(PSEUDONYM, LEFT_AT).join(cuts.select(PSEUDONYM).unique(), on=PSEUDONYM, how="semi")
    verdicts = _verdicts(alerts, known, watch)
    right = int(verdicts["right"].sum())
    due = known.filter(pl.col(LEFT_AT).is_between(_first(cuts), _last(cuts) + _MONTH, closed="left"))
    leads = _leads(alerts, due, watch)
    chance = _verdicts(cuts, known, watch)["right"].mean()
    return {
        "alerts": alerts.height,
        "departures": due.height,
        "right": right,
        "late": int(verdicts["late"].sum()),
        "precision": told_share(right, alerts.height),
        "by_lot": float(chance) if isinstance(chance, float) else 0.0,
        "found": told_share(leads.len(), due.height),
        "median_lead_days": _middle(leads),
        "warned_ahead": {str(days): told_share(int((leads >= days).sum()), due.height) for days in AHEAD},
        "within_days": watch.within_days,
        "cuts": cuts[AS_OF].n_unique(),
    }


def departures_of(labelled: pl.DataFrame, label: str, *, horizon_days: int) -> pl.DataFrame:
    """Read departures off overlapping label windows: pseudonym, left_at (the earliest that it can have been).

    Args:
        labelled: pseudonym, as_of and the Boolean label, one row a customer and cut.
        label: the label's name.
        horizon_days: the length of the label window.
    """
    before = pl.col(label).shift(1).over(PSEUDONYM, order_by=AS_OF).fill_null(value=False)
    earlier = pl.col(AS_OF).shift(1).over(PSEUDONYM, order_by=AS_OF)
    first = labelled.select(PSEUDONYM, AS_OF, label, was=before, earlier=earlier).filter(pl.col(label) & ~pl.col("was"))
    surely_not_before = pl.max_horizontal(pl.col(AS_OF), pl.col("earlier") + timedelta(days=horizon_days))
    return first.select(PSEUDONYM, surely_not_before.alias(LEFT_AT)).sort(LEFT_AT, PSEUDONYM)


def _verdicts(alerts: pl.DataFrame, departures: pl.DataFrame, watch: Watch) -> pl.DataFrame:
    """Say of each alert whether it was right, and if not whether it was late."""
    numbered = alerts.select(PSEUDONYM, AS_OF).with_row_index("alert")
    paired = numbered.join(departures, on=PSEUDONYM, how="left")
    ahead = pl.col(LEFT_AT) - pl.col(AS_OF)
    right = ahead.is_between(timedelta(0), watch.within).fill_null(value=False)
    gone = (ahead < timedelta(0)).fill_null(value=False)
    summed = paired.group_by("alert").agg(right=right.any(), gone=gone.any())
    return summed.select("alert", "right", late=pl.col("gone") & ~pl.col("right"))


def _leads(alerts: pl.DataFrame, departures: pl.DataFrame, watch: Watch) -> pl.Series:
    """Give the days between the first alert of a spell and each departure that it found."""
    paired = departures.with_row_index("departure").join(alerts.select(PSEUDONYM, AS_OF), on=PSEUDONYM)
    ahead = pl.col(LEFT_AT) - pl.col(AS_OF)
    found = paired.filter(ahead.is_between(timedelta(0), watch.within))
    return found.group_by("departure").agg(days=ahead.max().dt.total_days())["days"]


def _first(cuts: pl.DataFrame) -> datetime:
    first: datetime = min(cuts[AS_OF].unique().to_list())
    return first


def _last(cuts: pl.DataFrame) -> datetime:
    last: datetime = max(cuts[AS_OF].unique().to_list())
    return last


def _middle(leads: pl.Series) -> float | None:
    middle = leads.median()
    return float(middle) if isinstance(middle, int | float) else None
