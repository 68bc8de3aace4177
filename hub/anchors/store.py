"""What anchors said and what the DPO confirmed, kept in the control database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, func, insert, select, text
from sqlmodel import Session, col

from hub.anchors.anchor import Anchor, Level, Outcome, Sighting
from hub.anchors.standing import Because, Confirmation
from hub.anchors.tables import AuditAnchor, AuditGap
from privacy.instant import microseconds_of
from privacy.terms import PrincipalId

_PUT: Final = text(
    "INSERT INTO audit_anchor (anchor, log, size, level, at, outcome, why, receipt) "
    "VALUES (:anchor, :log, :size, :level, :at, :outcome, :why, :receipt) "
    "ON CONFLICT (anchor, log, size) DO UPDATE SET "
    "at = excluded.at, outcome = excluded.outcome, why = excluded.why, "
    "receipt = COALESCE(excluded.receipt, audit_anchor.receipt)"
)

_GIVEN: Final = col(AuditAnchor.receipt).is_not(None)
"""It took this checkpoint once; a later word about it, of an anchor that does not answer, does not undo that."""


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


def kept(session: Session, anchors: Iterable[Anchor]) -> Mapping[str, Kept]:
    """Return by anchor's name what it keeps and what it said last; who has said nothing yet is left out.

    Two rows an anchor, found by the key: there is one for each checkpoint, a minute apart.
    """
    found = {anchor.name: _newest(session, anchor.name) for anchor in anchors}
    return {name: _kept(last, _newest(session, name, _GIVEN)) for name, last in found.items() if last is not None}


def witnessed(session: Session, log: int, *, above: int) -> list[str]:
    """Return the cosigned notes over more than `above` leaves of a log, of the size that most witnesses cosigned.

    The newest such size; one note a witness.
    """
    size = col(AuditAnchor.size)
    ours = (col(AuditAnchor.level) == Level.WITNESSED.value, col(AuditAnchor.log) == log, size > above, _GIVEN)
    best = select(size).where(*ours).group_by(size).order_by(func.count().desc(), size.desc()).limit(1)
    notes = select(col(AuditAnchor.receipt)).where(*ours, size == best.scalar_subquery())
    return [str(note) for note in session.execute(notes.order_by(col(AuditAnchor.anchor))).scalars()]


def _newest(session: Session, name: str, *conditions: ColumnElement[bool]) -> AuditAnchor | None:
    query = select(AuditAnchor).where(col(AuditAnchor.anchor) == name, *conditions)
    order = (col(AuditAnchor.log).desc(), col(AuditAnchor.size).desc())
    return session.execute(query.order_by(*order).limit(1)).scalar_one_or_none()


def _kept(last: AuditAnchor, best: AuditAnchor | None) -> Kept:
    return Kept(
        anchor=last.anchor,
        level=last.level,
        log=0 if best is None else best.log,
        size=0 if best is None else best.size,
        kept_at=None if best is None else best.at,
        receipt=None if best is None else best.receipt,
        outcome=Outcome(last.outcome),
        why=last.why,
        at=last.at,
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
