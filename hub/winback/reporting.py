"""What a campaign brought: arms from the lake, what became of customers from the gate, figures from the child.

Returns are counted in the 90 days after the draw, the same for both arms. Who may not be read any more is in no frame;
how many of each arm that are is told as a number, and they count as not returned (`predict.winback.intention`).
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


def report(hub: Hub, who: Reader, campaign: Campaign, *, language: str = "en") -> dict[str, bytes]:
    """Return the report of a campaign as `report` (JSON), `markdown` and `html`; up to three audited reads.

    Raises:
        AccessRefused: the gate said no.

    """
    now = hub.clock()
    acts = acts_of(hub).filter(pl.col("campaign") == campaign.campaign_id.hex())
    rows, known = _campaign(hub, who, campaign, acts, now)
    touches = acts.filter(pl.col("act") == SENT).select(PSEUDONYM, "channel", "at")
    parts = {"campaign": arrow(rows), "touches": arrow(touches)}
    fields = {
        "playbook": campaign.rules,
        "at": now.isoformat(),
        "returns_days": WINDOW_DAYS,
        "started_at": midnight_of(campaign.drawn_at).isoformat(),
        "unseen": _unseen(campaign, acts, known),
        "language": language,
    }
    answer = ask("outcome", MODULE, Message(fields, parts, dict.fromkeys(parts, "arrow")))
    return dict(answer.parts)


def _unseen(campaign: Campaign, acts: pl.DataFrame, known: pl.DataFrame) -> dict[str, int]:
    """Count by arm who was drawn and is not among those `known`, and letters to them; nothing of them is read."""
    kept = dict(arms_of(acts)["act"].value_counts().iter_rows())  # without who was erased
    drawn = campaign.contact if campaign.contact is not None else kept.get(ARMS[0], 0)
    alone = campaign.customers - campaign.contact if campaign.contact is not None else kept.get(ARMS[1], 0)
    seen = dict(known["arm"].value_counts().iter_rows())
    letters = acts.filter(pl.col("act") == SENT).join(known, on=PSEUDONYM, how="anti")
    return {
        "contact": max(0, drawn - seen.get(ARMS[0], 0)),
        "hold_out": max(0, alone - seen.get(ARMS[1], 0)),
        "written": letters[PSEUDONYM].n_unique(),
        "cost_minor": letters.height * _letter_cost(campaign.rules),
    }


def _campaign(
    hub: Hub, who: Reader, campaign: Campaign, acts: pl.DataFrame, now: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lay out the campaign frame (`predict.winback.kpi`), and name who of both arms may be read.

    Who came back before the draw is known, and in neither arm.
    """
    started = midnight_of(campaign.drawn_at)
    end = min(midnight_of(now), started + timedelta(days=WINDOW_DAYS))
    before = read_progress(hub, who, at=started).frame
    answer = pl.lit(end) - pl.duration(days=pl.col("days_since_answer").cast(pl.Int64))
    after = read_progress(hub, who, at=end).frame.select(
        PSEUDONYM, _instant(returned_at(as_of=end)).alias("back"), _instant(answer).alias("answered")
    )
    lost = _instant(left_again_at(as_of=midnight_of(now))).alias("lost")
    lately = read_progress(hub, who, at=now).frame.select(PSEUDONYM, lost)
    silent = pl.duration(days=pl.col("days_since_last_activity").cast(pl.Int64))
    left = before.select(PSEUDONYM, _instant(pl.lit(started) - silent).alias("left_at"))
    rows = arms_of(acts).rename({"act": "arm"}).select(PSEUDONYM, "arm", "value_minor", "offer")
    for frame in (left, after, lately):
        rows = rows.join(frame, on=PSEUDONYM, how="inner")
    known, begun = rows.select(PSEUDONYM, "arm"), pl.lit(started)
    rows = rows.filter(pl.col("back").is_null() | (pl.col("back") >= begun)).drop_nulls("left_at")
    noted = acts.filter(pl.col("act") == "reply").group_by(PSEUDONYM).agg(noted=_instant(pl.col("at").max()))
    letters = acts.filter(pl.col("act") == SENT).group_by(PSEUDONYM)
    sent = letters.agg(letters=pl.len(), first=_instant(pl.col("at").min().dt.truncate("1d")))
    rows = rows.join(noted, on=PSEUDONYM, how="left").join(sent, on=PSEUDONYM, how="left")
    written = (pl.col("arm") == ARMS[0]) & pl.col("letters").is_not_null()
    answered = pl.max_horizontal("answered", "noted") > pl.col("first")  # known by the end of its day
    again = pl.when(pl.col("lost") >= pl.col("back")).then("lost")
    laid = rows.select(
        *(PSEUDONYM, "arm", "left_at"),
        started_at=begun.cast(_INSTANT),
        written=written,
        responded=written & answered.fill_null(value=False),
        returned_at="back",
        left_again_at=again.cast(_INSTANT),
        cost_minor=pl.when(written).then(_cost(campaign.rules)).otherwise(0).cast(pl.Int64),
        value_minor=pl.col("value_minor").fill_null(0.0).cast(pl.Int64),
    )
    return laid, known


def _cost(rules: Mapping[str, Any]) -> pl.Expr:
    """Add up what a customer cost: letters that left, and the offer if they came back."""
    offers = {one["name"]: int(one.get("cost_minor", 0)) for one in rules["offers"]["offers"]}
    paid = pl.col("offer").replace_strict(offers, default=0, return_dtype=pl.Int64)
    letters = pl.col("letters").fill_null(0).cast(pl.Int64) * _letter_cost(rules)
    return letters + pl.when(pl.col("back").is_not_null()).then(paid).otherwise(0)


def _letter_cost(rules: Mapping[str, Any]) -> int:
    return int(rules["terms"].get("cost_per_letter_minor", 0))


def _instant(value: pl.Expr) -> pl.Expr:
    return value.cast(_INSTANT)
