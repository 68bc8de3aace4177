"""Drawing a campaign: who is written to and who is left alone, by lot within each reason, before anybody is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl
from sqlmodel import Session

from hub.compose import Hub
from hub.errors import AccessRefused
from hub.predictions.child import ask
from hub.views.gateway import PSEUDONYM
from hub.views.intent import Reader
from hub.winback.acts import acts_of, keep_acts
from hub.winback.campaigns import Campaign, add_campaign, all_campaigns
from hub.winback.diagnosing import ARMS, MODULE, Question, diagnose
from hub.winback.people import PURPOSE, people_of
from hub.winback.progress import WINDOW_DAYS
from predict.winback.offers import prioritise
from predict.winback.template import FACTS
from predict.wire import Message, arrow
from privacy.audit import AuditFields
from privacy.purposes import LANGUAGES
from privacy.terms import BatchId, PrincipalId, random_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """How many of those who are recommended (None: all), which share is left alone, and what letters may state."""

    hold_out: float
    capacity: int | None = None
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A campaign that was drawn, how many are in each arm, and what the diagnosis said."""

    campaign: Campaign
    contact: int
    hold_out: int
    told: dict[str, Any]


def draw(hub: Hub, who: Reader, question: Question, how: Draw) -> Drawn:
    """Diagnose, keep those of highest expected value, draw arms, and keep them with campaign and audit entry as one.

    Raises:
        AccessRefused: the gate said no, nobody is recommended, a fact is none that a template may ask for, or an
            arm would be empty.

    """
    if not all(_is_fact(name) for name in how.facts):
        raise AccessRefused("no_such_fact", f"A letter may state {', '.join(FACTS)}")
    found = diagnose(hub, who, question)
    rows = found.customers.join(_left_alone(hub), on=PSEUDONYM, how="anti")
    chosen = prioritise(rows, capacity=rows.height if how.capacity is None else how.capacity)
    if chosen.is_empty():
        raise AccessRefused("nobody_recommended", "`varde winback diagnose` says why; look at offers and channels")
    kept = rows.join(chosen.select(PSEUDONYM), on=PSEUDONYM, how="semi")
    parts = {"customers": arrow(kept.select(PSEUDONYM, "reason"))}
    fields = {"hold_out": how.hold_out, "seed": question.seed}
    arms = ask("draw", MODULE, Message(fields, parts, dict.fromkeys(parts, "arrow"))).frame("arms")
    counts = dict(arms["arm"].value_counts().iter_rows())
    in_arms = (int(counts.get("contact", 0)), int(counts.get("hold_out", 0)))
    if not all(in_arms):
        raise AccessRefused("arm_empty", "Too few customers for two arms: take another share, or wait for more")
    campaign = Campaign(
        campaign_id=random_id(),
        view=question.view,
        as_of=found.as_of,
        drawn_at=hub.clock(),
        drawn_by=who.principal.principal_id,
        hold_out=how.hold_out,
        seed=question.seed,
        customers=arms.height,
        contact=in_arms[0],
        playbook=json.dumps(question.playbook, sort_keys=True),
        facts=json.dumps(dict(how.facts), sort_keys=True),
    )
    _keep(hub, campaign, kept.join(arms, on=PSEUDONYM))
    return Drawn(campaign=campaign, contact=in_arms[0], hold_out=in_arms[1], told=found.told)


def _left_alone(hub: Hub) -> pl.DataFrame:
    """Name who is in the hold-out of a campaign whose window is not over: no other campaign writes to them meanwhile.

    Else what the other brings is counted as returned unasked, and the first can no longer be judged.
    """
    since = hub.clock() - timedelta(days=WINDOW_DAYS)
    with hub.reading() as session:
        running = [one.campaign_id.hex() for one in all_campaigns(session) if one.drawn_at > since]
    kept_out = (pl.col("act") == ARMS[1]) & pl.col("campaign").is_in(running)
    return acts_of(hub).filter(kept_out).select(PSEUDONYM).unique()


def _is_fact(name: str) -> bool:
    """Say whether a fact may be given under a name: one that templates ask for, or that in one language."""
    stem, dot, language = name.partition(".")
    return stem in FACTS and (not dot or language in LANGUAGES)


def _keep(hub: Hub, campaign: Campaign, rows: pl.DataFrame) -> None:
    with hub.reading() as session:
        people = people_of(hub, session, rows[PSEUDONYM])
    acts = people.join(rows, on=PSEUDONYM).with_columns(act=pl.col("arm"))

    def deed(session: Session, batch: BatchId, count: int) -> None:
        add_campaign(session, campaign)
        fields = AuditFields(act_id=campaign.campaign_id, batch=batch, purpose=PURPOSE, view=campaign.view, rows=count)
        hub.audit(session, "winback.draw", PrincipalId(campaign.drawn_by), fields)

    keep_acts(hub, acts, campaign.campaign_id, deed, at=campaign.drawn_at)
