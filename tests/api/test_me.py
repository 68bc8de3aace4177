"""What a data subject may see of themselves: each thing by the token that it needs, in words, and nobody else's."""

import html
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest

from hub.me.words import word
from privacy.purposes import LANGUAGES
from privacy.receipt import verify_receipt
from privacy.store.audit import entries
from privacy.store.subject_token import SubjectScope
from tests.api.conftest import Caller
from tests.api.world import CHURN, WINBACK, World
from tests.audit_faults import broken
from tests.shop import NOTICE


def get(caller: Caller, path: str, token: str | None, **query: str) -> httpx.Response:
    return caller.call("GET", f"/v1/me/{path}", token, params=query)


def told(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def purposes(caller: Caller, token: str, **query: str) -> dict[str, Any]:
    return {each["purpose"]: each for each in told(get(caller, "purposes", token, **query))["purposes"]}


def verified(world: World, person: int) -> str:
    return world.token(person, scope=SubjectScope.VERIFIED)


@pytest.mark.parametrize("language", LANGUAGES)
def test_purposes_are_told_in_the_language_asked_for(caller: Caller, world: World, person: int, language: str) -> None:
    found = purposes(caller, world.tokens[person], lang=language)
    for purpose in world.hub.policy().purposes:
        assert (found[purpose.id]["name"], found[purpose.id]["description"]) == (
            purpose.texts[language].name,
            purpose.texts[language].description,
        )
    assert found[WINBACK]["effect"] == word("ends", "only_yes", language)
    assert found[CHURN]["effect"] == word("ends", "stops", language)
    assert word("bases", "contract", language) in found["service"]["effect"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_is_told_that_they_agreed_where_they_did_not(
    caller: Caller, world: World, person: int, language: str
) -> None:
    """What a purpose rests on is said in the same words before and after a no; a yes is told while it holds."""
    token = world.token(person)
    before = purposes(caller, token, lang=language)[WINBACK]
    caller.choose(token, "withdrawn", WINBACK)
    after = purposes(caller, token, lang=language)[WINBACK]
    assert before["because"] == after["because"] == word("bases", "consent", language)
    assert before["standing"]["because"] == word("why", "given", language)
    assert after["standing"]["because"] == word("why", "consent_withdrawn", language)
    assert before["because"] not in before["standing"]["because"]


def test_what_ends_a_purpose_is_what_the_hub_accepts(caller: Caller, world: World, person: int) -> None:
    for name, offer in purposes(caller, world.tokens[person]).items():
        for state in ("withdrawn", "objected"):
            answer = caller.choose(world.tokens[person], state, name)
            assert answer.status_code == (200 if state in offer["ends_by"] else 409), (name, state)


def test_where_a_person_stands_follows_what_they_say(caller: Caller, world: World, person: int) -> None:
    token = world.token(person)
    assert purposes(caller, token, lang="en")[WINBACK]["standing"] == {
        "consent": "given",
        "objected": False,
        "restricted": False,
        "used": True,
        "in_words": word("now", "used", "en"),
        "because": word("why", "given", "en"),
        "since": "2025-01-01T00:00:00Z",
    }
    caller.choose(token, "withdrawn", WINBACK)
    caller.choose(token, "objected", CHURN)
    after = purposes(caller, token)
    assert (after[WINBACK]["standing"]["consent"], after[WINBACK]["standing"]["used"]) == ("withdrawn", False)
    assert (after[CHURN]["standing"]["objected"], after[CHURN]["standing"]["used"]) == (True, False)


def on_the_page(caller: Caller, token: str, language: str) -> dict[str, tuple[str, str]]:
    """What the page's first table of purposes says: now and why, by the purpose's name."""
    page = get(caller, "export", token, lang=language, form="html").text
    table = page.partition('<section id="purposes">')[2].partition("</table>")[0]
    rows = [[html.unescape(cell) for cell in re.findall(r"<td>(.*?)</td>", row)] for row in table.split("<tr>")[2:]]
    return {name: (now, why) for name, now, why, _ in rows}


def standings(caller: Caller, token: str, language: str) -> dict[str, Any]:
    """Where somebody stands as the answer tells it, once the page and the export were seen to say the same."""
    answered = {name: each["standing"] for name, each in purposes(caller, token, lang=language).items()}
    document = told(get(caller, "export", token, lang=language, form="json"))
    exported = {each["id"]: each["standing"] for each in document["purposes"]}
    for standing in (*answered.values(), *exported.values()):
        standing["since"] = standing["since"] and datetime.fromisoformat(standing["since"])
    assert exported == answered
    said = {name: (found["in_words"], found["because"]) for name, found in answered.items()}
    names = {each["id"]: each["name"] for each in document["purposes"]}
    assert on_the_page(caller, token, language) == {names[name]: words for name, words in said.items()}
    return answered


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_and_the_answer_never_disagree_on_where_somebody_stands(
    caller: Caller, world: World, person: int, language: str
) -> None:
    """Before and after a no: every purpose, in the same words, of the same instant."""
    token = verified(world, person)
    before = standings(caller, token, language)
    assert before[CHURN]["used"]
    for purpose, state in ((WINBACK, "withdrawn"), (CHURN, "objected")):
        assert caller.choose(token, state, purpose).status_code == 200
    after = standings(caller, token, language)
    assert after[WINBACK]["because"] == word("why", "consent_withdrawn", language)
    assert after[CHURN]["because"] == word("why", "objected", language)
    assert after[WINBACK]["since"] < after[CHURN]["since"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_holds_nothing_that_opens_is_told_how_to_get_it_in_their_language(caller: Caller, language: str) -> None:
    for method, path in (("GET", "/v1/me/purposes"), ("PUT", "/v1/me/purposes/winback"), ("GET", "/v1/me/export")):
        answer = caller.call(method, path, "no-such-token", headers={"Accept-Language": language}, json={"state": "x"})
        assert (answer.status_code, answer.headers["content-language"]) == (401, language)
        problem = answer.json()
        assert (problem["status"], problem["type"]) == (401, "urn:varde:problem:not-authenticated")
        said = problem["title"] + problem["detail"]
        assert not [each for each in ("VARDE_TOKEN", "principal", "role") if each in said]
    titles = {caller.call("GET", "/v1/me/purposes", None, params={"lang": each}).json()["title"] for each in LANGUAGES}
    assert len(titles) == len(LANGUAGES)


def test_staff_without_a_token_are_told_in_their_own_words(caller: Caller) -> None:
    answer = caller.call("GET", "/v1/reveal/requests", "no-such-token", headers={"Accept-Language": "nb"})
    assert "varde principal add" in answer.json()["detail"]


def test_no_for_every_purpose_shows_at_each(caller: Caller, world: World, person: int) -> None:
    token = world.token(person)
    told(caller.call("PUT", "/v1/me/purposes", token, json={"everything": "off"}))
    used = {name: offer["standing"]["used"] for name, offer in purposes(caller, token).items()}
    assert used == {name: name == "service" for name in used}


def test_token_that_only_opts_out_shows_purposes_but_not_where_anybody_stands(
    caller: Caller, world: World, person: int
) -> None:
    assert {offer["standing"] for offer in purposes(caller, world.tokens[person]).values()} == {None}


def test_token_shows_the_purposes_it_is_bound_to(caller: Caller, world: World, person: int) -> None:
    token = world.token(person, purposes=WINBACK)
    caller.choose(world.tokens[person], "objected", CHURN)
    assert set(purposes(caller, token)) == {WINBACK}
    assert {act["purpose"] for act in told(get(caller, "history", token))["acts"]} == {WINBACK}


@pytest.mark.parametrize("path", ["history", "receipts", "accesses", "scores"])
def test_link_that_can_only_say_no_shows_nothing_more(caller: Caller, world: World, person: int, path: str) -> None:
    answer = get(caller, path, world.tokens[person])
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["accesses", "scores"])
def test_what_is_held_needs_an_identity_proven_just_now(caller: Caller, world: World, person: int, path: str) -> None:
    answer = get(caller, path, world.token(person, scope=SubjectScope.CHOICES))
    assert (answer.status_code, answer.json()["because"]) == (403, "identity_not_verified")


def test_history_tells_every_act_newest_first(caller: Caller, world: World, person: int) -> None:
    token = world.token(person)
    first = caller.choose(token, "withdrawn", WINBACK).json()
    second = told(caller.choose(token, "given", WINBACK, notice=NOTICE, language="nn"))
    acts = told(get(caller, "history", token))["acts"]
    assert [(act["act"], act["channel"]) for act in acts] == [
        ("given", "api"),
        ("withdrawn", "api"),
        ("given", "import"),
    ]
    assert [act["receipt"] for act in acts[:2]] == [second["receipt"], first["receipt"]]
    assert (acts[0]["notice"], acts[0]["language"]) == (NOTICE, "nn")


def test_receipts_of_giving_and_of_withdrawing_verify_by_the_published_keys(
    caller: Caller, world: World, person: int
) -> None:
    token = world.token(person)
    keys = told(caller.call("GET", "/.well-known/jwks.json"))
    for state, status in (("withdrawn", "dpv:ConsentWithdrawn"), ("given", "dpv:ConsentGiven")):
        more = {"notice": NOTICE} if state == "given" else {}
        receipt = told(caller.choose(token, state, WINBACK, **more))["receipt"]
        answer = get(caller, f"receipts/{receipt}", world.tokens[person])
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jose")
        record = verify_receipt(answer.text, keys)["dpv:hasRecordOfActivity"]
        assert record["dpv:hasConsentStatus"]["@type"] == status
        assert ("dpv:hasNotice" in record["dpv:hasConsentStatus"]) is (state == "given"), "a no needs no text"
        assert record["dpv:hasDataSubject"] == f"urn:varde:record:{world.records[person].hex()}"
        assert get(caller, f"receipts/{receipt}", token).text == answer.text, "asked for twice it is the same"


def test_receipt_of_an_objection_names_the_right(caller: Caller, world: World, person: int) -> None:
    receipt = told(caller.choose(world.tokens[person], "objected", CHURN))["receipt"]
    keys = told(caller.call("GET", "/.well-known/jwks.json"))
    answer = get(caller, f"receipts/{receipt}", world.tokens[person])
    record = verify_receipt(answer.text, keys)["dpv:hasRecordOfActivity"]
    assert record["dpv:hasRelatedActivity"]["dpv:hasRight"] == "eu-gdpr:A21"


def test_receipt_of_somebody_else_is_not_there(
    caller: Caller, world: World, people: Callable[[int], list[int]]
) -> None:
    mine, other = people(2)
    receipt = caller.choose(world.tokens[mine], "withdrawn", WINBACK).json()["receipt"]
    stranger = get(caller, f"receipts/{receipt}", world.token(other))
    missing = get(caller, f"receipts/{'0' * 32}", world.token(other))
    assert (stranger.status_code, missing.status_code) == (404, 404)
    assert stranger.json() | {"instance": ""} == missing.json() | {"instance": ""}


def test_every_act_of_the_history_has_its_receipt(caller: Caller, world: World, person: int) -> None:
    token = world.token(person)
    caller.call("PUT", "/v1/me/purposes", token, json={"everything": "off"})
    acts = told(get(caller, "history", token))["acts"]
    listed = told(get(caller, "receipts", token))["receipts"]
    assert [each["receipt"] for each in listed] == [act["receipt"] for act in acts]
    assert all(get(caller, f"receipts/{each['receipt']}", token).status_code == 200 for each in listed)


def test_accesses_tell_when_what_for_and_by_which_role(caller: Caller, world: World, person: int) -> None:
    caller.read("shopping", CHURN)
    before = told(get(caller, "accesses", verified(world, person)))["accesses"]
    newest = before[0]
    assert (newest["act"], newest["purpose"], newest["view"], newest["by"]) == (
        "view.release",
        CHURN,
        "shopping",
        "service",
    )
    after = told(get(caller, "accesses", verified(world, person)))["accesses"]
    assert after[0]["act"] == "subject.accesses", "the person's own look is in the log, too"
    assert get(caller, "accesses", verified(world, person), since="2999-01-01T00:00:00Z").json() == {"accesses": []}


def test_looking_at_scores_is_audited_and_nobody_scored_has_none(caller: Caller, world: World, person: int) -> None:
    assert told(get(caller, "scores", verified(world, person), lang="sv")) == {"language": "sv", "scores": []}
    with world.hub.reading() as session:
        _, entry = entries(session, action="subject.scores", limit=1)[0]
    assert entry.fields.records == (world.records[person],)
    assert entry.actor == world.records[person]


def off(caller: Caller, token: str, **body: Any) -> httpx.Response:
    return caller.call("PUT", "/v1/me/purposes", token, json=body)


def test_everything_off_takes_the_least_of_tokens_and_is_safe_to_repeat(
    caller: Caller, world: World, person: int
) -> None:
    first = told(off(caller, world.tokens[person], everything="off"))["choices"]
    again = told(off(caller, world.tokens[person], everything="off"))["choices"]
    assert [(each["purpose"], each["state"], each["recorded"]) for each in first] == [
        ("*", "withdrawn", True),
        ("*", "objected", True),
    ]
    assert [each["recorded"] for each in again] == [False, False]
    assert all(each["continues"] == {"service": "contract"} for each in first + again)


def test_one_refused_choice_leaves_all_of_them_unmade(caller: Caller, world: World, person: int) -> None:
    token = world.token(person)
    before = told(get(caller, "history", token))
    for bad, status in (
        ({"purpose": "service", "state": "objected"}, 409),
        ({"purpose": "no_such", "state": "withdrawn"}, 404),
    ):
        answer = off(caller, token, choices=[{"purpose": WINBACK, "state": "withdrawn"}, bad])
        assert answer.status_code == status
    assert told(get(caller, "history", token)) == before


def test_several_choices_are_made_in_one_go(caller: Caller, world: World, person: int) -> None:
    token = world.token(person)
    answer = off(
        caller, token, choices=[{"purpose": WINBACK, "state": "withdrawn"}, {"purpose": CHURN, "state": "objected"}]
    )
    assert [each["stopped"] for each in told(answer)["choices"]] == [[WINBACK], [CHURN]]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"choices": []},
        {"everything": "on"},
        {"everything": "off", "choices": [{"purpose": WINBACK, "state": "withdrawn"}]},
        {"choices": [{"purpose": WINBACK, "state": "withdrawn"}] * 2},
        {
            "choices": [
                {"purpose": WINBACK, "state": "withdrawn"},
                {"purpose": WINBACK, "state": "given", "notice": NOTICE},
            ]
        },
        {"choices": [{"purpose": WINBACK, "state": "withdrawn"}] * 65},
    ],
)
def test_what_cannot_be_meant_is_422(caller: Caller, world: World, person: int, body: dict[str, Any]) -> None:
    assert off(caller, world.token(person), **body).status_code == 422


def test_everything_off_that_cannot_be_committed_is_503_and_leaves_nothing(
    caller: Caller, world: World, person: int
) -> None:
    token = world.token(person)
    before = told(get(caller, "history", token))
    with broken(world.hub.settings.home / "control.db", "leaf_refused"):
        answer = off(caller, token, everything="off")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:varde:problem:choice-not-recorded")
    assert told(get(caller, "history", token)) == before
