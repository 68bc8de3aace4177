"""Feature views, their life cycle, and what was released. Data category: none (specs, hashes, counts).

Retention: permanent for specs and approvals (decisions must be replayable); releases with the audit bodies.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class ViewVersion(SQLModel, table=True):
    """One version of a view: draft -> submitted -> approved -> expired / revoked.

    The approval binds `spec_hash` and `purpose_hash`; if either differs at read time the view is not readable.
    """

    __tablename__ = "view_version"

    name: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    spec: str = Field(sa_type=Text)
    spec_hash: bytes
    purpose: str
    state: str
    author_person: bytes
    submitted_at: datetime | None = Field(default=None, sa_type=Instant)
    approver_person: bytes | None = None
    approved_at: datetime | None = Field(default=None, sa_type=Instant)
    approved_spec_hash: bytes | None = None
    approved_purpose_hash: bytes | None = None
    four_eyes_enforced: bool = False
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class Release(SQLModel, table=True):
    """One release of a view's rows: an intent committed before byte one, completed afterwards."""

    __tablename__ = "view_release"

    release_id: bytes = Field(primary_key=True)
    view: str = Field(index=True)
    version: int
    purpose: str
    principal_id: bytes
    as_of: datetime = Field(sa_type=Instant)
    epoch: int = Field(sa_type=BigInteger)
    intent_leaf: int = Field(sa_type=BigInteger)
    rows: int
    released_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    completed_at: datetime | None = Field(default=None, sa_type=Instant)
    sha256: bytes | None = None
