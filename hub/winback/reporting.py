"""What a campaign brought: arms from the lake, what became of customers from the gate, figures from the child.

Returns are counted in the 90 days after the draw, the same for both arms; who may not be read any more is in neither.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from hub.compose import Hub
from hub.predictions.child import ask
from hub.views.gateway import PSEUDONYM
from hub.views.intent import Reader
from hub.winback.acts import acts_of
from hub.winback.campaigns import Campaign
from hub.winback.diagnosing import ARMS, MODULE, arms_of
from hub.winback.due import SENT
from hub.winback.progress import WINDOW_DAYS, left_again_at, midnight_of, read_progress, returned_at
from predict.wire import Message, arrow

_INSTANT: Final = pl.Datetime("us", "UTC")


def report(hub: Hub, who: Reader, campaign: Campaign) -> dict[str, bytes]:
    """Return the report of a campaign as `report` (JSON), `markdown` and `html`; up to three audited reads.

    Raises:
        AccessRefused: the gate said no.

    """
    now = hub.clock()
    acts = acts_of(hub).filter(pl.col("campaign") == campaign.campaign_id.hex())
    rows = _campaign(hub, who, campaign, acts, now)
    touches = acts.filter(pl.col("act") == SENT).select(PSEUDONYM, "channel", "at")
    parts = {"campaign": arrow(rows), "touches": arrow(touches)}
    fields = {"playbook": campaign.rules, "at": now.isoformat(), "returns_days": WINDOW_DAYS}
    answer = ask("outcome", MODULE, Message(fields, parts, dict.fromkeys(parts, "arrow")))
    return dict(answer.parts)


def _campaign(hub: Hub, who: Reader, campaign: Campaign, acts: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Lay out the campaign frame (`predict.winback.kpi`); who came back before the draw is in neither arm."""
    started = midnight_of(campaign.drawn_at)
    end = min(midnight_of(now), started + timedelta(days=WINDOW_DAYS))
    before = read_progress(hub, who, at=started).frame
    after = read_progress(hub, who, at=end).frame.select(PSEUDONYM, _instant(returned_at(as_of=end)).alias("back"))
    latest = read_progress(hub, who, at=now).frame
    answer = pl.lit(midnight_of(now)) - pl.duration(days=pl.col("days_since_answer").cast(pl.Int64))
    lately = latest.select(
        PSEUDONYM, _instant(answer).alias("answered"), _instant(left_again_at(as_of=midnight_of(now))).alias("lost")
    )
    silent = pl.duration(days=pl.col("days_since_last_activity").cast(pl.Int64))
    left = before.select(PSEUDONYM, _instant(pl.lit(started) - silent).alias("left_at"))
    rows = arms_of(acts).rename({"act": "arm"}).select(PSEUDONYM, "arm", "value_minor", "offer")
    for frame in (left, after, lately):
        rows = rows.join(frame, on=PSEUDONYM, how="inner")
    begun = pl.lit(started)
    rows = rows.filter(pl.col("back").is_null() | (pl.col("back") >= begun)).drop_nulls("left_at")
    noted = acts.filter(pl.col("act") == "reply").select(PSEUDONYM).unique().with_columns(noted=pl.lit(value=True))
    sent = acts.filter(pl.col("act") == SENT).group_by(PSEUDONYM).agg(letters=pl.len())
    rows = rows.join(noted, on=PSEUDONYM, how="left").join(sent, on=PSEUDONYM, how="left")
    written = pl.col("arm") == ARMS[0]
    answered = (pl.col("answered") >= begun).fill_null(value=False) | pl.col("noted").fill_null(value=False)
    again = pl.when(pl.col("lost") >= pl.col("back")).then("lost")
    return rows.select(
        *(PSEUDONYM, "arm", "left_at"),
        started_at=begun.cast(_INSTANT),
        responded=written & answered,
        returned_at="back",
        left_again_at=again.cast(_INSTANT),
        cost_minor=pl.when(written).then(_cost(campaign.rules)).otherwise(0).cast(pl.Int64),
        value_minor=pl.col("value_minor").fill_null(0.0).cast(pl.Int64),
    )


def _cost(rules: Mapping[str, Any]) -> pl.Expr:
    """Add up what a customer cost: letters that left, and the offer if they came back."""
    letter = int(rules["terms"].get("cost_per_letter_minor", 0))
    offers = {one["name"]: int(one.get("cost_minor", 0)) for one in rules["offers"]["offers"]}
    paid = pl.col("offer").replace_strict(offers, default=0, return_dtype=pl.Int64)
    letters = pl.col("letters").fill_null(0).cast(pl.Int64) * letter
    return letters + pl.when(pl.col("back").is_not_null()).then(paid).otherwise(0)


def _instant(value: pl.Expr) -> pl.Expr:
    return value.cast(_INSTANT)
