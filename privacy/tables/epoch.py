"""The epoch and its change log: what every cached answer is checked against.

Retention: change rows are technical (random ids) and kept. A process asks from the epoch of its remembered sets on,
however old: whoever prunes rows has to make `records_changed_since` answer for everybody where they are gone.
"""

from sqlalchemy import BigInteger, Column, Integer
from sqlmodel import Field, SQLModel


class Epoch(SQLModel, table=True):
    """One locked counter row: bumped by every act that can change who may be read.

    A row, not a sequence: on PostgreSQL a lower sequence number can commit later.
    """

    __tablename__ = "epoch"

    id: int = Field(primary_key=True)
    value: int = Field(sa_type=BigInteger)


class Change(SQLModel, table=True):
    """Which record an epoch changed; a null record means everybody (policy, view state, restore)."""

    __tablename__ = "change"

    seq: int | None = Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    )
    epoch: int = Field(sa_type=BigInteger, index=True)
    record_id: bytes | None = None
    kind: str
