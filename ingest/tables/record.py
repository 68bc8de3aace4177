"""Source records: who they are by keyed index, what they say only sealed.

Data category: identifier (sealed or keyed). Retention: by the source's rule; erased with the subject.
"""

from datetime import datetime

from sqlalchemy import BigInteger, PrimaryKeyConstraint
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class SourceRecord(SQLModel, table=True):
    """The random name, for life, of one (source, source key).

    It may be known from an event before its profile arrives.
    """

    __tablename__ = "source_record"
    __table_args__ = ({"sqlite_with_rowid": False},)

    record_id: bytes = Field(primary_key=True)
    kind: str
    source: str
    key_index: bytes = Field(unique=True)
    key_version: int
    created_at: datetime = Field(sa_type=Instant)


class RecordRevision(SQLModel, table=True):
    """One arrival of a record's attributes: a sealed JSON document under the record's own key.

    `content_index` is a keyed digest of the document, so that an unchanged re-delivery is a duplicate without
    opening. `tokens` are the blind indexes of its attributes, 16 bytes each: the way from a record to its rows in
    `record_index`.
    """

    __tablename__ = "record_revision"
    __table_args__ = ({"sqlite_with_rowid": False},)

    record_id: bytes = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    batch_id: bytes = Field(index=True)
    key_id: bytes
    content_index: bytes
    sealed: bytes
    arrived_at: datetime = Field(sa_type=Instant)
    tokens: bytes = b""


class RecordIndex(SQLModel, table=True):
    """A blind index of one standardised attribute of a record: the candidates of a match, confirmed after opening.

    Rows lie in the order of their tokens, so that a delivery that writes them in that order touches each page once.
    A record's own rows, and those that a batch brought, are found by the `tokens` of revisions: a second tree in
    another order would cost more than all the rest. Rows are written before the revision that names them, so that an
    erasure which comes between finds both when it is repeated.
    """

    __tablename__ = "record_index"
    __table_args__ = (
        PrimaryKeyConstraint("token", "field", "record_id", "batch_id"),
        {"sqlite_with_rowid": False},
    )

    record_id: bytes
    field: str
    token: bytes
    batch_id: bytes
    standardiser_version: int
    key_version: int


class HeldText(SQLModel, table=True):
    """Cleaned text kept sealed for at most 30 days, so that a better redactor can be run over it."""

    __tablename__ = "held_text"

    text_id: bytes = Field(primary_key=True)
    batch_id: bytes = Field(index=True)
    record_id: bytes | None = Field(default=None, index=True)
    canonical_table: str
    event_id: int | None = Field(default=None, sa_type=BigInteger)
    key_id: bytes
    sealed: bytes
    expires_at: datetime = Field(sa_type=Instant)


class RecordCorrection(SQLModel, table=True):
    """One correction of a record (Article 16): right values and those that they displace, a sealed JSON document.

    It arrives as a batch of its own, with a revision that holds the corrected document; later deliveries of the source
    are corrected by it as they come in.
    """

    __tablename__ = "record_correction"

    record_id: bytes = Field(primary_key=True)
    number: int = Field(primary_key=True)
    batch_id: bytes = Field(index=True)
    request_id: bytes
    key_id: bytes
    sealed: bytes
    corrected_at: datetime = Field(sa_type=Instant)
