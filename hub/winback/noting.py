"""What people note of a campaign's customers: an answer on the telephone, a complaint, that the cause was put right."""

from enum import StrEnum

import polars as pl
from sqlmodel import Session

from hub.compose import Hub
from hub.errors import AccessRefused
from hub.views.admission import verify_admitted
from hub.views.gateway import PSEUDONYM
from hub.views.intent import Reader
from hub.winback.acts import acts_of, keep_acts
from hub.winback.campaigns import Campaign
from hub.winback.diagnosing import arms_of
from hub.winback.people import PURPOSE, people_of
from hub.winback.progress import VIEW
from predict.winback.leaving import Leaving
from privacy.audit import AuditFields
from privacy.terms import BatchId


class Noted(StrEnum):
    """What can be noted; an objection is none of these: it goes into the ledger (`varde consent object`)."""

    REPLY = "reply"
    PURCHASE = "purchase"
    COMPLAINT_OPENED = "complaint_opened"
    COMPLAINT_CLOSED = "complaint_closed"
    SERVICE_FIXED = "service_fixed"
    FUNCTION_LAUNCHED = "function_launched"


def note(hub: Hub, who: Reader, campaign: Campaign, what: Noted, *, whom: bytes | Leaving) -> int:
    """Note what happened to one customer of a campaign, or to all who left for a reason; return to how many.

    Raises:
        AccessRefused: the credential is not bound to the view and purpose, or nobody of the campaign is meant.

    """
    principal = who.principal
    verify_admitted(hub, principal, VIEW, PURPOSE)
    drawn = arms_of(acts_of(hub).filter(pl.col("campaign") == campaign.campaign_id.hex()))
    meant = pl.col(PSEUDONYM) == whom if isinstance(whom, bytes) else pl.col("reason") == whom.value
    chosen = drawn.filter(meant)
    if chosen.is_empty():
        raise AccessRefused("nobody_of_campaign", "Give a pseudonym as `varde winback due` gave it, or another reason")
    with hub.reading() as session:
        people = people_of(hub, session, chosen[PSEUDONYM])
    acts = people.with_columns(act=pl.lit(what.value))

    def deed(session: Session, batch: BatchId, count: int) -> None:
        fields = AuditFields(act_id=campaign.campaign_id, batch=batch, purpose=PURPOSE, outcome=what.value, rows=count)
        hub.audit(session, "winback.note", principal.principal_id, fields)

    return keep_acts(hub, acts, campaign.campaign_id, deed, at=hub.clock())
