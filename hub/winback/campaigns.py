"""Campaigns: the only code that touches their table."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import Session, col

from hub.errors import AccessRefused
from hub.winback.tables import WinbackCampaign
from privacy.store.frozen import frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A campaign as it was drawn (`hub.winback.tables.WinbackCampaign` says what each column means)."""

    campaign_id: bytes
    view: str
    as_of: datetime
    drawn_at: datetime
    drawn_by: bytes
    hold_out: float
    seed: int
    customers: int
    contact: int | None = None
    playbook: str
    facts: str

    @property
    def rules(self) -> Mapping[str, Any]:
        """The playbook that it goes by, as plain JSON values."""
        read: Mapping[str, Any] = json.loads(self.playbook)
        return read

    @property
    def said(self) -> Mapping[str, str]:
        """The facts of the company that its letters may state."""
        read: Mapping[str, str] = json.loads(self.facts)
        return read


def add_campaign(session: Session, campaign: Campaign) -> None:
    """Enter a campaign in the transaction of its draw."""
    row = {name: getattr(campaign, name) for name in Campaign.__dataclass_fields__}
    session.execute(insert(WinbackCampaign), [row])


def all_campaigns(session: Session) -> list[Campaign]:
    """List the campaigns, newest first."""
    query = select(WinbackCampaign).order_by(col(WinbackCampaign.drawn_at).desc())
    return [frozen(Campaign, row) for row in session.execute(query).scalars()]


def get_campaign(session: Session, named: str = "") -> Campaign:
    """Return the campaign whose id begins like that; the newest one where nothing is named.

    Raises:
        AccessRefused: there is none, or several begin so.

    """
    found = [one for one in all_campaigns(session) if one.campaign_id.hex().startswith(named)]
    if not found or (named and len(found) > 1):
        raise AccessRefused(
            "no_such_campaign", "`varde winback list` names the campaigns; `varde winback draw` draws one"
        )
    return found[0]


def newest_over(session: Session, view: str, *, before: datetime) -> Campaign | None:
    """Find the newest campaign of a view that was drawn before an instant."""
    return next((one for one in all_campaigns(session) if one.view == view and one.drawn_at <= before), None)
