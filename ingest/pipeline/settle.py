"""Settling a visible batch: permissive acts take effect, records that belong together are joined.

Every step derives from rows that the batch staged, so it can be repeated after a crash and ends in the same place.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from ingest.identity.clustering import Move, Outcome, moves_of
from ingest.identity.exact import NUMBERS, RULES
from ingest.pipeline.ports import Ports
from ingest.store import batch as batches
from ingest.store import identity
from ingest.store.batch import BatchState
from ingest.store.identity import Cause
from privacy.store.consent import acts_of_batch, move_heads
from privacy.store.epoch import bump_epoch
from privacy.terms import BatchId, EntityId, RecordId

_CHUNK: Final = 400


def settle(batch_id: BatchId, ports: Ports) -> int:
    """Settle a visible batch; return how many records joined another entity."""
    with ports.read_only() as session:
        permissive = [act for act in acts_of_batch(session, batch_id) if act.permissive]
    for start in range(0, len(permissive), _CHUNK):
        with ports.unit_of_work() as session:
            move_heads(session, permissive[start : start + _CHUNK])
        ports.reached("acts_settled")
    outcome = _outcome(batch_id, ports)
    for moves in _runs(outcome.moves):
        with ports.unit_of_work() as session:
            cause = Cause(word="exact_rules", actor=ports.principal, at=ports.clock(), batch_id=batch_id)
            identity.apply_moves(session, moves, cause)
            bump_epoch(session, {move.record for move in moves}, kind="crosswalk")
        ports.reached("moves_settled")
    with ports.unit_of_work() as session:
        batches.mark(session, batch_id, BatchState.SETTLED)
    ports.reached("settled")
    return len(outcome.moves)


def _runs(moves: Sequence[Move]) -> Iterator[list[Move]]:
    """Cut moves into runs that never part an entity.

    The rest of a parted one would no longer share a token with this batch: after a crash nobody would find it.
    """
    run: list[Move] = []
    for _, together in groupby(sorted(moves, key=_from), key=_from):
        run += together
        if len(run) >= _CHUNK:
            yield run
            run = []
    if run:
        yield run


def _from(move: Move) -> bytes:
    return move.from_entity


def _outcome(batch_id: BatchId, ports: Ports) -> Outcome:
    with ports.read_only() as session:
        indexes = identity.shared_indexes(session, batch_id, RULES)
        touched = [RecordId(record) for record in indexes["record"].unique().to_list()]
        members = identity.members_of(session, touched)
        indexes = indexes.join(members, on="record", how="semi")  # who was erased meanwhile has no entity any more
        entities = [EntityId(entity) for entity in members["entity"].unique().to_list()]
        numbers = identity.indexes_of_entities(session, entities, NUMBERS)
    return moves_of(indexes, members, numbers, RULES)
