"""The challenges' table: the only code that touches it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlmodel import Session, col

from hub.identification.tables import IdentityChallenge
from privacy.store.subject_token import Proven
from privacy.terms import RecordId

KEPT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One wish to be identified, as it stands."""

    handle_hash: bytes
    proven: Proven
    language: str
    created_at: datetime
    expires_at: datetime
    record_id: RecordId | None = None
    shared: bool = False
    short_digest: bytes | None = None
    long_digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """How often an identifier was written to of late, and when last."""

    letters: int
    last_at: datetime | None


def add_challenge(session: Session, challenge: Challenge) -> None:
    """Keep a wish; the same statement whoever asks and whatever they named."""
    row = {
        "handle_hash": challenge.handle_hash,
        "field": challenge.proven.field,
        "identifier_index": challenge.proven.index,
        "identifier_digest": challenge.proven.digest,
        "identifier_key": challenge.proven.key,
        "language": challenge.language,
        "created_at": challenge.created_at,
        "expires_at": challenge.expires_at,
        "shared": False,
        "attempts": 0,
    }
    session.execute(insert(IdentityChallenge), [row])


def forget_challenges(session: Session, *, at: datetime) -> None:
    """Delete the wishes of yesterday."""
    session.execute(delete(IdentityChallenge).where(col(IdentityChallenge.created_at) <= at - KEPT))


def count_asked(session: Session, *, since: datetime) -> int:
    """Count the wishes since an instant, of all people together."""
    asked = select(func.count()).select_from(IdentityChallenge).where(col(IdentityChallenge.created_at) > since)
    return int(session.execute(asked).scalar_one())


def count_guesses(session: Session, *, since: datetime) -> int:
    """Count the codes that were tried on wishes since an instant, of all people together."""
    tried = select(func.coalesce(func.sum(col(IdentityChallenge.attempts)), 0))
    return int(session.execute(tried.where(col(IdentityChallenge.created_at) > since)).scalar_one())


def pending_challenges(session: Session, *, at: datetime, most: int) -> list[Challenge]:
    """List wishes that nobody has looked up yet, the oldest first."""
    waiting = and_(col(IdentityChallenge.looked_up_at).is_(None), col(IdentityChallenge.expires_at) > at)
    query = select(IdentityChallenge).where(waiting).order_by(col(IdentityChallenge.created_at)).limit(most)
    return [_challenge_of(row) for row in session.execute(query).scalars()]


def take_challenge(session: Session, challenge: Challenge, *, at: datetime) -> bool:
    """Take a wish to look it up; False if another process has."""
    mine = and_(_is(challenge.handle_hash), col(IdentityChallenge.looked_up_at).is_(None))
    return _changed(session, mine, looked_up_at=at)


def answer_challenge(session: Session, challenge: Challenge) -> None:
    """Note whom a wish means, and the digests of the codes that were sent."""
    _changed(
        session,
        _is(challenge.handle_hash),
        record_id=challenge.record_id,
        shared=challenge.shared,
        short_digest=challenge.short_digest,
        long_digest=challenge.long_digest,
    )


def written_to(session: Session, challenge: Challenge, *, since: datetime) -> Written:
    """Say how often whoever carries the identifier was written to since an instant."""
    same = and_(
        col(IdentityChallenge.identifier_index) == challenge.proven.index,
        col(IdentityChallenge.long_digest).is_not(None),
        col(IdentityChallenge.created_at) > since,
    )
    query = select(func.count(), func.max(col(IdentityChallenge.looked_up_at))).where(same)
    count, last = session.execute(query).one()
    return Written(int(count), last)


def try_challenge(session: Session, handle_hash: bytes, *, most: int, at: datetime) -> Challenge | None:
    """Count one try on a live wish and return it; None if there is none, or it was tried too often.

    Counted in one statement, before anything is compared: tries at the same instant cannot share a count.
    """
    live = and_(_is(handle_hash), *_live(at), col(IdentityChallenge.attempts) < most)
    if not _changed(session, live, attempts=col(IdentityChallenge.attempts) + 1):
        return None
    row = session.execute(select(IdentityChallenge).where(_is(handle_hash))).scalar_one()
    return _challenge_of(row)


def find_by_long(session: Session, digest: bytes, *, at: datetime) -> Challenge | None:
    """Find the live wish of a long code."""
    query = select(IdentityChallenge).where(col(IdentityChallenge.long_digest) == digest, *_live(at))
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else _challenge_of(row)


def end_challenge(session: Session, challenge: Challenge, *, at: datetime) -> bool:
    """End a wish that was proven; False if it has ended already: a code counts once."""
    return _changed(session, and_(_is(challenge.handle_hash), *_live(at)), ended_at=at)


def delete_challenges(session: Session, records: list[RecordId]) -> int:
    """Delete every wish that means one of some records: part of erasing a person; return how many."""
    chosen = [bytes(record) for record in records]
    indexes = select(col(IdentityChallenge.identifier_index)).where(col(IdentityChallenge.record_id).in_(chosen))
    theirs = or_(col(IdentityChallenge.record_id).in_(chosen), col(IdentityChallenge.identifier_index).in_(indexes))
    result = session.execute(delete(IdentityChallenge).where(theirs))
    return int(getattr(result, "rowcount", 0))


def _is(handle_hash: bytes) -> ColumnElement[bool]:
    return col(IdentityChallenge.handle_hash) == handle_hash


def _live(at: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(IdentityChallenge.ended_at).is_(None), col(IdentityChallenge.expires_at) > at


def _changed(session: Session, where: ColumnElement[bool], **values: object) -> bool:
    result = session.execute(update(IdentityChallenge).where(where).values(**values))
    return bool(getattr(result, "rowcount", 0))


def _challenge_of(row: IdentityChallenge) -> Challenge:
    return Challenge(
        handle_hash=row.handle_hash,
        proven=Proven(row.field, row.identifier_index, row.identifier_digest, row.identifier_key or 0),
        language=row.language,
        created_at=row.created_at,
        expires_at=row.expires_at,
        record_id=None if row.record_id is None else RecordId(row.record_id),
        shared=row.shared,
        short_digest=row.short_digest,
        long_digest=row.long_digest,
    )
