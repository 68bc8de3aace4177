"""What records say now, sealed, with where and when they said it: what golden records are made of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from ingest.store.batch import COUNTED
from ingest.tables.batch import Batch
from ingest.tables.record import RecordRevision, SourceRecord
from privacy.store.bulk import among_keys, select_among
from privacy.terms import RecordId

_SAID: Final = (  # with the state beside each row: asked for it, SQLite would read all that every batch holds
    select(
        col(Batch.state),
        col(RecordRevision.record_id),
        col(RecordRevision.revision),
        col(RecordRevision.key_id),
        col(RecordRevision.sealed),
        col(RecordRevision.arrived_at),
        col(SourceRecord.source),
    )
    .join(Batch, col(Batch.batch_id) == col(RecordRevision.batch_id))
    .join(SourceRecord, col(SourceRecord.record_id) == col(RecordRevision.record_id))
    .where(among_keys(col(RecordRevision.record_id)))
    .order_by(col(RecordRevision.revision))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The newest counted revision of a record, as it lies."""

    record_id: RecordId
    revision: int
    key_id: bytes
    sealed: bytes = field(repr=False)
    said_at: datetime
    source: str


def sealed_sayings(session: Session, records: Sequence[RecordId]) -> list[Said]:
    """List what some records say now, by record; one that never said anything is absent."""
    newest = {
        record: Said(
            record_id=RecordId(record), revision=revision, key_id=key_id, sealed=sealed, said_at=said_at, source=source
        )
        for state, record, revision, key_id, sealed, said_at, source in select_among(session, _SAID, records)
        if state in COUNTED
    }
    return [newest[record] for record in sorted(newest)]
