"""Settling a visible batch: permissive acts take effect, records that belong together are joined.

Every step derives from rows that the batch staged, so it can be repeated after a crash and ends in the same place.
Until the last step the batch's new records are held back from every read: whoever is about to join somebody that said
no must not be read alone before.

Two processes may settle at once, the same batch or two that touch the same people. Each plans in a snapshot and
carries the plan out only while nobody else has moved a record, made a batch visible or settled one since, and nobody
has said anything of whom it moves; else it plans again.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ingest.canonical.identity import IDENTITY_TABLES
from ingest.identity.clustering import moves_of
from ingest.identity.exact import RULES
from ingest.pipeline.edging import write_edges
from ingest.pipeline.moving import MovePlan, carried_out
from ingest.pipeline.ports import Ports
from ingest.pipeline.remembered import Remembered
from ingest.pipeline.uncollected import uncollected
from ingest.store import batch as batches
from ingest.store import identity
from privacy.store.consent import acts_of_batch, move_heads
from privacy.store.epoch import bump_epoch_for_all, lock_epoch
from privacy.terms import BatchId, EntityKind

if TYPE_CHECKING:
    from ingest.pipeline.resolving import Resolved

_CHUNK: Final = 400


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which records move, and what the batch's edges are where people are matched."""

    moves: MovePlan
    resolved: "Resolved | None" = None


@uncollected()
def settle(batch_id: BatchId, ports: Ports, remembered: Remembered | None = None) -> int:
    """Settle a visible batch; return how many records changed entity. Who is `remembered` need not be opened."""
    _let_acts_take_effect(batch_id, ports)
    ports = _of_its_kind(batch_id, ports)
    moved, settled = 0, False
    while not settled:
        plan = _planned(batch_id, ports, remembered or Remembered())
        if plan.resolved is not None and not write_edges(plan.resolved, ports, plan.moves.holds):
            continue
        moved += carried_out(plan.moves, ports)
        settled = _note_settled(batch_id, plan.moves, ports)
    ports.reached("settled")
    return moved


def _of_its_kind(batch_id: BatchId, ports: Ports) -> Ports:
    """Match what the batch brought by the model of its kind: a person and an organisation are never compared."""
    with ports.read_only() as session:
        table = batches.table_of(session, batch_id)
    return ports.of_kind(IDENTITY_TABLES.get(table, EntityKind.PERSON))


def _let_acts_take_effect(batch_id: BatchId, ports: Ports) -> None:
    with ports.read_only() as session:
        permissive = [act for act in acts_of_batch(session, batch_id) if act.permissive]
    for start in range(0, len(permissive), _CHUNK):
        with ports.unit_of_work() as session:
            move_heads(session, permissive[start : start + _CHUNK])
        ports.reached("acts_settled")


def _planned(batch_id: BatchId, ports: Ports, remembered: Remembered) -> _Plan:
    with ports.read_only() as session:
        version = identity.crosswalk_version(session)
    resolution = _resolved(batch_id, ports, remembered)
    if resolution is not None:
        moves = MovePlan(resolution.regroupings, version, batch_id, "model", resolution.decisions)
        return _Plan(moves, resolution)
    with ports.read_only() as session:
        linked = identity.linked_with(session, batch_id)
    outcome = moves_of(linked.indexes, linked.members, RULES, corrected=linked.corrected)
    return _Plan(MovePlan(outcome.regroupings, version, batch_id, "exact_rules"))


def _resolved(batch_id: BatchId, ports: Ports, remembered: Remembered) -> "Resolved | None":
    if ports.matching is None:
        return None
    from ingest.pipeline.resolving import resolved  # noqa: PLC0415 - DuckDB and SciPy, for who is matched alone

    return resolved(batch_id, ports, remembered)


def _note_settled(batch_id: BatchId, plan: MovePlan, ports: Ports) -> bool:
    """End the batch's time between, unless something came between: its new records are read from here on."""
    with ports.unit_of_work() as session:
        lock_epoch(session)
        if not plan.holds(session):
            return False
        if batches.settle_visible(session, batch_id) and batches.brought_records(session, batch_id):
            bump_epoch_for_all(session, kind="batch")
    return True
