"""Alerts on critical messages, and which files of the lake were looked through for them.

Data category of an alert: behaviour (what kind of message it was, by which of our own words, is sealed under a key of
the message's record, so that both end with it). Retention: 90 days after it was closed, a year at most; a mark until
its file has been gone for 30 days.
"""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class VoiceAlert(SQLModel, table=True):
    """A message of yours that asked for somebody at once: what kind it was, and whether somebody looked.

    `event_id` names the message, once. States: open -> acknowledged -> closed, or open -> closed. `tell_at` is when
    somebody is told of it next, `told` how many were.
    """

    __tablename__ = "voice_alert"

    alert_id: bytes = Field(primary_key=True)
    record_id: bytes = Field(index=True)
    event_id: int = Field(sa_type=BigInteger, unique=True)
    key_id: bytes
    sealed: bytes
    state: str = Field(index=True)
    arrived_at: datetime = Field(sa_type=Instant)
    raised_at: datetime = Field(sa_type=Instant)
    due_at: datetime = Field(sa_type=Instant)
    escalate_at: datetime = Field(sa_type=Instant)
    tell_at: datetime | None = Field(default=None, sa_type=Instant)
    told: int = 0
    acknowledged_at: datetime | None = Field(default=None, sa_type=Instant)
    acknowledged_by: bytes | None = None
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    closed_by: bytes | None = None
    outcome: str | None = None


class HeardFile(SQLModel, table=True):
    """A file of messages that was looked through; the look and what came of it are one transaction."""

    __tablename__ = "heard_file"

    file_id: bytes = Field(primary_key=True)
    heard_at: datetime = Field(sa_type=Instant)
