"""The audit log's rows: leaves that stay, bodies that retention may prune, the log's head and its checkpoints.

Data category: none (random refs only). Retention: leaves for the life of the log; bodies by policy (default five
years).
"""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class AuditLeaf(SQLModel, table=True):
    """One leaf hash of the Merkle log; never updated, never deleted."""

    __tablename__ = "audit_leaf"

    leaf_index: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    leaf_hash: bytes


class AuditBody(SQLModel, table=True):
    """The exact bytes that were hashed; prunable, and then the leaf hash alone remains."""

    __tablename__ = "audit_body"

    leaf_index: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=Instant, index=True)
    action: str = Field(index=True)
    body: bytes


class AuditHead(SQLModel, table=True):
    """The one row that orders the log: its size and the compact range of its right edge."""

    __tablename__ = "audit_head"

    id: int = Field(primary_key=True)
    size: int = Field(sa_type=BigInteger)
    frontier: bytes


class AuditCheckpoint(SQLModel, table=True):
    """A signed note over (origin, size, root)."""

    __tablename__ = "audit_checkpoint"

    size: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=Instant)
    note: str
