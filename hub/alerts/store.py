"""The tables of alerts and of files looked through: the only code that touches the two."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlmodel import Session, col

from hub.alerts.tables import HeardFile, VoiceAlert
from privacy.store.bulk import among_keys, select_among
from privacy.store.frozen import frozen
from privacy.terms import FileId, RecordId

KEPT_CLOSED: Final = timedelta(days=90)
KEPT: Final = timedelta(days=365)
LEASE: Final = timedelta(minutes=5)
_MARKS_KEPT: Final = timedelta(days=30)
_HEARD: Final = select(col(HeardFile.file_id)).where(among_keys(col(HeardFile.file_id)))
_EVENTS: Final = select(col(VoiceAlert.event_id)).where(among_keys(col(VoiceAlert.event_id)))


class AlertState(StrEnum):
    """How far an alert has come."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Closing(StrEnum):
    """How an alert ended."""

    ACTED = "acted"
    NOTHING_TO_DO = "nothing_to_do"
    FALSE_ALARM = "false_alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedAlert:
    """An alert as it rests (`hub.alerts.tables.VoiceAlert`)."""

    alert_id: bytes
    record_id: RecordId
    event_id: int
    key_id: bytes
    sealed: bytes
    state: str
    arrived_at: datetime
    raised_at: datetime
    due_at: datetime
    escalate_at: datetime
    tell_at: datetime | None = None
    told: int = 0
    acknowledged_at: datetime | None = None
    acknowledged_by: bytes | None = None
    closed_at: datetime | None = None
    closed_by: bytes | None = None
    outcome: str | None = None


def are_heard(session: Session, files: Sequence[FileId]) -> set[FileId]:
    """Say which of some files were looked through."""
    return {FileId(bytes(one)) for (one,) in select_among(session, _HEARD, files)}


def any_heard(session: Session) -> bool:
    """Say whether any file was ever looked through."""
    return session.execute(select(col(HeardFile.file_id)).limit(1)).first() is not None


def note_heard(session: Session, files: Collection[FileId], *, live: Collection[FileId], at: datetime) -> None:
    """Note that files were looked through; marks of files that are gone for long go."""
    new = sorted(set(files) - are_heard(session, list(files)))
    if new:
        session.execute(insert(HeardFile), [{"file_id": one, "heard_at": at} for one in new])
    old = select(col(HeardFile.file_id)).where(col(HeardFile.heard_at) <= at - _MARKS_KEPT)
    gone = [one for one in session.execute(old).scalars() if one not in live]
    for start in range(0, len(gone), 500):
        session.execute(delete(HeardFile).where(col(HeardFile.file_id).in_(gone[start : start + 500])))


def raised_events(session: Session, events: Sequence[int]) -> set[int]:
    """Say of which messages there is an alert already."""
    return {int(one) for (one,) in select_among(session, _EVENTS, events)}


def add_alerts(session: Session, alerts: Sequence[SealedAlert]) -> None:
    """Keep new alerts."""
    rows = [{name: getattr(one, name) for name in SealedAlert.__dataclass_fields__} for one in alerts]
    if rows:
        session.execute(insert(VoiceAlert), rows)


def find_alerts(session: Session, states: Iterable[AlertState], *, since: datetime | None = None) -> list[SealedAlert]:
    """List the alerts in some states, of those closed only from an instant on; the first due first."""
    query = select(VoiceAlert).where(col(VoiceAlert.state).in_([one.value for one in states]))
    if since is not None:
        query = query.where(col(VoiceAlert.closed_at).is_(None) | (col(VoiceAlert.closed_at) >= since))
    rows = session.scalars(query.order_by(col(VoiceAlert.due_at), col(VoiceAlert.alert_id)))
    return [frozen(SealedAlert, row) for row in rows]


def find_alert(session: Session, alert_id: bytes) -> SealedAlert | None:
    """Find one alert."""
    row = session.get(VoiceAlert, alert_id)
    return None if row is None else frozen(SealedAlert, row)


def change_alert(session: Session, alert_id: bytes, among: Iterable[AlertState], **values: Any) -> bool:  # noqa: ANN401 - columns are of several types
    """Change an alert in one of some states; False: it is in none of them any more."""
    mine = update(VoiceAlert).where(
        col(VoiceAlert.alert_id) == alert_id, col(VoiceAlert.state).in_([one.value for one in among])
    )
    return bool(getattr(session.execute(mine.values(**values)), "rowcount", 0))


def due_to_tell(session: Session, *, at: datetime, most: int) -> list[SealedAlert]:
    """List open alerts of which somebody is to be told now, the longest due first."""
    due = (col(VoiceAlert.state) == AlertState.OPEN.value, col(VoiceAlert.tell_at) <= at)
    rows = session.scalars(select(VoiceAlert).where(*due).order_by(col(VoiceAlert.tell_at)).limit(most))
    return [frozen(SealedAlert, row) for row in rows]


def over(session: Session, *, at: datetime) -> list[SealedAlert]:
    """List the alerts whose time is over."""
    return [frozen(SealedAlert, row) for row in session.scalars(select(VoiceAlert).where(_is_over(at)))]


def count_over(session: Session, *, at: datetime) -> int:
    """Count the alerts whose time is over at an instant."""
    return int(session.execute(select(func.count()).select_from(VoiceAlert).where(_is_over(at))).scalar_one())


def _is_over(at: datetime) -> ColumnElement[bool]:
    return (col(VoiceAlert.closed_at) <= at - KEPT_CLOSED) | (col(VoiceAlert.raised_at) <= at - KEPT)


def delete_alerts(session: Session, alerts: Sequence[bytes]) -> int:
    """Delete alerts; return how many there were."""
    done = session.execute(delete(VoiceAlert).where(col(VoiceAlert.alert_id).in_(alerts)))
    return int(getattr(done, "rowcount", 0))
