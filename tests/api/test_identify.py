"""One-time codes over HTTP: who is known cannot be told, codes count once, and nobody locks anybody out."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import event

from hub.authentication import acting_principal
from hub.compose import Hub
from hub.consents import find_subject
from hub.erasing import erase
from hub.identification import challenge as challenges
from hub.identification.store import pending_challenges, take_challenge
from hub.subject_tokens import authenticate_subject, reach_of
from privacy.store.subject_token import SubjectScope, SubjectToken
from tests.builders import DATABASES, FixedClock
from tests.identity_builders import KARI, NEW, NOBODY, OLD, SHARED, Town, town_of


@pytest.fixture(params=DATABASES)
def town(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with town_of(request.getfixturevalue("hub_factory")(request.param), tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def little(hub_factory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with town_of(hub_factory("sqlite"), tmp_path, monkeypatch) as made:
        yield made


def opened(town: Town, token: str) -> SubjectToken:
    with town.hub.reading() as session:
        return authenticate_subject(town.hub, session, token)


def test_the_code_of_the_letter_proves_who_asks_for_half_an_hour(town: Town) -> None:
    asked = town.ask(" Kari@Example.org ", headers={"Accept-Language": "nn, en;q=0.5"})
    assert asked.status_code == 202
    short, _ = town.codes()
    answer = town.confirm(asked.json()["challenge"], f"{short[:4]} {short[4:]}")
    assert answer.status_code == 200
    token = opened(town, answer.json()["token"])
    assert (token.record_id, token.scope) == (town.record(), SubjectScope.VERIFIED)
    assert (token.expires_at - town.hub.clock()).total_seconds() == 1800
    assert answer.json()["scope"] == "verified"
    (proof,) = town.audited("identity.prove")
    assert (proof["records"], proof["reason"], proof["outcome"]) == ((town.record(),), "one_time_code", "verified")
    assert town.mailbox.mails[0].count(b"Content-Language: nn") == 1


def test_a_serving_process_sends_by_itself(hub_factory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with town_of(hub_factory("sqlite"), tmp_path, monkeypatch, every=0.05) as town:
        town.ask()
        for _ in range(400):
            if town.mailbox.mails:
                break
            town.runner.run(asyncio.sleep(0.05))
        assert len(town.mailbox.mails) == 1


def test_a_code_counts_once_and_for_ten_minutes(town: Town, clock: FixedClock) -> None:
    challenge = town.ask().json()["challenge"]
    short, long = town.codes()
    assert town.confirm(challenge, short).status_code == 200
    assert [town.confirm(challenge, code).status_code for code in (short, long)] == [401, 401]
    challenge = town.ask().json()["challenge"]
    short, long = town.codes()
    clock.forward(minutes=10)
    assert [town.confirm(challenge, code).status_code for code in (short, long)] == [401, 401]


def test_a_short_code_belongs_to_the_handle_of_who_asked_and_a_long_one_to_the_reader(town: Town) -> None:
    mine, theirs = town.ask().json()["challenge"], town.ask(NOBODY).json()["challenge"]
    short, long = town.codes()
    assert town.confirm(theirs, short).status_code == 401
    assert town.confirm(theirs, long.upper()).status_code == 200
    assert town.confirm(mine, short).status_code == 401


def test_who_guesses_uses_up_their_own_tries_only(town: Town) -> None:
    attacker, owner = town.ask().json()["challenge"], town.ask().json()["challenge"]
    letters = town.letters()
    assert len(letters) == 2
    guesses = [town.confirm(attacker, f"{guess:08}") for guess in range(challenges.MOST_TRIES)]
    assert {answer.status_code for answer in guesses} == {401}
    codes = [letter["Subject"].rpartition(" ")[2] for letter in letters]
    assert [town.confirm(attacker, code).status_code for code in codes] == [401, 401]
    assert 200 in [town.confirm(owner, code).status_code for code in codes]


def test_a_mailbox_is_not_flooded_and_its_owner_is_never_without_a_letter(little: Town, clock: FixedClock) -> None:
    arrived = []
    for _ in range(40):  # somebody asks without end, twenty minutes long
        little.ask()
        arrived.append(len(little.letters()))
        clock.forward(seconds=30)
    assert sum(arrived) == challenges.LETTERS_AN_HOUR + 3
    little.ask()
    clock.forward(seconds=challenges.SPACING.total_seconds())
    challenge = little.ask().json()["challenge"]
    _, long = little.codes()
    assert little.confirm(challenge, long).status_code == 200


def test_when_too_many_guess_short_codes_rest_and_long_ones_work(little: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(challenges, "MOST_GUESSES_AN_HOUR", 3)
    challenge = little.ask().json()["challenge"]
    short, long = little.codes()
    other = little.ask(NOBODY).json()["challenge"]
    assert [little.confirm(other, "00000000").status_code for _ in range(4)] == [401, 401, 401, 503]
    assert little.confirm(challenge, short).status_code == 503
    assert little.confirm(challenge, long).status_code == 200


def test_too_many_wishes_are_put_off_alike(little: Town, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(challenges, "MOST_ASKED_A_MINUTE", 2)
    assert [little.ask(who).status_code for who in (KARI, NOBODY, KARI, NOBODY)] == [202, 202, 503, 503]
    clock.forward(minutes=1)
    assert little.ask().status_code == 202


def test_a_shared_address_opens_opting_out_for_all_and_shows_nobody(town: Town) -> None:
    challenge = town.ask(SHARED).json()["challenge"]
    short, _ = town.codes()
    answer = town.confirm(challenge, short).json()
    assert answer["scope"] == "opt_out"
    token = opened(town, answer["token"])
    with town.hub.reading() as session:
        assert set(reach_of(session, token)) == {town.record("far"), town.record("mor")}


def test_of_two_rounds_that_see_one_wish_one_takes_it(town: Town) -> None:
    town.ask()
    at = town.hub.clock()
    with town.hub.reading() as session:
        (waiting,) = pending_challenges(session, at=at, most=9)
    taken = []
    for _ in range(2):
        with town.hub.unit_of_work() as session:
            taken.append(take_challenge(session, waiting, at=at))
    assert taken == [True, False]
    assert town.letters() == []


def test_an_address_that_somebody_left_proves_nothing(town: Town) -> None:
    assert town.ask(OLD).status_code == 202
    assert town.letters() == []
    assert town.ask(NEW).status_code == 202
    (letter,) = town.letters()
    assert letter["To"] == NEW


def test_an_erased_person_is_nobody(town: Town) -> None:
    challenge = town.ask().json()["challenge"]
    short, _ = town.codes()
    town.ask()
    erase(town.hub, find_subject(town.hub, "shop:kari"), acting_principal(town.hub))
    assert town.letters() == []
    answer = town.confirm(challenge, short)
    if answer.status_code == 200:
        assert town.call("PUT", "/v1/me/purposes/churn", **as_holder(answer.json()["token"])).status_code == 401


def as_holder(token: str) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token}"}, "json": {"state": "objected"}}


# -- nobody can tell who is known ----------------------------------------------------------------------------------


def work_of(town: Town, identifier: str) -> tuple[list[str], set[str], int, list[str]]:
    """Ask; return the statements that ran, the answer's fields, its length, its headers."""
    statements: list[str] = []

    def note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(town.hub.engine, "before_cursor_execute", note)
    event.listen(town.hub.keystore.engine, "before_cursor_execute", note)
    try:
        answer = town.ask(identifier)
    finally:
        event.remove(town.hub.engine, "before_cursor_execute", note)
        event.remove(town.hub.keystore.engine, "before_cursor_execute", note)
    assert answer.status_code == 202
    if any("view_snapshot" in statement for statement in statements):  # a duty of the service came between
        return work_of(town, identifier)
    return statements, set(answer.json()), len(answer.content), sorted(answer.headers)


def test_known_and_unknown_cost_the_same_work_and_get_the_same_answer(town: Town) -> None:
    town.ask(NOBODY)  # what is compiled or opened once is not counted
    known, unknown = (work_of(town, who) for who in (KARI, NOBODY))
    assert known == unknown
    assert len(known[0]) >= 3
    assert not any("record_index" in statement or "crosswalk" in statement for statement in known[0])


def test_the_time_of_an_answer_does_not_tell_who_is_known(little: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A generous bound on the wall clock beside the count of the work above, which is what proves it."""
    monkeypatch.setattr(challenges, "MOST_ASKED_A_MINUTE", 10_000)
    spent: dict[str, list[float]] = {KARI: [], NOBODY: []}
    for turn in range(60):
        for who in sorted(spent, reverse=bool(turn % 2)):
            begun = perf_counter()
            little.ask(who)
            spent[who].append(perf_counter() - begun)
    low, high = sorted(median(each) for each in spent.values())
    assert high < 1.5 * low + 0.002


def test_wrong_codes_are_answered_alike_whoever_is_meant(town: Town) -> None:
    answers = []
    for who in (KARI, NOBODY):
        challenge = town.ask(who).json()["challenge"]
        town.letters()
        answers.append(town.confirm(challenge, "00000000"))
    answers.append(town.confirm("x" * 43, "00000000"))
    answers.append(town.confirm("x" * 43, "a" * 26))
    told = [{**answer.json(), "instance": ""} for answer in answers]
    assert {answer.status_code for answer in answers} == {401}
    assert all(each == told[0] for each in told)


# -- bad input and what is left behind -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {"identifier": "no-address-of-anybody"},
        {"identifier": "x" * 300},
        {"identifier": 90_012_345_678_901_234},
        {},
        {"identifier": KARI, "kari@example.org": "a canary"},
    ],
)
def test_what_is_no_address_is_refused_without_being_repeated(little: Town, body: dict[str, Any]) -> None:
    answer = little.call("POST", "/v1/identify", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    for value in (*body, *map(str, body.values())):
        assert value == "identifier" or value not in answer.text


def test_without_a_mail_server_everybody_is_told_so(little: Town) -> None:
    object.__setattr__(little.hub.settings, "mail", None)
    assert [little.ask(who).status_code for who in (KARI, NOBODY)] == [503, 503]


def test_no_address_and_no_code_rests_in_clear_or_is_logged(little: Town, caplog: pytest.LogCaptureFixture) -> None:
    challenge = little.ask("Kari@Example.org").json()["challenge"]
    challenges.look_up(little.hub)
    waiting = held(little.hub)
    short, long = little.codes()
    answer = little.confirm(challenge, short)
    token = answer.json()["token"]
    home = waiting + held(little.hub)
    for secret in ("kari@example.org", "Kari@Example.org", short, long, long.replace("-", ""), challenge, token):
        assert secret.encode() not in home
        assert secret not in caplog.text


def held(hub: Hub) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(hub.settings.home.rglob("*")) if path.is_file())
