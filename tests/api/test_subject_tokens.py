"""`POST /v1/subjects/tokens`: agents hand out tokens; who may not learns nothing, and nothing is issued unheard."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from hub.authentication import Scope, add
from privacy.store.audit import entries
from privacy.store.subject_token import VERIFIED_FOR
from privacy.terms import Role
from tests.api.conftest import Caller
from tests.api.world import CHURN, WINBACK, World

EVERYTHING = frozenset({"*"})


@dataclass(frozen=True)
class Counter:
    """Where an agent sits."""

    caller: Caller
    tokens: dict[Role, str]

    def ask(self, identifier: str, role: Role = Role.AGENT, **more: Any) -> httpx.Response:
        body = {"identifier": identifier} | more
        return self.caller.call("POST", "/v1/subjects/tokens", self.tokens[role], json=body)


@pytest.fixture(scope="module")
def counter(caller: Caller) -> Counter:
    world, roles = caller.world, (Role.AGENT, Role.DPO, Role.SERVICE, Role.SCIENTIST)
    scopes = {role: Scope(role=role, purposes=EVERYTHING, views=EVERYTHING) for role in roles}
    return Counter(
        caller, {role: add(world.hub, f"at {role}", scope, world.owner)[1] for role, scope in scopes.items()}
    )


def issues(world: World) -> list[Any]:
    """List what the log tells of issues, newest first."""
    with world.hub.reading() as session:
        return [each for _, each in entries(session, action="subject_token.issue", since=None, limit=1 << 20)]


@pytest.mark.parametrize("name", ["shop:k{}", "email:person{}@example.org", "record"])
def test_a_token_opens_what_was_said_for_that_person_and_is_audited(
    counter: Counter, world: World, person: int, name: str
) -> None:
    record = world.records[person]
    identifier = record.hex() if name == "record" else name.format(person)
    answer = counter.ask(identifier, scope="choices", purposes=[WINBACK], days=3)
    assert answer.status_code == 200, answer.text
    told, told_of = answer.json(), issues(world)
    assert (told["scope"], told["purposes"], told["link"]) == ("choices", [WINBACK], None)
    lasts = datetime.fromisoformat(told["expires_at"]) - world.hub.clock()
    assert timedelta(days=2, hours=23) < lasts <= timedelta(days=3)
    assert answer.headers["cache-control"] == "no-store"
    assert counter.caller.choose(told["token"], "withdrawn", WINBACK).json()["recorded"]
    assert counter.caller.choose(told["token"], "objected", CHURN).status_code == 403
    entry = told_of[0]
    assert (entry.fields.records, entry.fields.reason) == ((record,), "choices")


def test_the_least_is_issued_unless_more_is_asked_for(counter: Counter, world: World, person: int) -> None:
    told = counter.ask(f"shop:k{person}").json()
    assert (told["scope"], told["purposes"]) == ("opt_out", ["*"])
    assert timedelta(days=89) < datetime.fromisoformat(told["expires_at"]) - world.hub.clock() <= timedelta(days=90)
    assert counter.caller.call("GET", "/v1/me/history", told["token"]).status_code == 403


def test_the_link_says_no_by_one_click(counter: Counter, world: World, person: int) -> None:
    settings = world.hub.settings
    object.__setattr__(settings, "public_url", "https://hub.example/")
    try:
        answers = [counter.ask(f"shop:k{person}", scope=scope).json() for scope in ("opt_out", "choices")]
    finally:
        object.__setattr__(settings, "public_url", None)
    assert [answer["link"] is None for answer in answers] == [False, True], "no address holds more than a no"
    path = answers[0]["link"].removeprefix("https://hub.example")
    assert path == f"/u/{answers[0]['token']}"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    clicked = counter.caller.call("POST", path, content=b"List-Unsubscribe=One-Click", headers=form)
    assert clicked.status_code == 200


def test_who_vouches_answers_for_the_gate_and_for_minutes(counter: Counter, world: World, person: int) -> None:
    who = f"shop:k{person}"
    assert counter.ask(who, scope="verified").status_code == 403
    assert counter.ask(who, Role.DPO, scope="verified", days=1).status_code == 403
    told = counter.ask(who, Role.DPO, scope="verified").json()
    assert datetime.fromisoformat(told["expires_at"]) <= world.hub.clock() + VERIFIED_FOR
    assert counter.caller.call("GET", "/v1/me/accesses", told["token"]).status_code == 200


@pytest.mark.parametrize("role", [Role.SERVICE, Role.SCIENTIST])
def test_who_may_not_hears_the_same_of_known_and_unknown(counter: Counter, person: int, role: Role) -> None:
    answers = [counter.ask(who, role) for who in (f"shop:k{person}", "shop:nobody", "email:nobody@example.org")]
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert all(answer.headers["content-type"] == "application/problem+json" for answer in answers)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"identifier": "shop:nobody"}, 404),
        ({"purposes": ["nothing"]}, 404),
        ({"purposes": ["Kari Nordmann"]}, 422),
        ({"days": 0}, 422),
        ({"days": 366}, 422),
        ({"scope": "all"}, 422),
        ({"kari@example.org": 1}, 422),
        ({"identifier": ""}, 422),
    ],
)
def test_what_cannot_be_issued_is_told_without_a_value_and_issues_nothing(
    counter: Counter, world: World, person: int, more: dict[str, Any], status: int
) -> None:
    before = len(issues(world))
    answer = counter.ask(**({"identifier": f"shop:k{person}"} | more))
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert not any(word in answer.text for word in ("Kari", "kari@", "nobody", f"k{person}"))
    assert len(issues(world)) == before


def about(counter: Counter, act: str, identifier: str, role: Role = Role.AGENT) -> httpx.Response:
    path = f"/v1/subjects/tokens/{act}"
    return counter.caller.call("POST", path, counter.tokens[role], json={"identifier": identifier})


def test_tokens_are_listed_without_themselves_and_revoked_from_the_next_call_on(
    counter: Counter, world: World, person: int
) -> None:
    who = f"shop:k{person}"
    token = counter.ask(who, scope="choices", purposes=[WINBACK], days=3).json()["token"]
    listed = about(counter, "list", who)
    assert listed.status_code == 200, listed.text
    assert token not in listed.text
    live = [each for each in listed.json()["tokens"] if each["live"]]
    assert ("choices", [WINBACK]) in [(each["scope"], each["purposes"]) for each in live]
    assert about(counter, "revocation", who).json() == {"revoked": len(live)}
    assert counter.caller.call("GET", "/v1/me/purposes", token).status_code == 401
    assert not [each for each in about(counter, "list", who).json()["tokens"] if each["live"]]
    assert about(counter, "revocation", who).json() == {"revoked": 0}
    with world.hub.reading() as session:
        acts = {entry.action for _, entry in entries(session, action="subject_token", limit=8)}
    assert {"subject_token.list", "subject_token.revoke"} <= acts


@pytest.mark.parametrize("act", ["list", "revocation"])
def test_whose_tokens_is_told_to_nobody_who_may_not(counter: Counter, person: int, act: str) -> None:
    known, unknown = f"shop:k{person}", "shop:nobody"
    for role in (Role.SERVICE, Role.SCIENTIST):
        answers = [about(counter, act, who, role) for who in (known, unknown)]
        assert {answer.status_code for answer in answers} == {403}
        assert len({answer.json()["detail"] for answer in answers}) == 1
    assert about(counter, act, unknown).status_code == 404
