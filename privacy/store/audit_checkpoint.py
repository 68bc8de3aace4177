"""Checkpoints of the audit log: signed notes over its head, one a size, never over less than was signed before."""

from datetime import datetime

from sqlalchemy import insert, select
from sqlmodel import Session, col

from privacy.checkpoint import origin_of, sign_checkpoint
from privacy.keys import Key
from privacy.store.audit import complete_log_head
from privacy.tables.audit import AuditCheckpoint
from privacy.verifier import Checkpoint, ProofRejected


def add_checkpoint(session: Session, base: str, key: Key, *, at: datetime) -> str | None:
    """Sign the log's present head, unless it is signed already; return the note.

    `base` is the origin of the hub's first log. The lock on the head makes two servers that sign at once take turns:
    there is one note a size.

    Raises:
        ProofRejected: the log is shorter than what was signed before: two such notes would contradict each other.

    """
    head = complete_log_head(session)
    newest = session.execute(select(AuditCheckpoint).order_by(col(AuditCheckpoint.size).desc()).limit(1)).scalar()
    if newest is not None and newest.size > head.end:
        raise ProofRejected(f"audit log: a checkpoint over {newest.size} entries is longer than the log")
    if head.frontier.size == 0 or (newest is not None and newest.size == head.end):
        return None if newest is None else newest.note
    note = sign_checkpoint(Checkpoint(origin_of(base, head.log), head.frontier.head), key)
    session.execute(insert(AuditCheckpoint), [{"size": head.end, "at": at, "note": note}])
    return note


def newest_checkpoint(session: Session) -> str | None:
    """Return the newest signed note."""
    query = select(col(AuditCheckpoint.note)).order_by(col(AuditCheckpoint.size).desc()).limit(1)
    return session.execute(query).scalar()
