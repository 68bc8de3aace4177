"""What anchors said, and which gaps the DPO confirmed.

Data category: none (random refs only). Retention: for the life of the log.
"""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class AuditAnchor(SQLModel, table=True):
    """What one anchor said last about one checkpoint; `receipt` is the note as it keeps or cosigned it."""

    __tablename__ = "audit_anchor"

    anchor: str = Field(primary_key=True)
    log: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    size: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    level: str
    at: datetime = Field(sa_type=Instant)
    outcome: str
    why: str
    receipt: str | None


class AuditGap(SQLModel, table=True):
    """A confirmation by the DPO that reading may go on although an anchor says otherwise; never changed."""

    __tablename__ = "audit_gap"

    log: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    because: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant, primary_key=True)
    until: datetime | None = Field(sa_type=Instant)
    principal_id: bytes
    leaf: int = Field(sa_type=BigInteger)
