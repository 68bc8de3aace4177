"""Moves of records between entities, carried out in short transactions that never part what belongs together.

A plan is made in a snapshot, and holds only while nobody else has moved a record, made a batch visible or settled one
since, and as long as people have said nothing new of whom it moves.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from ingest.identity.clustering import Regrouping
from ingest.pipeline.ports import Ports
from ingest.store import identity
from ingest.store.match_decision import Verdict, decisions_of
from ingest.store.move import Cause, apply_moves
from privacy.store.epoch import bump_epoch, lock_epoch
from privacy.terms import BatchId

_CHUNK: Final = 150
"""Moves of one transaction: opt-outs wait behind it, and 400 took 43 ms."""


@dataclass(slots=True)
class MovePlan:
    """Which records move, for which batch and why (a word of the history), and on which crosswalk that was decided.

    `decisions` are people's words on pairs that were known then; None where records are joined without regard to them.
    """

    regroupings: Sequence[Regrouping]
    version: tuple[int, int]
    batch_id: BatchId
    word: str
    decisions: Mapping[tuple[bytes, bytes], Verdict] | None = None
    contradicted: bool = False

    def holds(self, session: Session) -> bool:
        """Say whether nothing came between; call it under the epoch's lock."""
        return not self.contradicted and identity.crosswalk_version(session) == self.version

    def holds_of(self, session: Session, run: Sequence[Regrouping]) -> bool:
        """Say whether nothing came between, nor a word on somebody of a run: who says it may have moved nobody."""
        if self.decisions is not None and self.holds(session):
            said = decisions_of(session, sorted({record for each in run for record in each.records}))
            self.contradicted = not said.items() <= self.decisions.items()
        return self.holds(session)


def carried_out(plan: MovePlan, ports: Ports) -> int:
    """Make the moves of a plan; return how many: fewer than there are if the plan goes out of date on the way."""
    return sum(_carry_out(run, plan, ports) for run in _runs(plan.regroupings))


def _carry_out(run: Sequence[Regrouping], plan: MovePlan, ports: Ports) -> int:
    """Make some moves; return how many, 0 if the plan is out of date."""
    moves = [move for regrouping in run for move in regrouping.moves]
    with ports.unit_of_work() as session:
        lock_epoch(session)
        if not plan.holds_of(session, run):
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
