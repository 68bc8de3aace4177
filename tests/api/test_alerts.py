"""`/v1/alerts`: listed, acknowledged and closed by colleagues whose credential is bound to the view and the purpose."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from hub.authentication import Scope, add
from privacy.terms import Role
from tests.alert_builders import THREAT, Watched, watched
from tests.api.conftest import Caller, called
from tests.api.world import World
from tests.audit_faults import broken

ALERTS = "/v1/alerts"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched(tmp_path_factory.mktemp("alerts")) as found:
        found.arrives(("p0", THREAT))
        found.looks()
        yield found


@pytest.fixture(scope="module")
def desk(here: Watched) -> Iterator[Caller]:
    with called(cast("World", here)) as found:
        yield found


def token(here: Watched, label: str, role: Role = Role.SUCCESS, **bound: Any) -> str:
    everything = frozenset({"*"})
    scope = Scope(role=role, **{"purposes": everything, "views": everything, **bound})
    return add(here.hub, label, scope, here.company.owner)[1]


def test_alerts_are_for_whoever_may_read_them_and_stand_until_somebody_closes_them(here: Watched, desk: Caller) -> None:
    success = token(here, "success")
    for who in (token(here, "agent", Role.AGENT), token(here, "bound", views=frozenset({"shopping"}))):
        assert desk.call("GET", ALERTS, who).status_code == 403
    assert desk.call("GET", ALERTS).status_code == 401
    with broken(here.hub.settings.home / "control.db", "leaf_refused"):
        refused = desk.call("GET", ALERTS, success)
    assert refused.status_code == 503
    assert "leaving" not in refused.text
    board = desk.call("GET", ALERTS, success).json()
    (alert,) = board["alerts"]
    assert (alert["kinds"], alert["state"], alert["escalated"]) == (["leaving"], "open", False)
    assert board["longest_seconds"] == 0.0
    assert board["later_than_promised"] == 0
    path = f"{ALERTS}/{alert['alert']}"
    assert desk.call("POST", f"{path}/acknowledgement", success).json()["state"] == "acknowledged"
    assert desk.call("POST", f"{path}/acknowledgement", success).status_code == 403, "once"
    assert desk.call("POST", f"{path}/closing", success, json={"outcome": "gone"}).status_code == 422
    assert desk.call("POST", f"{path}/closing", success, json={"outcome": "acted"}).json()["state"] == "closed"
    assert desk.call("GET", ALERTS, success).json()["alerts"] == []
