"""Attempts in bounded room: a login is told once an hour, a kind of denied attempt once a minute with its count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col

from privacy.tables.attempt import DenialWindow, LoginNote
from privacy.terms import PrincipalId

WINDOW: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class DenialKind:
    """What attempts are counted together: whose, at what, refused by which rule, for which purpose (empty: none)."""

    principal: PrincipalId
    action: str
    reason: str
    purpose: str = ""


def is_login_noted(session: Session, principal: PrincipalId, channel: str, hour: datetime) -> bool:
    """Say whether the log has a principal's login of this hour."""
    noted = select(col(LoginNote.hour)).where(_login(principal, channel))
    return session.execute(noted).scalar() == hour


def note_login_of(session: Session, principal: PrincipalId, channel: str, hour: datetime) -> bool:
    """Note a login; say whether it is the hour's first, which the caller tells the audit log in this transaction."""
    new = _insert_for(session)(LoginNote).values(principal_id=principal, channel=channel, hour=hour)
    first = new.on_conflict_do_update(
        index_elements=["principal_id", "channel"],
        set_={"hour": new.excluded.hour},
        where=col(LoginNote.hour) != new.excluded.hour,
    )
    return session.execute(first.returning(LoginNote.__table__.c.channel)).first() is not None  # type: ignore[attr-defined]  # SQLModel does not declare it


def count_denials(session: Session, kind: DenialKind, attempts: int, *, at: datetime) -> int | None:
    """Count denied attempts; return how many to tell the audit log now, None while the minute's entry stands."""
    values = {"principal_id": kind.principal, "action": kind.action, "reason": kind.reason, "purpose": kind.purpose}
    new = _insert_for(session)(DenialWindow).values(**values, since=at, untold=0).on_conflict_do_nothing()
    if session.execute(new.returning(DenialWindow.__table__.c.reason)).first() is not None:  # type: ignore[attr-defined]  # as above
        return attempts
    window = select(col(DenialWindow.since), col(DenialWindow.untold)).where(_denial(kind)).with_for_update()
    since, untold = session.execute(window).one()
    told = at - since >= WINDOW
    then = {"since": at, "untold": 0} if told else {"untold": untold + attempts}
    session.execute(update(DenialWindow).where(_denial(kind)).values(**then))
    return untold + attempts if told else None


def has_untold(session: Session, *, at: datetime) -> bool:
    """Say whether there are counts whose minute is over."""
    return session.execute(select(col(DenialWindow.reason)).where(_untold(at)).limit(1)).first() is not None


def take_untold(session: Session, *, at: datetime) -> Sequence[tuple[DenialKind, int]]:
    """Take the counts whose minute is over, which the caller tells the audit log in this transaction."""
    rows = session.execute(select(DenialWindow).where(_untold(at)).with_for_update()).scalars().all()
    found = [(DenialKind(PrincipalId(r.principal_id), r.action, r.reason, r.purpose), r.untold) for r in rows]
    for kind, _ in found:  # a row a kind that was refused again within its minute: a handful
        session.execute(update(DenialWindow).where(_denial(kind)).values(since=at, untold=0))
    return found


def _untold(at: datetime) -> ColumnElement[bool]:
    return and_(col(DenialWindow.untold) > 0, col(DenialWindow.since) <= at - WINDOW)


def _login(principal: PrincipalId, channel: str) -> ColumnElement[bool]:
    return and_(col(LoginNote.principal_id) == principal, col(LoginNote.channel) == channel)


def _denial(kind: DenialKind) -> ColumnElement[bool]:
    return and_(
        col(DenialWindow.principal_id) == kind.principal,
        col(DenialWindow.action) == kind.action,
        col(DenialWindow.reason) == kind.reason,
        col(DenialWindow.purpose) == kind.purpose,
    )


def _insert_for(session: Session) -> Any:  # noqa: ANN401 - two dialects' inserts share methods, not a type
    return sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
