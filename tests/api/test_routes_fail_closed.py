"""Whatever breaks the audit log, no route hands out customer data: every route of the app is tried or excused.

A new route fails `test_every_route_is_tried_or_excused` until somebody says which it is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount, Route

from hub.api.app import create_app
from hub.authentication import Scope, add
from hub.views.gateway import Gateway
from hub.views.snapshot import materialise
from hub.views.snapshot_store import newest_snapshot
from privacy.store.subject_token import SubjectScope
from privacy.terms import Role
from tests import audit_faults
from tests.api.conftest import Caller
from tests.api.world import AS_OF, CHURN, World
from tests.audit_faults import broken


@dataclass(frozen=True)
class Desk:
    """Somebody who calls: the app, a person in it, and the tokens of who may reveal and of an agent."""

    caller: Caller
    person: int
    revealer: str
    agent: str
    dpo: str

    @property
    def world(self) -> World:
        return self.caller.world

    @property
    def pseudonym(self) -> bytes:
        return self.world.pseudonyms[CHURN][self.person]


def read_view(desk: Desk) -> httpx.Response:
    return desk.caller.read()


def read_row(desk: Desk) -> httpx.Response:
    with desk.world.hub.reading() as session:
        kept = newest_snapshot(session, "shopping")
    if kept is None:
        materialise(desk.world.hub, desk.world.owner, "shopping", as_of=AS_OF)
    path = f"/v1/views/shopping/rows/{desk.pseudonym.hex()}"
    return desk.caller.call("GET", path, desk.world.reader_token, params={"purpose": CHURN})


def read_rows(desk: Desk) -> httpx.Response:
    read_row(desk)
    return desk.caller.call("GET", "/v1/views/shopping/rows", desk.world.reader_token, params={"purpose": CHURN})


def join_view(desk: Desk) -> httpx.Response:
    body = f"pseudonym,as_of\n{desk.pseudonym.hex()},{AS_OF:%Y-%m-%dT%H:%M:%SZ}\n"
    asked = {"params": {"purpose": CHURN}, "content": body.encode()}
    return desk.caller.call("POST", "/v1/views/shopping/joined", desk.world.reader_token, **asked)


def all_recalls(desk: Desk) -> httpx.Response:
    recalls(desk)
    return desk.caller.call("GET", "/v1/releases/recalls?since=2025-01-01T00:00:00Z", desk.world.reader_token)


RELEASES: Final[dict[bytes, bytes]] = {}
"""One release of each world: none can be made while the log is broken."""


def recalls(desk: Desk) -> httpx.Response:
    hub = desk.world.hub
    if hub.instance not in RELEASES:
        released = Gateway(hub).read(desk.world.reader, "shopping", purpose=CHURN, as_of=AS_OF)
        RELEASES[hub.instance] = released.release_id
    return desk.caller.call("GET", f"/v1/releases/{RELEASES[hub.instance].hex()}/recalls", desk.world.reader_token)


def choose(desk: Desk) -> httpx.Response:
    return desk.caller.choose(desk.world.token(desk.person), "objected", "*")


def check_view(desk: Desk) -> httpx.Response:
    body = {"as_of": AS_OF.isoformat()}
    return desk.caller.call("POST", "/v1/views/shopping/check", desk.dpo, json=body)


def explain_view(desk: Desk) -> httpx.Response:
    body = {"subject": f"email:person{desk.person}@example.org", "as_of": AS_OF.isoformat()}
    return desk.caller.call("POST", "/v1/views/shopping/explanation", desk.dpo, json=body)


def reveal(desk: Desk) -> httpx.Response:
    body = {"purpose": CHURN, "pseudonym": desk.pseudonym.hex(), "reason": "help_offered"}
    return desk.caller.call("POST", "/v1/reveal", desk.revealer, json=body)


def issue_token(desk: Desk) -> httpx.Response:
    return desk.caller.call("POST", "/v1/subjects/tokens", desk.agent, json={"identifier": f"shop:k{desk.person}"})


def list_tokens(desk: Desk) -> httpx.Response:
    body = {"identifier": f"shop:k{desk.person}"}
    return desk.caller.call("POST", "/v1/subjects/tokens/list", desk.agent, json=body)


VERIFIED: Final[dict[tuple[Path, int], str]] = {}


def own(desk: Desk, path: str) -> httpx.Response:
    key = desk.world.hub.settings.home, desk.person
    if key not in VERIFIED:  # made where the log is sound: its issue is an entry, too
        VERIFIED[key] = desk.world.token(desk.person, scope=SubjectScope.VERIFIED, days=0.01)
    return desk.caller.call("GET", f"/v1/me/{path}", VERIFIED[key])


def export(desk: Desk) -> httpx.Response:
    return own(desk, "export")


def accesses(desk: Desk) -> httpx.Response:
    return own(desk, "accesses")


def scores(desk: Desk) -> httpx.Response:
    return own(desk, "scores")


@dataclass(frozen=True)
class Tried:
    """A call that succeeds in a healthy hub, and what of its body must not leave a broken one."""

    call: Callable[[Desk], httpx.Response]
    canary: Callable[[Desk], bytes]


TRIED: Final = {
    "GET /v1/views/{name}": Tried(read_view, lambda desk: desk.pseudonym),
    "GET /v1/views/{name}/rows/{pseudonym}": Tried(read_row, lambda _desk: b'"features"'),
    "POST /v1/views/{name}/check": Tried(check_view, lambda _desk: b'"customers"'),
    "POST /v1/views/{name}/explanation": Tried(explain_view, lambda _desk: b'"words"'),
    "GET /v1/views/{name}/rows": Tried(read_rows, lambda desk: desk.pseudonym),
    "POST /v1/views/{name}/joined": Tried(join_view, lambda desk: desk.pseudonym),
    "GET /v1/releases/{release}/recalls": Tried(recalls, lambda _desk: b'"pseudonyms"'),
    "GET /v1/releases/recalls": Tried(all_recalls, lambda _desk: b'"recalls"'),
    "GET /v1/me/export": Tried(export, lambda desk: f"person{desk.person}@example.org".encode()),
    "GET /v1/me/accesses": Tried(accesses, lambda _desk: b'"accesses"'),
    "GET /v1/me/scores": Tried(scores, lambda _desk: b'"scores"'),
    "POST /v1/reveal": Tried(reveal, lambda desk: f"person{desk.person}@example.org".encode()),
    "POST /v1/subjects/tokens": Tried(issue_token, lambda _desk: b'"token"'),
    "POST /v1/subjects/tokens/list": Tried(list_tokens, lambda _desk: b'"tokens"'),
    "PUT /v1/me/purposes/{purpose}": Tried(choose, lambda _desk: b'"recorded"'),
}
EXCUSED: Final = {
    "GET /health": "says whether the process is ready; to those who run it, which check failed",
    "GET /openapi.json": "describes the interface",
    "GET /.well-known/jwks.json": "public keys",
    "GET /v1/me/purposes": "purposes in words and one's own choices; nobody is named",
    "PUT /v1/me/purposes": "repeats what was just said; nobody is named (test_me breaks the log)",
    "GET /v1/me/history": "what one has said oneself; nobody is named",
    "GET /v1/me/receipts": "lists receipts of what one has said oneself; nobody is named",
    "GET /v1/me/receipts/{receipt}": "repeats what one has said oneself; nobody is named",
    "GET /u/{token}": "the page of every link, written without looking at the link",
    "POST /v1/subjects/tokens/revocation": "says how many tokens open nothing any more; nobody is named",
    "POST /u/{token}": "says which purposes ended; nobody is named (test_one_click breaks the log)",
    "GET /.well-known/gpc.json": "says that a signal is heeded",
    "GET /v1/me/contact": "permission by channel and a stated wish of one's own; nobody is named",
    "PUT /v1/me/contact": "repeats what was just said; nobody is named",
    "PUT /v1/gpc": "says which purposes ended; nobody is named (test_gpc breaks the log)",
    "POST /v1/identify": "answers everybody alike, known or not",
    "POST /v1/identify/token": "answers with a token; nobody is named, and who holds it is looked at again",
    "POST /v1/identify/token/opt-out": "answers everybody alike, known or not",
    "POST /v1/identify/confirm": "answers with a token; nobody is named, and who holds it is looked at again",
    "POST /v1/me/requests": "answers with a request's random id and deadline",
    "GET /v1/me/requests": "lists one's own requests: random ids, rights, deadlines",
    "GET /v1/me/requests/{request_id}": "tells the steps of a request of one's own",
    "PATCH /v1/me/profile": "answers with a request's id and a count; no detail is repeated",
    "POST /v1/me/erase": "answers with a request's random id and deadline",
    "POST /v1/winback/letters/{letter}/look": "one letter's text, once the log was told (test_winback breaks the log)",
    "GET /v1/alerts": "opened once the log was told (test_alerts breaks the log)",
    **dict.fromkeys(
        ("POST /v1/alerts/{alert}/acknowledgement", "POST /v1/alerts/{alert}/closing"),
        "answers with the alert's id and state; nobody is named",
    ),
    "GET /v1/winback/letters": "ids and states of letters; nobody is named",
    **dict.fromkeys(
        (
            "PUT /v1/winback/letters/{letter}/text",
            "POST /v1/winback/letters/{letter}/proposal",
            "POST /v1/winback/letters/{letter}/approval",
            "POST /v1/winback/letters/{letter}/refusal",
        ),
        "answers with the letter's id and state; nobody is named",
    ),
    "GET /v1/reveal/requests": "for what and why somebody asks; nobody is named",
    "POST /v1/reveal/requests": "answers with the id of a request; nobody is named",
    "POST /v1/reveal/requests/{request_id}/approval": "answers with an instant; nobody is named",
    "POST /v1/match": "a purpose's pseudonym where a home matches by a model (test_match breaks the log)",
    "GET /v1/predictions/{module}/{pseudonym}": "made of a row that is read first (test_predict_one breaks the log)",
    "GET /v1/views/{name}/description": "a view's own text and figures of its snapshot; no row of anybody",
    "GET /v1/views/{name}/submission": "a view's own text; no row of anybody",
    "GET /v1/views/{name}/changes": "what a view's text changes, in words; no row of anybody",
    "POST /v1/views/{name}/refusal": "answers with a version",
    "POST /v1/views/{name}/approval": "answers with a version and an instant",
    "DELETE /v1/views/{name}/approval": "answers with a count of versions",
    "GET /v1/domains/{name}/link": "names of domains and a document",
    "POST /v1/domains/{name}/link/approval": "answers with a version",
}
"""Routes that release no customer data, and why."""


def routes(found: list[BaseRoute]) -> Iterator[str]:
    for route in found:
        inner = getattr(route, "original_router", route if isinstance(route, Mount) else None)
        if inner is not None:  # FastAPI keeps an included router whole
            yield from routes(inner.routes)
        else:
            assert isinstance(route, Route), f"a kind of route that this test cannot name: {type(route).__name__}"
            yield from (f"{method} {route.path}" for method in sorted(route.methods or ()) if method != "HEAD")


def test_every_route_is_tried_or_excused(world: World) -> None:
    app: FastAPI = create_app(world.hub)
    assert set(routes(app.routes)) - TRIED.keys() - EXCUSED.keys() == set()


@pytest.fixture
def desk(caller: Caller, person: int) -> Desk:
    return desk_of(caller, person)


def desk_of(caller: Caller, person: int) -> Desk:
    everything = frozenset({"*"})
    roles = {"revealer": Role.SUCCESS, "agent": Role.AGENT, "dpo": Role.DPO}
    scopes = {name: Scope(role=role, purposes=everything, views=everything) for name, role in roles.items()}
    tokens = {name: add(caller.world.hub, name, scope, caller.world.owner)[1] for name, scope in scopes.items()}
    return Desk(caller, person, **tokens)


@pytest.mark.parametrize("fault", audit_faults.STATEMENTS)
@pytest.mark.parametrize("name", TRIED)
def test_no_route_hands_out_a_canary_while_the_log_takes_no_entry(desk: Desk, name: str, fault: str) -> None:
    tried, database = TRIED[name], desk.world.hub.settings.home / "control.db"
    if name != "PUT /v1/me/purposes/{purpose}":  # a choice that stands is written once
        answer = tried.call(desk)
        assert answer.status_code == 200, answer.text
        assert tried.canary(desk) in answer.content
    token = desk.world.token(desk.person)
    with broken(database, fault):
        answer = desk.caller.choose(token, "objected", "*") if tried.call is choose else tried.call(desk)
    assert answer.status_code >= 500
    assert tried.canary(desk) not in answer.content
    mended = tried.call(desk)
    assert mended.status_code == 200
    assert tried.canary(desk) in mended.content


def test_a_login_that_is_not_in_the_log_opens_nothing(desk: Desk) -> None:
    """The first call of a fresh token in its hour needs an entry of its own."""
    with broken(desk.world.hub.settings.home / "control.db", "leaf_refused"):
        answer = desk.caller.call(
            "GET", "/v1/views/shopping", desk.revealer, params={"purpose": CHURN, "as_of": AS_OF.isoformat()}
        )
    assert answer.status_code == 503
    assert desk.pseudonym not in answer.content
