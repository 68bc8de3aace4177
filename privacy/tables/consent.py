"""The consent ledger, its heads, and the grounds that sources declare.

Data category: none of these rows identifies anybody (random record ids); evidence is sealed. Retention: the ledger
as long as the hub can be held to account for the processing (Article 5(2), 7(1)); erasure deletes the record's
mapping, not the row.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class ConsentEventRow(SQLModel, table=True):
    """One act, appended; the database itself refuses update and delete."""

    __tablename__ = "consent_event"

    event_id: bytes = Field(primary_key=True)
    record_id: bytes = Field(index=True)
    purpose: str
    act: str
    channel: str
    at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
    until: datetime | None = Field(default=None, sa_type=Instant)
    purpose_version: int
    notice_version: str
    language: str = ""
    actor: bytes
    contract: str = ""
    batch_id: bytes | None = Field(default=None, index=True)


class ConsentHead(SQLModel, table=True):
    """The ledger of one (record, purpose) folded; versioned, so that a staleness checker can order what it saw.

    Marks are order-preserving bytes (`privacy.store.marks`): an upsert keeps the greater one, so acts may arrive in any
    order, from any process, any number of times, and lead to the same head without a read before the write.
    """

    __tablename__ = "consent_head"

    record_id: bytes = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    own: bytes | None = None
    imported: bytes | None = None
    ended: bytes | None = None
    requested_at: datetime | None = Field(default=None, sa_type=Instant)
    objected_at: datetime | None = Field(default=None, sa_type=Instant)
    objection_lifted_at: datetime | None = Field(default=None, sa_type=Instant)
    restricted_at: datetime | None = Field(default=None, sa_type=Instant)
    restriction_lifted_at: datetime | None = Field(default=None, sa_type=Instant)
    version: int = 1


class SourceGround(SQLModel, table=True):
    """The legal basis that a source's contract declares for a purpose.

    And whether notice was given (Article 13/14).
    """

    __tablename__ = "source_ground"

    source: str = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    contract: str = Field(primary_key=True)
    legal_basis: str
    notice_version: str
    notice_given: bool
    declared_at: datetime = Field(sa_type=Instant)
