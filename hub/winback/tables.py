"""Campaigns. Data category: none (who is in which arm lies sealed in the lake). Retention: two years, as its acts."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class WinbackCampaign(SQLModel, table=True):
    """One drawn campaign: of which view at which instant, by which rules; who is in which arm lies in the lake."""

    __tablename__ = "winback_campaign"

    campaign_id: bytes = Field(primary_key=True)
    view: str
    as_of: datetime = Field(sa_type=Instant)
    drawn_at: datetime = Field(sa_type=Instant)
    drawn_by: bytes
    hold_out: float
    seed: int
    customers: int
    playbook: str = Field(sa_type=Text)
    facts: str = Field(sa_type=Text)  # what is said to everybody, as JSON: facts of the company, none of a customer
