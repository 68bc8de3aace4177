"""The letters' table: the only code that touches it."""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import delete, func, insert, or_, select, update
from sqlmodel import Session, col

from hub.winback.looks import forget_looks
from hub.winback.tables import WinbackLetter
from privacy.store.frozen import frozen
from privacy.terms import ID_BYTES, RecordId

LEASE: Final = timedelta(minutes=10)
KEPT: Final = timedelta(days=90)
"""How long the empty row of an ended letter stays."""
WAITS: Final = timedelta(days=30)
"""How long a letter waits to be approved and sent: what it says of news and months is old then."""


class LetterState(StrEnum):
    """What became of a letter."""

    DRAFT = "draft"
    APPROVED = "approved"
    LEAVING = "leaving"  # handed over at this moment
    SENT = "sent"
    UNSURE = "unsure"  # the program ended while it was handed over: counted as sent, never sent again
    REFUSED = "refused"  # by a person
    STOPPED = "stopped"  # the customer came back, answered, complained or may not be written to
    REJECTED = "rejected"  # the mail server will never take it


_UNSENT: Final = (LetterState.DRAFT.value, LetterState.APPROVED.value)
_LEFT: Final = (LetterState.LEAVING.value, LetterState.SENT.value, LetterState.UNSURE.value)
_OLDEST_FIRST: Final = (col(WinbackLetter.created_at), col(WinbackLetter.letter_id))
OPEN: Final = (LetterState.DRAFT, LetterState.APPROVED, LetterState.LEAVING)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedLetter:
    """A letter as it rests: what it says, to whom and why is sealed under a key of the person's record."""

    letter_id: bytes
    record_id: RecordId
    language: str
    key_id: bytes
    sealed: bytes
    revision: int
    state: str
    attempts: int = 0
    created_at: datetime
    due_at: datetime
    ended_at: datetime | None = None

    @property
    def text_id(self) -> bytes:
        """Name it among all texts that are shown."""
        return self.letter_id

    @property
    def commitment(self) -> bytes:
        """Name this very text without telling anything of it: the sealed bytes hold a random nonce."""
        return hashlib.sha256(self.sealed).digest()


def add_letters(session: Session, letters: Sequence[SealedLetter]) -> None:
    """Keep new drafts."""
    rows = [{name: getattr(one, name) for name in SealedLetter.__dataclass_fields__} for one in letters]
    session.execute(insert(WinbackLetter), rows)


def find_letters(session: Session, states: Sequence[LetterState]) -> list[SealedLetter]:
    """List the letters in some states, oldest first."""
    query = select(WinbackLetter).where(col(WinbackLetter.state).in_([one.value for one in states]))
    return [frozen(SealedLetter, row) for row in session.execute(query.order_by(*_OLDEST_FIRST)).scalars()]


def find_letter(session: Session, letter_id: bytes) -> SealedLetter | None:
    """Find one letter."""
    query = select(WinbackLetter).where(col(WinbackLetter.letter_id) == letter_id)
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else frozen(SealedLetter, row)


def count_letters(session: Session) -> dict[LetterState, int]:
    """Count the letters by state."""
    query = select(col(WinbackLetter.state), func.count()).group_by(col(WinbackLetter.state))
    return {LetterState(state): int(count) for state, count in session.execute(query).all()}


def change_letter(session: Session, letter: SealedLetter, states: Sequence[LetterState], **values: Any) -> bool:  # noqa: ANN401 - columns are of several types
    """Change a letter that still is as it was read, in one of some states; False: somebody was faster."""
    same = (col(WinbackLetter.letter_id) == letter.letter_id, col(WinbackLetter.revision) == letter.revision)
    mine = update(WinbackLetter).where(*same, col(WinbackLetter.state).in_([one.value for one in states]))
    return bool(getattr(session.execute(mine.values(**values)), "rowcount", 0))


def end_letter(
    session: Session, letter: SealedLetter, state: LetterState, *, at: datetime, among: Sequence[LetterState] = OPEN
) -> bool:
    """Note what became of a letter in one of some states, and let go of its content."""
    return change_letter(session, letter, among, state=state.value, ended_at=at, sealed=b"", claim=None)


def claim(session: Session, state: LetterState, *, at: datetime, most: int) -> list[SealedLetter]:
    """Take letters of a state that are due, oldest first; nobody else takes them within `LEASE`."""
    due = (col(WinbackLetter.state) == state.value, col(WinbackLetter.due_at) <= at)
    oldest = select(col(WinbackLetter.letter_id)).where(*due).order_by(*_OLDEST_FIRST).limit(most)
    chosen = session.execute(oldest).scalars().all()
    if not chosen:
        return []
    mark = secrets.token_bytes(ID_BYTES)
    taken = update(WinbackLetter).where(col(WinbackLetter.letter_id).in_(chosen), *due)
    session.execute(taken.values(claim=mark, due_at=at + LEASE))
    query = select(WinbackLetter).where(col(WinbackLetter.claim) == mark).order_by(*_OLDEST_FIRST)
    return [frozen(SealedLetter, row) for row in session.execute(query).scalars()]


def has_approved(session: Session, *, at: datetime) -> bool:
    """Say whether an approved letter is due: costs a read and no write."""
    due = (col(WinbackLetter.state) == LetterState.APPROVED.value, col(WinbackLetter.due_at) <= at)
    return session.execute(select(col(WinbackLetter.letter_id)).where(*due).limit(1)).first() is not None


def has_left(session: Session, letter: SealedLetter, records: Collection[RecordId], *, since: datetime) -> bool:
    """Say whether another letter to one of these records left, may have left, or leaves at this moment."""
    others = (col(WinbackLetter.record_id).in_(records), col(WinbackLetter.letter_id) != letter.letter_id)
    lately = or_(col(WinbackLetter.ended_at).is_(None), col(WinbackLetter.ended_at) > since)
    query = select(col(WinbackLetter.letter_id)).where(*others, col(WinbackLetter.state).in_(_LEFT), lately).limit(1)
    return session.execute(query).first() is not None


def forget_letters(session: Session, *, at: datetime) -> None:
    """Let go of what nobody sent in time, of the empty rows of letters that ended long ago, and of old looks."""
    old = (col(WinbackLetter.created_at) <= at - WAITS, col(WinbackLetter.state).in_(_UNSENT))
    session.execute(
        update(WinbackLetter).where(*old).values(state=LetterState.STOPPED.value, ended_at=at, sealed=b"", claim=None)
    )
    session.execute(delete(WinbackLetter).where(col(WinbackLetter.ended_at) <= at - KEPT))
    forget_looks(session, at=at)
