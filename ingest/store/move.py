"""Moves of records between entities: each noted with its cause, so that a merge can be taken back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl
from sqlalchemy import bindparam, func, select, update
from sqlmodel import Session, col

from ingest.identity.clustering import Move
from ingest.store.identity import homes_of
from ingest.tables.identity import Crosswalk, CrosswalkEvent, Entity
from privacy.store.bulk import among_keys, insert_rows, select_among
from privacy.terms import BatchId, EntityId, PrincipalId, RecordId

_REVISED: Final = (
    update(Entity).where(col(Entity.entity_id) == bindparam("of_entity")).values(revision=bindparam("last"))
)
_MOVE: Final = (
    update(Crosswalk).where(col(Crosswalk.record_id) == bindparam("of_record")).values(entity_id=bindparam("there"))
)

_LEFT: Final = select(col(CrosswalkEvent.from_entity)).where(among_keys(col(CrosswalkEvent.record_id))).distinct()


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
    present = homes_of(session, list(wanted))
    due = [move for record, move in wanted.items() if present.get(record) == move.from_entity]
    if not due:
        return
    session.connection().execute(_MOVE, [{"of_record": move.record, "there": move.to_entity} for move in due])
    insert_rows(session, CrosswalkEvent, [_event(move, cause) for move in due])
    revision = session.execute(select(func.max(col(CrosswalkEvent.revision)))).scalar_one()
    touched = sorted({entity for move in due for entity in (move.from_entity, move.to_entity)})
    session.connection().execute(_REVISED, [{"of_entity": entity, "last": revision} for entity in touched])


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


def homes_before(session: Session, records: Iterable[RecordId]) -> set[EntityId]:
    """Return every entity that one of some records was moved out of, at any time."""
    return {EntityId(entity) for (entity,) in select_among(session, _LEFT, sorted(set(records)))}


def moves_since(session: Session, revision: int) -> pl.DataFrame:
    """Return the moves after a revision of the crosswalk, oldest first: record, from_entity, to_entity (Binary)."""
    query = (
        select(col(CrosswalkEvent.record_id), col(CrosswalkEvent.from_entity), col(CrosswalkEvent.to_entity))
        .where(col(CrosswalkEvent.revision) > revision)
        .order_by(col(CrosswalkEvent.revision))
    )
    schema = {"record": pl.Binary, "from_entity": pl.Binary, "to_entity": pl.Binary}
    return pl.DataFrame([tuple(row) for row in session.execute(query)], schema=schema, orient="row")


def moves_of_batch(session: Session, batch_id: BatchId) -> list[Move]:
    """List the moves that a batch caused, oldest first: what an undo of the batch takes back."""
    query = (
        select(col(CrosswalkEvent.record_id), col(CrosswalkEvent.from_entity), col(CrosswalkEvent.to_entity))
        .where(col(CrosswalkEvent.batch_id) == batch_id)
        .order_by(col(CrosswalkEvent.revision))
    )
    found = session.execute(query)
    return [Move(RecordId(record), EntityId(there), EntityId(here)) for record, there, here in found]
