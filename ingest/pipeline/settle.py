"""Settling a visible batch: permissive acts take effect, records that belong together are joined.

Every step derives from rows that the batch staged, so it can be repeated after a crash and ends in the same place.
Until the last step the batch's new records are held back from every read: whoever is about to join somebody that said
no must not be read alone before.

Two processes may settle at once, the same batch or two that touch the same people. Each plans in a snapshot and
carries the plan out only while nobody else has moved a record or made a batch visible since; else it plans again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlmodel import Session

from ingest.identity.clustering import Regrouping, moves_of
from ingest.identity.exact import RULES
from ingest.pipeline.edging import write_edges
from ingest.pipeline.ports import Ports
from ingest.store import batch as batches
from ingest.store import identity
from ingest.store.move import Cause, apply_moves
from privacy.store.consent import acts_of_batch, move_heads
from privacy.store.epoch import bump_epoch, bump_epoch_for_all, lock_epoch
from privacy.terms import BatchId

if TYPE_CHECKING:
    from ingest.pipeline.resolving import Resolved

_CHUNK: Final = 400


@dataclass(slots=True)
class _Plan:
    """Which records move, and the version of the crosswalk on which that was decided."""

    regroupings: list[Regrouping]
    version: tuple[int, int]
    resolved: "Resolved | None" = None

    def holds(self, session: Session) -> bool:
        """Say whether nothing came between; call it under the epoch's lock."""
        return identity.crosswalk_version(session) == self.version

    @property
    def word(self) -> str:
        """What moves records, as the history of moves tells it."""
        return "exact_rules" if self.resolved is None else "model"


def settle(batch_id: BatchId, ports: Ports) -> int:
    """Settle a visible batch; return how many records changed entity."""
    _let_acts_take_effect(batch_id, ports)
    moved, settled = 0, False
    while not settled:
        plan = _planned(batch_id, ports)
        if plan.resolved is not None and not write_edges(plan.resolved, ports, plan.holds):
            continue
        moved += sum(_carry_out(run, plan, batch_id, ports) for run in _runs(plan.regroupings))
        settled = _note_settled(batch_id, plan, ports)
    ports.reached("settled")
    return moved


def _let_acts_take_effect(batch_id: BatchId, ports: Ports) -> None:
    with ports.read_only() as session:
        permissive = [act for act in acts_of_batch(session, batch_id) if act.permissive]
    for start in range(0, len(permissive), _CHUNK):
        with ports.unit_of_work() as session:
            move_heads(session, permissive[start : start + _CHUNK])
        ports.reached("acts_settled")


def _planned(batch_id: BatchId, ports: Ports) -> _Plan:
    with ports.read_only() as session:
        version = identity.crosswalk_version(session)
    resolution = _resolved(batch_id, ports)
    if resolution is not None:
        return _Plan(resolution.regroupings, version, resolution)
    with ports.read_only() as session:
        linked = identity.linked_with(session, batch_id)
    outcome = moves_of(linked.indexes, linked.members, RULES, corrected=linked.corrected)
    return _Plan(outcome.regroupings, version)


def _resolved(batch_id: BatchId, ports: Ports) -> "Resolved | None":
    if ports.matching is None:
        return None
    from ingest.pipeline.resolving import resolved  # noqa: PLC0415 - DuckDB and SciPy, for who is matched alone

    return resolved(batch_id, ports)


def _carry_out(run: Sequence[Regrouping], plan: _Plan, batch_id: BatchId, ports: Ports) -> int:
    """Make some moves; return how many, 0 if the plan is out of date."""
    moves = [move for regrouping in run for move in regrouping.moves]
    with ports.unit_of_work() as session:
        lock_epoch(session)
        if not plan.holds(session):
            return 0
        cause = Cause(word=plan.word, actor=ports.principal, at=ports.clock(), batch_id=batch_id)
        apply_moves(session, moves, cause)
        bump_epoch(session, sorted({record for each in run for record in each.records}), kind="crosswalk")
        plan.version = identity.crosswalk_version(session)
    ports.reached("moves_settled")
    return len(moves)


def _note_settled(batch_id: BatchId, plan: _Plan, ports: Ports) -> bool:
    """End the batch's time between, unless something came between: its new records are read from here on."""
    with ports.unit_of_work() as session:
        lock_epoch(session)
        if not plan.holds(session):
            return False
        if batches.settle_visible(session, batch_id) and batches.brought_records(session, batch_id):
            bump_epoch_for_all(session, kind="batch")
    return True


def _runs(regroupings: Sequence[Regrouping]) -> Iterator[list[Regrouping]]:
    """Cut moves into runs that never part what belongs together: each run is one transaction."""
    run: list[Regrouping] = []
    moves = 0
    for regrouping in regroupings:
        run.append(regrouping)
        moves += len(regrouping.moves)
        if moves >= _CHUNK:
            yield run
            run, moves = [], 0
    if run:
        yield run
