"""What people decided of pairs of records: kept under both, so that either end finds it; the newest holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import delete, func, or_, select
from sqlmodel import Session, col

from ingest.tables.match import MatchDecision
from privacy.store.bulk import among_keys, insert_rows, select_among
from privacy.terms import PrincipalId, RecordId

_CHUNK: Final = 400
_DECIDED: Final = (
    select(col(MatchDecision.record_id), col(MatchDecision.other_record), col(MatchDecision.verdict))
    .where(among_keys(col(MatchDecision.record_id)))
    .order_by(col(MatchDecision.number))
)


_LAST: Final = (
    select(col(MatchDecision.record_id), col(MatchDecision.other_record), func.max(col(MatchDecision.number)))
    .where(among_keys(col(MatchDecision.record_id)))
    .group_by(col(MatchDecision.record_id), col(MatchDecision.other_record))
)


class Verdict(StrEnum):
    """What two records are."""

    SAME = "same"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision, by whom, when and why (a code)."""

    pair: tuple[RecordId, RecordId]
    verdict: Verdict
    reason: str
    by: PrincipalId
    at: datetime


def add_decisions(session: Session, decisions: Sequence[Decision]) -> None:
    """Note decisions on as many pairs after those that there are of each; call it under the epoch's lock."""
    ends = sorted({bytes(one) for one, _ in (each.pair for each in decisions)})
    last = {(one, other): number for one, other, number in select_among(session, _LAST, ends)}
    rows = []
    for each in decisions:
        one, other = each.pair
        told = {
            "number": int(last.get((one, other), 0)) + 1,
            "verdict": each.verdict.value,
            "reason": each.reason,
            "decided_by": each.by,
            "decided_at": each.at,
        }
        rows += [{"record_id": a, "other_record": b, **told} for a, b in ((one, other), (other, one))]
    insert_rows(session, MatchDecision, rows)


def decisions_of(session: Session, records: Sequence[bytes]) -> dict[tuple[bytes, bytes], Verdict]:
    """Return what holds of every pair with an end among some records, the smaller record first."""
    rows = select_among(session, _DECIDED, records)
    return {(min(a, b), max(a, b)): Verdict(verdict) for a, b, verdict in rows}


def drop_decisions_of(session: Session, records: Sequence[RecordId]) -> None:
    """Delete every decision with an end among some records."""
    for start in range(0, len(records), _CHUNK):
        some = records[start : start + _CHUNK]
        ends = or_(col(MatchDecision.record_id).in_(some), col(MatchDecision.other_record).in_(some))
        session.execute(delete(MatchDecision).where(ends))
