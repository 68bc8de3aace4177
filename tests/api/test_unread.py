"""Answers that nobody reads to their end hold memory, and how much is bounded: whoever comes then is told so."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from starlette.types import ASGIApp, Message

from hub.api.service import Service
from hub.views.access import Views
from privacy.store.audit import entries
from tests.api.conftest import Caller, called
from tests.api.world import AS_OF, CHURN, World

QUESTIONS: Final = {
    "GET /v1/views/shopping": {"purpose": CHURN, "as_of": AS_OF.isoformat()},
    "GET /v1/views/shopping/rows": {"purpose": CHURN},
    "POST /v1/views/shopping/joined": {"purpose": CHURN},
}


class Stalled:
    """A reader who asks, and takes nothing of the answer until it hangs up."""

    def __init__(self, app: ASGIApp, scope: dict[str, Any], body: bytes) -> None:
        self._begun, self._gone, self._body = asyncio.Event(), asyncio.Event(), [body]
        self._serving = asyncio.ensure_future(app(scope, self._receive, self._send))

    async def begun(self) -> None:
        await asyncio.wait_for(self._begun.wait(), timeout=20)

    async def hang_up(self) -> None:
        self._gone.set()
        await asyncio.wait([self._serving], timeout=20)

    async def _receive(self) -> Message:
        if self._body:
            return {"type": "http.request", "body": self._body.pop(), "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self._begun.set()
            await self._gone.wait()


@pytest.fixture
def narrow(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    """Serve with room for one answer and a half."""
    frame = Views(world.hub, world.reader)["shopping"].read(purpose=CHURN, as_of=AS_OF)
    monkeypatch.setattr("hub.api.unread.PIECE_BYTES", 0)
    monkeypatch.setattr("hub.api.unread.MEBIBYTE", 1.5 * frame.estimated_size() / world.hub.settings.unread_mib)
    with called(world) as caller:
        yield caller


def asked(caller: Caller, question: str, world: World) -> tuple[dict[str, Any], bytes]:
    """Return a question as ASGI's scope and body."""
    method, path = question.split()
    pairs = "\n".join(f"{each.hex()},{AS_OF:%Y-%m-%dT%H:%M:%SZ}" for each in world.pseudonyms[CHURN])
    body = f"pseudonym,as_of\n{pairs}".encode() if method == "POST" else b""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": urlencode(QUESTIONS[question]).encode(),
        "headers": [(b"authorization", f"Bearer {world.reader_token}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("hub", 80),
        "state": {},
    }
    return scope, body


def released(world: World) -> int:
    with world.hub.reading() as session:
        return len(entries(session, action="view.release.intent", limit=1_000))


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_stalled_reader_keeps_out_what_does_not_fit_and_no_longer(
    narrow: Caller, world: World, question: str
) -> None:
    Views(world.hub, world.owner)["shopping"].materialise(as_of=AS_OF)
    app: Any = narrow._client._transport.app  # type: ignore[attr-defined]  # ASGITransport's own
    service: Service = app.state.service
    scope, body = asked(narrow, question, world)

    async def stalled() -> Stalled:
        reader = Stalled(app, scope, body)
        await reader.begun()
        return reader

    method, path = question.split()
    call = {"params": QUESTIONS[question], "content": body}
    reader, before = narrow._runner.run(stalled()), released(world)
    assert service.unread.held_bytes > 0
    refused = narrow.call(method, path, world.reader_token, **call)
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:varde:problem:answers-unread")
    assert "VARDE_UNREAD_MIB" in refused.json()["detail"]
    assert refused.headers["retry-after"] == "30"
    assert released(world) == before, "what was refused was not released"
    narrow._runner.run(reader.hang_up())
    assert service.unread.held_bytes == 0
    assert narrow.call(method, path, world.reader_token, **call).status_code == 200
    assert service.unread.held_bytes == 0


def test_a_small_answer_is_let_out_beside_a_stalled_one(
    narrow: Caller, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    app: Any = narrow._client._transport.app  # type: ignore[attr-defined]  # ASGITransport's own
    scope, body = asked(narrow, "GET /v1/views/shopping", world)

    async def stalled() -> Stalled:
        reader = Stalled(app, scope, body)
        await reader.begun()
        return reader

    reader = narrow._runner.run(stalled())
    monkeypatch.setattr("hub.api.unread.PIECE_BYTES", 1 << 20)
    assert narrow.read().status_code == 200
    narrow._runner.run(reader.hang_up())
