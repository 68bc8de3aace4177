"""People's word on pairs of records: noted, audited and carried out in one transaction; taken back by another word.

Rules kept here:
- the newest word on a pair holds, through every later delivery;
- what follows from a word is planned before the lock is taken, and carried out only if nobody moved a record meanwhile;
- undoing a batch moves back whom it moved, as far as they are still where it put them, and says of each such pair that
  it is two, or the next delivery would join them again.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from sqlmodel import Session

from ingest.errors import KindsDiffer
from ingest.identity.clustering import Move
from ingest.pipeline.ports import Matching, Ports
from ingest.pipeline.region import part_of, regrouped
from ingest.store import identity
from ingest.store.match_decision import Decision, Verdict, add_decisions
from ingest.store.move import Cause, apply_moves, moves_of_batch
from privacy.audit import AuditFields
from privacy.store.epoch import bump_epoch, lock_epoch
from privacy.terms import BatchId, EntityId, RecordId, Role

_DECIDED: Final = "decision"
_UNDONE: Final = "undo"
_ENTITIES_AT_ONCE: Final = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What somebody says of two records: the verdict, a code for the reason, and the role in which they say it."""

    pair: tuple[RecordId, RecordId]
    verdict: Verdict
    reason: str
    role: Role


def decide(word: Word, ports: Ports, matching: Matching) -> int:
    """Let a word hold; return how many records change entity.

    Raises:
        KindsDiffer: one of the two is not of the kind that is matched so.

    """
    pair = (min(word.pair), max(word.pair))
    with ports.read_only() as session:
        if identity.kinds_of(session, pair) != {matching.kind}:
            raise KindsDiffer
    while True:
        with ports.read_only() as session:
            version = identity.crosswalk_version(session)
            part = part_of(session, pair, matching.model)
            groups = regrouped(session, part.told(pair, word.verdict), matching.model)
        moves = [move for each in groups for move in each.moves]
        with ports.unit_of_work() as session:
            lock_epoch(session)
            if identity.crosswalk_version(session) != version:
                continue
            at = ports.clock()
            told = Decision(pair=pair, verdict=word.verdict, reason=word.reason, by=ports.principal, at=at)
            add_decisions(session, [told])
            apply_moves(session, moves, Cause(word=_DECIDED, actor=ports.principal, at=at))
            bump_epoch(
                session, sorted({*pair, *(record for each in groups for record in each.records)}), kind="crosswalk"
            )
            fields = AuditFields(
                records=pair, outcome=word.verdict.value, reason=word.reason, role=word.role, rows=len(moves)
            )
            ports.audit(session, "match.decide", ports.principal, fields)
        ports.reached("decided")
        return len(moves)


def undo(batch_id: BatchId, role: Role, ports: Ports) -> int:
    """Take back what a batch joined; return how many records moved back.

    It may be repeated after a crash: who was moved back already is not moved again.
    """
    with ports.unit_of_work() as session:
        ports.audit(session, "match.undo", ports.principal, AuditFields(batch=batch_id, role=role))
    into: defaultdict[EntityId, dict[RecordId, Move]] = defaultdict(dict)
    with ports.read_only() as session:
        for record, move in _backwards(session, batch_id).items():
            into[move.to_entity][record] = move
    moved, joined = 0, sorted(into)
    for start in range(0, len(joined), _ENTITIES_AT_ONCE):
        some = joined[start : start + _ENTITIES_AT_ONCE]
        with ports.unit_of_work() as session:
            lock_epoch(session)
            moved += _take_back(session, {record: move for each in some for record, move in into[each].items()}, ports)
        ports.reached("undone")
    return moved


def _backwards(session: Session, batch_id: BatchId) -> dict[RecordId, Move]:
    """Say of each record from where to where a batch has moved it in the end."""
    found: dict[RecordId, Move] = {}
    for move in moves_of_batch(session, batch_id):
        first = found.get(move.record, move)
        found[move.record] = Move(move.record, first.from_entity, move.to_entity)
    return {record: move for record, move in found.items() if move.from_entity != move.to_entity}


def _take_back(session: Session, moved: Mapping[RecordId, Move], ports: Ports) -> int:
    """Move back who is still where a batch put them, and keep them apart from who stays."""
    home = identity.homes_of(session, list(moved))
    due = {record: move for record, move in moved.items() if home.get(record) == move.to_entity}
    if not due:
        return 0
    cause = Cause(word=_UNDONE, actor=ports.principal, at=ports.clock())
    parted = [
        Decision(pair=pair, verdict=Verdict.DIFFERENT, reason=_UNDONE, by=cause.actor, at=cause.at)
        for pair in _parted(identity.homes_beside(session, {move.to_entity for move in due.values()}), due)
    ]
    add_decisions(session, parted)
    back = [Move(move.record, move.to_entity, move.from_entity) for move in due.values()]
    apply_moves(session, back, cause)
    changed = {entity for move in back for entity in (move.from_entity, move.to_entity)}
    bump_epoch(session, sorted(identity.homes_beside(session, changed)), kind="crosswalk")
    return len(back)


def _parted(homes: Mapping[RecordId, EntityId], due: Mapping[RecordId, Move]) -> Iterator[tuple[RecordId, RecordId]]:
    """Yield the pairs that are together now and will not be."""
    groups: defaultdict[EntityId, defaultdict[EntityId, list[RecordId]]] = defaultdict(lambda: defaultdict(list))
    for record, entity in sorted(homes.items()):
        groups[entity][due[record].from_entity if record in due else entity].append(record)
    for parts in groups.values():
        for one, other in combinations(parts.values(), 2):
            yield from ((min(a, b), max(a, b)) for a in one for b in other)
