"""`POST /v1/match`: a program asks who somebody is, and is told what its purpose allows, after the log."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from hub import clock as wall_clock
from hub.authentication import Scope, acting_principal, add
from hub.compose import Hub, open_hub
from hub.consents import Wish, find_subject, record_wish
from hub.erasing import erase
from hub.home import make_home
from hub.settings import MODEL, Settings
from ingest.contract.load import contract_of_yaml
from ingest.pipeline.delivery import ingest_file
from ingest.store.identity import entity_of_record
from privacy.pseudonym import entity_of
from privacy.store.audit import entries
from privacy.store.erasure import intend_erasure
from privacy.store.principal import Principal
from privacy.terms import ActChannel, ConsentAct, Pseudonym, PurposeId, Role, random_id
from tests.api.conftest import Caller, called
from tests.api.world import CHURN, World
from tests.audit_faults import broken
from tests.integration.test_matching import CONTRACT
from tests.integration.test_matching_organisations import delivered, record_of
from tests.match_firms import firms
from tests.match_people import people

FIRMS = firms(6, seed=4)
BASIS = "basis: {purposes: {churn: legitimate_interests}, notice: privacy-2025-01, notice_given: true}\n"
PEOPLE = people(12)


class Till:
    """A shop's till: it asks about people of a small company that matches by the model."""

    def __init__(self, hub: Hub, owner: Principal, caller: Caller) -> None:
        self.hub, self.owner, self.caller = hub, owner, caller
        scope = Scope(role=Role.SERVICE, purposes=frozenset({CHURN}), views=frozenset())
        self.token = add(hub, "till", scope, owner)[1]

    def ask(self, number: int, token: str | None = None, **more: Any) -> httpx.Response:
        """Ask about a person of the company under a key of the till's own."""
        row = PEOPLE.row(number, named=True)
        told = {name: row[name] for name in ("given_name", "family_name", "birth_date", "email", "phone", "street")}
        person = {name: value for name, value in told.items() if value} | {"postcode": row["postcode"]}
        body = {"purpose": CHURN, "source": "till", "key": f"t{number}", "country": "NO", "person": person} | more
        return self.caller.call("POST", "/v1/match", token or self.token, json=body)

    def ask_of(self, number: int) -> httpx.Response:
        """Ask about an organisation of the company."""
        told = {name: value for name, value in FIRMS.row(number, named=True).items() if value is not None}
        organisation = {name: str(told[name]) for name in told.keys() - {"record", "source", "entity"}}
        body = {"purpose": CHURN, "source": "till", "key": f"f{number}", "country": "NO", "organisation": organisation}
        return self.caller.call("POST", "/v1/match", self.token, json=body)

    def name(self, number: int) -> str:
        row = PEOPLE.row(number, named=True)
        return f"{row['source']}:{row['record']}"

    def asked(self) -> list[dict[str, Any]]:
        with self.hub.reading() as session:
            return [dict(entry.fields) for _, entry in entries(session, action="match.find")]


@pytest.fixture(scope="module")
def till(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder = tmp_path_factory.mktemp("till")
    settings = Settings.load({"VARDE_MATCHING": MODEL}, folder / "home")
    make_home(settings, clock=wall_clock.now)
    hub = open_hub(settings)
    owner = acting_principal(hub)
    for (source,), part in PEOPLE.sort("source").group_by("source", maintain_order=True):
        path = folder / f"{source}.csv"
        part.drop("entity", "source", "country").write_csv(path)
        ingest_file(contract_of_yaml(CONTRACT.format(source=source) + BASIS), path, hub.ports(owner.principal_id))
    delivered(hub, FIRMS, folder / "in")
    world = World(hub=hub, owner=owner, reader_token="", reader=owner, records=[], tokens=[], pseudonyms={})
    with called(world) as caller:
        yield Till(hub, owner, caller)
    hub.engine.dispose()


def test_a_customer_is_recognised_by_the_purposes_pseudonym(till: Till) -> None:
    answer = till.ask(0)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    record = find_subject(till.hub, till.name(0)).records[0]
    with till.hub.reading() as session:
        entity = entity_of_record(session, record)
    domain = till.hub.domain(till.hub.policy().purpose(PurposeId(CHURN)).domain)
    assert entity_of(domain, Pseudonym(bytes.fromhex(told["pseudonym"]))) == entity
    assert told["probability"] > 0.5
    assert {"given", "family"} <= {each["what"] for each in told["comparisons"] if each["says"] == "same"}
    row = PEOPLE.row(0, named=True)
    said = answer.text.replace(told["pseudonym"], "").replace(told["match"], "")  # digits that a postcode may have
    assert not any(str(row[name]) in said for name in ("given_name", "family_name", "street", "postcode"))
    assert entity is not None
    assert entity.hex() not in answer.text
    (entry,) = [each for each in till.asked() if each["act_id"].hex() == told["match"]]
    assert (entry["outcome"], entry["purpose"], entry["entity"]) == ("known", CHURN, entity)
    assert record in entry["records"]


def test_nobody_learns_more_of_who_may_not_be_used(till: Till) -> None:
    """A stranger, somebody who objected and somebody erased are answered alike."""
    stranger = till.ask(0, person={"given_name": "Zacharias", "family_name": "Quist"}).json()
    objected, erased = 3, PEOPLE.height - 1
    wish = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId(CHURN), channel=ActChannel.AGENT)
    assert till.ask(objected).json()["pseudonym"] is not None
    record_wish(till.hub, find_subject(till.hub, till.name(objected)), wish, till.owner)
    erase(till.hub, find_subject(till.hub, till.name(erased)), till.owner)
    for number in (objected, erased):
        answer = till.ask(number).json()
        assert {**answer, "match": ""} == {**stranger, "match": ""}
        assert till.asked()[0]["outcome"] == "nobody"
        assert "records" not in till.asked()[0]


def test_an_organisation_is_recognised_until_it_is_erased(till: Till) -> None:
    record = record_of(till.hub, FIRMS, 0)
    with till.hub.reading() as session:
        entity = entity_of_record(session, record)
    answer = till.ask_of(0)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    domain = till.hub.domain(till.hub.policy().purpose(PurposeId(CHURN)).domain)
    assert entity_of(domain, Pseudonym(bytes.fromhex(told["pseudonym"]))) == entity
    assert {"name", "legal_form"} <= {each["what"] for each in told["comparisons"]}
    assert record in till.asked()[0]["records"]
    with till.hub.unit_of_work() as session:
        by, at = till.owner.principal_id, till.hub.clock()
        intend_erasure(session, random_id(), [record], by=by, at=at, counts="{}")
    assert till.ask_of(0).json()["pseudonym"] is None


@pytest.mark.parametrize("more", [{"organisation": {"organisation_name": "Nordlia Bygg"}}, {"person": None}])
def test_a_record_is_of_a_person_or_of_an_organisation(till: Till, more: dict[str, Any]) -> None:
    answer = till.ask(0, **more)
    assert answer.status_code == 422
    assert "Nordlia" not in answer.text


def test_who_may_not_ask_is_told_by_which_rule(till: Till) -> None:
    everything = frozenset({"*"})
    scientist = add(till.hub, "sci", Scope(role=Role.SCIENTIST, purposes=everything, views=everything), till.owner)[1]
    for answer in (till.ask(0, scientist), till.ask(0, purpose="winback"), till.ask(0, purpose="unheard_of")):
        assert answer.status_code == 403, answer.text
    assert till.caller.call("POST", "/v1/match", json={"person": 1}).status_code == 401
    bad = till.ask(0, person={"birth_date": "1.2.1970", "shoe_size": "rather large"})
    assert bad.status_code == 422
    assert till.ask(0, source="till1234567").status_code == 422, "the log would refuse it once somebody was opened"
    assert "1.2.1970" not in bad.text
    assert "rather large" not in bad.text


def test_nothing_is_told_while_the_log_takes_no_entry(till: Till) -> None:
    with broken(till.hub.settings.home / "control.db", "leaf_refused"):
        answer = till.ask(1)
    assert answer.status_code == 503
    assert "pseudonym" not in answer.text
    assert till.ask(1).status_code == 200


def test_a_home_that_joins_by_exact_rules_says_so(caller: Caller) -> None:
    scope = Scope(role=Role.SERVICE, purposes=frozenset({CHURN}), views=frozenset())
    token = add(caller.world.hub, "till", scope, caller.world.owner)[1]
    body = {"purpose": CHURN, "source": "till", "key": "1", "person": {"given_name": "Kari"}}
    answer = caller.call("POST", "/v1/match", token, json=body)
    assert answer.status_code == 503
    assert "exact rules" in answer.text
