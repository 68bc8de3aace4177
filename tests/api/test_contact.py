"""`/v1/me/contact`: what a person says about being reached, by the token that it needs."""

import pytest

from hub.contact.release import Outreach, release_check
from privacy.store.consent import history_of
from privacy.store.subject_token import SubjectScope
from privacy.terms import ContactChannel
from tests.api.conftest import Caller
from tests.api.world import WINBACK

PATH = "/v1/me/contact"
WISH = {"channels": ["email", "letter"], "hour_from": 9, "hour_to": 17, "time_zone": "Europe/Oslo"}
WISH |= {"at_most": 2, "per_days": 30}


def reached(caller: Caller, person: int) -> str | None:
    hub = caller.world.hub
    outreach = Outreach(channel=ContactChannel.EMAIL, purpose=hub.policy().purpose(WINBACK), at=hub.clock())
    with hub.reading() as session:
        found: str | None = release_check(session, [caller.world.records[person]], outreach)["because"][0]
    return found


def test_a_person_states_and_sees_how_they_want_to_be_reached(caller: Caller, person: int) -> None:
    token = caller.world.token(person)
    before = caller.call("GET", PATH, token)
    assert (before.status_code, before.json()["permissions"]) == (200, {})
    told = caller.call("PUT", PATH, token, json={"permissions": {"email": "given"}, "wish": WISH})
    assert told.status_code == 200, told.text
    assert told.json() == {"permissions": {"email": "given"}, "wish": WISH}
    assert caller.call("GET", PATH, token).json() == told.json()
    assert reached(caller, person) in {None, "outside_hours"}
    emptied = caller.call("PUT", PATH, token, json={"wish": {}})
    assert emptied.json()["wish"]["channels"] == []
    assert emptied.json()["permissions"] == {"email": "given"}


def test_refusing_a_channel_needs_a_link_only_and_is_in_force_at_once(caller: Caller, person: int) -> None:
    token, opt_out = caller.world.token(person), caller.world.tokens[person]
    caller.call("PUT", PATH, token, json={"permissions": {"email": "given"}})
    assert reached(caller, person) is None
    for _ in range(2):
        answer = caller.call("PUT", PATH, opt_out, json={"permissions": {"email": "withdrawn"}})
        assert (answer.status_code, answer.json()["permissions"]) == (200, {"email": "withdrawn"})
    assert reached(caller, person) == "channel_refused"
    with caller.world.hub.reading() as session:
        acts = [act.event.act for act in history_of(session, [caller.world.records[person]])]
    assert acts[-2:] == ["given", "withdrawn"]


@pytest.mark.parametrize("body", [{"permissions": {"email": "given"}}, {"wish": {}}])
def test_more_than_a_no_needs_more_than_a_link(caller: Caller, person: int, body: dict[str, object]) -> None:
    opt_out = caller.world.tokens[person]
    assert caller.call("PUT", PATH, opt_out, json=body).status_code == 403
    assert caller.call("GET", PATH, opt_out).status_code == 403


def test_a_token_for_other_purposes_opens_no_channel(caller: Caller, person: int) -> None:
    token = caller.world.token(person, scope=SubjectScope.OPT_OUT, purposes=WINBACK)
    assert caller.call("PUT", PATH, token, json={"permissions": {"email": "withdrawn"}}).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"permissions": {"pigeon": "withdrawn"}},
        {"permissions": {"email": "maybe"}},
        {"wish": {"hour_from": 9}},
        {"wish": {"hour_from": 9, "hour_to": 17, "time_zone": "No/Where"}},
        {"wish": {"at_most": 1}},
        {"wish": {"channels": ["email"], "name": "Kari Nordmann"}},
    ],
)
def test_what_makes_no_sense_is_422_and_not_repeated(caller: Caller, person: int, body: dict[str, object]) -> None:
    answer = caller.call("PUT", PATH, caller.world.token(person), json=body)
    assert (answer.status_code, "Kari" in answer.text, "pigeon" in answer.text) == (422, False, False)
    assert caller.call("PUT", PATH, "nobody's", json=body).status_code == 401
