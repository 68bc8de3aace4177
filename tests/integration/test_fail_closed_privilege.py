"""On PostgreSQL, too, no command hands out customer data once the privilege to write the audit log is revoked."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Engine

from hub.compose import Clock, Hub, open_hub
from hub.database.engine import engine_of
from hub.settings import Settings
from tests import postgres_role
from tests.builders import Postgres
from tests.integration.cli_desk import Desk, bare, stock
from tests.integration.test_fail_closed import TRIED, Child, call, child, healthy, prepared
from tests.postgres_role import revoked

__all__ = ["child"]  # a fixture

REVOKED: Final = ("INSERT ON audit_leaf", "INSERT ON audit_arrival")


@pytest.fixture
def urls(postgres: Postgres) -> dict[str, str]:
    return postgres.home_databases()


@pytest.fixture
def owner(urls: dict[str, str]) -> Iterator[Engine]:
    engine = engine_of(urls["VARDE_DATABASE_URL"])
    yield engine
    engine.dispose()


@pytest.fixture
def _closing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what commands open: they leave it to the end of a process, which this one does not reach."""
    opened: list[Hub] = []

    def close() -> None:
        for hub in opened:
            hub.engine.dispose()
            hub.keystore.engine.dispose()
        opened.clear()

    def opening(settings: Settings, *, clock: Clock) -> Hub:
        close()  # the command before has ended: all of them at once are more than a server has connections
        opened.append(open_hub(settings, clock=clock))
        return opened[-1]

    monkeypatch.setattr("hub.cli.invocation.open_hub", opening)
    yield
    close()


@pytest.fixture
def desk(owner: Engine, urls: dict[str, str], tmp_path: Path, child: Child, _closing: None) -> Iterator[Desk]:
    """A desk whose databases are both on PostgreSQL; its commands come as a role that owns nothing."""
    found = prepared(stock(bare(tmp_path, urls)))
    with postgres_role.limited(owner) as url:
        yield replace(found, environment={**urls, "VARDE_DATABASE_URL": url})


def test_no_command_hands_out_a_canary_once_the_privilege_is_revoked(desk: Desk, owner: Engine, child: Child) -> None:
    for name in TRIED:
        healthy(desk, name)
        asked = child.asked
        with revoked(owner, REVOKED):
            result, out = call(desk, name)
        assert result.exit_code not in {0, 3}, name
        assert re.search(TRIED[name].canary, result.output) is None, name
        assert not out.exists(), name
        assert child.asked == asked, name
