"""Who came in and who was turned away, as far as the audit log must know what it has told already.

Data category: none (random ids of principals, names of rules). Retention: one row a principal and kind of attempt, so
that whoever knocks a million times fills neither the disk nor the log.
"""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class LoginNote(SQLModel, table=True):
    """The hour for which a principal's login on a channel stands in the audit log."""

    __tablename__ = "login_note"

    principal_id: bytes = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    hour: datetime = Field(sa_type=Instant)


class DenialWindow(SQLModel, table=True):
    """Since when attempts of one kind are only counted, and how many the audit log was not told of yet."""

    __tablename__ = "denial_window"

    principal_id: bytes = Field(primary_key=True)
    action: str = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    since: datetime = Field(sa_type=Instant)
    untold: int = Field(sa_type=BigInteger)
