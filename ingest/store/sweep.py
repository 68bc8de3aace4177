"""What an aborted batch left behind, deleted in short transactions."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, func, inspect, or_, select, tuple_, update
from sqlmodel import Session, SQLModel, col

from ingest.store.match_form import drop_forms_alone, some_forms_of_batch
from ingest.store.match_merge import drop_runs_of_batch
from ingest.tables.batch import Batch, BatchMetric, CategoryValue, QuarantineRow
from ingest.tables.identity import ContactOf
from ingest.tables.match import MatchFrequency
from ingest.tables.record import HeldText, RecordIndex, RecordRevision
from privacy.blind_index import CANDIDATE_BYTES
from privacy.terms import BatchId

_AT_ONCE: Final = 1000  # with their indexes a lock of some milliseconds: opt-outs pass between
_AFTERMATH: Final = timedelta(days=1)


def sweep_batch(session: Session, batch_id: BatchId) -> int:
    """Delete some of what an aborted batch had staged, but for blind indexes; return how many rows, 0 at the end.

    Call it again, each time in a transaction of its own, until it returns 0: a million rows at once would hold the
    lock for seconds. Record ids stay (they are names for life).
    """
    drop_runs_of_batch(session, batch_id)  # with what its records are found by
    if (count := drop_forms_alone(session, some_forms_of_batch(session, batch_id))) > 0:
        return count
    for table in (RecordRevision, HeldText, ContactOf, QuarantineRow, BatchMetric, CategoryValue, MatchFrequency):
        if (count := _delete_some(session, table, col(table.batch_id) == batch_id)) > 0:
            return count
    return 0


def may_hold_indexes(session: Session, batch_id: BatchId, *, at: datetime) -> bool:
    """Say whether an aborted batch may have left blind indexes: until it was swept, and for a day after its lease.

    Nothing but a look through all of them tells, so it is not done again for ever; after a day no process that lost its
    lease can be about to write any more.
    """
    query = select(col(Batch.batch_id)).where(
        col(Batch.batch_id) == batch_id, or_(col(Batch.swept_at).is_(None), col(Batch.lease_until) > at - _AFTERMATH)
    )
    return session.execute(query).first() is not None


def index_slices(session: Session, batch_id: BatchId) -> list[bytes]:
    """Return where an aborted batch left blind indexes: the first bytes of their tokens."""
    first = func.substr(col(RecordIndex.token), 1, 1)
    query = select(first).where(col(RecordIndex.batch_id) == batch_id).distinct()
    return sorted(bytes(each) for each in session.execute(query).scalars())


def sweep_indexes(session: Session, batch_id: BatchId, first: bytes) -> int:
    """Delete some of the blind indexes of an aborted batch whose tokens begin with a byte; as `sweep_batch` does."""
    last = first + b"\xff" * (CANDIDATE_BYTES - len(first))
    within = and_(col(RecordIndex.token).between(first, last), col(RecordIndex.batch_id) == batch_id)
    return _delete_some(session, RecordIndex, within)


def note_swept(session: Session, batch_id: BatchId, *, at: datetime) -> None:
    """Note that nothing of an aborted batch is left."""
    session.execute(update(Batch).where(col(Batch.batch_id) == batch_id).values(swept_at=at))


def _delete_some(session: Session, table: type[SQLModel], which: ColumnElement[bool]) -> int:
    key = inspect(table).primary_key
    some = select(*key).where(which).limit(_AT_ONCE)
    return int(getattr(session.execute(delete(table).where(tuple_(*key).in_(some))), "rowcount", 0))
