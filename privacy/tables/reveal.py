"""Reveals: who asked, who approved, which took place. Never a pseudonym: it would tie a domain to an entity at rest.

Data category: none (random ids, codes, counts). Retention: with the audit bodies.
"""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class RevealRequest(SQLModel, table=True):
    """What one person asked to reveal, and the approval of another; it serves one reveal, until it runs out."""

    __tablename__ = "reveal_request"

    request_id: bytes = Field(primary_key=True)
    principal_id: bytes
    person_id: bytes
    purpose: str
    entity_id: bytes
    reason: str
    attributes: str
    requested_at: datetime = Field(sa_type=Instant)
    approver_person: bytes | None = None
    approved_by: bytes | None = None
    approved_at: datetime | None = Field(default=None, sa_type=Instant)
    valid_until: datetime | None = Field(default=None, sa_type=Instant)


class Reveal(SQLModel, table=True):
    """One reveal that was allowed; `request_id` is unique, so an approval serves once."""

    __tablename__ = "reveal"
    __table_args__ = (Index("ix_reveal_counted", "person_id", "purpose", "at"),)

    reveal_id: bytes = Field(primary_key=True)
    request_id: bytes | None = Field(default=None, unique=True)
    principal_id: bytes
    person_id: bytes
    purpose: str
    at: datetime = Field(sa_type=Instant)
