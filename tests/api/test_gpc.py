"""Global Privacy Control: with a token the person has objected, without one nothing is stored."""

from typing import Any

import pytest

from privacy.store.consent import history_of
from privacy.store.subject_token import SubjectScope
from privacy.terms import ActChannel, ConsentAct
from tests import audit_faults
from tests.api.conftest import Caller
from tests.api.world import WINBACK, World

SIGNAL = {"Sec-GPC": "1"}
NOTICE = "privacy-2025-01"
MARKETING = ["next_need", "winback"]


def signalled(caller: Caller, method: str, path: str, token: str | None, **more: Any) -> Any:
    return caller.call(method, path, token, headers=dict(SIGNAL), **more)


def acts(world: World, person: int, channel: ActChannel = ActChannel.GPC) -> list[tuple[str, ConsentAct]]:
    with world.hub.reading() as session:
        found = history_of(session, [world.records[person]])
    return [(act.purpose, act.event.act) for act in found if act.event.channel is channel]


def test_the_support_resource_says_that_the_signal_is_heeded(caller: Caller) -> None:
    answer = caller.call("GET", "/.well-known/gpc.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"gpc": True, "lastUpdate": "2026-11-22"}


@pytest.mark.parametrize(("method", "path"), [("PUT", "/v1/gpc"), ("GET", "/v1/me/anything")])
def test_the_signal_with_a_token_ends_direct_marketing_of_that_person(
    caller: Caller, person: int, method: str, path: str
) -> None:
    token = caller.world.tokens[person]
    answer = signalled(caller, method, path, token)
    assert answer.headers["varde-gpc"] == "person"
    assert sorted(acts(caller.world, person)) == [(purpose, ConsentAct.WITHDRAWN) for purpose in MARKETING]
    assert signalled(caller, method, path, token).headers["varde-gpc"] == "person"
    assert len(acts(caller.world, person)) == 2
    read = caller.read("invited", WINBACK, headers={"Accept": "application/json"})
    assert caller.world.pseudonyms[WINBACK][person].hex() not in read.text


def test_the_signal_without_a_token_binds_the_session_and_stores_nothing(caller: Caller, person: int) -> None:
    with caller.world.hub.reading() as session:
        before = len(history_of(session, caller.world.records))
    answer = signalled(caller, "PUT", "/v1/gpc", None)
    assert (answer.status_code, answer.json()) == (200, {"counts_for": "session", "stopped": []})
    assert answer.headers["varde-gpc"] == "session"
    assert "set-cookie" not in answer.headers
    assert signalled(caller, "GET", "/health", None).headers["varde-gpc"] == "session"
    with caller.world.hub.reading() as session:
        assert len(history_of(session, caller.world.records)) == before


@pytest.mark.parametrize("value", ["0", "true", "", "11", "kari@example.org"])
def test_any_other_value_is_no_signal(caller: Caller, person: int, value: str) -> None:
    token = caller.world.tokens[person]
    answer = caller.call("PUT", "/v1/gpc", token, headers={"Sec-GPC": value})
    assert answer.json() == {"counts_for": "nobody", "stopped": []}
    assert "varde-gpc" not in answer.headers
    assert acts(caller.world, person) == []


def test_a_token_ends_only_what_it_is_bound_to(caller: Caller, person: int) -> None:
    token = caller.world.token(person, scope=SubjectScope.OPT_OUT, purposes="winback churn")
    assert signalled(caller, "PUT", "/v1/gpc", token).json() == {"counts_for": "person", "stopped": [WINBACK]}
    assert acts(caller.world, person) == [(WINBACK, ConsentAct.WITHDRAWN)]


def test_a_strangers_signal_is_told_that_the_token_is_none(caller: Caller) -> None:
    for method, path in (("PUT", "/v1/gpc"), ("GET", "/v1/me/purposes")):
        assert signalled(caller, method, path, "x" * 43).status_code in {401, 404, 405}
    assert signalled(caller, "PUT", "/v1/gpc", "x" * 43).status_code == 401


def test_a_yes_given_after_the_signal_is_more_specific_and_stands(caller: Caller, person: int) -> None:
    token = caller.world.token(person)
    signalled(caller, "PUT", "/v1/gpc", token)
    body = {"state": "given", "notice": NOTICE}
    given = signalled(caller, "PUT", f"/v1/me/purposes/{WINBACK}", token, json=body)
    assert given.status_code == 200
    assert signalled(caller, "PUT", "/v1/gpc", token).json()["stopped"] == ["next_need"]
    read = caller.read("invited", WINBACK, headers={"Accept": "application/json"})
    assert caller.world.pseudonyms[WINBACK][person].hex() in read.text


def test_a_yes_given_before_the_signal_falls(caller: Caller, person: int) -> None:
    token = caller.world.token(person)
    caller.choose(token, "given", WINBACK, notice=NOTICE)
    assert WINBACK in signalled(caller, "PUT", "/v1/gpc", token).json()["stopped"]
    assert (WINBACK, ConsentAct.WITHDRAWN) in acts(caller.world, person)


@pytest.mark.parametrize(("method", "path"), [("PUT", "/v1/gpc"), ("GET", "/v1/me/anything")])
@pytest.mark.parametrize("fault", audit_faults.STATEMENTS)
def test_a_signal_that_cannot_be_committed_is_503(
    caller: Caller, person: int, fault: str, method: str, path: str
) -> None:
    token = caller.world.tokens[person]
    with audit_faults.broken(caller.world.hub.settings.home / "control.db", fault):
        answer = signalled(caller, method, path, token)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["varde-request-id"] in answer.json()["instance"]
    assert acts(caller.world, person) == []
