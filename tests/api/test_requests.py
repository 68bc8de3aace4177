"""A person's own requests over HTTP: who may ask for what, what comes back, and that nothing of it stays on disk."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from privacy.store.audit import entries
from privacy.store.subject_token import SubjectScope
from tests.api.conftest import Caller
from tests.api.world import CHURN

READS = ("json", "html", "portable")


@pytest.fixture
def verified(caller: Caller, person: int) -> str:
    return caller.world.token(person, scope=SubjectScope.VERIFIED, days=0.01)


def mail(person: int) -> str:
    return f"person{person}@example.org"


def ask(caller: Caller, token: str, right: str) -> httpx.Response:
    return caller.call("POST", "/v1/me/requests", token, json={"right": right})


def test_a_verified_person_is_given_their_own_data_and_nobody_elses(caller: Caller, person: int, verified: str) -> None:
    answer = caller.call("GET", "/v1/me/export", verified, headers={"Accept-Language": "nb"})
    assert answer.status_code == 200, answer.text
    assert (answer.headers["cache-control"], answer.headers["content-type"]) == ("no-store", "application/json")
    told = json.loads(answer.content)
    assert told["language"] == "nb"
    assert told["identity"][0]["attributes"]["email"] == mail(person)
    assert len(told["lake"]["orders"]["rows"]) == 3
    others = [mail(other) for other in range(len(caller.world.records)) if other != person]
    assert not [other for other in others if other.encode() in answer.content.replace(mail(person).encode(), b"")]


def test_an_export_is_audited_before_and_after_by_its_bytes(caller: Caller, verified: str) -> None:
    act = caller.call("GET", "/v1/me/export", verified).headers["varde-act"]
    with caller.world.hub.reading() as session:
        found = [e for _, e in entries(session, action="request.export") if e.fields.act_id == bytes.fromhex(act)]
    done, intent = found
    assert (intent.fields.opened, done.fields.opened) == (1, 1)
    assert done.fields.sha256 is not None


def test_it_can_be_read_by_people_and_taken_along(caller: Caller, person: int, verified: str) -> None:
    page = caller.call("GET", "/v1/me/export?form=html&lang=de", verified)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<html lang="de">' in page.text
    assert mail(person) in page.text
    assert "<script" not in page.text
    archive = zipfile.ZipFile(io.BytesIO(caller.call("GET", "/v1/me/export?form=portable", verified).content))
    assert {"data.json", "schema.json", "identity.csv", "orders.csv"} <= set(archive.namelist())
    assert mail(person) in archive.read("identity.csv").decode()


@pytest.mark.parametrize("scope", [SubjectScope.OPT_OUT, SubjectScope.CHOICES])
def test_who_has_not_proven_who_they_are_sees_and_erases_nothing(
    caller: Caller, person: int, scope: SubjectScope
) -> None:
    token = caller.world.token(person, scope=scope)
    answers = [
        *(caller.call("GET", f"/v1/me/export?form={form}", token) for form in READS),
        caller.call("PATCH", "/v1/me/profile", token, json={"details": {"city": "Oslo"}}),
        caller.call("POST", "/v1/me/erase", token),
        *(ask(caller, token, right) for right in ("access", "erasure", "portability", "rectification")),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert not [answer for answer in answers if mail(person) in answer.text]


@pytest.mark.parametrize("right", ["restriction", "objection", "human_review"])
def test_a_known_person_may_ask_for_what_shows_and_destroys_nothing(caller: Caller, person: int, right: str) -> None:
    answer = ask(caller, caller.world.token(person), right)
    assert answer.status_code == 201
    assert (answer.json()["state"], answer.json()["right"]) == ("identified", right)
    assert ask(caller, caller.world.tokens[person], right).status_code == 403  # a link that only says no


def test_a_request_is_followed_by_its_own_person_only(
    caller: Caller, verified: str, people: Callable[[int], list[int]]
) -> None:
    asked = ask(caller, verified, "access").json()
    path = f"/v1/me/requests/{asked['request']}"
    told = caller.call("GET", path, verified).json()
    assert [step["state"] for step in told["steps"]] == ["received", "identified"]
    assert asked in caller.call("GET", "/v1/me/requests", verified).json()["requests"]
    (stranger,) = people(1)
    token = caller.world.token(stranger, scope=SubjectScope.VERIFIED, days=0.01)
    assert caller.call("GET", path, token).status_code == 404
    assert caller.call("GET", f"/v1/me/requests/{'0' * 32}", token).status_code == 404
    assert caller.call("GET", "/v1/me/requests", token).json()["requests"] == []


def test_an_export_answers_ones_own_open_requests_for_it_and_no_others(caller: Caller, verified: str) -> None:
    rights = ("access", "access", "portability")
    asked = [ask(caller, verified, right).json()["request"] for right in rights]
    assert caller.call("GET", "/v1/me/export", verified).status_code == 200
    found = caller.call("GET", "/v1/me/requests", verified).json()["requests"]
    assert {each["request"]: each["state"] for each in found} == dict(
        zip(asked, ("fulfilled", "fulfilled", "identified"), strict=True)
    )


def test_a_detail_is_corrected_at_once_and_the_request_closed(caller: Caller, person: int, verified: str) -> None:
    new = {"details": {"email": f"new{person}@example.com", "city": "Bergen"}}
    answer = caller.call("PATCH", "/v1/me/profile", verified, json=new)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["request"]["state"], answer.json()["records"]) == ("fulfilled", 1)
    told = caller.call("GET", "/v1/me/export", verified).json()["identity"][0]["attributes"]
    assert (told["email"], told["city"]) == (f"new{person}@example.com", "Bergen")


@pytest.mark.parametrize(
    ("details", "status"),
    [
        ({"email": "none"}, 422),
        ({"shoe_size": "rather large"}, 422),
        ({"national_id": "1"}, 403),
        ({}, 422),
        ({"E-MAIL": "x"}, 422),
    ],
)
def test_what_cannot_be_corrected_by_oneself_is_refused_without_repeating_it(
    caller: Caller, verified: str, details: dict[str, str], status: int
) -> None:
    answer = caller.call("PATCH", "/v1/me/profile", verified, json={"details": details})
    assert answer.status_code == status
    assert not [value for value in details.values() if len(value) > 1 and value in answer.text]


def test_who_asks_to_be_erased_is_out_of_every_read_from_the_answer_on(
    caller: Caller, person: int, verified: str
) -> None:
    before = caller.read()
    answer = caller.call("POST", "/v1/me/erase", verified)
    assert (answer.status_code, answer.json()["right"]) == (202, "erasure")
    pseudonym = caller.world.pseudonyms[CHURN][person]
    assert pseudonym in before.content
    assert pseudonym not in caller.read().content


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/me/export"),
        ("GET", "/v1/me/requests"),
        ("POST", "/v1/me/requests"),
        ("PATCH", "/v1/me/profile"),
        ("POST", "/v1/me/erase"),
        ("GET", "/v1/me/requests/x"),
    ],
)
def test_a_stranger_is_told_nothing_but_that(caller: Caller, method: str, path: str) -> None:
    assert caller.call(method, path, "no-such-token", content=b"{").status_code == 401


def test_no_clear_word_of_an_export_is_left_on_disk(caller: Caller, person: int, verified: str) -> None:
    for form in READS:
        assert caller.call("GET", f"/v1/me/export?form={form}", verified).status_code == 200
    home: Path = caller.world.hub.settings.home
    words = [mail(person).encode(), f"Person Nr{person}".encode()]
    held = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert held
    assert [path for path, content in held.items() if any(word in content for word in words)] == []
