"""The audit log's rows: arrivals, leaves that stay, bodies that retention may prune, the head, the checkpoints.

An entry is placed in its own transaction, or arrives first and is placed by the next sequencer (`store.audit`).

A restored database goes on under a new log (`audit_continuation`). Leaves and bodies are numbered through, log after
log: `leaf_index` is the number of an entry in this database; its place in its own tree is `leaf_index - start`.

Data category: none (random refs only). Retention: leaves for the life of the log; bodies by policy (default five
years).
"""

from datetime import datetime

from sqlalchemy import BigInteger, Identity
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class AuditLeaf(SQLModel, table=True):
    """One leaf hash of the Merkle log; never updated, never deleted. `arrival` is set if the entry arrived first."""

    __tablename__ = "audit_leaf"

    leaf_index: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    leaf_hash: bytes
    arrival: int | None = Field(default=None, sa_type=BigInteger, unique=True, index=True)


class AuditArrival(SQLModel, table=True):
    """An entry that is committed and has no place in the tree yet; numbered as entries arrive (PostgreSQL only).

    The database lets a row go only once a leaf of its number and hash is there.
    """

    __tablename__ = "audit_arrival"

    arrival: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_args=(Identity(always=True),), primary_key=True
    )
    at: datetime = Field(sa_type=Instant)
    action: str
    leaf_hash: bytes
    body: bytes


class AuditBody(SQLModel, table=True):
    """The exact bytes that were hashed; prunable, and then the leaf hash alone remains."""

    __tablename__ = "audit_body"

    leaf_index: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=Instant, index=True)
    action: str = Field(index=True)
    body: bytes


class AuditHead(SQLModel, table=True):
    """The one row that orders the log: which log is written, where it starts, its size and its tree's right edge."""

    __tablename__ = "audit_head"

    id: int = Field(primary_key=True)
    size: int = Field(sa_type=BigInteger)
    frontier: bytes
    log: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    start: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})


class AuditNode(SQLModel, table=True):
    """The root of a perfect subtree at every fourth level, so that a proof need not read every leaf; can be rebuilt."""

    __tablename__ = "audit_node"

    log: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    level: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    position: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    node_hash: bytes


class AuditContinuation(SQLModel, table=True):
    """A log after the first: where it starts, and the last known checkpoint of the log before it; never changed."""

    __tablename__ = "audit_continuation"

    log: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    start: int = Field(sa_type=BigInteger, unique=True)
    at: datetime = Field(sa_type=Instant)
    note: str


class AuditCheckpoint(SQLModel, table=True):
    """A signed note over (origin, size, root); `size` counts all leaves in the database up to the signed head."""

    __tablename__ = "audit_checkpoint"

    size: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=Instant)
    note: str
