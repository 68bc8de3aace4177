"""Which step of which sequence is due for whom at an instant: a pure function of frames.

| frame | columns |
|---|---|
| customers | pseudonym, reason (String), last_activity_at (Datetime), usual_gap_days (Float64, null: not known) |
| events | pseudonym, kind (String, a `Happened`), at (Datetime) |
| taken | pseudonym, plan (String), step (Int64, from 0), at (Datetime): what was sent |

`customers` may have `entered_at` (Datetime), when a campaign drew the customer: whose silence is older than that gets
the first message then, not never.

Nothing after `at` is seen; what happened *at* the instant is. Nobody gets two messages within `QUIET_DAYS`, whichever
sequences they are of. A trigger that is older than `FRESH_DAYS` begins nothing any more: news of last year is none.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from predict.errors import FrameRefused
from predict.frames import PSEUDONYM
from predict.winback.sequence import BY_EVENT, STOPS, Happened, Plan, Trigger

QUIET_DAYS = 7
FRESH_DAYS = 90
MONTHS_PER_QUARTER = 3

_COLUMNS = {
    "customers": (PSEUDONYM, "reason", "last_activity_at", "usual_gap_days"),
    "events": (PSEUDONYM, "kind", "at"),
    "taken": (PSEUDONYM, "plan", "step", "at"),
}


def due(
    customers: pl.DataFrame, events: pl.DataFrame, taken: pl.DataFrame, plans: Sequence[Plan], *, at: datetime
) -> pl.DataFrame:
    """Give pseudonym, plan, step, template, channel and since (when it fell due); at most one row a customer.

    Raises:
        FrameRefused: a column is missing.
    """
    for name, frame in (("customers", customers), ("events", events), ("taken", taken)):
        absent = next((one for one in _COLUMNS[name] if one not in frame.columns), None)
        if absent is not None:
            raise FrameRefused(absent, "is missing", f"the frame of {name} needs {', '.join(_COLUMNS[name])}")
    known, sent = events.filter(pl.col("at") <= at), taken.filter(pl.col("at") <= at)
    free = customers.join(_barred(known, sent, at), on=PSEUDONYM, how="anti")
    found = [_due_in(plan, free, known, sent, at=at) for plan in plans]
    ranked = pl.concat([one.with_columns(place=pl.lit(place)) for place, one in enumerate(found)])
    busy = ranked.sort("place").unique(PSEUDONYM, keep="first", maintain_order=True)
    return busy.filter(pl.col("template").is_not_null()).drop("place").sort(PSEUDONYM)


def _barred(events: pl.DataFrame, taken: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Name who gets nothing now, whatever the sequence: objection, open complaint, or written to just now."""
    objected = events.filter(pl.col("kind") == Happened.OBJECTION.value).select(PSEUDONYM)
    complaint = pl.col("kind").is_in([Happened.COMPLAINT_OPENED.value, Happened.COMPLAINT_CLOSED.value])
    opened = pl.col("at").filter(pl.col("kind") == Happened.COMPLAINT_OPENED.value)
    closed = pl.col("at").filter(pl.col("kind") == Happened.COMPLAINT_CLOSED.value)
    cases = events.filter(complaint).group_by(PSEUDONYM)
    counted = cases.agg(opened=opened.len(), closed=closed.len(), newest=opened.max(), end=closed.max())
    # Not all are told: a closing may be of a case that no longer shows, and says nothing of one opened after it.
    more = (pl.col("opened") > pl.col("closed")) | (pl.col("newest") > pl.col("end")).fill_null(value=False)
    open_still = counted.filter(more).select(PSEUDONYM)
    lately = taken.filter(pl.col("at") > at - timedelta(days=QUIET_DAYS)).select(PSEUDONYM)
    return pl.concat([objected, open_still, lately]).unique()


def _due_in(
    plan: Plan, customers: pl.DataFrame, events: pl.DataFrame, taken: pl.DataFrame, *, at: datetime
) -> pl.DataFrame:
    """Give who is in the sequence; template and the rest are null while the next step is not due yet."""
    begun = _begun(plan, customers, events, at).filter(pl.col("began").is_not_null() & (pl.col("began") <= at))
    own = taken.filter(pl.col("plan") == plan.name).join(begun, on=PSEUDONYM).filter(pl.col("at") >= pl.col("began"))
    steps = own.group_by(PSEUDONYM).agg(next=pl.col("step").max() + 1, last=pl.col("at").max())
    rows = begun.join(steps, on=PSEUDONYM, how="left").with_columns(pl.col("next").fill_null(0).cast(pl.Int64))
    rows = rows.filter((pl.col("next") > 0) | (pl.col("began") > at - timedelta(days=FRESH_DAYS)))
    rows = rows.filter(pl.col("next") < len(plan.steps)).join(_stopped(rows, events), on=PSEUDONYM, how="anti")
    written = pl.DataFrame(
        {
            "next": range(len(plan.steps)),
            "template": [step.template for step in plan.steps],
            "channel": [step.channel for step in plan.steps],
            "wait": [timedelta(days=step.after_days) for step in plan.steps],
        },
        schema_overrides={"next": pl.Int64},
    )
    since = (pl.coalesce("last", "began") + pl.col("wait")).alias("since")
    ready = [pl.when(pl.col("since") <= at).then(pl.col(name)).alias(name) for name in ("template", "channel", "since")]
    rows = rows.join(written, on="next", how="left").with_columns(since).with_columns(ready)
    return rows.select(
        PSEUDONYM, pl.lit(plan.name).alias("plan"), pl.col("next").alias("step"), "template", "channel", "since"
    )


def _stopped(rows: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Name whom something ended the sequence for, at or after it began; a complaint does, be it closed again."""
    ends = [one.value for one in (*STOPS, Happened.COMPLAINT_OPENED)]
    ending = events.filter(pl.col("kind").is_in(ends)).join(rows.select(PSEUDONYM, "began"), on=PSEUDONYM)
    return ending.filter(pl.col("at") >= pl.col("began")).select(PSEUDONYM).unique()


def _begun(plan: Plan, customers: pl.DataFrame, events: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Give pseudonym and the instant `began` of the latest trigger; null where there is none."""
    meant = customers.filter(pl.col("reason").is_in([one.value for one in plan.reasons]))
    days = timedelta(days=plan.days)
    if plan.trigger in BY_EVENT:
        triggers = events.filter((pl.col("kind") == plan.trigger.value) & (pl.col("at") + days <= at))
        latest = triggers.group_by(PSEUDONYM).agg(began=pl.col("at").max() + days)
        return meant.select(PSEUDONYM).join(latest, on=PSEUDONYM)
    if plan.trigger is Trigger.QUARTER_END:
        return meant.select(PSEUDONYM, began=pl.lit(_quarter_end(at) - days))
    gap = pl.duration(seconds=pl.col("usual_gap_days") * 86400)
    beyond = pl.col("last_activity_at") + gap + days
    if "entered_at" in meant.columns:
        beyond = pl.when(beyond.is_not_null()).then(pl.max_horizontal(beyond, "entered_at"))
    return meant.select(PSEUDONYM, began=beyond)


def _quarter_end(at: datetime) -> datetime:
    """Give the first instant after the calendar quarter that `at` lies in (UTC)."""
    today = at.astimezone(UTC)
    month = (today.month - 1) // MONTHS_PER_QUARTER * MONTHS_PER_QUARTER + MONTHS_PER_QUARTER + 1
    return datetime(today.year + month // 13, (month - 1) % 12 + 1, 1, tzinfo=UTC)
