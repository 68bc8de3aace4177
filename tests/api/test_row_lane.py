"""The short way of a row answers what the route answers: each request is made both ways and compared."""

from typing import Any

import httpx
import pytest

from hub.api import row_lane
from hub.logs import LogEvent
from hub.views.snapshot import materialise
from privacy.store.audit import entries
from tests.api.conftest import Caller
from tests.api.world import AS_OF, CHURN, WINBACK, World
from tests.audit_faults import broken


@pytest.fixture
def kept(world: World) -> World:
    materialise(world.hub, world.owner, "shopping", as_of=AS_OF)
    return world


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lists the pseudonyms that went the short way."""
    went: list[str] = []
    answer = row_lane._answer

    async def noted(service: Any, *asked: str) -> bytes:
        went.append(asked[2])
        return await answer(service, *asked)

    monkeypatch.setattr(row_lane, "_answer", noted)
    return went


def told(answer: httpx.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Return what two requests of one meaning must be told alike."""
    own = {"varde-request-id", "content-length"}
    body = {name: value for name, value in answer.json().items() if name not in {"instance", "release"}}
    return answer.status_code, body, {name: value for name, value in answer.headers.items() if name not in own}


def both(caller: Caller, path: str, token: str | None, purpose: str = CHURN) -> list[httpx.Response]:
    """Ask plainly, then with an `&` that means nothing."""
    return [caller.call("GET", f"{path}?purpose={purpose}{more}", token) for more in ("", "&")]


def test_a_plain_question_goes_the_short_way_and_any_other_the_long_one(
    caller: Caller, kept: World, short: list[str], person: int
) -> None:
    pseudonym = kept.pseudonyms[CHURN][person].hex()
    plain, roundabout = both(caller, f"/v1/views/shopping/rows/{pseudonym}", kept.reader_token)
    assert short == [pseudonym]
    assert told(plain) == told(roundabout)
    assert plain.status_code == 200
    with kept.hub.reading() as session:
        noted = [entry.fields.act_id for _, entry in entries(session, action="view.row", limit=2)]
    assert {each.hex() for each in noted if each} == {plain.json()["release"], roundabout.json()["release"]}


@pytest.mark.parametrize(
    ("view", "purpose", "who", "status"),
    [
        ("shopping", CHURN, "nobody", 401),
        ("shopping", CHURN, "unknown", 401),
        ("shopping", WINBACK, "reader", 403),
        ("nothing_here", CHURN, "reader", 403),
        ("invited", WINBACK, "reader", 404),
        ("shopping", CHURN, "reader", 404),
        ("shopping", CHURN, "subject", 401),
    ],
)
def test_whoever_is_refused_is_told_the_same(  # noqa: PLR0913, PLR0917 - fixtures and cases
    caller: Caller, kept: World, view: str, purpose: str, who: str, status: int
) -> None:
    materialise(kept.hub, kept.owner, "invited", as_of=AS_OF)
    token = {"nobody": None, "unknown": "unknown", "reader": kept.reader_token, "subject": kept.tokens[0]}[who]
    plain, roundabout = both(caller, f"/v1/views/{view}/rows/{'0' * 32}", token, purpose)
    assert told(plain) == told(roundabout)
    assert plain.status_code == status


def test_a_log_that_takes_no_entry_hands_out_no_row(caller: Caller, kept: World, person: int) -> None:
    path = f"/v1/views/shopping/rows/{kept.pseudonyms[CHURN][person].hex()}"
    both(caller, path, kept.reader_token)
    with broken(kept.hub.settings.home / "control.db", "leaf_refused"):
        plain, roundabout = both(caller, path, kept.reader_token)
    assert told(plain) == told(roundabout)
    assert plain.status_code == 503


@pytest.mark.parametrize(
    ("more", "headers"),
    [("&use=help_offered", {}), ("&nothing=1", {}), ("", {"Sec-GPC": "1"}), ("", {"Content-Length": "0"})],
)
def test_what_is_not_plain_is_judged_by_the_route(
    caller: Caller, kept: World, short: list[str], more: str, headers: dict[str, str]
) -> None:
    path = f"/v1/views/shopping/rows/{'0' * 32}?purpose={CHURN}{more}"
    assert caller.call("GET", path, kept.reader_token, headers=headers).status_code in {404, 422}
    for unfit in (f"/v1/views/shopping/rows/{'0' * 31}?purpose={CHURN}", f"/v1/views/shopping/rows/{'0' * 32}"):
        assert caller.call("GET", unfit, kept.reader_token).status_code == 422
    assert short == []


def test_the_log_names_the_route(caller: Caller, kept: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="varde.api"):
        both(caller, f"/v1/views/shopping/rows/{'0' * 32}", kept.reader_token)
    lines = [record for record in caplog.records if record.msg == LogEvent.REQUEST_ANSWERED]
    assert {getattr(line, "route", None) for line in lines} == {"/v1/views/{name}/rows/{pseudonym}"}


def test_a_row_that_changed_since_is_asked_for_again(
    caller: Caller, kept: World, short: list[str], person: int
) -> None:
    """The snapshot in memory is behind: it is brought on, and the same is asked again, with no second login."""
    path = f"/v1/views/shopping/rows/{kept.pseudonyms[CHURN][person].hex()}"
    both(caller, path, kept.reader_token)
    assert caller.choose(kept.tokens[person], "objected", CHURN).status_code == 200
    assert [answer.status_code for answer in both(caller, path, kept.reader_token)] == [404, 404]
    assert len(short) == 2


def test_one_who_is_refused_does_not_spoil_the_answers_of_a_group(caller: Caller, kept: World, person: int) -> None:
    path = f"/v1/views/shopping/rows/{kept.pseudonyms[CHURN][person].hex()}?purpose={CHURN}"
    tokens = [kept.reader_token, "unknown", kept.reader_token, kept.tokens[0]] * 4
    answers = caller.all([("GET", path, token, None) for token in tokens])
    assert [answer.status_code for answer in answers] == [200, 401, 200, 401] * 4
