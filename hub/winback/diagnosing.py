"""Who left, why, whom a contact changes and what to offer: rows of an approved view, judged in the confined child.

Uplift is learnt from the newest campaign of the same view that had a hold-out and its whole window; where there is
none, or the gate does not give its rows, the answer says "no evidence" and why.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from hub.compose import Hub
from hub.errors import AccessRefused
from hub.predictions.child import ask
from hub.predictions.lessons import known_until, modelled, newest_cut, spec_of
from hub.views.gateway import PSEUDONYM, Gateway, Released
from hub.views.intent import Reader
from hub.winback.acts import acts_of
from hub.winback.campaigns import newest_over
from hub.winback.people import PURPOSE, people_of, reach_of
from hub.winback.progress import WINDOW_DAYS, midnight_of, read_progress, returned_at
from predict.winback.playbook import playbook_of
from predict.wire import Message, arrow
from privacy.terms import ContactChannel

MODULE: Final = "winback"
VIEW: Final = "winback_scoring"
ARMS: Final = ("contact", "hold_out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Of which view at which instant (None: its newest), by which playbook, with which seed."""

    playbook: Mapping[str, Any]
    view: str = VIEW
    as_of: datetime | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosed:
    """`customers`: one row each (`predict.winback.former`); `told`: what holds for all of them, plain JSON values."""

    as_of: datetime
    customers: pl.DataFrame
    told: dict[str, Any]
    released: Released


def diagnose(hub: Hub, who: Reader, question: Question) -> Diagnosed:
    """Read the view, look who may be reached, and ask the child.

    Raises:
        AccessRefused: the gate said no.
        ChildFailed: the playbook or the frame was refused; its reason is told.

    """
    at = hub.clock()
    spec = spec_of(hub, question.view)
    as_of = question.as_of or newest_cut(spec, known_until(hub, spec), at)
    released = Gateway(hub).read(who, question.view, purpose=PURPOSE, as_of=as_of)
    frame = modelled(released.frame.with_columns(as_of=pl.lit(as_of)), spec)
    with hub.reading() as session:
        people = people_of(hub, session, frame[PSEUDONYM])
        reach = reach_of(hub, session, people, _channels(question.playbook), at=at)
    parts = {"frame": arrow(frame), "reach": arrow(reach)}
    trial, why, unseen = _trial(hub, who, question.view, at)
    if trial is not None:
        parts["trial"] = arrow(trial)
    fields = {"playbook": question.playbook, "at": at.isoformat(), "seed": question.seed}
    answer = ask("diagnose", MODULE, Message(fields, parts, dict.fromkeys(parts, "arrow")))
    told = json.loads(answer.part("told"))
    if why:
        told["uplift"]["why"] = why
    if unseen:
        told["uplift"]["not_to_be_read"] = unseen
    return Diagnosed(as_of=as_of, customers=answer.frame("customers"), told=told, released=released)


def _channels(playbook: Mapping[str, Any]) -> list[ContactChannel]:
    """Name the playbook's channels that a person can be asked about; by any other nobody is reached."""
    named = {one.name for one in playbook_of(playbook).offers.channels}
    return [channel for channel in ContactChannel if channel.value in named]


def _trial(hub: Hub, who: Reader, view: str, at: datetime) -> tuple[pl.DataFrame | None, str, int]:
    """Join an earlier campaign's rows, as they were at its beginning, with its arms and who came back.

    Also say why there are none, and how many who were drawn may not be read any more: of them nothing is learned.
    """
    window = timedelta(days=WINDOW_DAYS)
    with hub.reading() as session:
        campaign = newest_over(session, view, before=at - window)
    if campaign is None:
        return None, "", 0
    try:
        rows = Gateway(hub).read(who, view, purpose=PURPOSE, as_of=campaign.as_of)
        begun = midnight_of(campaign.drawn_at)  # as in its report: before it nobody was written to
        after = read_progress(hub, who, at=begun + window)
    except AccessRefused as exc:
        return None, f"rows of the earlier campaign are not to be had: {exc.because}", 0
    acts = acts_of(hub).filter(pl.col("campaign") == campaign.campaign_id.hex())
    drawn = arms_of(acts).select(PSEUDONYM, treated=pl.col("act") == ARMS[0])
    back = after.frame.select(PSEUDONYM, back=returned_at(as_of=begun + window) >= begun)
    frame = modelled(rows.frame.with_columns(as_of=pl.lit(campaign.as_of)), rows.spec)
    joined = frame.join(drawn, on=PSEUDONYM, how="inner").join(back, on=PSEUDONYM, how="left")
    learned = joined.with_columns(responded=pl.col("back").fill_null(value=False)).drop("back")
    return learned, "", max(0, campaign.customers - learned.height)


def arms_of(acts: pl.DataFrame) -> pl.DataFrame:
    """Give one row a customer: where a merge put both arms into one, they were to be left alone."""
    drawn = acts.filter(pl.col("act").is_in(ARMS)).sort("act", descending=True)  # hold_out before contact
    return drawn.unique(PSEUDONYM, keep="first", maintain_order=True)
