"""Source records: named once for life by a keyed index, revised by every arrival that says something new."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import polars as pl
from sqlalchemy import Insert, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col

from ingest.store.batch import COUNTED
from ingest.tables.batch import Batch
from ingest.tables.identity import ContactOf, Crosswalk, Entity
from ingest.tables.record import HeldText, RecordIndex, RecordRevision, SourceRecord
from privacy.store.bulk import among_keys, execute_rows, insert_rows, select_among
from privacy.terms import BatchId, EntityKind, RecordId, random_id

CHUNK: Final = 500
_PAGE: Final = 2_000
NAMES: Final = {"key_index": pl.Binary(), "record": pl.Binary()}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySpace:
    """The names a source gives: which source, of what kind, indexed under which version of the index key."""

    source: str
    kind: EntityKind
    key_version: int = 1


_RECORDS_OF_KEYS: Final = select(col(SourceRecord.key_index), col(SourceRecord.record_id)).where(
    among_keys(col(SourceRecord.key_index))
)
_CONTENTS: Final = (
    select(col(RecordRevision.record_id), col(RecordRevision.content_index), col(Batch.batch_id), col(Batch.state))
    .join(Batch, col(Batch.batch_id) == col(RecordRevision.batch_id))
    .where(among_keys(col(RecordRevision.record_id)))
    .order_by(col(RecordRevision.revision))
)
_NUMBERS: Final = select(col(RecordRevision.record_id), col(RecordRevision.revision)).where(
    among_keys(col(RecordRevision.record_id))
)
_SEALED: Final = (
    select(
        col(RecordRevision.record_id),
        col(RecordRevision.revision),
        col(RecordRevision.key_id),
        col(RecordRevision.sealed),
    )
    .join(Batch, col(Batch.batch_id) == col(RecordRevision.batch_id))
    .where(among_keys(col(RecordRevision.record_id)), col(Batch.state).in_(COUNTED))
    .order_by(col(RecordRevision.revision))
)


def find_records(session: Session, key_indexes: Sequence[bytes]) -> dict[bytes, RecordId]:
    """Find the record ids of source keys, by their blind index."""
    return {index: RecordId(record) for index, record in select_among(session, _RECORDS_OF_KEYS, key_indexes)}


def records_of_source(session: Session, space: KeySpace) -> pl.DataFrame:
    """Read every name of a key space: columns key_index (Binary), record (Binary); cheaper than many look-ups."""
    query = select(col(SourceRecord.key_index), col(SourceRecord.record_id)).where(
        col(SourceRecord.source) == space.source, col(SourceRecord.kind) == space.kind.value
    )
    # Taken row by row, and past the ORM: half a million small objects held at once keep the garbage collector busy.
    key_indexes, records = [], []
    for key_index, record in session.connection().execute(query, execution_options={"yield_per": _PAGE}):
        key_indexes.append(key_index)
        records.append(record)
    return pl.DataFrame({"key_index": key_indexes, "record": records}, schema=NAMES)


def name_records(
    session: Session, key_indexes: Sequence[bytes], space: KeySpace, *, at: datetime
) -> dict[bytes, RecordId]:
    """Give every unknown source key a random record id and an entity of its own; return the ids of all keys.

    Two processes may meet here with the same key: the first wins, the other is given the winner's id.
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
        for index in sorted(key_indexes)  # one order for all: crosswise locks would be a deadlock on PostgreSQL
    ]
    if not records:
        return {}
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
    return won


def latest_contents(session: Session, records: Sequence[RecordId], batch_id: BatchId) -> dict[RecordId, bytes]:
    """Read the content digest of each record's newest revision that counts or belongs to this very batch."""
    return {
        RecordId(record): index
        for record, index, batch, state in select_among(session, _CONTENTS, records)
        if state in COUNTED or batch == batch_id
    }


def highest_revisions(session: Session, records: Sequence[RecordId]) -> dict[RecordId, int]:
    """Read the highest revision number taken by each record, staged or not: numbers are never used twice."""
    highest: dict[RecordId, int] = {}
    for record, number in select_among(session, _NUMBERS, records):
        highest[RecordId(record)] = max(number, highest.get(RecordId(record), 0))
    return highest


def add_revisions(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stage sealed revisions."""
    insert_rows(session, RecordRevision, rows)


def add_indexes(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stage blind indexes: they count from the moment their batch does; one that the batch has already stays."""
    execute_rows(session, _new_index(_dialect_of(session)), rows)


def add_contacts(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stage which organisation's record a person's record is a contact of; the last row of a batch says it."""
    execute_rows(session, _new_contact(_dialect_of(session)), rows)


def add_held_texts(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep cleaned texts sealed for re-redaction."""
    insert_rows(session, HeldText, rows)


_RECORDS: Final = select(
    col(Crosswalk.record_id), col(Crosswalk.entity_id), col(SourceRecord.source), col(Crosswalk.kind)
).join(SourceRecord, col(SourceRecord.record_id) == col(Crosswalk.record_id))
_RECORDS_OF_ENTITIES: Final = _RECORDS.where(among_keys(col(Crosswalk.entity_id)))
_ENTITIES_OF_RECORDS: Final = select(col(Crosswalk.entity_id)).where(among_keys(col(Crosswalk.record_id)))


def records_frame(session: Session, kind: EntityKind, entities: Sequence[bytes] | None = None) -> pl.DataFrame:
    """Return every record of a kind, or of some entities only: record, entity (Binary, 16 bytes), source (String)."""
    if entities is None:
        found = session.execute(_RECORDS.where(col(Crosswalk.kind) == kind.value)).all()
    else:
        found = list(select_among(session, _RECORDS_OF_ENTITIES, entities))  # type: ignore[arg-type]  # rows are alike
    rows = [(record, entity, source) for record, entity, source, its_kind in found if its_kind == kind.value]
    schema = {"record": pl.Binary, "entity": pl.Binary, "source": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def entities_of_records(session: Session, records: Sequence[bytes]) -> list[bytes]:
    """Return the entities that some records belong to now."""
    return sorted({entity for (entity,) in select_among(session, _ENTITIES_OF_RECORDS, records)})


def sealed_revisions(session: Session, records: Sequence[RecordId]) -> Iterator[tuple[RecordId, int, bytes, bytes]]:
    """Yield (record, revision, key id, sealed document) of each record's newest counted revision."""
    newest = {record: (revision, *rest) for record, revision, *rest in select_among(session, _SEALED, records)}
    for record, (revision, key_id, sealed) in newest.items():
        yield RecordId(record), revision, key_id, sealed


def records_of_batch(session: Session, batch_id: BatchId) -> list[RecordId]:
    """List the records that a batch revised."""
    query = select(col(RecordRevision.record_id)).where(col(RecordRevision.batch_id) == batch_id)
    return [RecordId(record) for record in session.execute(query).scalars()]


def _insert_for(session: Session) -> Any:  # noqa: ANN401 - two dialects' inserts share methods, not a type
    return sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert


def _dialect_of(session: Session) -> str:
    return session.get_bind().dialect.name


@lru_cache(maxsize=2)
def _new_index(dialect: str) -> Insert:
    """Make the statement once a dialect, so that it is compiled once."""
    new: Any = sqlite_insert if dialect == "sqlite" else postgresql_insert
    statement: Insert = new(RecordIndex).on_conflict_do_nothing(
        index_elements=["record_id", "field", "token", "batch_id"]
    )
    return statement


@lru_cache(maxsize=2)
def _new_contact(dialect: str) -> Insert:
    new: Any = sqlite_insert if dialect == "sqlite" else postgresql_insert
    statement = new(ContactOf)
    upsert: Insert = statement.on_conflict_do_update(
        index_elements=["person_record", "batch_id"],
        set_={"organisation_record": statement.excluded.organisation_record},
    )
    return upsert
