"""Who of a campaign is due a message today: the sequences of its playbook, with their stops, over what the gate gives.

What other campaigns sent counts as well: nobody hears from us twice in a week because two campaigns run.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from hub.compose import Hub
from hub.predictions.child import ask
from hub.views.gateway import PSEUDONYM
from hub.views.intent import Reader
from hub.winback.acts import acts_of
from hub.winback.campaigns import Campaign
from hub.winback.diagnosing import ARMS, MODULE, arms_of
from hub.winback.people import people_of, reach_of
from hub.winback.progress import events_of, midnight_of, read_progress
from predict.winback.sequence import Happened
from predict.wire import Message, arrow
from privacy.terms import ContactChannel

SENT: Final = "sent"
_TAKEN: Final = (PSEUDONYM, "plan", "step", "at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """`steps`: pseudonym, plan, step, template, channel, since, reason, silent_days, value_minor, language, reachable.

    `reachable` says whether suppression, consent and wishes let that channel be used now: a plan; whoever sends asks
    again.
    """

    campaign: Campaign
    at: datetime
    steps: pl.DataFrame


def due(hub: Hub, who: Reader, campaign: Campaign) -> Due:
    """Read who came back, answered or complained, and say which step of which sequence is due for whom.

    Raises:
        AccessRefused: the gate said no.

    """
    at = hub.clock()
    released = read_progress(hub, who, at=at)
    as_of = midnight_of(at)
    everything = acts_of(hub)
    own = everything.filter(pl.col("campaign") == campaign.campaign_id.hex())
    drawn = arms_of(own).filter(pl.col("act") == ARMS[0]).select(PSEUDONYM, "reason", "value_minor", entered_at="at")
    present = drawn.join(released.frame, on=PSEUDONYM, how="inner")  # who is not read may not be written to
    silent = pl.col("days_since_last_activity").cast(pl.Int64)
    customers = present.select(
        *(PSEUDONYM, "reason", "entered_at", "value_minor"),
        silent_days=silent,
        language=_language(present),
        last_activity_at=pl.lit(as_of) - pl.duration(days=silent),
        usual_gap_days=pl.col("days_per_activity").cast(pl.Float64),
    )
    said = everything.filter(~pl.col("act").is_in([*ARMS, SENT])).select(PSEUDONYM, pl.col("act").alias("kind"), "at")
    events = pl.concat([events_of(present, as_of=as_of), said], how="vertical_relaxed")
    customers = customers.join(_back(customers, events), on=PSEUDONYM, how="anti")
    elsewhere = pl.col("campaign") != campaign.campaign_id.hex()
    plan = pl.when(elsewhere).then(pl.lit("")).otherwise("plan").alias("plan")
    sent = everything.filter(pl.col("act") == SENT).with_columns(plan, pl.col("step").cast(pl.Int64))
    taken = sent.select(*_TAKEN)
    parts = {"customers": arrow(customers), "events": arrow(events), "taken": arrow(taken)}
    fields = {"playbook": campaign.rules, "at": at.isoformat()}
    found = ask("due", MODULE, Message(fields, parts, dict.fromkeys(parts, "arrow"))).frame("due")
    known = customers.select(PSEUDONYM, "reason", "silent_days", "value_minor", "language")
    return Due(campaign=campaign, at=at, steps=_reachable(hub, found.join(known, on=PSEUDONYM), at))


def _back(customers: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Name who bought since they were drawn: no former customers any more, whatever begins a sequence later."""
    bought = events.filter(pl.col("kind") == Happened.PURCHASE.value).join(customers, on=PSEUDONYM)
    return bought.filter(pl.col("at") >= pl.col("entered_at")).select(PSEUDONYM).unique()


def _language(rows: pl.DataFrame) -> pl.Expr:
    """Name the language of letters; null where it is not known, or too few share it to be told."""
    if "letter_language" not in rows.columns:
        return pl.lit(None, dtype=pl.String)
    return pl.col("letter_language").cast(pl.String).replace({"no": "nb"})


def _reachable(hub: Hub, steps: pl.DataFrame, at: datetime) -> pl.DataFrame:
    channels = [channel for channel in ContactChannel if channel.value in set(steps["channel"])]
    with hub.reading() as session:
        reach = reach_of(hub, session, people_of(hub, session, steps[PSEUDONYM]), channels, at=at)
    asked = steps.join(reach, on=PSEUDONYM, how="left")
    may = pl.any_horizontal(
        pl.lit(value=False),
        *((pl.col("channel") == one.value) & pl.col(f"reach_{one.value}").fill_null(value=False) for one in channels),
    )
    return asked.with_columns(reachable=may).drop(f"reach_{one.value}" for one in channels)
