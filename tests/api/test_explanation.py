"""Why somebody is in a view, over HTTP: told to the DPO alone, who names the person in the body."""

from datetime import timedelta

import httpx

from tests.api.test_routes_fail_closed import Desk, desk, explain_view
from tests.api.world import AS_OF

__all__ = ["desk"]  # a fixture
PATH = "/v1/views/shopping/explanation"


def asked(desk: Desk, token: str, subject: str, **more: str) -> httpx.Response:
    return desk.caller.call("POST", PATH, token, json={"subject": subject, **more})


def test_the_dpo_is_told_the_rule_in_a_sentence(desk: Desk) -> None:
    told = explain_view(desk)
    assert told.status_code == httpx.codes.OK, told.text
    assert (told.json()["present"], told.json()["rule"]) == (True, "in_view")
    assert told.json()["words"] == "They are in the view."


def test_nobody_else_is_told_anything_not_even_whom_this_hub_knows(desk: Desk) -> None:
    known, unknown = f"email:person{desk.person}@example.org", "email:nobody@example.org"
    answers = [asked(desk, token, who) for token in (desk.revealer, desk.agent) for who in (known, unknown)]
    assert {each.status_code for each in answers} == {httpx.codes.FORBIDDEN}
    assert asked(desk, desk.dpo, unknown).status_code == httpx.codes.NOT_FOUND


def test_an_instant_to_come_is_refused_and_nobody_is_named_in_the_answer(desk: Desk) -> None:
    later = (AS_OF + timedelta(days=36_500)).isoformat()
    refused = asked(desk, desk.dpo, f"email:person{desk.person}@example.org", as_of=later)
    assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert f"person{desk.person}@" not in refused.text
