"""One hub and one app for all tests of the API; each test uses people of its own."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import httpx
import pytest

from hub.api.app import create_app
from tests.api.world import AS_OF, CHURN, World, make_world

PEOPLE = 400


class Caller:
    """Calls the app in this process; the app's lifespan runs as in a server."""

    def __init__(self, world: World, runner: asyncio.Runner, client: httpx.AsyncClient) -> None:
        self.world = world
        self._runner = runner
        self._client = client

    def call(self, method: str, path: str, token: str | None = None, **more: Any) -> httpx.Response:
        return self._runner.run(self._client.request(method, path, headers=_headers(token, more), **more))

    def all(self, calls: list[tuple[str, str, str, Any]]) -> list[httpx.Response]:
        """Make (method, path, token, body) calls at once."""

        async def together() -> list[httpx.Response]:
            return await asyncio.gather(
                *(
                    self._client.request(method, path, headers=_headers(token, {}), json=body)
                    for method, path, token, body in calls
                )
            )

        return self._runner.run(together())

    def choose(self, token: str | None, state: str, purpose: str = CHURN, **more: str) -> httpx.Response:
        return self.call("PUT", f"/v1/me/purposes/{purpose}", token, json={"state": state} | more)

    def read(self, view: str = "shopping", purpose: str = CHURN, **more: Any) -> httpx.Response:
        question = {"purpose": purpose, "as_of": AS_OF.isoformat()}
        return self.call("GET", f"/v1/views/{view}", self.world.reader_token, params=question, **more)


def _headers(token: str | None, more: dict[str, Any]) -> dict[str, str]:
    headers: dict[str, str] = more.pop("headers", {})
    return headers if token is None else headers | {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("api"), PEOPLE)
    yield made
    made.hub.engine.dispose()


@pytest.fixture(scope="session")
def caller(world: World) -> Iterator[Caller]:
    with called(world) as found:
        yield found


@contextmanager
def called(world: World) -> Iterator[Caller]:
    """Call the app of a world for as long as the block lasts."""
    app = create_app(world.hub)
    with asyncio.Runner() as runner:
        lifespan = app.router.lifespan_context(app)
        runner.run(lifespan.__aenter__())
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub")
        yield Caller(world, runner, client)
        runner.run(client.aclose())
        runner.run(lifespan.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def _numbers() -> Iterator[int]:
    return count()


@pytest.fixture
def person(_numbers: Iterator[int]) -> int:
    """A person whom no other test touches."""
    return next(_numbers)


@pytest.fixture
def people(_numbers: Iterator[int]) -> Callable[[int], list[int]]:
    """Several of them."""
    return lambda many: [next(_numbers) for _ in range(many)]
