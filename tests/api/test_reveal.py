"""`POST /v1/reveal`: the same act as at the command line, with each refusal as a problem that shows nobody."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from hub.authentication import Scope, add
from privacy.terms import Role
from tests.api.conftest import Caller
from tests.api.world import CHURN, World


def token(world: World, label: str, role: Role = Role.SUCCESS) -> str:
    everything = frozenset({"*"})
    return add(world.hub, label, Scope(role=role, purposes=everything, views=everything), world.owner)[1]


def ask(caller: Caller, person: int, who: str | None, path: str = "/v1/reveal", **changes: Any) -> httpx.Response:
    body = {"purpose": CHURN, "pseudonym": caller.world.pseudonyms[CHURN][person].hex(), "reason": "help_offered"}
    return caller.call("POST", path, who, json=body | changes)


def test_a_person_is_revealed(caller: Caller, world: World, person: int) -> None:
    answer = ask(caller, person, token(world, "one of success"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    (part,) = answer.json()["parts"]
    assert part == {
        "source": "shop",
        "attributes": {"email": f"person{person}@example.org", "full_name": f"Person Nr{person}"},
    }
    assert answer.json()["opened"] == 1


@pytest.mark.parametrize(
    ("changes", "status", "word"),
    [
        ({"reason": "curiosity"}, 403, "reason_not_listed"),
        ({"pseudonym": "ab" * 16}, 403, "pseudonym_points_nowhere"),
        ({"purpose": "sales"}, 403, "purpose_unknown"),
        ({"pseudonym": "kari@a.example"}, 422, "request-unfit"),
        ({"why": "because"}, 422, "request-unfit"),
    ],
)
def test_a_refusal_names_its_rule_and_nobody(
    caller: Caller, person: int, changes: dict[str, str], status: int, word: str
) -> None:
    answer = ask(caller, person, token(caller.world, "another of success"), **changes)
    assert answer.status_code == status
    assert word in answer.text
    assert f"person{person}" not in answer.text
    assert not any(value in answer.text for value in changes.values() if len(value) > 12)


def test_a_stranger_and_a_reader_see_nobody(caller: Caller, world: World, person: int) -> None:
    assert ask(caller, person, None).status_code == 401
    assert ask(caller, person, world.reader_token).status_code == 403


def test_two_persons_reveal_together(caller: Caller, world: World, person: int) -> None:
    first, dpo = token(world, "asker"), token(world, "an approving dpo", Role.DPO)
    request = ask(caller, person, first, "/v1/reveal/requests").json()["request"]
    assert ask(caller, person, first, request=request).status_code == 403
    (seen,) = caller.call("GET", "/v1/reveal/requests", dpo).json()
    assert (seen["request"], seen["purpose"], seen["reason"]) == (request, "churn", "help_offered")
    assert "email" in seen["attributes"]
    assert seen["valid_until"] is None
    assert caller.call("GET", "/v1/reveal/requests", world.reader_token).json() == []
    assert caller.call("GET", "/v1/reveal/requests", None).status_code == 401
    own = caller.call("POST", f"/v1/reveal/requests/{request}/approval", first)
    assert own.status_code == 403
    agreed = caller.call("POST", f"/v1/reveal/requests/{request}/approval", dpo)
    assert agreed.status_code == 200
    assert caller.call("GET", "/v1/reveal/requests", dpo).json()[0]["valid_until"] is not None
    assert ask(caller, person, first, request=request).json()["opened"] == 1
    assert "approval_was_used" in ask(caller, person, first, request=request).text


def test_nothing_is_revealed_while_the_audit_log_takes_no_entry(caller: Caller, world: World, person: int) -> None:
    who = token(world, "a third of success")
    refuse = "CREATE TRIGGER full BEFORE INSERT ON audit_leaf BEGIN SELECT RAISE(ABORT, 'full'); END"
    with world.hub.unit_of_work() as session:
        session.execute(text(refuse))
    try:
        answer = ask(caller, person, who)
    finally:
        with world.hub.unit_of_work() as session:
            session.execute(text("DROP TRIGGER full"))
    assert answer.status_code == 503
    assert f"person{person}" not in answer.text
