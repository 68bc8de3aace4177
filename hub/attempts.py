"""Logins and denied attempts in the audit log: every one that matters, none that only fills a disk.

A login is one entry a principal, channel and hour. A denied attempt is one entry a minute for each (principal or
nobody, act, rule, purpose), with the number of attempts since the last one. ADR 0028 says why.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.errors import AccessRefused, HubError
from hub.logs import LogEvent, log_of
from privacy.audit import AuditFields
from privacy.store.attempt import DenialKind, count_denials, has_untold, is_login_noted, note_login_of, take_untold
from privacy.store.principal import Principal
from privacy.terms import ID_BYTES, PrincipalId

NOBODY: Final = PrincipalId(bytes(ID_BYTES))
"""Who acts where nobody was authenticated."""

NOT_AUTHENTICATED: Final = "not_authenticated"
DENIED: Final = "access.denied"
_LOG: Final = log_of("attempts")


class Channel(StrEnum):
    """By which door a principal came in."""

    CLI = "cli"
    HTTP = "http"


def note_login(hub: Hub, principal: Principal, channel: Channel) -> None:
    """Tell the audit log that a principal works here in this hour, before anything is done for them.

    Raises:
        HubError: the log does not take the entry: then nothing is done for them.

    """
    who, hour = principal.principal_id, hub.clock().replace(minute=0, second=0, microsecond=0)
    if hub.doorkeeper.saw(who, channel, hour):
        return
    with hub.reading() as session:
        noted = is_login_noted(session, who, channel, hour)
    if not noted:
        with hub.unit_of_work() as session:
            if note_login_of(session, who, channel, hour):
                hub.audit(session, "login", who, AuditFields(role=principal.role, reason=channel.value))
    hub.doorkeeper.remember(who, channel, hour)


def note_denied(hub: Hub, kind: DenialKind) -> None:
    """Count a denied attempt, and tell the audit log unless its minute's entry stands.

    Whoever was refused stays refused if the log does not take the entry; the attempt is told with the next one.
    """
    at = hub.clock()
    attempts = hub.doorkeeper.count(kind, at=at)
    if attempts:
        _persist(hub, kind, attempts, at)


def note_refusal(hub: Hub, principal: Principal, refused: AccessRefused) -> None:
    """Count an attempt that a rule refused to a known principal, once for each time it was raised."""
    if not refused.noted:
        note_denied(hub, DenialKind(principal.principal_id, DENIED, refused.because))
        refused.noted = True


def note_stranger(hub: Hub) -> None:
    """Count an attempt of somebody whom no valid token stands behind."""
    note_denied(hub, DenialKind(NOBODY, DENIED, NOT_AUTHENTICATED))


def tell_denials(hub: Hub) -> None:
    """Tell the audit log of attempts that were counted and whose minute is over."""
    at = hub.clock()
    for kind, attempts in hub.doorkeeper.due(at=at):
        _persist(hub, kind, attempts, at)
    with hub.reading() as session:
        waiting = has_untold(session, at=at)
    if waiting:
        with hub.unit_of_work() as session:
            for kind, attempts in take_untold(session, at=at):
                _tell(hub, session, kind, attempts)


def _persist(hub: Hub, kind: DenialKind, attempts: int, at: datetime) -> None:
    try:
        with hub.unit_of_work() as session:
            told = count_denials(session, kind, attempts, at=at)
            if told is not None:
                _tell(hub, session, kind, told)
    except HubError as exc:
        hub.doorkeeper.keep(kind, attempts, at=at)
        _LOG.warning(LogEvent.UNEXPECTED_ERROR, extra={"error": type(exc).__name__})


def _tell(hub: Hub, session: Session, kind: DenialKind, attempts: int) -> None:
    fields = AuditFields(reason=kind.reason, purpose=kind.purpose or None, attempts=attempts, outcome="refused")
    hub.audit(session, kind.action, kind.principal, fields)
