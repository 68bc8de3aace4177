"""An opt-out is in force for whoever carries the identifier: those who are here, and those who come."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub.compose import Hub
from hub.consents import Wish, find_subject, record_wish
from hub.errors import AccessRefused
from hub.suppression.identifier import IdentifierInvalid
from hub.suppression.opt_out import note_opt_out
from hub.views.permission import permitted_set
from ingest.pipeline.delivery import Summary, ingest_file
from ingest.pipeline.ports import Ports
from privacy.errors import PurposeUnknown
from privacy.store.audit import entries
from privacy.store.suppression import live_entries
from privacy.suppression import EntryKind
from privacy.terms import ActChannel, ConsentAct, EntityKind, PurposeId
from tests.builders import FixedClock
from tests.conftest import HubFactory
from tests.faults.ingest_company import CRM, CRM_HEADER, SHOP, SHOP_HEADER, TOLD, contract, deliver_text, owner_of

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
WINBACK = "winback"
SOLVEIG = f"c1,Solveig,Aasgaard,solveig@crm.example,+47 90 00 00 01,1980-01-02,nb,{TOLD},yes,\n"
OLA = f"c2,Ola,Berg,ola@crm.example,,1981-01-02,nb,{TOLD},yes,\n"


@pytest.fixture(params=KINDS)
def hub(request: pytest.FixtureRequest, hub_factory: HubFactory) -> Hub:
    hub: Hub = hub_factory(request.param)
    return hub


@pytest.fixture
def lite(hub_factory: HubFactory) -> Hub:
    hub: Hub = hub_factory("sqlite")
    return hub


def a_no(purpose: str = WINBACK, act: ConsentAct = ConsentAct.WITHDRAWN) -> Wish:
    return Wish(act=act, purpose=PurposeId(purpose), channel=ActChannel.AGENT)


def readable(hub: Hub, purpose: str = WINBACK) -> int:
    with hub.reading() as session:
        rule = hub.policy().purpose(PurposeId(purpose))
        return permitted_set(session, rule, EntityKind.PERSON, at=hub.clock()).records.height


def take(hub: Hub, folder: Path, name: str, rows: str) -> Summary:
    return deliver_text(hub, CRM, CRM_HEADER + rows, folder / f"{name}.csv")


@pytest.mark.parametrize(
    ("identifier", "purpose", "act"),
    [
        ("email:SOLVEIG@crm.example", WINBACK, ConsentAct.WITHDRAWN),
        ("phone:90000001", "*", ConsentAct.WITHDRAWN),
        ("crm:c1", WINBACK, ConsentAct.OBJECTED),
    ],
)
def test_told_before_the_person_exists_it_holds_from_their_first_read(
    hub: Hub, tmp_path: Path, identifier: str, purpose: str, act: ConsentAct
) -> None:
    noted = note_opt_out(hub, identifier, a_no(purpose, act), owner_of(hub))
    assert (noted.entries, noted.records, noted.waiting) == (1, (), 1)
    take(hub, tmp_path, "first", SOLVEIG + OLA)
    assert readable(hub) == 1
    assert find_subject(hub, "crm:c1").records[0] not in _permitted(hub)


def _permitted(hub: Hub) -> set[bytes]:
    with hub.reading() as session:
        rule = hub.policy().purpose(PurposeId(WINBACK))
        return set(permitted_set(session, rule, EntityKind.PERSON, at=hub.clock()).records["record"])


def test_it_holds_at_every_step_of_the_delivery(lite: Hub, tmp_path: Path) -> None:
    note_opt_out(lite, "email:solveig@crm.example", a_no("churn", ConsentAct.OBJECTED), owner_of(lite))
    seen: list[int] = []
    (tmp_path / "first.csv").write_text(CRM_HEADER + SOLVEIG)
    ports = with_steps(lite, lambda _: seen.append(readable(lite, "churn")))
    ingest_file(contract(CRM), tmp_path / "first.csv", ports)
    assert len(seen) > 5
    assert not any(seen)


def with_steps(hub: Hub, reached: Callable[[str], None]) -> Ports:
    return replace(hub.ports(owner_of(hub).principal_id), reached=reached)


@pytest.mark.parametrize("step", ["batch_staged", "keys_durable", "indexes_staged", "revisions_staged", "all_staged"])
def test_told_in_the_middle_of_a_delivery_it_holds_too(hub: Hub, tmp_path: Path, step: str) -> None:
    told: list[str] = []

    def tell(now: str) -> None:
        if now == step and not told:
            told.append(now)
            note_opt_out(hub, "email:solveig@crm.example", a_no(), owner_of(hub))

    (tmp_path / "first.csv").write_text(CRM_HEADER + SOLVEIG + OLA)
    ingest_file(contract(CRM), tmp_path / "first.csv", with_steps(hub, tell))
    assert told
    assert readable(hub) == 1


def test_every_record_that_carries_it_hears_it_merged_or_not(hub: Hub, tmp_path: Path) -> None:
    """Ola and Solveig share an address; Solveig's record in the shop is merged with hers and carries another."""
    rows = SOLVEIG + OLA.replace("ola@", "solveig@")
    take(hub, tmp_path, "first", rows)
    shop = f"s1,Solveig Aasgaard,solveig@crm.example,gold,,{TOLD},yes\n"
    deliver_text(hub, SHOP, SHOP_HEADER + shop, tmp_path / "shop.csv")
    assert readable(hub) == 3
    assert len(note_opt_out(hub, "email:solveig@crm.example", a_no(), owner_of(hub)).records) == 3
    assert readable(hub) == 0


def test_it_holds_for_a_record_that_comes_later_with_an_address_that_was_known(lite: Hub, tmp_path: Path) -> None:
    take(lite, tmp_path, "first", SOLVEIG)
    note_opt_out(lite, "email:solveig@crm.example", a_no(), owner_of(lite))
    take(lite, tmp_path, "second", OLA.replace("ola@", "solveig@"))
    assert readable(lite) == 0


def test_who_has_said_yes_since_is_not_silenced_by_a_new_record(lite: Hub, tmp_path: Path, clock: FixedClock) -> None:
    take(lite, tmp_path, "first", SOLVEIG)
    note_opt_out(lite, "email:solveig@crm.example", a_no(), owner_of(lite))
    clock.forward(days=1)
    yes = Wish(act=ConsentAct.GIVEN, purpose=PurposeId(WINBACK), channel=ActChannel.AGENT)
    record_wish(lite, find_subject(lite, "crm:c1"), yes, owner_of(lite))
    shop = f"s1,Solveig Aasgaard,solveig@crm.example,gold,,{TOLD},yes\n"
    deliver_text(lite, SHOP, SHOP_HEADER + shop, tmp_path / "shop.csv")
    assert readable(lite) == 2


def test_the_same_no_again_adds_no_entry(lite: Hub) -> None:
    for _ in range(2):
        note_opt_out(lite, "email:solveig@crm.example", a_no(), owner_of(lite))
    with lite.reading() as session:
        assert live_entries(session, frozenset(EntryKind)).height == 1
        told = [entry.fields.outcome for _, entry in entries(session, action="suppression.note")]
    assert told == ["waits", "waits"]


def test_what_cannot_be_kept_is_refused_and_not_repeated(lite: Hub) -> None:
    for identifier in ("email:nonsense", "phone:12", "a" * 32, "nobody"):
        with pytest.raises(IdentifierInvalid) as refused:
            note_opt_out(lite, identifier, a_no(), owner_of(lite))
        assert identifier.partition(":")[2] not in str(refused.value) or ":" not in identifier
    with pytest.raises(PurposeUnknown):
        note_opt_out(lite, "email:a@b.example", a_no("no_such"), owner_of(lite))
    with pytest.raises(AccessRefused):
        note_opt_out(lite, "email:a@b.example", a_no(act=ConsentAct.GIVEN), owner_of(lite))
    with lite.reading() as session:
        assert live_entries(session, frozenset(EntryKind)).is_empty()


def test_a_no_waits_for_any_length_of_time(lite: Hub, tmp_path: Path, clock: FixedClock) -> None:
    note_opt_out(lite, "email:solveig@crm.example", a_no(), owner_of(lite))
    clock.at += timedelta(days=2000)
    take(lite, tmp_path, "first", SOLVEIG + OLA)
    assert readable(lite) == 1
