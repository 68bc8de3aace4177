"""The crosswalk and its history: read as frames, changed by moves that can be taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl
from sqlalchemy import bindparam, func, insert, select, update
from sqlmodel import Session, col

from ingest.identity.clustering import Move
from ingest.store.batch import BatchState
from ingest.tables.batch import Batch
from ingest.tables.identity import Crosswalk, CrosswalkEvent, Entity
from ingest.tables.record import RecordIndex
from privacy.terms import BatchId, EntityId, EntityKind, PrincipalId, RecordId

CHUNK: Final = 500
_COUNTS: Final = (BatchState.VISIBLE.value, BatchState.SETTLED.value)
_INDEX_SCHEMA: Final = {"record": pl.Binary, "field": pl.String, "token": pl.Binary}
_MEMBER_SCHEMA: Final = {"record": pl.Binary, "entity": pl.Binary, "created_us": pl.Int64}


def shared_indexes(session: Session, batch_id: BatchId, fields: Sequence[str]) -> pl.DataFrame:
    """Return the counted index rows whose token a batch shares with another record: record, field, token.

    Most records of a delivery share nothing with anybody: grouping by token in the database leaves them there. The
    tokens are keyed, so nothing is opened.
    """
    brought = select(col(RecordIndex.token)).where(
        col(RecordIndex.batch_id) == batch_id, col(RecordIndex.field).in_(list(fields))
    )
    counted = (col(RecordIndex.field).in_(list(fields)), col(Batch.state).in_(_COUNTS))
    of_batch = col(Batch.batch_id) == col(RecordIndex.batch_id)
    shared = (
        select(col(RecordIndex.token))
        .join(Batch, of_batch)
        .where(col(RecordIndex.token).in_(brought), *counted)
        .group_by(col(RecordIndex.token))
        .having(func.count(func.distinct(col(RecordIndex.record_id))) > 1)
    )
    query = (
        select(col(RecordIndex.record_id), col(RecordIndex.field), col(RecordIndex.token))
        .join(Batch, of_batch)
        .where(col(RecordIndex.token).in_(shared), *counted)
    )
    rows = [tuple(row) for row in session.execute(query).all()]
    return pl.DataFrame(rows, schema=_INDEX_SCHEMA, orient="row").unique()


def indexes_of_entities(session: Session, entities: Sequence[EntityId], fields: Sequence[str]) -> pl.DataFrame:
    """Return the counted index rows of some entities' records for some fields: record, field, token."""
    frames = [pl.DataFrame(schema=_INDEX_SCHEMA)]
    for start in range(0, len(entities), CHUNK):
        query = (
            select(col(RecordIndex.record_id), col(RecordIndex.field), col(RecordIndex.token))
            .join(Crosswalk, col(Crosswalk.record_id) == col(RecordIndex.record_id))
            .join(Batch, col(Batch.batch_id) == col(RecordIndex.batch_id))
            .where(
                col(Crosswalk.entity_id).in_(entities[start : start + CHUNK]),
                col(RecordIndex.field).in_(list(fields)),
                col(Batch.state).in_(_COUNTS),
            )
        )
        rows = [tuple(row) for row in session.execute(query).all()]
        frames.append(pl.DataFrame(rows, schema=_INDEX_SCHEMA, orient="row"))
    return pl.concat(frames).unique()


def members_of(session: Session, records: Sequence[RecordId]) -> pl.DataFrame:
    """Return all records of the entities that some records belong to: record, entity, created_us of the entity."""
    entities: set[bytes] = set()
    for start in range(0, len(records), CHUNK):
        query = select(col(Crosswalk.entity_id)).where(col(Crosswalk.record_id).in_(records[start : start + CHUNK]))
        entities.update(session.execute(query).scalars())
    chosen, rows = sorted(entities), []
    for start in range(0, len(chosen), CHUNK):
        query_members = (
            select(col(Crosswalk.record_id), col(Crosswalk.entity_id), col(Entity.created_at))
            .join(Entity, col(Entity.entity_id) == col(Crosswalk.entity_id))
            .where(col(Crosswalk.entity_id).in_(chosen[start : start + CHUNK]))
        )
        rows += [(record, entity, int(at.timestamp() * 1e6)) for record, entity, at in session.execute(query_members)]
    return pl.DataFrame(rows, schema=_MEMBER_SCHEMA, orient="row")


_MEMBERSHIP: Final = select(col(Crosswalk.entity_id)).where(col(Crosswalk.record_id) == bindparam("record"))
_BESIDE: Final = select(col(Crosswalk.record_id)).where(col(Crosswalk.entity_id).in_(_MEMBERSHIP.scalar_subquery()))


def records_beside(session: Session, record: RecordId) -> list[RecordId]:
    """List all records of the entity that a record belongs to, itself included; empty if it belongs to none."""
    found = session.connection().execute(_BESIDE, {"record": bytes(record)}).scalars()
    return [RecordId(each) for each in found]


def entity_of_record(session: Session, record: RecordId) -> EntityId | None:
    """Find the entity that a record belongs to now."""
    query = select(col(Crosswalk.entity_id)).where(col(Crosswalk.record_id) == record)
    found = session.execute(query).scalar_one_or_none()
    return None if found is None else EntityId(found)


def records_of_entity(session: Session, entity: EntityId) -> list[RecordId]:
    """List the records of an entity."""
    query = select(col(Crosswalk.record_id)).where(col(Crosswalk.entity_id) == entity)
    return [RecordId(record) for record in session.execute(query).scalars()]


def records_by_attribute(session: Session, field: str, token: bytes) -> list[RecordId]:
    """List the records that carry an attribute, by its blind index."""
    query = select(col(RecordIndex.record_id)).where(col(RecordIndex.field) == field, col(RecordIndex.token) == token)
    return [RecordId(record) for record in session.execute(query.distinct()).scalars()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why records moved, by whom and when: what an unmerge or an undo of a batch is found by."""

    word: str
    actor: PrincipalId
    at: datetime
    batch_id: BatchId | None = None


def apply_moves(session: Session, moves: Sequence[Move], cause: Cause) -> None:
    """Move records between entities, note each move, void what was made of either entity; a few statements in all.

    A move that was made already (a crash came between) is skipped.
    """
    wanted = {move.record: move for move in moves}
    query = select(col(Crosswalk.record_id), col(Crosswalk.entity_id)).where(col(Crosswalk.record_id).in_(list(wanted)))
    present = {RecordId(record): entity for record, entity in session.execute(query).all()}
    due = [move for record, move in wanted.items() if present.get(record) == move.from_entity]
    if not due:
        return
    session.execute(update(Crosswalk), [{"record_id": move.record, "entity_id": move.to_entity} for move in due])
    session.execute(insert(CrosswalkEvent), [_event(move, cause) for move in due])
    revision = session.execute(select(func.max(col(CrosswalkEvent.revision)))).scalar_one()
    touched = list({entity for move in due for entity in (move.from_entity, move.to_entity)})
    session.execute(update(Entity).where(col(Entity.entity_id).in_(touched)).values(revision=revision))


def _event(move: Move, cause: Cause) -> dict[str, object]:
    return {
        "record_id": move.record,
        "from_entity": move.from_entity,
        "to_entity": move.to_entity,
        "cause": cause.word,
        "actor": cause.actor,
        "batch_id": cause.batch_id,
        "at": cause.at,
    }


def moves_between(session: Session, entity: EntityId) -> list[CrosswalkEvent]:
    """List the moves into an entity, newest first: what an unmerge takes back."""
    query = select(CrosswalkEvent).where(col(CrosswalkEvent.to_entity) == entity)
    return list(session.execute(query.order_by(col(CrosswalkEvent.revision).desc())).scalars())


def count_entities(session: Session) -> dict[str, int]:
    """Count the entities that have at least one record, by kind."""
    query = select(col(Crosswalk.kind), func.count(func.distinct(col(Crosswalk.entity_id)))).group_by(
        col(Crosswalk.kind)
    )
    return {kind: int(count) for kind, count in session.execute(query).all()}


def anchors_frame(session: Session, kind: EntityKind) -> pl.DataFrame:
    """Return each entity of a kind with one record that stands for it and the revision of its record set.

    Columns entity, record (Binary, 16 bytes), revision (Int64). The record is the smallest of the entity's, so that a
    row written under it is erased with the entity whichever of its parts is erased.
    """
    query = (
        select(col(Crosswalk.entity_id), col(Crosswalk.record_id), col(Entity.revision))
        .join(Entity, col(Entity.entity_id) == col(Crosswalk.entity_id))
        .where(col(Crosswalk.kind) == kind.value)
    )
    rows = [tuple(row) for row in session.execute(query).all()]
    frame = pl.DataFrame(rows, schema={"entity": pl.Binary, "record": pl.Binary, "revision": pl.Int64}, orient="row")
    return frame.sort("record").unique("entity", keep="first", maintain_order=True)
