"""Survivorship rules as they were applied. Data category: none. Retention: permanent (what stood can be explained)."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class SurvivorshipVersion(SQLModel, table=True):
    """One version of the rules, whole, as JSON; the highest holds."""

    __tablename__ = "survivorship_version"

    version: int = Field(primary_key=True)
    document: str = Field(sa_type=Text)
    applied_at: datetime = Field(sa_type=Instant)
    applied_by: bytes
