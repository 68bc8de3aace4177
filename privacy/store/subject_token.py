"""Subject tokens: what a person's link or app holds to act on their own choices, and on nothing else.

A token is 32 random bytes, shown once, kept as SHA-256. It names one record. Opting out needs no proof of identity
beyond it, so the least scope is opt-out only; reading what is held needs the widest, which lives minutes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, delete, select, type_coerce, update
from sqlmodel import Session, col

from privacy.instant import instant_of, microseconds_of
from privacy.store.bulk import among_keys, insert_rows, select_among
from privacy.store.principal import digest_of
from privacy.tables.erasure import Tombstone
from privacy.tables.subject_token import SubjectTokenRow
from privacy.terms import EVERY_PURPOSE, RecordId

_UNREVOKED: Final = select(
    col(SubjectTokenRow.token_hash),
    type_coerce(col(SubjectTokenRow.expires_at), BigInteger),
    col(SubjectTokenRow.record_id),
    col(SubjectTokenRow.scope),
    col(SubjectTokenRow.purposes),
    col(SubjectTokenRow.proven_field),
    col(SubjectTokenRow.proven_index),
    col(SubjectTokenRow.proven_digest),
    col(SubjectTokenRow.proven_key),
).where(
    among_keys(col(SubjectTokenRow.token_hash)),
    col(SubjectTokenRow.revoked_at).is_(None),
    ~select(Tombstone).where(col(Tombstone.record_id) == col(SubjectTokenRow.record_id)).exists(),
)

_Opens = tuple[RecordId, str, str, str | None, bytes | None, bytes | None, int | None]

VERIFIED_FOR: Final = timedelta(minutes=30)
"""How long a proof of identity is worth: long enough to read an answer and ask again, too short to be stolen late."""


class SubjectScope(StrEnum):
    """What a subject token opens; each opens what the ones before it open."""

    OPT_OUT = "opt_out"  # withdraw and object
    CHOICES = "choices"  # and give consent: issued where the person proved who they are
    VERIFIED = "verified"  # and read, correct, erase: the holder proved who they are just now


@dataclass(frozen=True, slots=True)
class Proven:
    """The identifier by which a token's holder was reached or proven: an indexed attribute and its blind index.

    `digest` is what the suppression list knows it by, under version `key` of the list's key; None if nobody took it.
    """

    field: str
    index: bytes
    digest: bytes | None = None
    key: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectToken:
    """A token as it stands: whose record, what it opens, for which purposes (`*`: every one), until when."""

    record_id: RecordId
    scope: SubjectScope
    purposes: frozenset[str]
    expires_at: datetime
    proven: Proven | None = None

    @property
    def may_give(self) -> bool:
        """Say whether the holder may consent, not only opt out."""
        return self.scope in {SubjectScope.CHOICES, SubjectScope.VERIFIED}

    @property
    def is_verified(self) -> bool:
        """Say whether the holder's identity was proven just now: what reading, correcting and erasing ask for."""
        return self.scope is SubjectScope.VERIFIED

    def covers(self, purpose: str) -> bool:
        """Say whether the token is bound to this purpose."""
        return EVERY_PURPOSE in self.purposes or purpose in self.purposes


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token as those who issued it see it in a list: what it opens, and when it was made and revoked."""

    opens: SubjectToken
    created_at: datetime
    revoked_at: datetime | None


def add_subject_token(session: Session, token: str, subject: SubjectToken, *, at: datetime) -> None:
    """Keep the digest of a token."""
    add_subject_tokens(session, [(token, subject)], at=at)


def add_subject_tokens(session: Session, tokens: Sequence[tuple[str, SubjectToken]], *, at: datetime) -> None:
    """Keep the digests of many tokens, with one statement for all."""
    insert_rows(session, SubjectTokenRow, [_row_of(token, subject, at) for token, subject in tokens])


def find_subject_token(session: Session, token: str, *, at: datetime) -> SubjectToken | None:
    """Find a token that is neither expired nor revoked at `at`, of a record that nobody erased."""
    return find_subject_tokens(session, [token], at=at).get(token)


def find_subject_tokens(session: Session, tokens: Iterable[str], *, at: datetime) -> dict[str, SubjectToken]:
    """Find those of many tokens that are live at `at`, by one statement for some hundred of them."""
    digests = {digest_of(token): token for token in tokens}
    now = microseconds_of(at)
    return {
        digests[digest]: _opened(instant_of(expires), *opens)
        for digest, expires, *opens in select_among(session, _UNREVOKED, list(digests))
        if expires > now
    }


def issued_tokens(session: Session, records: Iterable[RecordId]) -> list[IssuedToken]:
    """List every token of some records, oldest first, live or not."""
    chosen = [bytes(record) for record in records]
    query = (
        select(SubjectTokenRow)
        .where(col(SubjectTokenRow.record_id).in_(chosen))
        .order_by(col(SubjectTokenRow.created_at), col(SubjectTokenRow.expires_at))
    )
    return [
        IssuedToken(opens=_token_of(row), created_at=row.created_at, revoked_at=row.revoked_at)
        for row in session.execute(query).scalars()
    ]


def revoke_subject_tokens(session: Session, records: Iterable[RecordId], *, at: datetime) -> int:
    """Revoke every live token of some records; return how many."""
    chosen = [bytes(record) for record in records]
    result = session.execute(
        update(SubjectTokenRow)
        .where(col(SubjectTokenRow.record_id).in_(chosen), col(SubjectTokenRow.revoked_at).is_(None))
        .values(revoked_at=at)
    )
    return int(getattr(result, "rowcount", 0))


def delete_subject_tokens(session: Session, records: Iterable[RecordId]) -> int:
    """Delete every token of some records: part of erasing a person; return how many."""
    chosen = [bytes(record) for record in records]
    result = session.execute(delete(SubjectTokenRow).where(col(SubjectTokenRow.record_id).in_(chosen)))
    return int(getattr(result, "rowcount", 0))


def _row_of(token: str, subject: SubjectToken, at: datetime) -> dict[str, Any]:
    return {
        "token_hash": digest_of(token),
        "record_id": subject.record_id,
        "scope": subject.scope.value,
        "purposes": " ".join(sorted(subject.purposes)),
        "created_at": at,
        "expires_at": subject.expires_at,
        "revoked_at": None,
        "proven_field": None if subject.proven is None else subject.proven.field,
        "proven_index": None if subject.proven is None else subject.proven.index,
        "proven_digest": None if subject.proven is None else subject.proven.digest,
        "proven_key": None if subject.proven is None or subject.proven.digest is None else subject.proven.key,
    }


def _token_of(row: SubjectTokenRow) -> SubjectToken:
    record = RecordId(row.record_id)
    proven = row.proven_field, row.proven_index, row.proven_digest, row.proven_key
    return _opened(row.expires_at, record, row.scope, row.purposes, *proven)


def _opened(expires_at: datetime, *opens: *_Opens) -> SubjectToken:
    record, scope, purposes, field, index, digest, key = opens
    return SubjectToken(
        record_id=record,
        scope=SubjectScope(scope),
        purposes=frozenset(purposes.split()),
        expires_at=expires_at,
        proven=None if field is None or index is None else Proven(field, index, digest, key or 0),
    )
