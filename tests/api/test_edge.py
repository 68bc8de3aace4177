"""The edge of the API: problems that repeat nothing, methods that do not act, limits, health, log lines, OpenAPI."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException
from fastapi.openapi.models import OpenAPI

from hub.api.answers import MEDIA_TYPE, answer_problems
from hub.api.edge import MOST_BODY_BYTES, Edge
from hub.authentication import Scope, add
from hub.errors import SettingsInvalid
from hub.logs import JsonLines
from hub.ours import OURS
from privacy.errors import SealBroken
from privacy.store.audit_checkpoint import newest_checkpoint
from privacy.terms import Role
from tests.api.conftest import Caller
from tests.api.world import CHURN, World

CANARY = "kari.nordmann@example.org"
PATH = f"/v1/me/purposes/{CHURN}"


def problem_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["cache-control"] == "no-store"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["instance"] == f"urn:varde:request:{answer.headers['varde-request-id']}"
    assert CANARY not in answer.text
    assert "kari" not in str(answer.headers).lower()
    return body


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"state": CANARY}, {"type": "enum", "at": "body.state"}),
        ({}, {"type": "missing", "at": "body.state"}),
        ({"state": "withdrawn", "notice": CANARY}, {"type": "string_pattern_mismatch", "at": "body.notice"}),
        ({"state": "withdrawn", CANARY: 1}, {"type": "extra_forbidden", "at": "body.(unknown field)"}),
        ([CANARY], {"type": "model_attributes_type", "at": "body"}),
    ],
)
def test_unfit_body_is_told_by_type_and_place(caller: Caller, world: World, body: Any, fault: dict[str, str]) -> None:
    answer = caller.call("PUT", PATH, world.tokens[0], json=body)
    assert problem_of(answer, 422)["errors"] == [fault]


def test_broken_json_is_not_repeated(caller: Caller, world: World) -> None:
    headers = {"Content-Type": "application/json"}
    answer = caller.call("PUT", PATH, world.tokens[0], content=b'{"state": ' + CANARY.encode(), headers=headers)
    assert problem_of(answer, 422)["errors"][0]["type"] == "json_invalid"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/v1/me/purposes/{CANARY}", 422),
        (f"/v1/views/{CANARY}?purpose=churn&as_of=2025-06-01T00:00:00Z", 422),
        (f"/v1/views/shopping?purpose={CANARY}&as_of={CANARY}", 422),
        (f"/v1/views/shopping?purpose=churn&as_of=2025-06-01T00:00:00Z&who={CANARY}", 422),
        ("/v1/views/shopping?purpose=churn&as_of=2025-06-01T00:00:00", 422),
        (f"/{CANARY}", 404),
        (f"/v1/views/{CANARY}/", 404),
    ],
)
def test_path_and_query_are_not_repeated(caller: Caller, world: World, path: str, status: int) -> None:
    method, token = ("PUT", world.tokens[0]) if "/me/" in path else ("GET", world.reader_token)
    problem_of(caller.call(method, path, token, json={"state": "withdrawn"}), status)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "DELETE", "PATCH"])
def test_no_other_method_acts(caller: Caller, world: World, method: str) -> None:
    before = world.hub.engine.connect().exec_driver_sql("SELECT value FROM epoch").scalar()
    answer = caller.call(method, PATH, world.tokens[0], json={"state": "withdrawn"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "PUT")
    with world.hub.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT value FROM epoch").scalar() == before


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PUT"])
def test_only_get_reads(caller: Caller, world: World, method: str) -> None:
    query = "purpose=churn&as_of=2025-06-01T00:00:00Z"
    answer = caller.call(method, f"/v1/views/shopping?{query}", world.reader_token)
    assert answer.status_code == 405


def test_large_body_is_refused_before_it_is_read(caller: Caller, world: World) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(MOST_BODY_BYTES // 1000 + 2):
            yield b" " * 1000

    declared = caller.call("PUT", PATH, world.tokens[0], content=b" " * (MOST_BODY_BYTES + 1))
    chunked = caller.call("PUT", PATH, world.tokens[0], content=pieces())
    assert problem_of(declared, 413)["type"] == problem_of(chunked, 413)["type"]


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (b"9" * 5_000, 413),  # `int` refuses so many digits by an error of its own
        (b"0" * 5_000 + b"9" * 6, 413),
        (str(MOST_BODY_BYTES + 1).encode(), 413),
        ("\u0661\u0662".encode(), 400),  # Arabic digits: digits for a text, none for HTTP
        (b"\xb2", 400),
        (b"-1", 400),
        (b"+1", 400),
        (b"1_0", 400),
        (b"", 400),
        (b"0" * 5_000 + b"2", 200),
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_length_that_is_none_or_too_large_is_the_callers_fault(told: bytes, status: int) -> None:
    sent = asyncio.run(_answered({"type": "http", "method": "PUT", "headers": [(b"content-length", told)]}))
    assert sent[0]["status"] == status


async def _answered(scope: dict[str, Any]) -> list[dict[str, Any]]:
    """Put a request before the edge of an application that reads its body and answers 200, or what the edge says."""

    async def reads(scope: Any, receive: Any, send: Any) -> None:
        try:
            await receive()
            status = 200
        except HTTPException as refused:
            status = refused.status_code
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def body() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await Edge(reads)(scope, body, send)
    return sent


def test_health_tells_strangers_yes_or_no(caller: Caller, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = world.hub.settings.owner_token_file.read_text(encoding="ascii").strip()
    assert caller.call("GET", "/health").json() == {"status": "ready"}
    checks = caller.call("GET", "/health", owner).json()["checks"]
    assert set(checks.values()) == {"ok"}
    assert len(checks) == 5

    def broken(*_: object) -> None:
        raise SealBroken(CANARY)

    monkeypatch.setattr("hub.compose.Hub.named_key", broken)
    answer = caller.call("GET", "/health")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})
    assert caller.call("GET", "/health", world.tokens[0]).json() == {"status": "unavailable"}
    assert caller.call("GET", "/health", owner).json()["checks"]["key_encryption_key"] == "SealBroken"


def test_scientist_sees_no_checks(caller: Caller, world: World) -> None:
    everything = frozenset({"*"})
    _, token = add(world.hub, "sci", Scope(role=Role.SCIENTIST, purposes=everything, views=everything), world.owner)
    assert caller.call("GET", "/health", token).json() == {"status": "ready"}


def test_log_is_sealed_by_a_checkpoint_at_start(caller: Caller, world: World) -> None:
    caller.call("GET", "/health")
    with world.hub.reading() as session:
        note = newest_checkpoint(session)
    assert note is not None
    assert note.startswith(world.hub.origin)


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What would be written to the log."""
    written: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(JsonLines().format(record))

    logger, handler = logging.getLogger("varde.api"), Kept()
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO)
    yield written
    logger.setLevel(before)
    logger.removeHandler(handler)


def test_log_line_names_the_template_and_no_value(caller: Caller, world: World, lines: list[str]) -> None:
    caller.call("GET", f"/v1/views/shopping?purpose={CANARY}", world.reader_token)
    caller.call("PUT", PATH, world.tokens[0], json={"state": CANARY})
    caller.call("GET", f"/{CANARY}")
    caller.call(CANARY.split("@", maxsplit=1)[0].replace(".", "-"), "/health")
    routes = [(line["method"], line["route"], line["status"]) for line in map(json.loads, lines)]
    assert routes == [
        ("GET", "/v1/views/{name}", 422),
        ("PUT", "/v1/me/purposes/{purpose}", 422),
        ("GET", "none", 404),
        ("other", "/health", 405),
    ]
    assert not any(word in line for line in lines for word in ("kari", CHURN, world.tokens[0], world.reader_token))


def test_stranger_of_an_error_ends_at_the_edge(lines: list[str]) -> None:
    app = FastAPI()
    answer_problems(app)
    app.add_middleware(Edge)

    @app.get("/boom")
    def boom() -> None:
        raise ZeroDivisionError(CANARY)

    async def call() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
            return await client.get("/boom")

    assert problem_of(asyncio.run(call()), 500)["title"] == "Internal Server Error"
    assert json.loads(lines[0])["error"] == "ZeroDivisionError"
    assert CANARY not in "".join(lines)


def test_broken_seal_is_told_by_title_only(lines: list[str]) -> None:
    app = FastAPI()
    answer_problems(app)
    app.add_middleware(Edge)

    @app.get("/boom")
    def boom() -> None:
        raise SealBroken(CANARY)

    async def call() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
            return await client.get("/boom")

    assert "detail" not in problem_of(asyncio.run(call()), 500)
    assert issubclass(SettingsInvalid, OURS)


OPERATIONS = {
    ("/health", "get"),
    ("/u/{token}", "get"),
    ("/u/{token}", "post"),
    ("/v1/gpc", "put"),
    ("/.well-known/gpc.json", "get"),
    ("/v1/identify", "post"),
    ("/v1/identify/confirm", "post"),
    ("/v1/identify/token", "post"),
    ("/v1/identify/token/opt-out", "post"),
    ("/.well-known/jwks.json", "get"),
    ("/v1/me/purposes", "get"),
    ("/v1/me/purposes", "put"),
    ("/v1/me/purposes/{purpose}", "put"),
    ("/v1/me/history", "get"),
    ("/v1/me/receipts", "get"),
    ("/v1/me/receipts/{receipt}", "get"),
    ("/v1/me/accesses", "get"),
    ("/v1/me/scores", "get"),
    ("/v1/me/contact", "get"),
    ("/v1/me/contact", "put"),
    ("/v1/me/requests", "get"),
    ("/v1/me/requests", "post"),
    ("/v1/me/requests/{request_id}", "get"),
    ("/v1/me/profile", "patch"),
    ("/v1/me/export", "get"),
    ("/v1/me/erase", "post"),
    ("/v1/subjects/tokens", "post"),
    ("/v1/subjects/tokens/list", "post"),
    ("/v1/subjects/tokens/revocation", "post"),
    ("/v1/views/{name}", "get"),
    ("/v1/views/{name}/rows/{pseudonym}", "get"),
    ("/v1/views/{name}/rows", "get"),
    ("/v1/views/{name}/joined", "post"),
    ("/v1/views/{name}/description", "get"),
    ("/v1/releases/recalls", "get"),
    ("/v1/views/{name}/submission", "get"),
    ("/v1/views/{name}/check", "post"),
    ("/v1/views/{name}/explanation", "post"),
    ("/v1/views/{name}/changes", "get"),
    ("/v1/views/{name}/refusal", "post"),
    ("/v1/views/{name}/approval", "post"),
    ("/v1/views/{name}/approval", "delete"),
    ("/v1/releases/{release}/recalls", "get"),
    ("/v1/predictions/{module}/{pseudonym}", "get"),
    ("/v1/domains/{name}/link", "get"),
    ("/v1/domains/{name}/link/approval", "post"),
    ("/v1/match", "post"),
    ("/v1/reveal", "post"),
    ("/v1/reveal/requests", "get"),
    ("/v1/reveal/requests", "post"),
    ("/v1/reveal/requests/{request_id}/approval", "post"),
    ("/v1/alerts", "get"),
    ("/v1/alerts/{alert}/acknowledgement", "post"),
    ("/v1/alerts/{alert}/closing", "post"),
    ("/v1/winback/letters", "get"),
    ("/v1/winback/letters/{letter}/look", "post"),
    ("/v1/winback/letters/{letter}/text", "put"),
    ("/v1/winback/letters/{letter}/proposal", "post"),
    ("/v1/winback/letters/{letter}/approval", "post"),
    ("/v1/winback/letters/{letter}/refusal", "post"),
}


def test_openapi_is_whole(caller: Caller) -> None:
    schema = caller.call("GET", "/openapi.json").json()
    OpenAPI.model_validate(schema)
    text = json.dumps(schema)
    for part in text.split('"$ref": "#/')[1:]:
        at: Any = schema
        for step in part.partition('"')[0].split("/"):
            at = at[step]
    operations = {
        (path, method): operation for path, item in schema["paths"].items() for method, operation in item.items()
    }
    assert set(operations) == OPERATIONS
    assert len({operation["operationId"] for operation in operations.values()}) == len(operations)
    assert operations["/v1/me/purposes/{purpose}", "put"]["security"] == [{"subject": []}]
    for path, operation in operations.items():
        if path[0].startswith(("/v1/views", "/v1/reveal", "/v1/match", "/v1/winback", "/v1/alerts")):
            assert operation["security"] == [{"principal": []}]
    for operation in operations.values():
        for status, response in operation["responses"].items():
            if status.startswith(("4", "5")) and operation["tags"] != ["health"]:
                assert MEDIA_TYPE in response["content"], (operation["operationId"], status)
    assert "HTTPValidationError" not in text
