"""Applied policy versions. Data category: none. Retention: permanent (decisions must be replayable)."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class PolicyVersion(SQLModel, table=True):
    """One applied policy pack, whole, as canonical JSON."""

    __tablename__ = "policy_version"

    version: int = Field(primary_key=True)
    policy_hash: bytes
    document: str = Field(sa_type=Text)
    applied_at: datetime = Field(sa_type=Instant)
    applied_by: bytes
