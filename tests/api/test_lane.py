"""The short way of a plain choice answers what the route answers: each request is made both ways and compared."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from unittest.mock import AsyncMock

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.types import Message, Receive, Scope, Send

from hub.api import lane
from hub.api.answers import MEDIA_TYPE
from hub.api.choices import ChoiceBody, recorded
from hub.logs import LogEvent
from privacy.store.consent import history_of
from tests.api.conftest import Caller
from tests.api.world import CHURN, WINBACK, World
from tests.audit_faults import broken
from tests.shop import NOTICE

PLAIN, ROUNDABOUT = "application/json", "application/json; charset=utf-8"
Short = list[str]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Short:
    """Lists the purposes of the choices that went the short way."""
    went: Short = []

    async def noted(service: Any, token: str, choices: Any) -> Any:
        went.extend(each.purpose for each in choices)
        return await recorded(service, token, choices)

    monkeypatch.setattr("hub.api.lane.recorded", noted)
    return went


def put(caller: Caller, token: str | None, body: bytes, purpose: str = CHURN, **headers: str) -> httpx.Response:
    sent = {"Content-Type": PLAIN} | {name.replace("_", "-"): value for name, value in headers.items()}
    return caller.call("PUT", f"/v1/me/purposes/{purpose}", token, content=body, headers=sent)


def told(answer: httpx.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Return what two requests of one meaning must be told alike."""
    own = {"varde-request-id", "content-length"}
    body = {name: value for name, value in answer.json().items() if name not in {"instance", "epoch", "receipt"}}
    return answer.status_code, body, {name: value for name, value in answer.headers.items() if name not in own}


def test_plain_choice_goes_the_short_way_and_any_other_the_long_one(
    caller: Caller, world: World, short: Short, people: Callable[[int], list[int]]
) -> None:
    body = b'{"state": "withdrawn"}'
    one, other = (world.tokens[person] for person in people(2))
    plain, roundabout = put(caller, one, body), put(caller, other, body, Content_Type=ROUNDABOUT)
    assert short == [CHURN]
    assert told(plain) == told(roundabout)
    assert plain.json()["receipt"] != roundabout.json()["receipt"]
    assert plain.json()["epoch"] < roundabout.json()["epoch"]


@pytest.mark.parametrize(
    "case",
    [
        (WINBACK, {"state": "given", "notice": NOTICE, "language": "nb"}, 200),
        (WINBACK, {"state": "given", "notice": "privacy-2019-01"}, 403),
        ("*", {"state": "given", "notice": NOTICE}, 403),
        ("*", {"state": "objected"}, 200),
        ("service", {"state": "objected"}, 409),
        ("kari_nordmann", {"state": "withdrawn"}, 404),
    ],
)
def test_answers_and_refusals_are_those_of_the_route(
    caller: Caller, world: World, people: Callable[[int], list[int]], case: tuple[str, dict[str, str], int]
) -> None:
    purpose, body, status = case
    one, other = (world.token(person) for person in people(2))
    for tokens, expected in (((one, other), status), (("x" * 43, "y" * 43), 401)):
        plain = put(caller, tokens[0], json.dumps(body).encode(), purpose)
        roundabout = put(caller, tokens[1], json.dumps(body).encode(), purpose, Content_Type=ROUNDABOUT)
        assert told(plain) == told(roundabout)
        assert plain.status_code == expected


@pytest.mark.parametrize(
    "case",
    [
        (b'{"state": "kari"}', {}, 422),
        (b'{"state": "withdrawn"', {}, 422),
        (b"", {}, 422),
        (b'{"state": "withdrawn"}' + b" " * lane.MOST_BYTES, {}, 200),
        (b'{"state": "withdrawn"}', {"Content_Type": "text/plain"}, 422),
        (b'{"state": "withdrawn"}', {"Sec_GPC": "1"}, 200),
    ],
)
def test_what_is_not_plain_is_judged_by_the_route(
    caller: Caller, world: World, person: int, short: Short, case: tuple[bytes, dict[str, str], int]
) -> None:
    body, headers, status = case
    assert put(caller, "x" * 43, body, **headers).status_code == 401
    assert put(caller, world.tokens[person], body, **headers).status_code == status
    assert short == []


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic a2FyaQ=="])
def test_who_shows_no_token_is_answered_by_the_route(caller: Caller, short: Short, authorization: str) -> None:
    assert put(caller, None, b'{"state": "withdrawn"}', Authorization=authorization).status_code == 401
    assert short == []


_PIECES: list[Message] = [
    {"type": "http.request", "body": b'{"state": ', "more_body": True},
    {"type": "http.request", "body": b'"kari"}', "more_body": False},
    {"type": "http.disconnect"},
]


@pytest.mark.parametrize("sent", [_PIECES, _PIECES[::2]], ids=["whole", "broken off"])
def test_routes_are_handed_all_that_was_read(sent: list[Message]) -> None:
    to_come, seen = iter(sent), list[Message]()

    async def receive() -> Message:
        return next(to_come)

    async def route(_scope: Scope, receive: Receive, _send: Send) -> None:
        seen.extend([await receive() for _ in sent])

    headers = [(b"authorization", b"Bearer x"), (b"content-type", PLAIN.encode()), (b"content-length", b"17")]
    scope = {"type": "http", "method": "PUT", "path": f"/v1/me/purposes/{CHURN}", "headers": headers}
    asyncio.run(lane.Lane(route)(scope, receive, AsyncMock()))
    assert seen == sent


@pytest.mark.parametrize("kind", [PLAIN, ROUNDABOUT])
def test_body_that_does_not_come_is_told_once_it_is_known_who_calls(
    caller: Caller, world: World, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("hub.api.edge.BODY_SECONDS", 0.05)

    async def body() -> AsyncIterator[bytes]:
        yield b'{"state": '
        await asyncio.sleep(30)

    headers = {"Content-Type": kind, "Content-Length": "22"}
    for token, status in ((world.tokens[0], 408), ("x" * 43, 401)):
        answer = caller.call("PUT", f"/v1/me/purposes/{CHURN}", token, content=body(), headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA_TYPE)


def test_choice_that_cannot_be_committed_is_503_on_the_short_way(
    caller: Caller, world: World, short: Short, person: int
) -> None:
    with broken(world.hub.settings.home / "control.db", "leaf_refused"):
        answer = put(caller, world.tokens[person], b'{"state": "withdrawn"}')
    assert (answer.status_code, answer.headers["retry-after"], short) == (503, "2", [CHURN])
    with world.hub.reading() as session:
        assert len(history_of(session, [world.records[person]])) == 1, "what was imported, and nothing since"


def test_short_way_has_the_log_line_of_the_route(
    caller: Caller, world: World, short: Short, person: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "varde.api")
    put(caller, world.tokens[person], b'{"state": "withdrawn"}')
    (line,) = [record for record in caplog.records if record.msg == LogEvent.REQUEST_ANSWERED]
    assert vars(line) | {"method": "PUT", "route": "/v1/me/purposes/{purpose}", "status": 200} == vars(line)
    assert short


_WORDS = st.sampled_from(["withdrawn", "objected", "given", "nb", "", NOTICE, "A B", "\\u0077ithdrawn", "\\ud800"])
_VALUES = st.one_of(
    _WORDS.map('"{}"'.format), st.sampled_from(["null", "1", "NaN", "[]", "true", '{"state": "given"}'])
)
_FIELDS = st.tuples(st.sampled_from(["state", "notice", "language", "\\u0073tate", "more"]), _VALUES)
_SPACE = st.sampled_from(["", " ", "\n", "\ufeff", "\x00"])


@given(st.lists(_FIELDS, max_size=4), _SPACE, st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_body_means_here_what_it_means_to_the_route(fields: list[tuple[str, str]], space: str, encoding: str) -> None:
    """Also where a field stands twice, or the text is not UTF-8: what is read here is read alike there."""
    text = space + "{" + ", ".join(f'"{name}": {value}' for name, value in fields) + "}"
    read = lane.body_of([{"type": "http.request", "body": text.encode(encoding, "surrogatepass")}])
    try:
        route = ChoiceBody.model_validate(json.loads(text.encode(encoding, "surrogatepass")))
    except (ValidationError, ValueError):
        route = None
    assert read is None or read == route
