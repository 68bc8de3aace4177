"""RFC 8058 over HTTP: a POST acts at once and may be repeated, a GET never acts, and the link is nowhere in clear."""

import base64
import hashlib
import logging
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy import event

from hub import logs
from hub.api.app import create_app
from hub.api.serve import config_of
from hub.authentication import acting_principal
from hub.consents import Subject
from hub.errors import AccessRefused, SettingsInvalid
from hub.opt_outs import Mailing, Recipient, unsubscribe_headers
from hub.subject_tokens import revoke
from privacy.purposes import LANGUAGES
from privacy.store.consent import history_of
from privacy.store.principal import Principal
from privacy.store.subject_token import SubjectScope
from privacy.terms import ActChannel, ConsentAct, RecordId, Role
from tests import audit_faults
from tests.api.conftest import Caller
from tests.api.world import WINBACK, World
from tests.builders import DATABASES, FixedClock
from tests.identity_builders import SHARED, Town, town_of

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CLICK = b"List-Unsubscribe=One-Click"
BOUNDARY = (
    b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
    {"Content-Type": "multipart/form-data; boundary=b"},
)
PAGE = {"Accept": "text/html,application/xhtml+xml;q=0.9"}


def click(caller: Caller, token: str, **more: Any) -> httpx.Response:
    headers = FORM | more.pop("headers", {})
    return caller.call("POST", f"/u/{token}", content=CLICK, headers=headers, **more)


def link(world: World, person: int, purposes: str = WINBACK) -> str:
    return world.token(person, scope=SubjectScope.OPT_OUT, purposes=purposes)


def acts(world: World, person: int) -> list[tuple[str, ConsentAct, ActChannel]]:
    with world.hub.reading() as session:
        found = history_of(session, [world.records[person]])
    return [(act.purpose, act.event.act, act.event.channel) for act in found if act.batch_id is None]


def invited(caller: Caller) -> bytes:
    return caller.read("invited", WINBACK, headers={"Accept": "application/json"}).content


@pytest.mark.parametrize("body", [(CLICK, FORM), BOUNDARY], ids=["urlencoded", "multipart"])
def test_a_click_acts_at_once_without_any_sign_in(caller: Caller, person: int, body: tuple[bytes, Any]) -> None:
    token = link(caller.world, person)
    pseudonym = caller.world.pseudonyms[WINBACK][person]
    content, headers = body
    answer = caller.call("POST", f"/u/{token}", content=content, headers=dict(headers))
    assert (answer.status_code, answer.json()) == (200, {"stopped": [WINBACK]})
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert acts(caller.world, person) == [(WINBACK, ConsentAct.WITHDRAWN, ActChannel.ONE_CLICK)]
    assert pseudonym.hex().encode() not in invited(caller)
    assert click(caller, token).json() == {"stopped": [WINBACK]}
    assert len(acts(caller.world, person)) == 1


def test_a_link_for_everything_ends_direct_marketing_and_nothing_else(caller: Caller, person: int) -> None:
    assert click(caller, link(caller.world, person, "*")).json() == {"stopped": ["next_need", "winback"]}
    assert {purpose for purpose, _, _ in acts(caller.world, person)} == {"next_need", "winback"}


def test_a_link_for_an_interest_objects(caller: Caller, person: int) -> None:
    assert click(caller, link(caller.world, person, "churn")).status_code == 200
    assert acts(caller.world, person) == [("churn", ConsentAct.OBJECTED, ActChannel.ONE_CLICK)]


def test_what_rests_on_a_contract_is_not_said_to_have_ended(caller: Caller, person: int) -> None:
    assert click(caller, link(caller.world, person, "service")).status_code == 409
    assert acts(caller.world, person) == []


# -- a GET never acts ----------------------------------------------------------------------------------------------


class _Controls(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for each, attrs in self.seen if each == tag]


def test_a_get_shows_a_page_and_touches_no_database(caller: Caller, person: int) -> None:
    token, statements = link(caller.world, person), []

    def note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(caller.world.hub.engine, "before_cursor_execute", note)
    try:
        for method in ("GET", "GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
            caller.call(method, f"/u/{token}", headers=PAGE)
        mine, strangers = (caller.call("GET", f"/u/{each}", headers=PAGE) for each in (token, "x" * 43))
    finally:
        event.remove(caller.world.hub.engine, "before_cursor_execute", note)
    assert [each for each in statements if "subject_token" in each or "consent" in each] == []
    assert mine.status_code == strangers.status_code == 200
    assert mine.content == strangers.content
    assert token not in mine.text
    assert acts(caller.world, person) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_one_button_in_the_persons_language(caller: Caller, language: str) -> None:
    asked = caller.call("GET", "/u/x", headers=PAGE | {"Accept-Language": f"fr, {language}-XX;q=0.9, en;q=0.1"})
    chosen = caller.call("GET", f"/u/x?lang={language}", headers=PAGE | {"Accept-Language": "fr"})
    assert asked.content == chosen.content
    assert asked.headers["content-language"] == language
    page = _Controls(asked.text)
    assert page.all("html") == [{"lang": language}]
    assert (len(page.all("form")), len(page.all("button")), len(page.all("h1"))) == (1, 1, 1)
    assert page.all("form")[0]["method"] == "post"
    assert page.all("input") == [{"type": "hidden", "name": "List-Unsubscribe", "value": "One-Click"}]
    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in page.seen}
    assert {each["hreflang"] for each in page.all("a")} == set(LANGUAGES) - {language}


def test_the_pages_style_is_the_one_that_its_policy_names(caller: Caller) -> None:
    answer = caller.call("GET", "/u/x", headers=PAGE)
    (style,) = re.findall(r"<style>(.*)</style>", answer.text)
    policy = answer.headers["content-security-policy"]
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "default-src 'none'" in caller.call("GET", "/health").headers["content-security-policy"]


def test_the_button_acts_and_says_so_in_the_same_language(caller: Caller, person: int) -> None:
    token = link(caller.world, person)
    answer = click(caller, token, headers=PAGE, params={"lang": "sv"})
    assert answer.status_code == 200
    assert '<html lang="sv">' in answer.text
    assert "Det är klart" in answer.text
    assert token not in answer.text
    assert len(acts(caller.world, person)) == 1


@pytest.mark.parametrize("headers", [{}, FORM])
def test_the_button_acts_though_its_field_was_lost_on_the_way(
    caller: Caller, person: int, headers: dict[str, str]
) -> None:
    path = f"/u/{link(caller.world, person)}"
    assert caller.call("POST", path, headers=headers | {"Accept": "*/*"}).status_code == 422
    assert acts(caller.world, person) == []
    answer = caller.call("POST", path, headers=headers | PAGE)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert len(acts(caller.world, person)) == 1


# -- what does not act ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", FORM),
        (b"List-Unsubscribe=kari@example.org", FORM),
        (CLICK, {"Content-Type": "application/json"}),
        (CLICK, {}),
        (b"x=1&" * 5000, FORM),
        (b"\xff\x00--b", {"Content-Type": "multipart/form-data; boundary=b"}),
    ],
)
def test_what_is_no_click_does_nothing_and_is_not_repeated(
    caller: Caller, person: int, body: bytes, headers: dict[str, str]
) -> None:
    answer = caller.call("POST", f"/u/{link(caller.world, person)}", content=body, headers=dict(headers))
    assert answer.status_code in {413, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert "kari" not in answer.text
    assert acts(caller.world, person) == []


def test_a_link_that_ended_is_told_alike_to_machines_and_people(caller: Caller, person: int) -> None:
    world = caller.world
    ended = link(world, person)
    revoke(world.hub, Subject(records=(world.records[person],)), world.owner)
    answers = [click(caller, token) for token in (ended, "x" * 43, "kari@example.org")]
    told = [{**answer.json(), "instance": ""} for answer in answers]
    assert {answer.status_code for answer in answers} == {401}
    assert all(each == told[0] for each in told)
    page = click(caller, ended, headers=PAGE | {"Accept-Language": "de"})
    assert page.status_code == 401
    assert "Dieser Link gilt nicht mehr" in page.text


@pytest.mark.parametrize("headers", [{}, PAGE], ids=["machine", "person"])
@pytest.mark.parametrize("fault", audit_faults.STATEMENTS)
def test_what_cannot_be_committed_is_503_and_never_200(
    caller: Caller, person: int, fault: str, headers: dict[str, str]
) -> None:
    token = link(caller.world, person)
    with audit_faults.broken(caller.world.hub.settings.home / "control.db", fault):
        answer = click(caller, token, headers=dict(headers))
    assert answer.status_code == 503
    assert acts(caller.world, person) == []
    assert click(caller, token).status_code == 200


# -- whom a link means, and where it is written --------------------------------------------------------------------


@pytest.fixture(params=DATABASES)
def town(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with town_of(request.getfixturevalue("hub_factory")(request.param), tmp_path, monkeypatch) as made:
        yield made


def mailing(town: Town, by: Principal | None = None) -> str:
    """Make the headers of a message to one of those who share an address; return the link's path."""
    until = town.hub.clock() + timedelta(days=90)
    with town.hub.unit_of_work() as session:
        (headers,) = unsubscribe_headers(
            town.hub,
            session,
            Mailing(purposes=frozenset({WINBACK}), until=until),
            [Recipient(town.record("far"), f"<{SHARED}>".strip("<>"))],
            by or acting_principal(town.hub),
        )
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (url,) = re.fullmatch(r"<(https://hub\.example/u/[A-Za-z0-9_-]{43})>", headers["List-Unsubscribe"]).groups()  # type: ignore[union-attr]  # asserted by use
    return str(url.removeprefix("https://hub.example"))


def last_acts(town: Town, record: RecordId) -> list[ConsentAct]:
    with town.hub.reading() as session:
        return [act.event.act for act in history_of(session, [record]) if act.event.channel is ActChannel.ONE_CLICK]


def test_a_click_counts_for_everybody_who_shares_the_address_as_long_as_the_message_lives(
    town: Town, clock: FixedClock
) -> None:
    path = mailing(town)
    clock.forward(days=89)
    assert town.call("POST", path, content=CLICK, headers=FORM).status_code == 200
    assert [last_acts(town, town.record(who)) for who in ("far", "mor", "kari")] == [
        [ConsentAct.WITHDRAWN],
        [ConsentAct.WITHDRAWN],
        [],
    ]
    clock.forward(days=2)
    assert town.call("POST", path, content=CLICK, headers=FORM).status_code == 401
    (entry,) = town.audited("subject_token.issue_links")
    assert (entry["rows"], entry["outcome"]) == (1, "issued")


def test_links_need_a_public_address_and_somebody_who_may_issue_them(
    hub_factory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with town_of(hub_factory("sqlite"), tmp_path, monkeypatch) as town:
        with pytest.raises(AccessRefused):
            mailing(town, replace(acting_principal(town.hub), role=Role.SCIENTIST))
        for url in (None, "http://hub.example", "https://hub.example?x=1"):
            object.__setattr__(town.hub.settings, "public_url", url)
            with pytest.raises(SettingsInvalid, match="VARDE_PUBLIC_URL"):
                mailing(town)


def test_a_link_is_in_no_log_even_with_the_servers_access_log_on(
    world: World, person: int, capfd: pytest.CaptureFixture[str]
) -> None:
    config = config_of(world.hub, "127.0.0.1", 0)
    config.access_log, access = True, logging.getLogger("uvicorn.access")  # what an operator might do
    access.propagate, level = True, access.level
    access.setLevel(logging.INFO)
    logs.start(logs.JSON_MODE)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        token = link(world, person)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            assert client.get(f"/u/{token}").status_code == 200
            assert client.post(f"/u/{token}", content=CLICK, headers=FORM).status_code == 200
            client.post(f"/u/{token}/{token}?{token}={token}", content=CLICK, headers=FORM)
    finally:
        server.should_exit = True
        thread.join()
        access.setLevel(level)
        logs.start(None)
    written = "".join(capfd.readouterr())
    assert '"route": "/u/{token}"' in written
    assert '"logger": "uvicorn.access"' in written, "the test saw no access log"
    assert token not in written
    home = b"".join(path.read_bytes() for path in world.hub.settings.home.rglob("*") if path.is_file())
    assert token.encode() not in home


def test_the_app_describes_both_encodings_of_a_click(world: World) -> None:
    post = create_app(world.hub).openapi()["paths"]["/u/{token}"]["post"]
    assert set(post["requestBody"]["content"]) == {"application/x-www-form-urlencoded", "multipart/form-data"}
