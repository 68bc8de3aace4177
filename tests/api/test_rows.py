"""One customer's row over HTTP: what the view releases of them, and 404 for everybody who is not there to be read."""

from threading import Event

import httpx
import polars as pl
import pytest

from hub.compose import Hub
from hub.views.access import Views
from hub.views.ahead import open_ahead
from hub.views.shelf import Shelf
from hub.views.snapshot import materialise
from privacy.store.audit import entries
from tests.api.conftest import Caller, called
from tests.api.world import AS_OF, CHURN, WINBACK, World


@pytest.fixture
def kept(world: World) -> World:
    for view in ("shopping", "invited"):
        materialise(world.hub, world.owner, view, as_of=AS_OF)
    return world


def path_of(world: World, person: int, view: str = "shopping", purpose: str = CHURN) -> str:
    return f"/v1/views/{view}/rows/{world.pseudonyms[purpose][person].hex()}"


def test_a_row_is_the_customers_row_of_the_view(caller: Caller, kept: World, person: int) -> None:
    rows = Views(kept.hub, kept.reader)["shopping"].read(purpose=CHURN, as_of=AS_OF)
    expected = rows.row(by_predicate=pl.col("pseudonym") == kept.pseudonyms[CHURN][person], named=True)
    answer = caller.call("GET", path_of(kept, person), kept.reader_token, params={"purpose": CHURN})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["features"] == {name: value for name, value in expected.items() if name != "pseudonym"}
    assert (told["view"], told["pseudonym"]) == ("shopping", expected["pseudonym"].hex())
    assert answer.headers["cache-control"] == "no-store"
    with kept.hub.reading() as session:
        _, entry = entries(session, action="view.row", limit=1)[0]
    assert entry.fields.act_id == bytes.fromhex(told["release"])


def test_unknown_and_withdrawn_are_the_same_404(caller: Caller, kept: World, person: int) -> None:
    paths = [path_of(kept, person, "invited", WINBACK), f"/v1/views/invited/rows/{'0' * 32}"]
    assert [ask(caller, kept, path).status_code for path in paths] == [200, 404]
    caller.choose(kept.token(person), "withdrawn", WINBACK)
    answers = [ask(caller, kept, path) for path in paths]
    assert [answer.status_code for answer in answers] == [404] * 2
    bodies = [{name: value for name, value in answer.json().items() if name != "instance"} for answer in answers]
    assert all(body == bodies[0] for body in bodies)


def ask(caller: Caller, world: World, path: str) -> httpx.Response:
    return caller.call("GET", path, world.reader_token, params={"purpose": WINBACK})


def test_strangers_learn_nothing_and_readers_are_told_why(caller: Caller, kept: World, person: int) -> None:
    path = path_of(kept, person)
    assert caller.call("GET", f"{path}?nothing=1", None).status_code == 401
    assert caller.call("GET", path, kept.reader_token, params={"purpose": WINBACK}).status_code == 403
    assert caller.call("GET", f"{path}0", kept.reader_token, params={"purpose": CHURN}).status_code == 422
    assert caller.call("GET", path, kept.reader_token, params={"purpose": CHURN, "use": "refusal"}).status_code == 403


def test_a_view_that_nobody_approved_has_no_rows(caller: Caller, world: World, person: int) -> None:
    answer = caller.call("GET", path_of(world, person, "nothing_here"), world.reader_token, params={"purpose": CHURN})
    assert (answer.status_code, "view_not_approved" in answer.json()["detail"]) == (403, True)


def test_a_server_opens_what_it_serves_when_it_starts(kept: World, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Event()

    def watched(hub: Hub) -> None:
        open_ahead(hub)
        opened.set()

    monkeypatch.setattr("hub.api.service.open_ahead", watched)
    kept.hub.memory.of(Shelf)._opened.clear()
    with called(kept) as caller:
        caller.call("GET", "/health")
        assert opened.wait(timeout=20)
        assert {"shopping", "invited"} <= set(kept.hub.memory.of(Shelf)._opened)
