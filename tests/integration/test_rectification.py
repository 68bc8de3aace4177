"""A correction holds: in exports, reveals, look-ups and matching, though the source goes on to say what was wrong."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.consents import Wish
from hub.errors import SubjectNotFound
from hub.requests.rectifying import DetailUnfit, correct
from hub.reveals.reveal import reveal
from hub.suppression.opt_out import note_opt_out
from ingest.errors import LaneBusy
from ingest.pipeline.recovery import recover
from ingest.pipeline.rectify import Rectification, rectify
from ingest.store.batch import stage
from ingest.store.identity import entity_of_record
from privacy.request import Right, StepRefused
from privacy.terms import ActChannel, ConsentAct, PurposeId, RecordId
from tests.builders import DATABASES, FixedClock, an_id
from tests.conftest import HubFactory
from tests.request_builders import Office, copied, stocked, used
from tests.reveal_builders import company

RIGHT = "kari@example.com"


@pytest.fixture(params=DATABASES)
def desk(request: pytest.FixtureRequest, hub_factory: HubFactory, tmp_path: Path) -> Office:
    return stocked(hub_factory(request.param), tmp_path)


@pytest.fixture
def small(tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    with copied(tmp_path, clock) as found:
        yield found


def attributes(desk: Office, identifier: str) -> dict[str, dict[str, Any]]:
    return {each["source"]: each["attributes"] for each in desk.told(identifier)["identity"]}


def corrected(desk: Office, **values: str | None) -> int:
    request = desk.started("shop:k1", Right.RECTIFICATION)
    return correct(desk.hub, request.request_id, values, desk.dpo)


def entity(desk: Office, record: RecordId) -> bytes | None:
    with desk.hub.reading() as session:
        return entity_of_record(session, record)


def test_a_correction_holds_against_the_old_value_and_yields_to_news(desk: Office) -> None:
    assert corrected(desk, email=RIGHT) == 2  # the shop and the CRM both said it
    desk.people("k1,Kari M. Nordmann,Familien@example.org ,+4790012345,2025-01-01,yes")
    told = attributes(desk, "shop:k1")
    assert told["shop"] == {"email": RIGHT, "full_name": "Kari M. Nordmann", "phone": "+4790012345"}
    assert told["crm"]["email"] == RIGHT
    assert set(desk.who(f"email:{RIGHT}").records) == set(desk.who("shop:k1").records)
    assert desk.who("email:familien@example.org").records == desk.who("shop:k2").records
    desk.people("k1,Kari M. Nordmann,moved@example.org,+4790012345,2025-01-01,yes")
    assert attributes(desk, "shop:k1")["shop"]["email"] == "moved@example.org"


def test_what_was_said_again_word_for_word_is_a_duplicate_still(small: Office) -> None:
    corrected(small, email=RIGHT)
    small.people("k1,Kari Nordmann,familien@example.org,+4790012345,2025-01-01,yes", "k9,Nye Navn,,,2025-01-01,")
    (shop,) = [each for each in small.told("shop:k1")["identity"] if each["source"] == "shop"]
    assert [each["attributes"]["email"] for each in shop["arrivals"]] == ["familien@example.org", RIGHT]


def test_a_detail_that_no_source_has_is_added_once_and_one_that_is_wrong_can_go(small: Office) -> None:
    assert corrected(small, city="Bergen", phone=None) in {
        1,
        2,
    }  # the city goes to one record, the phone from the shop's
    small.people("k1,Kari Nordmann-Moe,familien@example.org,+4790012345,2025-01-01,yes")
    told = attributes(small, "shop:k1")
    assert [each.get("city") for each in told.values()].count("Bergen") == 1
    assert "phone" not in told["shop"]
    with pytest.raises(SubjectNotFound):
        small.who("phone:+4790012345")


def test_corrections_add_up_and_the_last_word_holds(small: Office) -> None:
    corrected(small, email="first@example.com")
    corrected(small, email=RIGHT)
    small.people("k1,Kari X. Nordmann,familien@example.org,+4790012345,2025-01-01,yes")
    assert attributes(small, "shop:k1")["shop"]["email"] == RIGHT
    assert corrected(small, email=RIGHT) == 0
    small.people("k1,Kari Y. Nordmann,first@example.com,+4790012345,2025-01-01,yes")
    assert attributes(small, "shop:k1")["shop"]["email"] == RIGHT


def test_records_that_only_a_wrong_value_held_together_part(small: Office) -> None:
    desk = small
    shop, crm = desk.record("shop:k1"), desk.record("crm:c1")
    assert entity(desk, shop) == entity(desk, crm)
    asked = Rectification(request_id=an_id(5), records=[crm], values={"email": "other.kari@example.org"}, country="NO")
    assert rectify(asked, desk.hub.ports(desk.dpo.principal_id)) == 1
    assert entity(desk, shop) != entity(desk, crm)
    desk.people("c1,Kari Nordmann,familien@example.org,,2025-01-01,yes", source="crm")
    assert entity(desk, shop) != entity(desk, crm)


def test_a_reveal_shows_what_is_right(hub_factory: HubFactory, tmp_path: Path) -> None:
    shop = company(hub_factory(), tmp_path)
    record = min(Office(shop.hub, tmp_path, shop.owner, shop.dpo).who("shop:k1").records)
    asked = Rectification(request_id=an_id(5), records=[record], values={"email": RIGHT}, country="NO")
    rectify(asked, shop.hub.ports(shop.owner.principal_id))
    (part,) = reveal(shop.hub, shop.success, shop.ask(1, attributes=frozenset({"email"}))).parts
    assert part.attributes == {"email": RIGHT}


def test_nothing_is_opened_where_nobody_was_corrected(small: Office) -> None:
    small.people("k1,Kari Nordmann-Moe,familien@example.org,+4790012345,2025-01-01,yes")
    assert all(entry.get("reason") != "correction" for entry in small.audited("open_batch"))


def test_a_correction_is_audited_by_its_details_before_anything_is_opened(small: Office) -> None:
    corrected(small, email=RIGHT)
    done, intent = small.audited("request.rectify")  # the newer entry first
    assert (intent["columns"], intent["opened"]) == (("email",), 2)
    assert set(done["records"]) == set(small.who("shop:k1").records)


@pytest.mark.parametrize(
    "values", [{}, {"shoe_size": "38"}, {"email": "no address"}, {"phone": "12"}, {"city": " "}, {"city": "a\nb"}]
)
def test_what_cannot_be_a_detail_changes_nothing(small: Office, values: dict[str, str]) -> None:
    request = small.started("shop:k1", Right.RECTIFICATION)
    with pytest.raises(DetailUnfit):
        correct(small.hub, request.request_id, values, small.dpo)
    assert small.audited("request.rectify.intent") == []


def test_nothing_is_corrected_for_a_request_of_another_kind(small: Office) -> None:
    request = small.started("shop:k1", Right.ACCESS)
    with pytest.raises(StepRefused, match="another_right"):
        correct(small.hub, request.request_id, {"email": RIGHT}, small.dpo)


def test_a_correction_that_broke_off_after_its_commit_is_settled_at_the_next_start(small: Office) -> None:
    class Died(Exception):
        """The process ends here."""

    def reached(step: str) -> None:
        if step == "rectified":
            raise Died

    ports = small.hub.ports(small.dpo.principal_id)
    shop, crm = small.record("shop:k1"), small.record("crm:c1")
    asked = Rectification(request_id=an_id(5), records=[crm], values={"email": RIGHT}, country="NO")
    with pytest.raises(Died):
        rectify(asked, replace(ports, reached=reached))
    assert entity(small, shop) == entity(small, crm)
    assert recover(ports).settled == 1
    assert entity(small, shop) != entity(small, crm)


def test_a_correction_waits_for_a_delivery_of_the_same_source(small: Office) -> None:
    ports = small.hub.ports(small.dpo.principal_id)
    row = {
        "batch_id": an_id(8),
        "contract": "shop_people",
        "contract_hash": b"",
        "contract_version": 1,
        "source": "shop",
        "canonical_table": "people",
        "idempotency_key": an_id(8),
        "lane": "people:shop",
        "principal_id": small.dpo.principal_id,
        "retry_of": None,
    }
    with small.hub.unit_of_work() as session:
        assert stage(session, row, at=small.hub.clock())
    with pytest.raises(LaneBusy):
        corrected(small, email=RIGHT)
    (told, *_) = attributes(small, "shop:k1").values()
    assert told["email"] == "familien@example.org"
    small.hub.clock.forward(minutes=10)  # type: ignore[attr-defined]  # the tests' clock: the lease has ended
    assert recover(ports).aborted == 1
    assert corrected(small, email=RIGHT) == 2


@pytest.mark.parametrize("detail", ["email:waiting@example.com", "phone:+4798765432"])
def test_a_no_that_waited_for_an_address_binds_whoever_turns_out_to_have_it(small: Office, detail: str) -> None:
    kind, _, value = detail.partition(":")
    wish = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("*"), channel=ActChannel.AGENT)
    note_opt_out(small.hub, detail, wish, small.owner)
    records = {bytes(record) for record in small.who("shop:k3").records}
    assert records <= used(small, "churn")
    request = small.started("shop:k3", Right.RECTIFICATION)
    correct(small.hub, request.request_id, {kind: value}, small.dpo)
    assert not records & used(small, "churn")
    assert {bytes(record) for record in small.who("shop:k1").records} <= used(small, "churn")
