"""Batches: staged, made visible in one bounded step, settled, or aborted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col

from ingest.store.delivered import Figure, Refused, StoredBatch
from ingest.tables.batch import Batch, BatchMetric, CategoryValue, QuarantineRow
from ingest.tables.record import RecordRevision
from privacy.store.bulk import among_keys, insert_rows, select_among
from privacy.store.frozen import frozen
from privacy.terms import BatchId

LEASE: Final = timedelta(minutes=5)


class BatchState(StrEnum):
    """Where a batch is; only `visible` and `settled` count for any read."""

    STAGED = "staged"
    VISIBLE = "visible"
    SETTLED = "settled"
    ABORTED = "aborted"


REBUILD: Final = "rebuild"
"""Stands where a delivery names its contract, and where it names its lane: one rebuild of matching at a time."""
COUNTED: Final = (BatchState.VISIBLE.value, BatchState.SETTLED.value)
"""The states of batches that any read may see."""

_STATES_OF_ALL: Final = (
    select(col(RecordRevision.record_id), col(Batch.state))
    .distinct()
    .join(Batch, col(Batch.batch_id) == col(RecordRevision.batch_id))
)
_STATES: Final = _STATES_OF_ALL.where(among_keys(col(RecordRevision.record_id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the rows of a batch: accepted + quarantined + duplicate + suppressed = read."""

    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicate: int = 0
    suppressed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Add up."""
        return Counts(
            read=self.read + other.read,
            accepted=self.accepted + other.accepted,
            quarantined=self.quarantined + other.quarantined,
            duplicate=self.duplicate + other.duplicate,
            suppressed=self.suppressed + other.suppressed,
        )


def counts_of(batch: StoredBatch) -> Counts:
    """Read the counts that a batch's flip noted."""
    return Counts(
        read=batch.rows_read,
        accepted=batch.rows_accepted,
        quarantined=batch.rows_quarantined,
        duplicate=batch.rows_duplicate,
        suppressed=batch.rows_suppressed,
    )


def find_live(session: Session, idempotency_key: bytes) -> StoredBatch | None:
    """Find the batch that holds this very delivery, unless it was aborted."""
    query = select(Batch).where(
        col(Batch.idempotency_key) == idempotency_key, col(Batch.state) != BatchState.ABORTED.value
    )
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else frozen(StoredBatch, row)


def find_in_lane(session: Session, lane: str) -> StoredBatch | None:
    """Find the batch that is staged in a lane: while its lease runs nobody else may stage there."""
    query = select(Batch).where(col(Batch.lane) == lane, col(Batch.state) == BatchState.STAGED.value)
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else frozen(StoredBatch, row)


def is_retry(session: Session, batch_id: BatchId) -> bool:
    """Say whether a batch tries refused rows again: such a batch says nothing about what a source delivers."""
    query = select(col(Batch.batch_id)).where(col(Batch.batch_id) == batch_id, col(Batch.retry_of).is_not(None))
    return session.execute(query).scalar_one_or_none() is not None


def stage(session: Session, row: Mapping[str, Any], *, at: datetime) -> bool:
    """Insert a staged batch with a lease; False if another process staged the same delivery, or is in the lane."""
    new = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    values = {**row, "state": BatchState.STAGED.value, "started_at": at, "lease_until": at + LEASE}
    # RETURNING tells whether it was inserted: psycopg leaves the row count of an INSERT at -1, which is true
    unless_taken = new(Batch).on_conflict_do_nothing().values(**values).returning(col(Batch.batch_id))
    return session.execute(unless_taken).first() is not None


def newest_version(session: Session, contract: str) -> int | None:
    """Return the highest version of a contract under which a batch counts; None if there is none that noted its own."""
    query = select(func.max(col(Batch.contract_version))).where(
        col(Batch.contract) == contract, col(Batch.state).in_(COUNTED)
    )
    newest: int | None = session.execute(query).scalar_one()
    return newest


def renew(session: Session, batch_id: BatchId, *, at: datetime) -> bool:
    """Prolong the lease; False if nothing is left to do for the batch (somebody aborted or settled it)."""
    at_work = (BatchState.STAGED.value, BatchState.VISIBLE.value)
    result = session.execute(
        update(Batch)
        .where(col(Batch.batch_id) == batch_id, col(Batch.state).in_(at_work))
        .values(lease_until=at + LEASE)
    )
    return bool(getattr(result, "rowcount", 0))


def let_go(session: Session, batch_id: BatchId, *, at: datetime) -> None:
    """End the lease of a visible batch: whoever comes next may finish it at once."""
    visible = (col(Batch.batch_id) == batch_id, col(Batch.state) == BatchState.VISIBLE.value)
    session.execute(update(Batch).where(*visible).values(lease_until=at))


def flip_visible(session: Session, batch_id: BatchId, counts: Counts, *, at: datetime) -> bool:
    """Make a staged batch visible: one row changes; False if it was not staged any more."""
    result = session.execute(
        update(Batch)
        .where(col(Batch.batch_id) == batch_id, col(Batch.state) == BatchState.STAGED.value)
        .values(
            state=BatchState.VISIBLE.value,
            visible_at=at,
            rows_read=counts.read,
            rows_accepted=counts.accepted,
            rows_quarantined=counts.quarantined,
            rows_duplicate=counts.duplicate,
            rows_suppressed=counts.suppressed,
        )
    )
    return bool(getattr(result, "rowcount", 0))


def settle_visible(session: Session, batch_id: BatchId) -> bool:
    """Mark a visible batch settled, after its permissive acts and merges; False if another process did that first."""
    result = session.execute(
        update(Batch)
        .where(col(Batch.batch_id) == batch_id, col(Batch.state) == BatchState.VISIBLE.value)
        .values(state=BatchState.SETTLED.value)
    )
    return bool(getattr(result, "rowcount", 0))


def brought_records(session: Session, batch_id: BatchId) -> bool:
    """Say whether a batch revised any record: such a batch held its new records back until it was settled."""
    query = select(col(RecordRevision.record_id)).where(col(RecordRevision.batch_id) == batch_id).limit(1)
    return session.execute(query).first() is not None


def held_back(session: Session, records: Sequence[bytes] | None = None) -> set[bytes]:
    """Return the records, of all or of some, whose every counted revision is in a batch that is not settled yet.

    They are new, and settling may be about to join them with somebody who said no. Costs one look-up by index while
    no batch is between its flip and its settling. A record without any revision (an event named it) is not held.
    """
    unsettled = select(col(Batch.batch_id)).where(col(Batch.state) == BatchState.VISIBLE.value)
    if session.execute(unsettled.limit(1)).first() is None:
        return set()
    if records is not None:
        return _held(select_among(session, _STATES, records))
    brought = select(col(RecordRevision.record_id)).where(col(RecordRevision.batch_id).in_(unsettled))
    return _held(session.execute(_STATES_OF_ALL.where(col(RecordRevision.record_id).in_(brought))))


def _held(states: Iterable[Sequence[Any]]) -> set[bytes]:
    """Fold (record, state) pairs: visible only."""
    found: dict[str, set[bytes]] = {state.value: set() for state in BatchState}
    for record, state in states:
        found[state].add(record)
    return found[BatchState.VISIBLE.value] - found[BatchState.SETTLED.value]


def abort(session: Session, batch_id: BatchId) -> bool:
    """Mark a staged batch aborted; False if it had become visible meanwhile (then it stays)."""
    result = session.execute(
        update(Batch)
        .where(col(Batch.batch_id) == batch_id, col(Batch.state) == BatchState.STAGED.value)
        .values(state=BatchState.ABORTED.value)
    )
    return bool(getattr(result, "rowcount", 0))


def was_aborted(session: Session, batch_id: BatchId) -> bool:
    """Say whether somebody aborted the batch: its writer lost its lease, and must clear up what it wrote since."""
    state = session.execute(select(col(Batch.state)).where(col(Batch.batch_id) == batch_id)).scalar_one_or_none()
    return bool(state == BatchState.ABORTED.value)


def table_of(session: Session, batch_id: BatchId) -> str:
    """Name the canonical table that a batch is of."""
    return str(session.execute(select(col(Batch.canonical_table)).where(col(Batch.batch_id) == batch_id)).scalar_one())


def in_state(session: Session, state: BatchState) -> list[StoredBatch]:
    """List the batches in a state, oldest first."""
    query = select(Batch).where(col(Batch.state) == state.value).order_by(col(Batch.started_at))
    return [frozen(StoredBatch, row) for row in session.execute(query).scalars()]


def visible_batches(session: Session) -> list[StoredBatch]:
    """List the batches that count, newest first."""
    query = select(Batch).where(col(Batch.state).in_(COUNTED)).order_by(col(Batch.started_at).desc())
    return [frozen(StoredBatch, row) for row in session.execute(query).scalars()]


def add_metrics(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep the figures of a batch."""
    insert_rows(session, BatchMetric, rows)


def earlier_volumes(session: Session, contract: str, count: int) -> list[int]:
    """Return how many rows the last deliveries of a contract brought, newest first; retries are none."""
    query = (
        select(col(Batch.rows_accepted))
        .where(col(Batch.contract) == contract, col(Batch.state).in_(COUNTED), col(Batch.retry_of).is_(None))
        .order_by(col(Batch.started_at).desc())
        .limit(count)
    )
    return [int(rows) for rows in session.execute(query).scalars()]


def known_categories(session: Session, contract: str) -> dict[str, set[bytes]]:
    """Return the category values (keyed digests) that counted batches of a contract have brought, by column."""
    query = (
        select(col(CategoryValue.column_name), col(CategoryValue.token))
        .join(Batch, col(Batch.batch_id) == col(CategoryValue.batch_id))
        .where(col(CategoryValue.contract) == contract, col(Batch.state).in_(COUNTED))
    )
    known: dict[str, set[bytes]] = {}
    for column, token in session.execute(query).all():
        known.setdefault(column, set()).add(token)
    return known


def add_categories(session: Session, contract: str, fresh: Mapping[str, set[bytes]], batch_id: BatchId) -> None:
    """Stage category values that a batch brings for the first time."""
    rows = [
        {"contract": contract, "column_name": column, "token": token, "batch_id": batch_id}
        for column, tokens in fresh.items()
        for token in sorted(tokens)
    ]
    insert_rows(session, CategoryValue, rows)


def metrics_of(session: Session, batch_id: BatchId) -> list[Figure]:
    """Read the figures of a batch."""
    query = select(BatchMetric).where(col(BatchMetric.batch_id) == batch_id)
    return [frozen(Figure, row) for row in session.execute(query).scalars()]


def add_quarantined(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep rejected rows, sealed."""
    insert_rows(session, QuarantineRow, rows)


def quarantined(session: Session, contract: str | None = None) -> list[tuple[Refused, str]]:
    """List rejected rows of batches that count, with their contract's name."""
    query = (
        select(QuarantineRow, col(Batch.contract))
        .join(Batch, col(Batch.batch_id) == col(QuarantineRow.batch_id))
        .where(col(Batch.state).in_(COUNTED))
        .order_by(col(Batch.started_at), col(QuarantineRow.line))
    )
    if contract is not None:
        query = query.where(col(Batch.contract) == contract)
    return [(frozen(Refused, row), name) for row, name in session.execute(query).all()]


def waits_refused(session: Session, key_index: bytes, rule: str) -> bool:
    """Say whether a row of a source key waits in quarantine under a rule."""
    query = select(col(QuarantineRow.row_id)).where(
        col(QuarantineRow.subject_index) == key_index, col(QuarantineRow.rule) == rule
    )
    return session.execute(query.limit(1)).first() is not None


def remove_quarantined(session: Session, row_ids: Sequence[bytes]) -> None:
    """Delete rejected rows that were taken in on a second try, or that have expired."""
    for start in range(0, len(row_ids), 500):
        chunk = row_ids[start : start + 500]
        session.execute(delete(QuarantineRow).where(col(QuarantineRow.row_id).in_(chunk)))
