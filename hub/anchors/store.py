"""What anchors said and what the DPO confirmed, kept in the control database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, insert, select, text
from sqlmodel import Session, col

from hub.anchors.anchor import Anchor, Outcome, Sighting
from hub.anchors.standing import Because, Confirmation
from hub.anchors.tables import AuditAnchor, AuditGap
from privacy.instant import instant_of, microseconds_of
from privacy.terms import PrincipalId

_PUT: Final = text(
    "INSERT INTO audit_anchor (anchor, log, size, level, at, outcome, why, receipt) "
    "VALUES (:anchor, :log, :size, :level, :at, :outcome, :why, :receipt) "
    "ON CONFLICT (anchor, log, size) DO UPDATE SET "
    "at = excluded.at, outcome = excluded.outcome, why = excluded.why, "
    "receipt = COALESCE(excluded.receipt, audit_anchor.receipt)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The newest checkpoint that an anchor is known to keep, and what it said last."""

    anchor: str
    level: str
    log: int
    size: int
    kept_at: datetime | None
    receipt: str | None
    outcome: Outcome
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What an anchor said about a checkpoint of so many leaves of a log."""

    anchor: Anchor
    log: int
    size: int
    sighting: Sighting


def note_told(session: Session, told: Sequence[Told], *, at: datetime) -> None:
    """Keep what anchors said; a later word about the same checkpoint replaces the earlier one, never its receipt."""
    rows = [
        {
            "anchor": each.anchor.name,
            "log": each.log,
            "size": each.size,
            "level": each.anchor.level.value,
            "at": microseconds_of(at),
            "outcome": each.sighting.outcome.value,
            "why": each.sighting.why,
            "receipt": each.sighting.note if each.sighting.outcome is Outcome.PUBLISHED else None,
        }
        for each in told
    ]
    if rows:
        session.connection().execute(_PUT, rows)


def kept(session: Session) -> Mapping[str, Kept]:
    """Return by anchor what it keeps and what it said last."""
    newest = func.row_number().over(partition_by=col(AuditAnchor.anchor), order_by=col(AuditAnchor.at).desc())
    said = select(AuditAnchor, newest.label("rank")).subquery()
    last = session.execute(select(said).where(said.c.rank == 1)).mappings().all()
    published = (
        select(AuditAnchor)
        .where(col(AuditAnchor.outcome) == Outcome.PUBLISHED.value)
        .order_by(col(AuditAnchor.log), col(AuditAnchor.size))
    )
    best = {row.anchor: row for row in session.execute(published).scalars()}
    return {row["anchor"]: _kept(dict(row), best.get(row["anchor"])) for row in last}


def _kept(last: Mapping[str, object], best: AuditAnchor | None) -> Kept:
    at = last["at"]
    return Kept(
        anchor=str(last["anchor"]),
        level=str(last["level"]),
        log=0 if best is None else best.log,
        size=0 if best is None else best.size,
        kept_at=None if best is None else best.at,
        receipt=None if best is None else best.receipt,
        outcome=Outcome(str(last["outcome"])),
        why=str(last["why"]),
        at=at if isinstance(at, datetime) else instant_of(int(str(at))),
    )


def confirm(session: Session, confirmation: Confirmation, *, by: PrincipalId, at: datetime, leaf: int) -> None:
    """Keep that the DPO confirmed a gap; `leaf` is the number of its audit entry."""
    session.execute(
        insert(AuditGap),
        [
            {
                "log": confirmation.log,
                "because": confirmation.because.value,
                "at": at,
                "until": confirmation.until,
                "principal_id": by,
                "leaf": leaf,
            }
        ],
    )


def confirmations(session: Session) -> list[Confirmation]:
    """Return what the DPO confirmed."""
    found = session.execute(select(col(AuditGap.log), col(AuditGap.because), col(AuditGap.until)))
    return [Confirmation(log, Because(because), until) for log, because, until in found]
