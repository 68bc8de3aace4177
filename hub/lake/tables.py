"""The lake's catalogue in the control database; only `hub.lake.catalogue` reads or writes it.

Data category of every column: none (random ids, counts, and first and last event time of a whole file).
Retention: a purged row stays as proof that key and file are gone; leases and intents end with their act.
"""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, LargeBinary, SmallInteger, String
from sqlmodel import Field, SQLModel

from privacy.instant import Instant
from privacy.terms import ID_BYTES

SHA256_BYTES = 32


class LakeFileRow(SQLModel, table=True):
    """One immutable encrypted Parquet file."""

    __tablename__ = "lake_file"
    __table_args__ = (
        CheckConstraint("state IN ('staged','live','removed','purged','lost')", name="lake_file_state"),
        CheckConstraint("remainder >= 0 AND remainder < modulus", name="lake_file_bucket"),
        CheckConstraint("(removed_by IS NULL) = (state IN ('staged','live'))", name="lake_file_removal"),
        Index("lake_file_by_table", "table_name", "state"),
        Index("lake_file_by_removal", "state", "removed_seq"),
        Index("lake_file_by_adder", "added_by", "state"),
    )

    file_id: bytes = Field(sa_column=Column(LargeBinary(ID_BYTES), primary_key=True))  # random; the file's AAD
    table_name: str = Field(sa_column=Column(String(63), nullable=False))
    modulus: int = Field(sa_column=Column(SmallInteger, nullable=False))  # a power of two, 1 to 64
    remainder: int = Field(sa_column=Column(SmallInteger, nullable=False))  # bucket % modulus of every row inside
    rows: int = Field(sa_column=Column(BigInteger, nullable=False))
    size_bytes: int = Field(sa_column=Column(BigInteger, nullable=False))  # encrypted size
    min_event_at: datetime = Field(sa_column=Column(Instant, nullable=False))  # inclusive, to drop whole files
    max_event_at: datetime = Field(sa_column=Column(Instant, nullable=False))  # inclusive
    schema_version: int = Field(sa_column=Column(Integer, nullable=False))  # of the table's columns when written
    key_id: bytes = Field(sa_column=Column(LargeBinary(ID_BYTES), nullable=False))  # in the key store, kind FILE
    sha256: bytes = Field(sa_column=Column(LargeBinary(SHA256_BYTES), nullable=False))  # of the encrypted bytes
    state: str = Field(sa_column=Column(String(8), nullable=False))  # FileState
    added_by: bytes = Field(sa_column=Column(LargeBinary(ID_BYTES), nullable=False))  # batch or operation id
    added_at: datetime = Field(sa_column=Column(Instant, nullable=False))  # database time
    removed_by: bytes | None = Field(sa_column=Column(LargeBinary(ID_BYTES), nullable=True))  # operation id
    removed_at: datetime | None = Field(sa_column=Column(Instant, nullable=True))  # database time
    removed_seq: int | None = Field(sa_column=Column(BigInteger, nullable=True))  # lake_head.seq of the removal


class LakeHeadRow(SQLModel, table=True):
    """One counter row: each removal takes the next number while holding the row, so numbers follow commit order."""

    __tablename__ = "lake_head"

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))  # always 1
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))


class LakeLeaseRow(SQLModel, table=True):
    """One reader: whatever was removed after `snapshot_seq` is kept until `until`."""

    __tablename__ = "lake_lease"

    lease_id: bytes = Field(sa_column=Column(LargeBinary(ID_BYTES), primary_key=True))
    opened_at: datetime = Field(sa_column=Column(Instant, nullable=False))  # bounds every renewal
    until: datetime = Field(sa_column=Column(Instant, nullable=False, index=True))
    snapshot_seq: int = Field(sa_column=Column(BigInteger, nullable=False))


class LakeIntentRow(SQLModel, table=True):
    """One file about to be written: committed before its first byte, deleted when the file is staged."""

    __tablename__ = "lake_intent"
    __table_args__ = (CheckConstraint("state IN ('open','sweeping')", name="lake_intent_state"),)

    file_id: bytes = Field(sa_column=Column(LargeBinary(ID_BYTES), primary_key=True))
    intent_id: bytes = Field(sa_column=Column(LargeBinary(ID_BYTES), nullable=False, index=True))  # one act
    kind: str = Field(sa_column=Column(String(8), nullable=False))  # Act
    table_name: str = Field(sa_column=Column(String(63), nullable=False))
    key_id: bytes = Field(sa_column=Column(LargeBinary(ID_BYTES), nullable=False))
    state: str = Field(sa_column=Column(String(8), nullable=False))  # open, or claimed by a sweep
    expires_at: datetime = Field(sa_column=Column(Instant, nullable=False, index=True))
    instance_id: bytes = Field(sa_column=Column(LargeBinary(ID_BYTES), nullable=False))  # whose sweep may delete
