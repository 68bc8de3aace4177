"""Feature views, their life cycle, and what was released. Data category: none (specs, hashes, counts).

Retention: permanent for specs and approvals (decisions must be replayable); releases with the audit bodies.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text, true
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class ViewVersion(SQLModel, table=True):
    """One version of a view: submitted -> approved or refused; approved -> expired or revoked. A draft is a file.

    The approval binds the hashes of the spec, of its purpose and of the policy's rules over the tables it reads
    (`approved_reach_hash`); if one differs at read time the view is not readable. `approved_check` is the check that
    the approver saw, `unchecked_because` the word why there was none.
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
    review_at: datetime | None = Field(default=None, sa_type=Instant)
    approved_reach_hash: bytes | None = None
    approved_check: bytes | None = None
    unchecked_because: str | None = None
    refused_at: datetime | None = Field(default=None, sa_type=Instant)
    refused_because: str | None = None


class ViewCheck(SQLModel, table=True):
    """What a view would release, measured on real data before somebody approves it: counts and shares of all rows.

    Appended once, never changed: an approval names the check that was seen. `figures` is JSON; counts of few stand in
    it, and are shown to the DPO and the owner only.
    """

    __tablename__ = "view_check"

    check_id: bytes = Field(primary_key=True)
    view: str = Field(index=True)
    version: int
    spec_hash: bytes
    purpose_hash: bytes
    reach_hash: bytes
    as_of: datetime = Field(sa_type=Instant)
    checked_at: datetime = Field(sa_type=Instant)
    checked_by: bytes
    epoch: int = Field(sa_type=BigInteger)
    figures: str = Field(sa_type=Text)


class Release(SQLModel, table=True):
    """One release of a view's rows: an intent committed before byte one, completed afterwards.

    `instants` says at how many instants rows were released (several in a training release), `counted` whether it is
    one of the reads that the view allows in its period (`hub.views.quota`).
    """

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
    instants: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    counted: bool = Field(default=True, sa_column_kwargs={"server_default": true()})


class ViewSnapshot(SQLModel, table=True):
    """A view's rows as they were made at one epoch; the rows lie in the lake. The newest of a view serves."""

    __tablename__ = "view_snapshot"
    __table_args__ = (Index("ix_view_snapshot_view", "view", "epoch"),)

    snapshot_id: bytes = Field(primary_key=True)
    view: str
    version: int
    spec_hash: bytes
    as_of: datetime = Field(sa_type=Instant)
    made_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    epoch: int = Field(sa_type=BigInteger)
    rows: int


class ViewSpend(SQLModel, table=True):
    """What one release of figures spent of its view's privacy budget, in millionths of epsilon.

    Appended before anything is computed, never changed. Data category: none. Retention: permanent, for what was learned
    of people is not forgotten by whoever learned it.
    """

    __tablename__ = "view_spend"

    spend_id: bytes = Field(primary_key=True)
    view: str = Field(index=True)
    version: int
    as_of: datetime = Field(sa_type=Instant)
    micro_epsilon: int = Field(sa_type=BigInteger)
    principal_id: bytes
    spent_at: datetime = Field(sa_type=Instant)


class ViewAnswer(SQLModel, table=True):
    """Figures with noise as they left, so that the same question gets the same answer; `figures` is JSON by column.

    Appended with the release, never changed. Data category: none (differentially private figures of many, and those
    alone). Retention: as the spend that paid for them. `basis` is a digest of the random ids of permitted records.
    """

    __tablename__ = "view_answer"
    __table_args__ = (Index("ix_view_answer_spec_hash", "spec_hash", "as_of"),)

    spend_id: bytes = Field(primary_key=True)
    spec_hash: bytes
    as_of: datetime = Field(sa_type=Instant)
    basis: bytes
    epoch: int = Field(sa_type=BigInteger)
    release_id: bytes
    answered_at: datetime = Field(sa_type=Instant)
    figures: str = Field(sa_type=Text)
