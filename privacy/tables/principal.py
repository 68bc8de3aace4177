"""Who may act: principals with a role, a scope and an expiry.

Data category: identifier (the label names an employee; sealed). Retention: two years after revocation.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class PrincipalRow(SQLModel, table=True):
    """One credential of one person; the token rests as SHA-256 of 32 random bytes, the label sealed."""

    __tablename__ = "principal"

    principal_id: bytes = Field(primary_key=True)
    person_id: bytes = Field(index=True)
    role: str
    purposes: str
    views: str
    token_hash: bytes = Field(unique=True)
    label_index: bytes = Field(index=True)
    label_sealed: bytes
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)
