"""The key store's own tables, in a database of their own that never shares a transaction with the control database.

Data category: none (wrapped keys under random ids). Retention: a data key lives exactly as long as what it seals.
"""

from typing import Final, NamedTuple

from sqlalchemy import BigInteger, Index, MetaData, text
from sqlmodel import Field, SQLModel

keystore_metadata = MetaData()
NAMED: Final = text("name <> ''")
"""The condition of the index over the hub's own keys: a query that does not say it in these words reads every key."""


class WrappedKey(SQLModel, table=True):
    """One data key, wrapped under the key generation that `kek_id` names; in old rows by the KEK itself."""

    __tablename__ = "wrapped_key"
    __table_args__ = (
        Index("ix_wrapped_key_owner", "owner"),
        Index("ix_wrapped_key_batch", "batch_id"),
        Index(
            "ux_wrapped_key_name",
            "kind",
            "name",
            "version",
            unique=True,
            sqlite_where=NAMED,
            postgresql_where=NAMED,
        ),
        {"sqlite_with_rowid": False},
    )
    metadata = keystore_metadata

    key_id: bytes = Field(primary_key=True)
    kind: str
    owner: bytes
    name: str = ""
    version: int = 1
    batch_id: bytes | None = None
    kek_id: str
    wrapped: bytes


class WrappedRow(NamedTuple):
    """A wrapped key as it is read: opening many records reads as many, and an object of the ORM costs as much again."""

    key_id: bytes
    kind: str
    owner: bytes
    kek_id: str
    wrapped: bytes


class KeyGenerationRow(SQLModel, table=True):
    """One key generation: the key that data keys are wrapped under, itself wrapped by the KEK; empty once destroyed.

    `kek_id` of a wrapped key names its generation. Retention: the row stays after the key is destroyed, as the proof of
    since when copies of its keys open nothing.
    """

    __tablename__ = "key_generation"
    __table_args__ = (
        Index(
            "ux_key_generation_current",
            "state",
            unique=True,
            sqlite_where=text("state = 'current'"),
            postgresql_where=text("state = 'current'"),
        ),
    )
    metadata = keystore_metadata

    generation_id: bytes = Field(primary_key=True)
    kek_id: str
    wrapped: bytes
    state: str  # current | retiring | destroyed
    created_us: int = Field(sa_type=BigInteger)
    retired_us: int | None = Field(default=None, sa_type=BigInteger)
    destroyed_us: int | None = Field(default=None, sa_type=BigInteger)


class LedgerEntry(SQLModel, table=True):
    """The erasure ledger: who (by random id) must never be readable again, and which permissions never return.

    A restored control database is closed until this has been replayed over it. Each entry stands in the control
    database too, under the same id and place; `epoch` is 0 in rows of homes before entries had places.
    """

    __tablename__ = "erasure_ledger"
    __table_args__ = (
        Index("ux_erasure_ledger_entry", "entry_id", unique=True),
        Index("ix_erasure_ledger_place", "epoch", "place"),
    )
    metadata = keystore_metadata

    sequence: int | None = Field(default=None, primary_key=True)
    kind: str  # erased, or the word of an act that says no
    ref: bytes = Field(index=True)
    purpose: str = ""
    erasure_id: bytes
    at_us: int = Field(sa_type=BigInteger)
    entry_id: bytes | None = None
    epoch: int = Field(default=0, sa_type=BigInteger)
    place: int = 0
    channel: str = ""
    detail: str = ""
