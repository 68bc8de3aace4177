"""Pseudonymisation domains: every version of every record, and who approved those that link two domains.

Data category: none (names, versions, dates). Retention: permanent (decisions must be replayable). Append-only.
"""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class DomainVersion(SQLModel, table=True):
    """One version of a domain's record, whole, as canonical JSON."""

    __tablename__ = "pseudonymisation_domain"

    name: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    purpose: str
    document: str = Field(sa_type=Text)
    record_hash: bytes
    recorded_at: datetime = Field(sa_type=Instant)
    recorded_by: bytes


class DomainApproval(SQLModel, table=True):
    """A second person's approval of one version; it binds the record's hash."""

    __tablename__ = "pseudonymisation_domain_approval"

    name: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    record_hash: bytes
    approver_person: bytes
    approved_by: bytes
    approved_at: datetime = Field(sa_type=Instant)
