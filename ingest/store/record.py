"""Source records: named once for life by a keyed index, revised by every arrival that says something new."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl
from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col

from ingest.store.batch import BatchState
from ingest.tables.batch import Batch
from ingest.tables.identity import ContactOf, Crosswalk, Entity
from ingest.tables.record import HeldText, RecordIndex, RecordRevision, SourceRecord
from privacy.store.bulk import execute_rows, insert_rows
from privacy.terms import BatchId, EntityKind, RecordId, random_id

CHUNK: Final = 500
_COUNTS: Final = (BatchState.VISIBLE.value, BatchState.SETTLED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySpace:
    """The names a source gives: which source, of what kind, indexed under which version of the index key."""

    source: str
    kind: EntityKind
    key_version: int = 1


def find_records(session: Session, key_indexes: Sequence[bytes]) -> dict[bytes, RecordId]:
    """Find the record ids of source keys, by their blind index."""
    found: dict[bytes, RecordId] = {}
    for start in range(0, len(key_indexes), CHUNK):
        chunk = key_indexes[start : start + CHUNK]
        query = select(col(SourceRecord.key_index), col(SourceRecord.record_id)).where(
            col(SourceRecord.key_index).in_(chunk)
        )
        found.update({index: RecordId(record) for index, record in session.execute(query).all()})
    return found


def records_of_source(session: Session, key_indexes: Sequence[bytes], space: KeySpace) -> dict[bytes, RecordId]:
    """Find the same by reading every name of the source in one pass: for very many keys."""
    query = select(col(SourceRecord.key_index), col(SourceRecord.record_id)).where(
        col(SourceRecord.source) == space.source, col(SourceRecord.kind) == space.kind.value
    )
    wanted = set(key_indexes)
    return {index: RecordId(record) for index, record in session.execute(query) if index in wanted}


def name_records(session: Session, key_indexes: Sequence[bytes], space: KeySpace, *, at: datetime) -> None:
    """Give every unknown source key a random record id and an entity of its own.

    Two processes may meet here with the same key: the first wins, the other reads the winner's id back afterwards.
    """
    records: list[dict[str, Any]] = [
        {
            "record_id": random_id(),
            "kind": space.kind.value,
            "source": space.source,
            "key_index": index,
            "key_version": space.key_version,
            "created_at": at,
        }
        for index in key_indexes
    ]
    if not records:
        return
    new = _insert_for(session)
    execute_rows(session, new(SourceRecord).on_conflict_do_nothing(index_elements=["key_index"]), records)
    won = find_records(session, key_indexes)
    mine = [row for row in records if won.get(row["key_index"]) == row["record_id"]]
    entities = [
        {"entity_id": random_id(), "kind": space.kind.value, "created_at": at, "revision": 0, "merged_into": None}
        for _ in mine
    ]
    if mine:
        insert_rows(session, Entity, entities)
        insert_rows(
            session,
            Crosswalk,
            [
                {"record_id": row["record_id"], "entity_id": entity["entity_id"], "kind": space.kind.value}
                for row, entity in zip(mine, entities, strict=True)
            ],
        )


def latest_contents(session: Session, records: Sequence[RecordId], batch_id: BatchId) -> dict[RecordId, bytes]:
    """Read the content digest of each record's newest revision that counts or belongs to this very batch."""
    newest: dict[RecordId, bytes] = {}
    for start in range(0, len(records), CHUNK):
        chunk = records[start : start + CHUNK]
        query = (
            select(col(RecordRevision.record_id), col(RecordRevision.content_index))
            .join(Batch, col(Batch.batch_id) == col(RecordRevision.batch_id))
            .where(
                col(RecordRevision.record_id).in_(chunk),
                or_(col(Batch.state).in_(_COUNTS), col(Batch.batch_id) == batch_id),
            )
            .order_by(col(RecordRevision.revision))
        )
        newest.update({RecordId(record): index for record, index in session.execute(query).all()})
    return newest


def highest_revisions(session: Session, records: Sequence[RecordId]) -> dict[RecordId, int]:
    """Read the highest revision number taken by each record, staged or not: numbers are never used twice."""
    highest: dict[RecordId, int] = {}
    for start in range(0, len(records), CHUNK):
        chunk = records[start : start + CHUNK]
        query = select(col(RecordRevision.record_id), col(RecordRevision.revision)).where(
            col(RecordRevision.record_id).in_(chunk)
        )
        for record, number in session.execute(query).all():
            highest[RecordId(record)] = max(number, highest.get(RecordId(record), 0))
    return highest


def add_revisions(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stage sealed revisions."""
    insert_rows(session, RecordRevision, rows)


def add_indexes(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stage blind indexes: they count from the moment their batch does."""
    insert_rows(session, RecordIndex, rows)


def add_contacts(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stage which organisation's record a person's record is a contact of."""
    insert_rows(session, ContactOf, rows)


def add_held_texts(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep cleaned texts sealed for re-redaction."""
    insert_rows(session, HeldText, rows)


def records_frame(session: Session, kind: EntityKind) -> pl.DataFrame:
    """Return every record of a kind: record, entity (Binary, 16 bytes), source (String)."""
    query = (
        select(col(Crosswalk.record_id), col(Crosswalk.entity_id), col(SourceRecord.source))
        .join(SourceRecord, col(SourceRecord.record_id) == col(Crosswalk.record_id))
        .where(col(Crosswalk.kind) == kind.value)
    )
    rows = session.execute(query).all()
    schema = {"record": pl.Binary, "entity": pl.Binary, "source": pl.String}
    return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")


def sealed_revisions(session: Session, records: Sequence[RecordId]) -> Iterator[tuple[RecordId, int, bytes, bytes]]:
    """Yield (record, revision, key id, sealed document) of each record's newest counted revision."""
    for start in range(0, len(records), CHUNK):
        chunk = records[start : start + CHUNK]
        query = (
            select(RecordRevision)
            .join(Batch, col(Batch.batch_id) == col(RecordRevision.batch_id))
            .where(col(RecordRevision.record_id).in_(chunk), col(Batch.state).in_(_COUNTS))
            .order_by(col(RecordRevision.revision))
        )
        newest = {row.record_id: row for row in session.execute(query).scalars()}
        for row in newest.values():
            yield RecordId(row.record_id), row.revision, row.key_id, row.sealed


def records_of_batch(session: Session, batch_id: BatchId) -> list[RecordId]:
    """List the records that a batch revised."""
    query = select(col(RecordRevision.record_id)).where(col(RecordRevision.batch_id) == batch_id)
    return [RecordId(record) for record in session.execute(query).scalars()]


def _insert_for(session: Session) -> Any:  # noqa: ANN401 - two dialects' inserts share methods, not a type
    return sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
