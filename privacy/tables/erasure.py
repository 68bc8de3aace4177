"""Erasures under way and done, and the tombstones that close a record at once.

Data category: none (random ids). Retention: tombstones until every backup that predates them has expired.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class Erasure(SQLModel, table=True):
    """One erasure: intended, keys shredded, completed; start-up rolls it forward, never back."""

    __tablename__ = "erasure"

    erasure_id: bytes = Field(primary_key=True)
    state: str = Field(index=True)
    requested_by: bytes
    intended_at: datetime = Field(sa_type=Instant)
    completed_at: datetime | None = Field(default=None, sa_type=Instant)
    records: int
    counts: str = ""  # canonical JSON: what there was of the records when it began, by table and by kind of key
    certificate: str | None = None  # a signed note, once it is completed


class Tombstone(SQLModel, table=True):
    """A record that nobody may read again."""

    __tablename__ = "tombstone"

    record_id: bytes = Field(primary_key=True)
    erasure_id: bytes = Field(index=True)
    at: datetime = Field(sa_type=Instant)
