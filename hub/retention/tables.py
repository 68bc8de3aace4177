"""Legal holds and retention runs; only this room's stores read or write them.

Data category: none (random ids, codes, dates, counts). Retention: permanent (why something was kept, and that it went,
must be shown later). Holds are append-only: lifting one is a row of its own.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class LegalHoldRow(SQLModel, table=True):
    """One hold: until `ends_at` nothing it covers is deleted. `table_name` is a table of the lake, or `*`."""

    __tablename__ = "legal_hold"

    hold_id: bytes = Field(primary_key=True)
    owner: bytes  # the principal who answers for it
    reason: str  # a code, never a name or a story
    table_name: str
    of_records: bool  # false: everybody's rows
    ends_at: datetime = Field(sa_type=Instant)
    placed_at: datetime = Field(sa_type=Instant)
    placed_by: bytes


class LegalHoldRecordRow(SQLModel, table=True):
    """One record that a hold covers; whoever shares its entity is covered, too."""

    __tablename__ = "legal_hold_record"

    hold_id: bytes = Field(primary_key=True)
    record_id: bytes = Field(primary_key=True, index=True)


class LegalHoldLiftRow(SQLModel, table=True):
    """The end of a hold before its date."""

    __tablename__ = "legal_hold_lift"

    hold_id: bytes = Field(primary_key=True)
    reason: str
    lifted_at: datetime = Field(sa_type=Instant)
    lifted_by: bytes


class RetentionRunRow(SQLModel, table=True):
    """One run, for the whole of one day (UTC): open until everything that was due is gone, then completed.

    `plan` is what was due when it began, `certificate` what it did, both canonical JSON of words and counts; `leaf` is
    the audit entry that holds the certificate's hash.
    """

    __tablename__ = "retention_run"

    run_id: bytes = Field(primary_key=True)
    state: str = Field(index=True)
    day: str
    policy_hash: bytes
    plan: str = Field(sa_type=Text)
    started_at: datetime = Field(sa_type=Instant)
    started_by: bytes
    completed_at: datetime | None = Field(default=None, sa_type=Instant)
    certificate: str | None = Field(default=None, sa_type=Text)
    leaf: int | None = Field(default=None, sa_type=BigInteger)
