"""Article 7(3) and 21(3): once withdrawn or objected to, the data shall no longer be processed, wherever it is read.

Every door by which a no can be said, beside every reader that there is. One server takes what the customer says, all
readers are other hubs over the same home: another server, the command line, the release of messages, and the scoring.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import httpx
import polars as pl
import pytest
from typer.testing import CliRunner

from hub import clock as wall_clock
from hub.api.app import create_app
from hub.authentication import Scope, add
from hub.cli.app import make_app
from hub.cli.launch import Invocation
from hub.compose import Hub, open_hub
from hub.consents import Subject, Wish, record_wish
from hub.contact.release import Outreach, released
from hub.erasing import erase
from hub.opt_outs import Mailing, Recipient, unsubscribe_headers
from hub.predictions import service
from hub.settings import Settings
from hub.views.registry import approve, submit
from predict.wire import Message, arrow
from privacy.store.subject_token import SubjectScope
from privacy.suppression import contact_purpose
from privacy.terms import ActChannel, ConsentAct, ContactChannel, PurposeId, Role
from tests.api.world import AS_OF, CHURN, WINBACK, World, make_world
from tests.shop import view_text
from tests.view_builders import WITHOUT_CHECK

PEOPLE: Final = 16
EMAIL: Final = ContactChannel.EMAIL
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
LABEL: Final = "label: {name: churned, horizon_days: 7, any_of: [{none_within: [{table: orders}]}]}\n"


_app: Final = cache(make_app)


class Server:
    """An app over a hub of its own, called in this process."""

    def __init__(self, home: Path, runner: asyncio.Runner) -> None:
        self.hub, self._runner = open_hub(Settings.load({"VARDE_PUBLIC_URL": "https://hub.example"}, home)), runner
        app = create_app(self.hub)
        self._lifespan = app.router.lifespan_context(app)
        runner.run(self._lifespan.__aenter__())
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub")

    def call(self, method: str, path: str, token: str | None = None, **more: Any) -> httpx.Response:
        headers = more.pop("headers", {}) | ({} if token is None else {"Authorization": f"Bearer {token}"})
        return self._runner.run(self._client.request(method, path, headers=headers, **more))

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.run(self._lifespan.__aexit__(None, None, None))
        self.hub.engine.dispose()
        self.hub.keystore.engine.dispose()


@dataclass(frozen=True)
class Place:
    """A home with people, two servers over it, and the files of whoever types commands."""

    world: World
    here: Server
    there: Server
    folder: Path
    dpo: str

    def type(self, *words: str) -> str:
        """Type a command: each opens a hub of its own."""
        environment = {"VARDE_HOME": str(self.world.hub.settings.home)}
        if words[0] == "consent":
            environment["VARDE_TOKEN"] = self.dpo  # elsewhere the owner types
        done = CliRunner().invoke(_app(), list(words), obj=Invocation(environment=environment))
        assert done.exit_code == 0, done.output
        return done.stdout

    def file(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return str(self.folder / name)


class Child:
    """Stands for the process that learns and scores: every row that reaches it has a score."""

    def __call__(self, action: str, _module: str, message: Message) -> Message:
        if action == "train":
            return Message({}, {"artefact": b"{}", "report": b'{"summary": "learned"}'})
        frame = message.frame("frame").select("pseudonym", "as_of")
        figures = [pl.lit(0.5).alias(name) for name in ("probability", "low", "high")]
        words = [pl.lit("orders").alias(name) for name in ("band", "reason_1", "reason_2", "reason_3")]
        parts = {"scores": arrow(frame.with_columns(*figures, *words)), "reasons": arrow(frame)}
        return Message({}, parts, {"scores": "arrow", "reasons": "arrow"})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("doors")
    with pytest.MonkeyPatch.context() as patch, asyncio.Runner() as runner:
        patch.setattr(service, "ask", Child())
        world = make_world(folder, PEOPLE)
        everything = frozenset({"*"})
        dpo, token = add(world.hub, "the dpo", Scope(role=Role.DPO, purposes=everything, views=everything), world.owner)
        submit(world.hub, view_text("taught", CHURN) + LABEL, world.owner)
        approve(world.hub, "taught", dpo, WITHOUT_CHECK)
        service.train(world.hub, world.owner, "churn", view="taught")
        wish = Wish(act=ConsentAct.GIVEN, purpose=contact_purpose(EMAIL), channel=ActChannel.AGENT)
        for record in world.records:
            record_wish(world.hub, Subject(records=(record,)), wish, world.owner)
        home = world.hub.settings.home
        here, there = Server(home, runner), Server(home, runner)
        yield Place(world, here, there, folder, token)
        here.close()
        there.close()
        world.hub.engine.dispose()


def put(place: Place, person: int, purpose: str, state: str) -> None:
    answer = place.here.call("PUT", f"/v1/me/purposes/{purpose}", place.world.tokens[person], json={"state": state})
    assert answer.json()["recorded"]


def everything_off(place: Place, person: int) -> None:
    answer = place.here.call("PUT", "/v1/me/purposes", place.world.tokens[person], json={"everything": "off"})
    assert answer.status_code == 200


def one_click(place: Place, person: int) -> None:
    hub, record = place.here.hub, place.world.records[person]
    mailing = Mailing(purposes=frozenset({WINBACK}), until=hub.clock() + timedelta(days=9))
    with hub.unit_of_work() as session:
        to = [Recipient(record, f"person{person}@example.org")]
        (headers,) = unsubscribe_headers(hub, session, mailing, to, place.world.owner)
    link = headers["List-Unsubscribe"].strip("<>").removeprefix("https://hub.example")
    assert place.here.call("POST", link, content=b"List-Unsubscribe=One-Click", headers=FORM).status_code == 200


def signed_link(place: Place, person: int) -> None:
    token = place.world.token(person, scope=SubjectScope.OPT_OUT, purposes=WINBACK)
    answer = place.here.call("PUT", f"/v1/me/purposes/{WINBACK}", token, json={"state": "withdrawn"})
    assert answer.json()["recorded"]


def signal(place: Place, person: int) -> None:
    token = place.world.tokens[person]
    assert place.here.call("PUT", "/v1/gpc", token, headers={"Sec-GPC": "1"}).json()["counts_for"] == "person"


def typed(*words: str) -> Callable[[Place, int], None]:
    def say(place: Place, person: int) -> None:
        place.type(*(word.format(person) for word in words))

    return say


def imported(place: Place, person: int) -> None:
    rows = f"identifier,purpose,act,channel,time\nemail:person{person}@example.org,{WINBACK},withdrawn,,\n"
    place.type("consent", "import", place.file("noes.csv", rows))


def delivered(place: Place, person: int) -> None:
    """A source's own column says no: it is in force as the file is taken in."""
    contract = (place.folder / "people.yaml").read_text().replace('"yes": given', '"yes": given, "no": refused')
    rows = f"no,name,mail,since,news\nk{person},Person Nr{person},person{person}@example.org,2025-02-01,no\n"
    files = place.file("noes.yaml", contract.replace("version: 1", "version: 2")), place.file("people-noes.csv", rows)
    place.type("ingest", *files)


def erased(place: Place, person: int) -> None:
    erase(place.here.hub, Subject(records=(place.world.records[person],)), place.world.owner)


BOTH: Final = frozenset({CHURN, WINBACK})
DOORS: Final[Mapping[str, tuple[Callable[[Place, int], None], frozenset[str]]]] = {
    "API: withdrawn": (lambda place, person: put(place, person, WINBACK, "withdrawn"), frozenset({WINBACK})),
    "API: objected": (lambda place, person: put(place, person, CHURN, "objected"), frozenset({CHURN})),
    "API: everything off": (everything_off, BOTH),
    "signed link": (signed_link, frozenset({WINBACK})),
    "one-click POST": (one_click, frozenset({WINBACK})),
    "Sec-GPC with a token": (signal, frozenset({WINBACK})),
    "command: withdraw": (typed("consent", "withdraw", "shop:k{}", WINBACK), frozenset({WINBACK})),
    "command: object": (typed("consent", "object", "shop:k{}", CHURN), frozenset({CHURN})),
    "command: by e-mail": (typed("consent", "object", "email:person{}@example.org", CHURN), frozenset({CHURN})),
    "command: restrict": (typed("consent", "restrict", "shop:k{}"), BOTH),
    "CSV of opt-outs": (imported, frozenset({WINBACK})),
    "a source's column": (delivered, frozenset({WINBACK})),
    "erasure": (erased, BOTH),
}


def by_server(place: Place, purpose: str) -> set[str]:
    question = {"purpose": purpose, "as_of": AS_OF.isoformat()}
    path, accept = f"/v1/views/{VIEWS[purpose]}", {"Accept": "application/json"}
    answer = place.there.call("GET", path, place.world.reader_token, params=question, headers=accept)
    assert answer.status_code == 200, answer.text
    return pseudonyms_in(answer.text)


def by_scores(place: Place, _purpose: str) -> set[str]:
    scored = service.score(place.there.hub, place.world.owner, "churn", as_of=AS_OF)
    return {pseudonym.hex() for pseudonym in scored.scores["pseudonym"]}


def by_messages(place: Place, _purpose: str) -> set[str]:
    """Return whom a release of letters reaches, by the pseudonyms of the purpose."""
    hub: Hub = place.there.hub
    outreach = Outreach(channel=EMAIL, purpose=hub.policy().purpose(PurposeId(WINBACK)), at=wall_clock.now())
    checked = released(hub, place.world.records, outreach, place.world.owner)
    people = {bytes(record): number for number, record in enumerate(place.world.records)}
    reached = checked.filter(pl.col("because").is_null())["record"]
    return {place.world.pseudonyms[WINBACK][people[bytes(record)]].hex() for record in reached}


def by_command(place: Place, purpose: str) -> set[str]:
    words = ("view", "read", VIEWS[purpose], "--purpose", purpose, "--as-of", "2025-06-01", "--format", "csv")
    return pseudonyms_in(place.type(*words))


def by_file(place: Place, purpose: str) -> set[str]:
    out = place.folder / f"{purpose}.parquet"
    words = ("view", "read", VIEWS[purpose], "--purpose", purpose, "--as-of", "2025-06-01")
    place.type(*words, "--use", "figures_reported", "--out", str(out))
    found = {pseudonym.hex() for pseudonym in pl.read_parquet(out)["pseudonym"]}
    for left in place.folder.glob(f"{out.name}*"):  # the file, and the one beside it that says what it is for
        left.unlink()
    return found


def by_score_command(place: Place, _purpose: str) -> set[str]:
    return pseudonyms_in(place.type("predict", "score", "churn", "--as-of", "2025-06-01", "--format", "csv"))


def pseudonyms_in(text: str) -> set[str]:
    return set(re.findall(r"\b[0-9a-f]{32}\b", text))


Reader = Callable[[Place, str], set[str]]
VIEWS: Final = {CHURN: "shopping", WINBACK: "invited"}
AT_ONCE: Final[Mapping[str, tuple[Reader, str]]] = {
    "the other server, churn": (by_server, CHURN),
    "the other server, winback": (by_server, WINBACK),
    "scores": (by_scores, CHURN),
    "messages": (by_messages, WINBACK),
}
"""Readers that were there before, and could have kept something: they read after each no."""
AFRESH: Final[Mapping[str, tuple[Reader, str]]] = {
    "command, churn": (by_command, CHURN),
    "command, winback": (by_command, WINBACK),
    "file, churn": (by_file, CHURN),
    "file, winback": (by_file, WINBACK),
    "command, scores": (by_score_command, CHURN),
}
"""Readers that open the hub anew: they read once all is said."""


@pytest.fixture(scope="module")
def found(place: Place) -> Mapping[str, Mapping[str, set[str]]]:
    """By each door one person says no; return who is in what each reader gets, by door and reader."""
    readers = AT_ONCE | AFRESH
    before = {name: read(place, purpose) for name, (read, purpose) in readers.items()}
    assert {len(everybody) for everybody in before.values()} == {PEOPLE}
    after = dict[str, dict[str, set[str]]]()
    for person, (door, (say, _)) in enumerate(DOORS.items()):
        say(place, person)
        after[door] = {name: read(place, purpose) for name, (read, purpose) in AT_ONCE.items()}
    last = {name: read(place, purpose) for name, (read, purpose) in AFRESH.items()}
    return {door: at_once | last for door, at_once in after.items()}


@pytest.mark.parametrize("door", DOORS)
def test_art07_3_a_no_by_any_door_is_in_force_for_every_reader(
    place: Place, found: Mapping[str, Mapping[str, set[str]]], door: str
) -> None:
    """By whichever door a no was said: nothing that is read afterwards, anywhere, holds the person; others stay."""
    person, (_, purposes) = list(DOORS).index(door), DOORS[door]
    for reader, (_, purpose) in (AT_ONCE | AFRESH).items():
        pseudonyms = [pseudonym.hex() for pseudonym in place.world.pseudonyms[purpose]]
        assert (pseudonyms[person] in found[door][reader]) is (purpose not in purposes), reader
        assert pseudonyms[-1] in found[door][reader], reader
