"""The letters' table: the only code that touches it."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlmodel import Session, col

from hub.outbox.tables import OutboxLetter
from privacy.terms import ID_BYTES, KeyId, RecordId

LEASE: Final = timedelta(minutes=10)
"""How long whoever took a letter may be silent; then another process takes it over."""

KEPT: Final = timedelta(days=90)
"""How long the empty row of an ended letter stays: the proof that it left."""


class LetterState(StrEnum):
    """What became of a letter."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"  # the mail server will never take it
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedLetter:
    """A letter as it rests."""

    letter_id: bytes
    record_id: RecordId
    kind: str
    language: str
    key_id: KeyId
    sealed: bytes
    due_at: datetime
    expires_at: datetime
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLetter:
    """A letter as those who run the hub see it: to whose record, of what kind, what became of it; never its content."""

    letter_id: bytes
    record_id: RecordId
    kind: str
    state: LetterState
    attempts: int
    created_at: datetime
    due_at: datetime
    ended_at: datetime | None


def add_letter(session: Session, letter: SealedLetter, *, at: datetime) -> None:
    """Keep a letter until it is sent."""
    row = {
        "letter_id": letter.letter_id,
        "record_id": letter.record_id,
        "kind": letter.kind,
        "language": letter.language,
        "key_id": letter.key_id,
        "sealed": letter.sealed,
        "state": LetterState.WAITING.value,
        "attempts": 0,
        "created_at": at,
        "due_at": letter.due_at,
        "expires_at": letter.expires_at,
    }
    session.execute(insert(OutboxLetter), [row])


def has_due(session: Session, *, at: datetime) -> bool:
    """Say whether a letter waits to be tried now, or to be given up because its time is over."""
    over = or_(col(OutboxLetter.due_at) <= at, col(OutboxLetter.expires_at) <= at)
    waiting = and_(col(OutboxLetter.state) == LetterState.WAITING.value, over)
    return session.execute(select(col(OutboxLetter.letter_id)).where(waiting).limit(1)).first() is not None


def claim_due(session: Session, *, at: datetime, most: int) -> list[SealedLetter]:
    """Take the letters that are due, the oldest first; nobody else takes them within `LEASE`.

    Two processes that choose the same letter meet in the update: the second finds it no longer due.
    """
    query = select(col(OutboxLetter.letter_id)).where(_due(at)).order_by(col(OutboxLetter.due_at)).limit(most)
    chosen, claim = session.execute(query).scalars().all(), secrets.token_bytes(ID_BYTES)
    if not chosen:
        return []
    session.execute(
        update(OutboxLetter)
        .where(col(OutboxLetter.letter_id).in_(chosen), _due(at))
        .values(claim=claim, due_at=at + LEASE, attempts=col(OutboxLetter.attempts) + 1)
    )
    taken = select(OutboxLetter).where(col(OutboxLetter.claim) == claim).order_by(col(OutboxLetter.created_at))
    return [_letter_of(row) for row in session.execute(taken).scalars()]


def end_letter(session: Session, letter_id: bytes, state: LetterState, *, at: datetime) -> None:
    """Note what became of a letter, and let go of its content."""
    _change(session, letter_id, state=state.value, ended_at=at, sealed=b"", claim=None)


def postpone(session: Session, letter_id: bytes, *, until: datetime) -> None:
    """Let a letter be tried again, not before an instant."""
    _change(session, letter_id, due_at=until, claim=None)


def expire_letters(session: Session, *, at: datetime) -> int:
    """End letters that nobody should get any more, forget those that ended long ago; return how many expired."""
    over = and_(col(OutboxLetter.state) == LetterState.WAITING.value, col(OutboxLetter.expires_at) <= at)
    ended = {"state": LetterState.EXPIRED.value, "ended_at": at, "sealed": b"", "claim": None}
    result = session.execute(update(OutboxLetter).where(over).values(**ended))
    session.execute(delete(OutboxLetter).where(col(OutboxLetter.ended_at) <= at - KEPT))
    return int(getattr(result, "rowcount", 0))


def delete_letters(session: Session, records: Iterable[RecordId]) -> int:
    """Delete every letter to some records: part of erasing a person; return how many."""
    chosen = [bytes(record) for record in records]
    result = session.execute(delete(OutboxLetter).where(col(OutboxLetter.record_id).in_(chosen)))
    return int(getattr(result, "rowcount", 0))


def count_letters(session: Session) -> dict[LetterState, int]:
    """Count the letters by state."""
    query = select(col(OutboxLetter.state), func.count()).group_by(col(OutboxLetter.state))
    return {LetterState(state): int(count) for state, count in session.execute(query).all()}


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Letters that did not reach anybody: how many wait since before an instant, and how many never will leave."""

    waiting: int
    given_up: int


def undelivered(session: Session, *, since: datetime, but: str) -> Undelivered:
    """Count letters that wait since before an instant, and those refused or expired, leaving one kind out of these."""
    waits = and_(col(OutboxLetter.state) == LetterState.WAITING.value, col(OutboxLetter.created_at) <= since)
    ended = col(OutboxLetter.state).in_([LetterState.REFUSED.value, LetterState.EXPIRED.value])
    lost = and_(ended, col(OutboxLetter.kind) != but)
    counted = [session.execute(select(func.count()).where(which)).scalar_one() for which in (waits, lost)]
    return Undelivered(*map(int, counted))


def listed_letters(session: Session, *, most: int) -> Sequence[ListedLetter]:
    """List the newest letters."""
    query = select(OutboxLetter).order_by(col(OutboxLetter.created_at).desc()).limit(most)
    return [
        ListedLetter(
            letter_id=row.letter_id,
            record_id=RecordId(row.record_id),
            kind=row.kind,
            state=LetterState(row.state),
            attempts=row.attempts,
            created_at=row.created_at,
            due_at=row.due_at,
            ended_at=row.ended_at,
        )
        for row in session.execute(query).scalars()
    ]


def _due(at: datetime) -> ColumnElement[bool]:
    return and_(
        col(OutboxLetter.state) == LetterState.WAITING.value,
        col(OutboxLetter.due_at) <= at,
        col(OutboxLetter.expires_at) > at,
    )


def _change(session: Session, letter_id: bytes, **values: object) -> None:
    waiting = col(OutboxLetter.state) == LetterState.WAITING.value
    session.execute(update(OutboxLetter).where(col(OutboxLetter.letter_id) == letter_id, waiting).values(**values))


def _letter_of(row: OutboxLetter) -> SealedLetter:
    return SealedLetter(
        letter_id=row.letter_id,
        record_id=RecordId(row.record_id),
        kind=row.kind,
        language=row.language,
        key_id=KeyId(row.key_id),
        sealed=row.sealed,
        due_at=row.due_at,
        expires_at=row.expires_at,
        attempts=row.attempts,
    )
