"""The tables of recipients and notices: the only code that touches them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update
from sqlmodel import Session, col

from hub.recipients.tables import RecipientMark, RecipientNotice, RecipientRow
from privacy.terms import ID_BYTES, RecordId

LEASE: Final = timedelta(minutes=10)
"""How long whoever took a notice may be silent; then another process takes it over."""

TRIED_FOR: Final = timedelta(days=14)
"""How long a notice is tried; then it shows as not told, and somebody tells the recipient another way."""


class RecipientKind(StrEnum):
    """What somebody outside is to the controller (Article 4(7), (8), (9))."""

    PROCESSOR = "processor"
    CONTROLLER = "controller"  # of their own, or a joint one


class NoticeKind(StrEnum):
    """What was done with a person's data (Article 19)."""

    ERASURE = "erasure"
    RECTIFICATION = "rectification"
    RESTRICTION = "restriction"
    RESTRICTION_LIFTED = "restriction_lifted"  # what the recipient stopped may go on


class NoticeState(StrEnum):
    """What became of a notice."""

    WAITING = "waiting"
    TOLD = "told"
    REFUSED = "refused"  # 410: the recipient's address is gone for good
    EXPIRED = "expired"
    UNNAMED = "unnamed"  # the purpose has no domain any more: nothing by which they know the person


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A recipient as it rests; `sealed` holds address and secret."""

    recipient_id: bytes
    name: str
    kind: RecipientKind
    purposes: tuple[str, ...]
    sealed: bytes = field(repr=False)
    added_at: datetime
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice as it rests; `envelope` holds what is sent, and is empty once it has ended."""

    notice_id: bytes
    recipient_id: bytes
    recipient: str
    record_id: RecordId
    act_id: bytes
    kind: NoticeKind
    purpose: str
    envelope: bytes = field(repr=False)
    state: NoticeState
    created_at: datetime
    due_at: datetime
    expires_at: datetime
    status: int | None = None
    attempts: int = 0
    ended_at: datetime | None = None


def add_recipient(session: Session, recipient: Recipient) -> None:
    """Keep a recipient."""
    row = {name: getattr(recipient, name) for name in Recipient.__dataclass_fields__}
    row |= {"kind": recipient.kind.value, "purposes": " ".join(sorted(recipient.purposes))}
    session.execute(insert(RecipientRow), [row])


def recipients(session: Session) -> list[Recipient]:
    """Return every recipient there ever was, by name."""
    query = select(RecipientRow).order_by(col(RecipientRow.name), col(RecipientRow.added_at))
    return [_recipient_of(row) for row in session.execute(query).scalars()]


def live_recipients(session: Session) -> list[Recipient]:
    """Return the recipients that were not removed."""
    return [each for each in recipients(session) if each.removed_at is None]


def remove_recipient(session: Session, recipient_id: bytes, *, at: datetime) -> None:
    """Note that a recipient has nothing any more."""
    query = update(RecipientRow).where(col(RecipientRow.recipient_id) == recipient_id)
    session.execute(query.values(removed_at=at))


def add_notices(session: Session, notices: Sequence[Notice]) -> None:
    """Keep notices until they are told."""
    if notices:
        session.execute(insert(RecipientNotice), [_row_of(each) for each in notices])


def notices_of_acts(session: Session, acts: Sequence[bytes]) -> list[Notice]:
    """Return the notices of some acts, oldest first."""
    query = select(RecipientNotice).where(col(RecipientNotice.act_id).in_(list(acts)))
    ordered = query.order_by(col(RecipientNotice.created_at), col(RecipientNotice.notice_id))
    return [_notice_of(row) for row in session.execute(ordered).scalars()]


def notices_of_request(session: Session, request_id: bytes, record: RecordId | None) -> list[Notice]:
    """Return what recipients are told because of a request; an erasure is known by the record that asked for it."""
    erased = and_(col(RecipientNotice.record_id) == record, col(RecipientNotice.kind) == NoticeKind.ERASURE.value)
    mine = col(RecipientNotice.act_id) == request_id
    query = select(RecipientNotice).where(mine if record is None else or_(mine, erased))
    return [_notice_of(row) for row in session.execute(query.order_by(col(RecipientNotice.created_at))).scalars()]


def newest_notices(session: Session, *, most: int) -> list[Notice]:
    """Return the newest notices."""
    query = select(RecipientNotice).order_by(col(RecipientNotice.created_at).desc()).limit(most)
    return [_notice_of(row) for row in session.execute(query).scalars()]


def count_notices(session: Session) -> dict[NoticeState, int]:
    """Count the notices by state."""
    query = select(col(RecipientNotice.state), func.count()).group_by(col(RecipientNotice.state))
    return {NoticeState(state): int(count) for state, count in session.execute(query).all()}


def has_notices_due(session: Session, *, at: datetime) -> bool:
    """Say whether a notice waits to be tried now, or to be given up because its time is over."""
    over = or_(col(RecipientNotice.due_at) <= at, col(RecipientNotice.expires_at) <= at)
    query = select(col(RecipientNotice.notice_id)).where(_waiting(), over).limit(1)
    return session.execute(query).first() is not None


def claim_notices(session: Session, *, at: datetime, most: int) -> list[Notice]:
    """Take the notices that are due, the oldest first; nobody else takes them within `LEASE`.

    Two processes that choose the same notice meet in the update: the second finds it no longer due.
    """
    due = and_(_waiting(), col(RecipientNotice.due_at) <= at, col(RecipientNotice.expires_at) > at)
    query = select(col(RecipientNotice.notice_id)).where(due).order_by(col(RecipientNotice.due_at)).limit(most)
    chosen, claim = session.execute(query).scalars().all(), secrets.token_bytes(ID_BYTES)
    if not chosen:
        return []
    session.execute(
        update(RecipientNotice)
        .where(col(RecipientNotice.notice_id).in_(chosen), due)
        .values(claim=claim, due_at=at + LEASE, attempts=col(RecipientNotice.attempts) + 1)
    )
    taken = select(RecipientNotice).where(col(RecipientNotice.claim) == claim)
    ordered = taken.order_by(col(RecipientNotice.created_at), col(RecipientNotice.notice_id))
    return [_notice_of(row) for row in session.execute(ordered).scalars()]


def end_notice(session: Session, notice_id: bytes, state: NoticeState, *, status: int | None, at: datetime) -> None:
    """Keep the receipt of a delivery, and let go of the content."""
    _change(session, notice_id, state=state.value, status=status, ended_at=at, envelope=b"", claim=None)


def postpone_notice(session: Session, notice_id: bytes, *, status: int | None, until: datetime) -> None:
    """Let a notice be tried again, not before an instant."""
    _change(session, notice_id, status=status, due_at=until, claim=None)


def expire_notices(session: Session, *, at: datetime) -> int:
    """End notices that were tried long enough; return how many."""
    ended = {"state": NoticeState.EXPIRED.value, "ended_at": at, "envelope": b"", "claim": None}
    query = update(RecipientNotice).where(_waiting(), col(RecipientNotice.expires_at) <= at).values(**ended)
    return int(getattr(session.execute(query), "rowcount", 0))


def _waiting() -> ColumnElement[bool]:
    return col(RecipientNotice.state) == NoticeState.WAITING.value


def _change(session: Session, notice_id: bytes, **values: object) -> None:
    session.execute(
        update(RecipientNotice).where(col(RecipientNotice.notice_id) == notice_id, _waiting()).values(**values)
    )


def _row_of(notice: Notice) -> dict[str, object]:
    kept = {name: getattr(notice, name) for name in Notice.__dataclass_fields__}
    return kept | {"kind": notice.kind.value, "state": notice.state.value}


def _recipient_of(row: RecipientRow) -> Recipient:
    return Recipient(
        recipient_id=row.recipient_id,
        name=row.name,
        kind=RecipientKind(row.kind),
        purposes=tuple(row.purposes.split()),
        sealed=row.sealed,
        added_at=row.added_at,
        removed_at=row.removed_at,
    )


def _notice_of(row: RecipientNotice) -> Notice:
    kept = {name: getattr(row, name) for name in Notice.__dataclass_fields__}
    words = {"kind": NoticeKind(row.kind), "state": NoticeState(row.state), "record_id": RecordId(row.record_id)}
    return Notice(**kept | words)


def find_mark(session: Session) -> tuple[int, int] | None:
    """Return up to which entry of the ledger deliveries were looked at, None if nobody has looked yet."""
    row = session.get(RecipientMark, _ONLY)
    return None if row is None else (row.epoch, row.place)


def move_mark(session: Session, position: tuple[int, int]) -> None:
    """Note up to which entry of the ledger deliveries were looked at."""
    epoch, place = position
    session.merge(RecipientMark(mark_id=_ONLY, epoch=epoch, place=place))


_ONLY: Final = 1
