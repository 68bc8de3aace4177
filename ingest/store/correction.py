"""Corrections of records at rest: sealed, numbered for each record, each brought by a batch of its own (Art. 16)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, insert, select
from sqlmodel import Session, col

from ingest.store.batch import COUNTED, BatchState
from ingest.tables.batch import Batch
from ingest.tables.record import RecordCorrection, RecordIndex, RecordRevision, SourceRecord
from privacy.store.bulk import among_keys, insert_rows, select_among
from privacy.terms import RecordId

CONTRACT: Final = "rectification"
"""Stands where a delivery names its contract."""

_SEALED: Final = select(
    col(RecordCorrection.record_id),
    col(RecordCorrection.number),
    col(RecordCorrection.key_id),
    col(RecordCorrection.sealed),
    col(RecordCorrection.corrected_at),
).where(among_keys(col(RecordCorrection.record_id)))
_TOLD: Final = (
    select(
        col(Batch.state),
        col(RecordRevision.record_id),
        col(RecordRevision.revision),
        col(RecordRevision.key_id),
        col(RecordRevision.sealed),
        col(RecordRevision.content_index),
        col(SourceRecord.source),
    )
    .join(Batch, col(Batch.batch_id) == col(RecordRevision.batch_id))
    .join(SourceRecord, col(SourceRecord.record_id) == col(RecordRevision.record_id))
    .where(among_keys(col(RecordRevision.record_id)))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedCorrection:
    """One correction as it lies: the key that opens it, what it is sealed for, and when the right values came."""

    record_id: RecordId
    number: int
    key_id: bytes
    sealed: bytes
    corrected_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One counted revision of a record, sealed, with the digest of what the source had said and the source's name."""

    record_id: RecordId
    revision: int
    key_id: bytes
    sealed: bytes
    content_index: bytes
    source: str


def any_corrections(session: Session) -> bool:
    """Say whether any record was ever corrected: most hubs have none, and need look no further."""
    return session.execute(select(col(RecordCorrection.record_id)).limit(1)).first() is not None


def sealed_corrections(session: Session, records: Sequence[RecordId]) -> list[SealedCorrection]:
    """List the corrections of some records, each record's oldest first."""
    found = [
        SealedCorrection(
            record_id=RecordId(record), number=number, key_id=key_id, sealed=sealed, corrected_at=corrected_at
        )
        for record, number, key_id, sealed, corrected_at in select_among(session, _SEALED, records)
    ]
    return sorted(found, key=lambda each: (each.record_id, each.number))


def told_revisions(session: Session, records: Sequence[RecordId]) -> list[Told]:
    """List every counted revision of some records, each record's oldest first."""
    found = [
        Told(
            record_id=RecordId(record),
            revision=revision,
            key_id=key_id,
            sealed=sealed,
            content_index=content,
            source=source,
        )
        for state, record, revision, key_id, sealed, content, source in select_among(session, _TOLD, records)
        if state in COUNTED
    ]
    return sorted(found, key=lambda each: (each.record_id, each.revision))


def add_correction_batch(session: Session, row: Mapping[str, Any]) -> None:
    """Enter the batch that brings corrections: visible at once, to be settled like any other."""
    session.execute(insert(Batch).values(**row, contract=CONTRACT, state=BatchState.VISIBLE.value))


def add_corrections(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep corrections."""
    insert_rows(session, RecordCorrection, rows)


def drop_indexes(session: Session, record: RecordId, fields: Iterable[str], tokens: Sequence[bytes]) -> None:
    """Delete those of a record's blind indexes that a wrong value left: of some fields, among its known tokens."""
    for start in range(0, len(tokens), 500):
        session.execute(
            delete(RecordIndex).where(
                col(RecordIndex.token).in_(tokens[start : start + 500]),
                col(RecordIndex.record_id) == record,
                col(RecordIndex.field).in_(list(fields)),
            )
        )


def corrected_by(session: Session, batch_id: bytes) -> list[RecordId]:
    """List the records that a batch corrected."""
    query = select(col(RecordCorrection.record_id)).where(col(RecordCorrection.batch_id) == batch_id)
    return [RecordId(record) for record in session.execute(query).scalars()]
