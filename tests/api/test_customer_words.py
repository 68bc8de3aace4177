"""What a customer is told where something goes wrong: their language, no machine words, programs' words beside."""

import pytest

from privacy.purposes import LANGUAGES
from privacy.store.subject_token import SubjectScope
from tests.api.conftest import Caller
from tests.api.world import WINBACK, World
from tests.shop import NOTICE

MACHINE = ("VARDE_", "token_", "refused:", "principal", "List-Unsubscribe", "RFC")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_of_a_customers_route_is_told_in_their_language(
    caller: Caller, world: World, person: int, language: str
) -> None:
    spoken = {"Accept-Language": language, "Content-Type": "text/plain"}
    only_no = world.token(person, scope=SubjectScope.OPT_OUT)
    no, yes = {"state": "withdrawn"}, {"state": "given", "notice": NOTICE}
    answers = {
        403: caller.call("PUT", f"/v1/me/purposes/{WINBACK}", only_no, params={"lang": language}, json=yes),
        404: caller.call("PUT", "/v1/me/purposes/none", only_no, params={"lang": language}, json=no),
        422: caller.call("POST", f"/u/{only_no}", headers=spoken, content=b"x"),
        503: caller.call("POST", "/v1/identify", params={"lang": language}, json={"identifier": "kari@example.org"}),
    }
    told = set()
    for status, answer in answers.items():
        problem = answer.json()
        assert (answer.status_code, answer.headers["content-language"]) == (status, language)
        assert not [word for word in MACHINE if word in problem["title"] + problem["detail"]]
        told.add((problem["title"], problem["detail"]))
    assert answers[403].json()["because"] == "token_opens_opt_out_only"
    assert len(told) == len(answers)
    too_long = caller.call("POST", f"/u/{'x' * 65}", headers=spoken).json()
    assert (too_long["title"], too_long["detail"]) in told
    assert too_long["errors"]


def test_languages_say_different_words(caller: Caller, world: World, person: int) -> None:
    token = world.token(person, scope=SubjectScope.OPT_OUT)
    body = {"state": "given", "notice": NOTICE}
    path = f"/v1/me/purposes/{WINBACK}"
    said = {caller.call("PUT", path, token, params={"lang": each}, json=body).json()["detail"] for each in LANGUAGES}
    assert len(said) == len(LANGUAGES)


def test_a_browser_without_the_field_is_asked_again(caller: Caller, world: World, person: int) -> None:
    headers = {"Accept": "text/html", "Accept-Language": "de", "Content-Type": "text/plain"}
    answer = caller.call("POST", f"/u/{world.tokens[person]}", headers=headers, content=b"x")
    assert (answer.status_code, answer.headers["content-language"]) == (422, "de")
    assert "<button" in answer.text
