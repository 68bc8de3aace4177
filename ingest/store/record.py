"""Source records: named once for life by a keyed index, revised by every arrival that says something new."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import polars as pl
from sqlalchemy import Insert, Select, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from ingest.store.batch import COUNTED
from ingest.tables.batch import Batch
from ingest.tables.identity import ContactOf, Crosswalk, Entity
from ingest.tables.record import HeldText, RecordIndex, RecordRevision, SourceRecord
from privacy.blind_index import CANDIDATE_BYTES
from privacy.store.bulk import (
    Columns,
    Same,
    among_keys,
    execute_columns,
    insert_columns,
    insert_rows,
    select_among,
)
from privacy.store.columnar import select_columns
from privacy.terms import BatchId, EntityKind, RecordId, random_ids

_PAGE: Final = 2_000
NAMES: Final = {"key_index": pl.Binary(), "record": pl.Binary()}
_DRAWN: Final = NAMES | {"entity": pl.Binary()}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySpace:
    """The names a source gives: which source, of what kind, indexed under which version of the index key."""

    source: str
    kind: EntityKind
    key_version: int = 1


_RECORDS_OF_KEYS: Final = select(col(SourceRecord.key_index), col(SourceRecord.record_id)).where(
    among_keys(col(SourceRecord.key_index))
)
_STATES_OF_KEYS: Final = (  # with the state beside each row, as in _SEALED
    select(col(SourceRecord.key_index), col(Batch.state))
    .join(RecordRevision, col(RecordRevision.record_id) == col(SourceRecord.record_id))
    .join(Batch, col(Batch.batch_id) == col(RecordRevision.batch_id))
    .where(among_keys(col(SourceRecord.key_index)))
)
_REVISIONS: Final = (
    select(
        col(RecordRevision.record_id),
        col(RecordRevision.revision),
        col(RecordRevision.content_index),
        col(Batch.batch_id),
        col(Batch.state),
    )
    .join(Batch, col(Batch.batch_id) == col(RecordRevision.batch_id))
    .where(among_keys(col(RecordRevision.record_id)))
    .order_by(col(RecordRevision.revision))
)
_TOKENS: Final = select(col(RecordRevision.tokens)).where(among_keys(col(RecordRevision.record_id)))
_LATEST: Final = {"record": pl.Binary, "highest": pl.Int64, "content": pl.Binary}
_SEALED: Final = (  # with the state beside each row: asked for it, SQLite would read all that every batch holds
    select(
        col(Batch.state),
        col(RecordRevision.record_id),
        col(RecordRevision.revision),
        col(RecordRevision.key_id),
        col(RecordRevision.sealed),
    )
    .join(Batch, col(Batch.batch_id) == col(RecordRevision.batch_id))
    .where(among_keys(col(RecordRevision.record_id)))
    .order_by(col(RecordRevision.revision))
)


def find_records(session: Session, key_indexes: Sequence[bytes]) -> dict[bytes, RecordId]:
    """Find the record ids of source keys, by their blind index."""
    return {index: RecordId(record) for index, record in select_among(session, _RECORDS_OF_KEYS, key_indexes)}


def keys_on_record(session: Session, key_indexes: Sequence[bytes]) -> set[bytes]:
    """Find which source keys are on record: a counted delivery told of them. One that only events name is not."""
    return {index for index, state in select_among(session, _STATES_OF_KEYS, key_indexes) if state in COUNTED}


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


@dataclass(frozen=True, slots=True)
class Named:
    """The record ids of source keys, by blind index, and the indexes of those that were named just now."""

    records: dict[bytes, RecordId]
    new: set[bytes]


def drawn_names(key_indexes: Sequence[bytes]) -> pl.DataFrame:
    """Draw a random record id and a random entity id for each source key: key_index, record, entity (Binary).

    Rows lie in the order of all three, so that a short transaction writes few pages of each tree instead of one a row.
    Which key gets which id is still chance to whoever has not the index key: the order of keyed digests is random.
    """
    count = len(key_indexes)
    columns = (sorted(key_indexes), sorted(random_ids(count)), sorted(random_ids(count)))
    return pl.DataFrame(dict(zip(_DRAWN, columns, strict=True)), schema=_DRAWN)


def name_records(session: Session, drawn: pl.DataFrame, space: KeySpace, *, at: datetime) -> Named:
    """Give every unknown source key the record id that was drawn for it, and an entity of its own.

    Two processes may meet here with the same key: the first wins, the other is given the winner's id. Both go in the
    order of keys: crosswise locks would be a deadlock on PostgreSQL.
    """
    indexes = drawn["key_index"].to_list()
    wanted = dict(zip(indexes, map(RecordId, drawn["record"]), strict=True))
    kind = Same(space.kind.value)
    columns: Columns = {
        "record_id": list(wanted.values()),
        "kind": kind,
        "source": Same(space.source),
        "key_index": indexes,
        "key_version": Same(space.key_version),
        "created_at": Same(at),
    }
    written = execute_columns(session, _new_record(_dialect_of(session)), columns)
    won = wanted if written == len(wanted) else find_records(session, indexes)
    mine = drawn.filter(pl.Series([won.get(index) == record for index, record in wanted.items()], dtype=pl.Boolean))
    entities = mine["entity"].to_list()
    fresh = {"created_at": Same(at), "revision": Same(0), "merged_into": Same(None)}
    insert_columns(session, Entity, {"entity_id": entities, "kind": kind, **fresh})
    insert_columns(session, Crosswalk, {"record_id": mine["record"].to_list(), "entity_id": entities, "kind": kind})
    return Named(won, set(mine["key_index"]))


def latest_revisions(session: Session, records: Sequence[RecordId], batch_id: BatchId) -> pl.DataFrame:
    """Read, of each record that has any revision, the highest number and the newest content.

    Columns record (Binary), highest (Int64: staged or not, for numbers are never used twice), content (Binary: the
    digest of the newest revision that counts or belongs to this very batch, null if there is none).
    """
    highest: dict[bytes, int] = {}
    content: dict[bytes, bytes] = {}
    for record, number, digest, batch, state in select_among(session, _REVISIONS, records):
        highest[record] = number  # in ascending order: the last one stays
        if state in COUNTED or batch == batch_id:
            content[record] = digest
    columns = {"record": list(highest), "highest": list(highest.values()), "content": list(map(content.get, highest))}
    return pl.DataFrame(columns, schema=_LATEST)


def tokens_of_records(session: Session, records: Sequence[RecordId]) -> list[bytes]:
    """Return the blind indexes that any revision of some records brought: its rows in `record_index` lie by them."""
    return _single(joined for (joined,) in select_among(session, _TOKENS, records))


def tokens_of_batch(session: Session, batch_id: BatchId) -> list[bytes]:
    """Return the blind indexes that any batch brought of the records which a batch revised."""
    mine, theirs = aliased(RecordRevision), aliased(RecordRevision)
    query = (
        select(col(theirs.tokens))
        .join(mine, col(mine.record_id) == col(theirs.record_id))
        .where(col(mine.batch_id) == batch_id)
    )
    return _single(session.execute(query).scalars())


def _single(joined: Iterable[bytes]) -> list[bytes]:
    """Part joined tokens; each once, in order."""
    size = CANDIDATE_BYTES
    return sorted({tokens[start : start + size] for tokens in set(joined) for start in range(0, len(tokens), size)})


def add_revisions(session: Session, columns: Columns) -> None:
    """Stage sealed revisions."""
    insert_columns(session, RecordRevision, columns)


def add_indexes(session: Session, columns: Columns) -> None:
    """Stage blind indexes: they count from the moment their batch does; one that the batch has already stays."""
    execute_columns(session, _new_index(_dialect_of(session)), columns)


def add_contacts(session: Session, columns: Columns) -> None:
    """Stage which organisation's record a person's record is a contact of; the last row of a batch says it."""
    execute_columns(session, _new_contact(_dialect_of(session)), columns)


def add_held_texts(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep cleaned texts sealed for re-redaction."""
    insert_rows(session, HeldText, rows)


_RECORD: Final = (
    col(Crosswalk.record_id),
    col(Crosswalk.entity_id),
    col(SourceRecord.source),
    col(Crosswalk.ordinal),
)
_FRAME: Final = {"record": pl.Binary, "entity": pl.Binary, "source": pl.String, "ordinal": pl.UInt32}
_SAME_RECORD: Final = col(SourceRecord.record_id) == col(Crosswalk.record_id)
_RECORDS_OF_ENTITIES: Final = (
    select(*_RECORD, col(Crosswalk.kind)).join(SourceRecord, _SAME_RECORD).where(among_keys(col(Crosswalk.entity_id)))
)
_ENTITIES_OF_RECORDS: Final = select(col(Crosswalk.entity_id)).where(among_keys(col(Crosswalk.record_id)))


def records_frame(session: Session, kind: EntityKind, entities: Sequence[bytes] | None = None) -> pl.DataFrame:
    """Return every record of a kind, or of some entities only.

    Columns: record, entity (Binary, 16 bytes), source (String), ordinal (UInt32, null before the first release).
    """
    if entities is None:
        return select_columns(session, _records_of(kind), _FRAME, by=col(Crosswalk.record_id))
    found = select_among(session, _RECORDS_OF_ENTITIES, entities)
    return pl.DataFrame([row[:-1] for row in found if row[-1] == kind.value], schema=_FRAME, orient="row")


def _records_of(kind: EntityKind) -> Select[*tuple[Any, ...]]:
    return select(*_RECORD).join(SourceRecord, _SAME_RECORD).where(col(Crosswalk.kind) == kind.value)


def entities_of_records(session: Session, records: Sequence[bytes]) -> list[bytes]:
    """Return the entities that some records belong to now."""
    return sorted({entity for (entity,) in select_among(session, _ENTITIES_OF_RECORDS, records)})


def sealed_revisions(session: Session, records: Sequence[RecordId]) -> Iterator[tuple[RecordId, int, bytes, bytes]]:
    """Yield (record, revision, key id, sealed document) of each record's newest counted revision."""
    rows = (row for state, *row in select_among(session, _SEALED, records) if state in COUNTED)
    newest = {record: (revision, *rest) for record, revision, *rest in rows}
    for record, (revision, key_id, sealed) in newest.items():
        yield RecordId(record), revision, key_id, sealed


def records_of_batch(session: Session, batch_id: BatchId) -> list[RecordId]:
    """List the records that a batch revised."""
    query = select(col(RecordRevision.record_id)).where(col(RecordRevision.batch_id) == batch_id)
    return [RecordId(record) for record in session.execute(query).scalars()]


def _dialect_of(session: Session) -> str:
    return session.get_bind().dialect.name


def _insert_for(dialect: str) -> Any:  # noqa: ANN401 - two dialects' inserts share methods, not a type
    return sqlite_insert if dialect == "sqlite" else postgresql_insert


@lru_cache(maxsize=2)
def _new_record(dialect: str) -> Insert:
    """Make the statement once a dialect, so that it is compiled once."""
    statement: Insert = _insert_for(dialect)(SourceRecord).on_conflict_do_nothing(index_elements=["key_index"])
    return statement


@lru_cache(maxsize=2)
def _new_index(dialect: str) -> Insert:
    key = ["token", "field", "record_id", "batch_id"]
    statement: Insert = _insert_for(dialect)(RecordIndex).on_conflict_do_nothing(index_elements=key)
    return statement


@lru_cache(maxsize=2)
def _new_contact(dialect: str) -> Insert:
    statement = _insert_for(dialect)(ContactOf)
    upsert: Insert = statement.on_conflict_do_update(
        index_elements=["person_record", "batch_id"],
        set_={"organisation_record": statement.excluded.organisation_record},
    )
    return upsert
