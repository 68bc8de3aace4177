"""Logins and denied attempts: each is told, and no number of them fills the log."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from hub.attempts import DENIED, NOBODY, Channel, note_denied, note_login, note_stranger, tell_denials
from hub.authentication import acting_principal
from hub.compose import Hub
from hub.doorkeeper import Doorkeeper
from hub.errors import AccessRefused, HubError
from hub.views.gateway import Gateway
from privacy.audit import AuditEntry
from privacy.store.attempt import DenialKind
from privacy.store.audit import entries
from tests.audit_faults import broken
from tests.builders import DATABASES, NOON, FixedClock
from tests.conftest import HubFactory


@pytest.fixture(params=DATABASES)
def hub(request: pytest.FixtureRequest, hub_factory: HubFactory) -> Hub:
    return hub_factory(request.param)


def told(hub: Hub, action: str) -> list[AuditEntry]:
    with hub.reading() as session:
        return [entry for _, entry in reversed(entries(session, action=action))]


def again(hub: Hub) -> Hub:
    """Return the same hub with no memory, as another process has it."""
    return replace(hub, doorkeeper=Doorkeeper())


def test_a_login_is_told_once_an_hour_and_door_by_whichever_process(hub: Hub, clock: FixedClock) -> None:
    me = acting_principal(hub)
    for process in (hub, hub, again(hub)):
        for channel in Channel:
            note_login(process, me, channel)
    assert [(each.actor, each.fields.reason) for each in told(hub, "login")] == [
        (me.principal_id, "cli"),
        (me.principal_id, "http"),
    ]
    clock.forward(minutes=59)
    note_login(hub, me, Channel.CLI)
    assert len(told(hub, "login")) == 2
    clock.forward(minutes=1)
    note_login(again(hub), me, Channel.CLI)
    assert len(told(hub, "login")) == 3


def test_whoever_cannot_be_written_down_is_not_let_in(hub_factory: HubFactory) -> None:
    hub = hub_factory()
    me = acting_principal(hub)
    with broken(hub.settings.home / "control.db", "leaf_refused"), pytest.raises(HubError):
        note_login(hub, me, Channel.CLI)
    note_login(hub, me, Channel.CLI)
    assert len(told(hub, "login")) == 1


def test_a_thousand_attempts_are_two_entries_that_count_them(hub: Hub, clock: FixedClock) -> None:
    for _ in range(999):
        note_stranger(hub)
    assert [(each.actor, each.fields.attempts) for each in told(hub, DENIED)] == [(NOBODY, 1)]
    clock.forward(minutes=1)
    note_stranger(hub)
    assert [each.fields.attempts for each in told(hub, DENIED)] == [1, 999]


def test_what_was_counted_is_told_even_if_nobody_comes_again(hub: Hub, clock: FixedClock) -> None:
    """Two processes: one counted in its memory, the other found the minute's entry in the database."""
    for process in (hub, hub, other := again(hub)):
        note_stranger(process)
    tell_denials(hub)
    assert [each.fields.attempts for each in told(hub, DENIED)] == [1], "the minute is not over"
    clock.forward(minutes=1)
    tell_denials(hub)
    tell_denials(other)
    assert sum(each.fields.attempts or 0 for each in told(hub, DENIED)) == 3
    clock.forward(minutes=1)
    tell_denials(hub)
    assert sum(each.fields.attempts or 0 for each in told(hub, DENIED)) == 3, "nothing is told twice"


def test_other_rules_and_other_principals_are_told_apart(hub: Hub) -> None:
    me = acting_principal(hub).principal_id
    for kind in (DenialKind(me, DENIED, "one"), DenialKind(me, DENIED, "two"), DenialKind(NOBODY, DENIED, "one")):
        note_denied(hub, kind)
    assert [(each.actor, each.fields.reason) for each in told(hub, DENIED)] == [
        (me, "one"),
        (me, "two"),
        (NOBODY, "one"),
    ]


def test_an_attempt_that_the_log_did_not_take_is_told_with_the_next(hub_factory: HubFactory, clock: FixedClock) -> None:
    hub = hub_factory()
    with broken(hub.settings.home / "control.db", "leaf_refused"):
        note_stranger(hub)
    assert told(hub, DENIED) == []
    clock.forward(minutes=1)
    note_stranger(hub)
    assert [each.fields.attempts for each in told(hub, DENIED)] == [2]


def test_a_refused_read_is_told_with_its_rule_and_a_known_purpose_only(hub: Hub) -> None:
    me = acting_principal(hub)
    attempts: list[Callable[[], object]] = [
        lambda: Gateway(hub).read(me, "nothing_here", purpose="churn", as_of=NOON),
        lambda: Gateway(hub).read(me, "nothing_here", purpose="kari-nordmann", as_of=NOON),
    ]
    for attempt in attempts:
        with pytest.raises(AccessRefused):
            attempt()
    assert [each.fields.purpose for each in told(hub, "view.release.refused")] == ["churn", None]
