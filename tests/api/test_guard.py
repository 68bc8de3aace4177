"""Who calls is asked first on every route: a stranger learns nothing of what a route expects."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute

from hub.api.app import create_app
from hub.api.guard import PrincipalRoute, SubjectRoute
from tests.api.conftest import Caller
from tests.api.world import World

PROVING = {f"/v1/identify{more}" for more in ("", "/confirm", "/token", "/token/opt-out")}
OPEN = {"/health", "/.well-known/jwks.json", "/.well-known/gpc.json", "/u/{token}", "/v1/gpc"} | PROVING
"""Routes that answer strangers on purpose: there they prove who they are, or say no without that.

`/openapi.json` is the other one: it holds our own names only.
"""
CANARY = "kari.nordmann@example.org"
BROKEN: list[dict[str, Any]] = [
    {"content": b'{"state": ' + CANARY.encode(), "headers": {"Content-Type": "application/json"}},
    {"content": b"\xff\x00", "headers": {"Content-Type": "text/plain"}},
    {"json": {CANARY: CANARY}, "params": {"as_of": CANARY, CANARY: "1"}},
    {},
]


def routes_of(routes: Iterable[Any]) -> Iterator[APIRoute]:
    """Walk an app's routes, those of included routers too."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif (included := getattr(route, "original_router", None)) is not None:
            yield from routes_of(included.routes)


def guarded(caller: Caller) -> list[tuple[str, str]]:
    routes = [route for route in routes_of(create_app(caller.world.hub).routes) if route.path not in OPEN]
    return [(method, route.path) for route in routes for method in sorted(route.methods)]


def test_every_route_but_the_open_ones_has_a_guard(world: World) -> None:
    app = create_app(world.hub)
    routes = list(routes_of(app.routes))
    assert {route.path for route in routes} >= set(app.openapi()["paths"]) > OPEN
    assert all(isinstance(route, PrincipalRoute | SubjectRoute) for route in routes if route.path not in OPEN)


@pytest.mark.parametrize("token", [None, "x" * 43])
@pytest.mark.parametrize("broken", BROKEN)
def test_a_stranger_gets_401_whatever_was_sent(caller: Caller, token: str | None, broken: dict[str, Any]) -> None:
    answers = []
    for method, path in guarded(caller):
        for name in ("x", "%2A%20NOT-A-NAME"):
            where = re.sub(r"\{\w+\}", name, path)
            more = {key: dict(value) if isinstance(value, dict) else value for key, value in broken.items()}
            answers.append(caller.call(method, where, token, **more))
    assert len(answers) >= 2 * 2
    for answer in answers:
        assert answer.status_code == 401
        assert "errors" not in answer.json()
        assert CANARY not in answer.text
    told = {(answer.request.url.path.startswith("/v1/me/"), answer.json()["detail"]) for answer in answers}
    assert len(told) == len({detail for _, detail in told}) == 2  # one text for customers, one for staff
