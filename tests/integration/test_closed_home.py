"""A restored home is closed: every command that there is refuses, every route of a running server too, and says why."""

import asyncio
import shutil
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import typer
from starlette.routing import BaseRoute, Mount, Route
from typer.testing import Result

from hub.api.app import create_app
from hub.cli.app import make_app
from hub.database.engine import engine_of
from hub.errors import RestorePending
from hub.workspace import open_workspace
from tests.api.world import make_world
from tests.integration.cli_desk import Desk, stocked

TOLD: Final = "older than the ledger of erasures"
OPEN: Final = {
    "init": "makes or upgrades a home; reads no customer",
    "migrate": "upgrades schemas; reads no customer",
    "doctor": "says that the home is closed",
    "version": "reads no home",
    "demo": "makes a home of its own",
    "restore": "is what opens it again",
    "receipt verify": "reads no home",
    "text redact": "reads no home",
    **dict.fromkeys(("match train", "match evaluate", "match explain"), "reads a file of one's own, and no home"),
    **dict.fromkeys(
        ("view new", "view catalogue", "source schema", "policy default", "audit verifier"),
        "prints a part of the program",
    ),
    **dict.fromkeys(
        ("survivorship default", "voice rules", "voice alerts rules", "voice library"), "prints a part of the program"
    ),
    **dict.fromkeys(("witness init", "witness key", "witness trust", "witness logs", "witness serve"), "has no home"),
}
ALIVE: Final = {
    *("GET /health", "GET /openapi.json", "GET /.well-known/gpc.json", "GET /.well-known/jwks.json"),
    *("GET /u/{token}", "PUT /v1/gpc"),  # a page with a button; a signal that binds its own session only
}
"""Routes that say nothing about anybody, and answer whatever stands in the databases."""


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, inner in command.commands.items():
        yield from commands(inner, (*path, name))


def typed(path: tuple[str, ...], command: Any, file: Path) -> list[str]:
    """Type a command with something for whatever it requires."""
    words = list(path)
    for parameter in command.params:
        if parameter.required:
            kind = parameter.type_descriptor.annotation
            word = str(file) if kind is Path or kind == list[Path] else "1"
            if isinstance(kind, type) and issubclass(kind, Enum):
                word = str(next(iter(kind)))
            word = "2026-06-01" if parameter.name == "until" else word
            words += [word] if parameter.param_type_name == "argument" else [parameter.opts[0], word]
    return words


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A home whose control database is that of before a person said no."""
    desk = stocked(tmp_path_factory.mktemp("closed"))
    before = desk.folder / "before.db"
    flush(desk.home)
    shutil.copy(desk.home / "control.db", before)
    assert desk.run("consent", "object", "shop:1", "churn").exit_code == 0
    flush(desk.home)
    for path in desk.home.glob("control.db-*"):
        path.unlink()
    shutil.copy(before, desk.home / "control.db")
    return desk


def flush(home: Path) -> None:
    engine = engine_of(f"sqlite:///{home / 'control.db'}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()


EVERY: Final = {" ".join(path): (path, command) for path, command in commands(typer.main.get_command(make_app()))}


def test_what_stays_open_is_known() -> None:
    assert OPEN.keys() <= EVERY.keys()


def test_every_command_refuses(closed: Desk) -> None:
    """None prints a row; nearly all say why, the others fault what was typed before they look at the home."""
    ended: dict[str, Result] = {}
    for name, (path, command) in EVERY.items():
        if name not in OPEN:
            ended[name] = closed.run(*typed(path, command, closed.folder / "people.csv"))
    assert {name for name, result in ended.items() if result.exit_code == 0} == set()
    assert {name for name, result in ended.items() if result.stdout} == set()
    told = {name for name, result in ended.items() if TOLD in result.stderr.replace("\n", " ")}
    usage = {name: result.stderr for name, result in ended.items() if result.exit_code == 2}
    assert ended.keys() - told - usage.keys() == set()
    assert len(told) > 40, usage


def test_the_doctor_says_so_and_python_is_refused(closed: Desk) -> None:
    assert TOLD in closed.run("doctor", "--format", "json").stdout
    with pytest.raises(RestorePending):
        open_workspace(closed.home)


def routes(found: list[BaseRoute]) -> Iterator[tuple[str, str]]:
    for route in found:
        inner = getattr(route, "original_router", route if isinstance(route, Mount) else None)
        if inner is not None:
            yield from routes(inner.routes)
        elif isinstance(route, Route):
            yield from ((method, route.path) for method in sorted(route.methods or ()) if method != "HEAD")


def test_every_route_of_a_server_whose_database_is_put_back_refuses(tmp_path: Path) -> None:
    """A server that runs on while somebody restores under it notices at the next transaction."""
    world = make_world(tmp_path, 4)
    hub, app = world.hub, create_app(world.hub)
    flush(hub.settings.home)
    before = shutil.copy(hub.settings.home / "control.db", tmp_path / "before.db")
    token = world.token(0)
    with asyncio.Runner() as runner:
        lifespan = app.router.lifespan_context(app)
        runner.run(lifespan.__aenter__())
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub")
        body = {"state": "objected"}
        bearer = {"Authorization": f"Bearer {token}"}
        assert runner.run(client.put("/v1/me/purposes/*", json=body, headers=bearer)).status_code == 200
        hub.engine.dispose()
        flush(hub.settings.home)
        for path in hub.settings.home.glob("control.db-*"):
            path.unlink()
        shutil.copy(before, hub.settings.home / "control.db")
        answers = {
            f"{method} {path}": runner.run(
                client.request(method, path.replace("{purpose}", "churn"), headers={"Authorization": f"Bearer {each}"})
            )
            for method, path in routes(app.routes)
            for each in (token, world.reader_token)
        }
        runner.run(client.aclose())
    hub.engine.dispose()
    hub.keystore.engine.dispose()
    answered = {name for name, answer in answers.items() if answer.status_code < 400} - ALIVE
    assert answered == set()
    assert {answer.status_code for name, answer in answers.items() if name not in ALIVE} >= {503}
    assert not any(b"person0" in answer.content for answer in answers.values())
