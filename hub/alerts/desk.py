"""Alerts as colleagues see them: listed, acknowledged, closed, each told to the log before anything is opened.

Rules kept:
- to see an alert is to read customers' data: it takes a credential for the view and the purpose, and shows only whom
  the purpose may read now: an objection or a withdrawal hides an alert at once, a merge or its undoing moves it;
- shown is a pseudonym of the purpose, of what kind the message was, by which of our words, and how long it took.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.alerts import store
from hub.alerts.raising import PURPOSE, VIEW
from hub.alerts.sealing import Said, open_said
from hub.alerts.standing import why_silent
from hub.alerts.store import AlertState, Closing, SealedAlert
from hub.compose import Hub
from hub.errors import AccessRefused
from hub.views.admission import verify_admitted
from hub.views.permission import permitted_set
from ingest.store.identity import members_of
from privacy.audit import AuditFields
from privacy.pseudonym import pseudonyms_of
from privacy.store.principal import Principal
from privacy.terms import EntityKind, random_id

STANDING: Final = (AlertState.OPEN, AlertState.ACKNOWLEDGED)
PROMISED: Final = timedelta(minutes=15)
"""From the instant at which a delivery is accepted until its critical messages are alerts."""
LATELY: Final = timedelta(days=30)
_SEEN, _ENDED = AlertState.ACKNOWLEDGED.value, AlertState.CLOSED.value
_GONE: Final = "`varde voice alerts list` shows those that stand; whoever was erased or said no has none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert as it is shown."""

    alert_id: bytes
    pseudonym: bytes
    said: Said
    state: AlertState
    whose: str
    escalated: bool
    arrived_at: datetime
    raised_at: datetime
    due_at: datetime
    acknowledged_at: datetime | None
    closed_at: datetime | None
    outcome: str | None

    @property
    def latency(self) -> timedelta:
        """How long it took from the delivery's acceptance."""
        return self.raised_at - self.arrived_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """From acceptance to alert, of the alerts of some weeks: how many, the median and the longest; of none, None."""

    alerts: int
    median: timedelta | None
    longest: timedelta | None
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The alerts that may be shown, the first due first, how fast they came, and what became of those that ended.

    `silent` says why no message raises an alert now; None: somebody watches.
    """

    alerts: tuple[Alert, ...]
    latency: Latency
    outcomes: dict[str, int]
    silent: AccessRefused | None


def listed(hub: Hub, principal: Principal, *, states: Iterable[AlertState] = STANDING) -> Board:
    """List alerts; audited with whose they are before they are opened.

    Raises:
        AccessRefused: the credential may not.

    """
    verify_may_see(hub, principal)
    act_id, at, wanted = random_id(), hub.clock(), frozenset(states)
    with hub.unit_of_work() as session:
        every = store.find_alerts(session, AlertState, since=at - LATELY)
        named = _named(hub, session, every, at)
        shown = [one for one in every if one.alert_id in named and AlertState(one.state) in wanted]
        records = tuple(sorted({one.record_id for one in shown}))
        fields = AuditFields(
            act_id=act_id, purpose=PURPOSE, rows=len(shown), opened=len(shown), records=records or None
        )
        hub.audit(session, "alert.list", principal.principal_id, fields)
        silent = why_silent(hub, session)
    opened = open_said(hub, shown, act_id=act_id)
    alerts = (_shown(one, named[one.alert_id], opened[one.alert_id], at) for one in shown if one.alert_id in opened)
    ended = [one.outcome for one in every if one.outcome is not None]
    return Board(
        alerts=tuple(alerts),
        latency=latency_of(every, since=at - LATELY),
        outcomes={each.value: ended.count(each.value) for each in Closing},
        silent=silent,
    )


def acknowledge(hub: Hub, principal: Principal, alert_id: bytes) -> None:
    """Say that somebody has seen an alert and answers: nobody is told of it any more.

    Raises:
        AccessRefused: the credential may not, or no such alert is open to it.

    """
    verify_may_see(hub, principal)
    by = {"acknowledged_at": hub.clock(), "acknowledged_by": principal.principal_id}
    with hub.unit_of_work() as session:
        alert = _visible(hub, session, alert_id)
        _verify_changed(store.change_alert(session, alert_id, (AlertState.OPEN,), state=_SEEN, tell_at=None, **by))
        fields = AuditFields(act_id=alert_id, purpose=PURPOSE, outcome=_SEEN, records=(alert.record_id,))
        hub.audit(session, "alert.acknowledge", principal.principal_id, fields)


def close(hub: Hub, principal: Principal, alert_id: bytes, outcome: Closing) -> None:
    """Close an alert, saying how it ended; raises as `acknowledge`."""
    verify_may_see(hub, principal)
    by = {"closed_at": hub.clock(), "closed_by": principal.principal_id, "outcome": outcome.value}
    with hub.unit_of_work() as session:
        alert = _visible(hub, session, alert_id)
        _verify_changed(store.change_alert(session, alert_id, STANDING, state=_ENDED, tell_at=None, **by))
        fields = AuditFields(act_id=alert_id, purpose=PURPOSE, outcome=outcome.value, records=(alert.record_id,))
        hub.audit(session, "alert.close", principal.principal_id, fields)


def find_named(hub: Hub, named: str) -> bytes:
    """Return the id of the one standing alert whose id begins like that.

    Raises:
        AccessRefused: there is none, or several begin so.

    """
    with hub.reading() as session:
        found = [
            each.alert_id for each in store.find_alerts(session, STANDING) if each.alert_id.hex().startswith(named)
        ]
    if len(found) != 1:
        raise AccessRefused("no_such_alert", _GONE)
    return found[0]


def verify_may_see(hub: Hub, principal: Principal) -> None:
    """Refuse, and count, whose credential may not read the view for the purpose.

    Raises:
        AccessRefused: it may not.

    """
    verify_admitted(hub, principal, VIEW, PURPOSE)


def latency_of(alerts: Iterable[SealedAlert], *, since: datetime) -> Latency:
    """Tell how long alerts took that were raised since an instant."""
    took = [one.raised_at - one.arrived_at for one in alerts if one.raised_at >= since]
    if not took:
        return Latency(alerts=0, median=None, longest=None, late=0)
    middle = timedelta(seconds=median(each.total_seconds() for each in took))
    late = sum(each > PROMISED for each in took)
    return Latency(alerts=len(took), median=middle, longest=max(took), late=late)


def permitted_alerts(hub: Hub, session: Session, alerts: list[SealedAlert], at: datetime) -> list[SealedAlert]:
    """Leave out the alerts of whom the purpose may not read at this moment."""
    named = _named(hub, session, alerts, at)
    return [one for one in alerts if one.alert_id in named]


def _named(hub: Hub, session: Session, alerts: list[SealedAlert], at: datetime) -> dict[bytes, bytes]:
    """Give the present pseudonym of each alert's customer, by alert; of whom may be read now alone."""
    records = sorted({one.record_id for one in alerts})
    if not records:
        return {}
    entities = members_of(session, records)["entity"].unique()
    purpose = hub.policy().purpose(PURPOSE)
    allowed = permitted_set(session, purpose, EntityKind.PERSON, at=at, entities=entities).records
    mine = allowed.filter(pl.col("record").is_in(pl.Series(records, dtype=pl.Binary).implode()))
    names = dict(zip(mine["record"], pseudonyms_of(hub.domain(purpose.domain), mine["entity"]), strict=True))
    return {one.alert_id: names[one.record_id] for one in alerts if one.record_id in names}


def _visible(hub: Hub, session: Session, alert_id: bytes) -> SealedAlert:
    """Return an alert of somebody who may be read now."""
    alert = store.find_alert(session, alert_id)
    if alert is None or not permitted_alerts(hub, session, [alert], hub.clock()):
        raise AccessRefused("no_such_alert", _GONE)
    return alert


def _verify_changed(changed: object) -> None:
    """Refuse where somebody was faster."""
    if not changed:
        raise AccessRefused("no_such_alert", _GONE)


def _shown(one: SealedAlert, pseudonym: bytes, said: Said, at: datetime) -> Alert:
    state = AlertState(one.state)
    escalated = state is AlertState.OPEN and at >= one.escalate_at
    return Alert(
        alert_id=one.alert_id,
        pseudonym=pseudonym,
        said=said,
        state=state,
        whose=said.escalate_to if escalated else said.owner,
        escalated=escalated,
        **{name: getattr(one, name) for name in _TIMES},
    )


_TIMES: Final = ("arrived_at", "raised_at", "due_at", "acknowledged_at", "closed_at", "outcome")
