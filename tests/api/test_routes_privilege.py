"""On PostgreSQL, too, no route hands out customer data once the privilege to write the audit log is revoked."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from hub.compose import Hub, open_hub
from tests import postgres_role
from tests.api.conftest import called
from tests.api.test_routes_fail_closed import TRIED, Desk, choose, desk_of
from tests.api.world import World, make_world
from tests.builders import Postgres
from tests.postgres_role import revoked

REVOKED: Final = {
    "no entry goes in": ("INSERT ON audit_leaf", "INSERT ON audit_arrival"),
    "no body goes in": ("INSERT ON audit_body", "INSERT ON audit_arrival"),
    "the head stands still": ("UPDATE ON audit_head", "INSERT ON audit_arrival"),
}


@pytest.fixture
def owned(postgres: Postgres, tmp_path: Path) -> Iterator[World]:
    """A company whose databases are both on PostgreSQL, seen by the owner of the tables."""
    urls = postgres.home_databases()
    made = make_world(tmp_path, 6, urls)
    yield made
    made.hub.engine.dispose()
    made.hub.keystore.engine.dispose()


@pytest.fixture
def limited(owned: World) -> Iterator[World]:
    """The same company through a role that owns nothing."""
    with postgres_role.limited(owned.hub.engine) as url:
        hub = open_hub(replace(owned.hub.settings, database_url=url), clock=owned.hub.clock)
        yield replace(owned, hub=hub)
        hub.engine.dispose()
        hub.keystore.engine.dispose()


def test_no_route_hands_out_a_canary_once_the_privilege_is_revoked(owned: World, limited: World) -> None:
    with called(limited) as caller:
        desk = desk_of(caller, 3)
        for name in TRIED:
            for fault, privileges in REVOKED.items():
                _closed(desk, name, owned.hub, privileges, f"{name}: {fault}")


def _closed(desk: Desk, name: str, owner: Hub, privileges: tuple[str, ...], case: str) -> None:
    tried = TRIED[name]
    if tried.call is not choose:  # a choice that stands is written once
        answer = tried.call(desk)
        assert answer.status_code == 200, f"{case}: {answer.text}"
        assert tried.canary(desk) in answer.content, case
    token = desk.world.token(desk.person)
    with revoked(owner.engine, privileges):
        answer = desk.caller.choose(token, "objected", "*") if tried.call is choose else tried.call(desk)
    assert answer.status_code >= 500, case
    assert tried.canary(desk) not in answer.content, case
