"""Moves of records between entities, carried out in short transactions that never part what belongs together.

A plan is made in a snapshot, and holds only while nobody else has moved a record or made a batch visible since.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from ingest.identity.clustering import Regrouping
from ingest.pipeline.ports import Ports
from ingest.store import identity
from ingest.store.move import Cause, apply_moves
from privacy.store.epoch import bump_epoch, lock_epoch
from privacy.terms import BatchId

_CHUNK: Final = 150
"""Moves of one transaction: opt-outs wait behind it, and 400 took 43 ms."""


@dataclass(slots=True)
class MovePlan:
    """Which records move, for which batch and why (a word of the history), and on which crosswalk that was decided."""

    regroupings: Sequence[Regrouping]
    version: tuple[int, int]
    batch_id: BatchId
    word: str

    def holds(self, session: Session) -> bool:
        """Say whether nothing came between; call it under the epoch's lock."""
        return identity.crosswalk_version(session) == self.version


def carried_out(plan: MovePlan, ports: Ports) -> int:
    """Make the moves of a plan; return how many: fewer than there are if the plan goes out of date on the way."""
    return sum(_carry_out(run, plan, ports) for run in _runs(plan.regroupings))


def _carry_out(run: Sequence[Regrouping], plan: MovePlan, ports: Ports) -> int:
    """Make some moves; return how many, 0 if the plan is out of date."""
    moves = [move for regrouping in run for move in regrouping.moves]
    with ports.unit_of_work() as session:
        lock_epoch(session)
        if not plan.holds(session):
            return 0
        cause = Cause(word=plan.word, actor=ports.principal, at=ports.clock(), batch_id=plan.batch_id)
        apply_moves(session, moves, cause)
        bump_epoch(session, sorted({record for each in run for record in each.records}), kind="crosswalk")
        plan.version = identity.crosswalk_version(session)
    ports.reached("moves_settled")
    return len(moves)


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
