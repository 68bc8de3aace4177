"""Who was erased does not come back by any delivery; who only shares an address with them is not dropped for it."""

from contextlib import suppress as suppress_errors
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub.compose import Hub
from hub.consents import find_subject
from hub.erasing import erase, roll_forward
from hub.errors import ErasureWaiting, SubjectNotFound
from hub.views.permission import permitted_set
from ingest.errors import BatchBusy
from ingest.pipeline.delivery import Summary, ingest_file
from ingest.store.batch import quarantined
from ingest.tables.batch import QuarantineRow
from privacy.store.audit import entries
from privacy.store.suppression import ENTRIES, live_entries
from privacy.suppression import EntryKind
from privacy.terms import EntityKind, PurposeId
from tests.conftest import HubFactory
from tests.faults.ingest_company import (
    CRM,
    CRM_HEADER,
    MAIL,
    MAIL_HEADER,
    SHOP,
    SHOP_HEADER,
    TOLD,
    contract,
    deliver_text,
    owner_of,
)
from tests.faults.ingest_meaning import lake_frame

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
PHONE = "+47 90 00 00 01"
SOLVEIG = f"c1,Solveig,Aasgaard,solveig@crm.example,{PHONE},1980-01-02,nb,{TOLD},yes,\n"
OLA = f"c2,Ola,Berg,ola@crm.example,,1981-01-02,nb,{TOLD},yes,\n"


@pytest.fixture(params=KINDS)
def hub(request: pytest.FixtureRequest, hub_factory: HubFactory) -> Hub:
    hub: Hub = hub_factory(request.param)
    return hub


@pytest.fixture
def lite(hub_factory: HubFactory) -> Hub:
    hub: Hub = hub_factory("sqlite")
    return hub


HEADERS = {CRM: CRM_HEADER, SHOP: SHOP_HEADER, MAIL: MAIL_HEADER}


def take(hub: Hub, folder: Path, name: str, rows: str, terms: str = CRM) -> Summary:
    summary = deliver_text(hub, terms, HEADERS[terms] + rows, folder / f"{name}.csv")
    counts = summary.counts
    assert counts.accepted + counts.quarantined + counts.duplicate + counts.suppressed == counts.read
    return summary


def forget(hub: Hub, who: str) -> None:
    erase(hub, find_subject(hub, who), owner_of(hub))


def counted(hub: Hub, folder: Path, name: str, rows: str, terms: str = CRM) -> tuple[int, int, int, int]:
    counts = take(hub, folder, name, rows, terms).counts
    return counts.accepted, counts.quarantined, counts.duplicate, counts.suppressed


def readable(hub: Hub, purpose: str = "winback") -> int:
    with hub.reading() as session:
        rule = hub.policy().purpose(PurposeId(purpose))
        return permitted_set(session, rule, EntityKind.PERSON, at=hub.clock()).records.height


def shop(key: str, name: str, email: str) -> str:
    return f"{key},{name},{email},gold,,{TOLD},yes\n"


def test_an_erased_person_is_dropped_at_the_door_and_counted(hub: Hub, tmp_path: Path) -> None:
    take(hub, tmp_path, "first", SOLVEIG + OLA)
    assert readable(hub) == 2
    forget(hub, "crm:c1")
    assert counted(hub, tmp_path, "again", SOLVEIG + OLA.replace("Berg", "Berge")) == (1, 0, 0, 1)
    assert readable(hub) == 1
    with pytest.raises(SubjectNotFound):
        find_subject(hub, "crm:c1")
    again = deliver_text(hub, CRM, CRM_HEADER + SOLVEIG + OLA.replace("Berg", "Berge"), tmp_path / "again.csv")
    assert (again.repeated, again.counts.suppressed) == (True, 1)
    with hub.reading() as session:
        told = [entry.fields.absent for _, entry in entries(session, action="ingest")]
    assert told[0] == {"quarantined": 0, "duplicate": 0, "suppressed": 1}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (SOLVEIG.replace("c1", "c9"), (0, 0, 0, 1)),
        (SOLVEIG.replace("c1", "c9").replace("solveig@", "ny@"), (0, 0, 0, 1)),
        (SOLVEIG.replace("c1", "c9").replace("Solveig", "Aasgaard").replace("d,Aasgaard", "d,Solveig"), (0, 0, 0, 1)),
        (SOLVEIG.replace("c1", "c9").replace("Aasgaard", "Nygift"), (0, 1, 0, 0)),
        (SOLVEIG.replace("c1", "c9").replace("solveig@", "ny@").replace(PHONE, ""), (1, 0, 0, 0)),
        (f"c1,,,,,1980-33-33,nb,{TOLD},no,\n", (0, 0, 0, 1)),
    ],
    ids=["new key", "new key and address", "names swapped", "new name", "nothing in common", "refused row"],
)
def test_what_is_enough_to_know_them_by(lite: Hub, tmp_path: Path, row: str, expected: tuple[int, ...]) -> None:
    take(lite, tmp_path, "first", SOLVEIG + OLA)
    forget(lite, "crm:c1")
    assert counted(lite, tmp_path, "again", row) == expected


def test_another_system_does_not_bring_them_back(hub: Hub, tmp_path: Path) -> None:
    take(hub, tmp_path, "first", SOLVEIG + OLA)
    forget(hub, "crm:c1")
    rows = shop("s1", "Solveig Aasgaard", "SOLVEIG@crm.example") + shop("s2", "Per Vik", "per@shop.example")
    assert counted(hub, tmp_path, "shop", rows, SHOP) == (1, 0, 0, 1)
    assert readable(hub) == 2


def test_their_later_events_are_dropped_too(hub: Hub, tmp_path: Path) -> None:
    take(hub, tmp_path, "first", SOLVEIG + OLA)
    forget(hub, "crm:c1")
    mails = f"m1,c1,{TOLD},in,hello\nm2,c2,{TOLD},in,hello\nm3,c1,not a date,in,hello\nm4,c2,not a date,in,hello\n"
    assert counted(hub, tmp_path, "mail", mails, MAIL) == (1, 1, 0, 2)
    assert lake_frame(hub, "messages").height == 1
    with hub.reading() as session:
        assert session.execute(select(func.count()).select_from(QuarantineRow)).scalar_one() == 1


def test_a_colleague_with_the_same_mailbox_is_let_in(lite: Hub, tmp_path: Path) -> None:
    shared = SOLVEIG.replace("solveig@", "felles@").replace(PHONE, "")
    ola = OLA.replace("ola@", "felles@")
    take(lite, tmp_path, "first", shared + ola)
    forget(lite, "crm:c1")
    per = ola.replace("c2", "c3").replace("Ola", "Per")
    assert counted(lite, tmp_path, "again", shared + ola.replace("Berg", "Berge") + per) == (2, 0, 0, 1)
    with lite.reading() as session:
        kept = live_entries(session, frozenset({EntryKind.CONTACT}))
    assert kept["attribute"].to_list() == ["email"]


def test_a_role_s_mailbox_is_no_hint(lite: Hub, tmp_path: Path) -> None:
    mine = SOLVEIG.replace("solveig@", "post@").replace(PHONE, "")
    take(lite, tmp_path, "first", mine)
    forget(lite, "crm:c1")
    assert counted(lite, tmp_path, "again", mine.replace("c1", "c4").replace("Solveig", "Per")) == (1, 0, 0, 0)


def test_an_unclear_row_waits_sealed_and_names_nobody(lite: Hub, tmp_path: Path) -> None:
    take(lite, tmp_path, "first", SOLVEIG + OLA)
    forget(lite, "crm:c1")
    summary = take(lite, tmp_path, "again", OLA + SOLVEIG.replace("c1", "c9").replace("Aasgaard", "Nygift"))
    assert summary.rules == {"suppressed_unclear": 1}
    with lite.reading() as session:
        ((row, _),) = quarantined(session)
    assert (row.line, row.column_name, row.rule) == (3, "email", "suppressed_unclear")
    assert b"Nygift" not in row.sealed


def test_an_unclear_row_is_told_with_the_column_of_the_address_that_agrees(lite: Hub, tmp_path: Path) -> None:
    take(lite, tmp_path, "first", SOLVEIG + OLA)
    forget(lite, "crm:c1")
    same_phone = SOLVEIG.replace("c1", "c9").replace("Aasgaard", "Nygift").replace("solveig@", "en.annen@")
    take(lite, tmp_path, "again", OLA + same_phone)
    with lite.reading() as session:
        ((row, _),) = quarantined(session)
    assert (row.column_name, row.rule) == ("phone", "suppressed_unclear")


def test_entries_hold_digests_and_no_record(lite: Hub, tmp_path: Path) -> None:
    take(lite, tmp_path, "first", SOLVEIG)
    subject = find_subject(lite, "crm:c1")
    forget(lite, "crm:c1")
    with lite.reading() as session:
        kept = live_entries(session, frozenset(EntryKind))
    assert sorted(kept["attribute"]) == ["email", "email_name", "phone", "phone_name", "source_key"]
    assert kept["set_id"].n_unique() == 1
    assert set(kept["token"].bin.size()) == {32}
    assert not {bytes(record) for record in subject.records} & {
        value for name in ENTRIES for value in kept[name].to_list() if isinstance(value, bytes)
    }


@pytest.mark.parametrize("step", ["batch_staged", "keys_durable", "indexes_staged", "all_staged"])
def test_erased_while_another_system_delivers_them_they_stay_away(hub: Hub, tmp_path: Path, step: str) -> None:
    take(hub, tmp_path, "first", SOLVEIG + OLA)
    rows = shop("s1", "Solveig Aasgaard", "solveig@crm.example") + shop("s2", "Per Vik", "per@shop.example")
    (tmp_path / "shop.csv").write_text(SHOP_HEADER + rows)
    done: list[str] = []

    def meanwhile(now: str) -> None:
        if now == step and not done:
            done.append(now)
            forget_now(hub, "crm:c1")

    ports = replace(hub.ports(owner_of(hub).principal_id), reached=meanwhile)
    with suppress_errors(BatchBusy):
        ingest_file(contract(SHOP), tmp_path / "shop.csv", ports)
    assert done
    roll_forward(hub, owner_of(hub).principal_id)
    summary = deliver_text(hub, SHOP, SHOP_HEADER + rows, tmp_path / "shop.csv")
    assert (summary.counts.accepted, summary.counts.suppressed) == (1, 1)
    assert readable(hub) == 2
    with pytest.raises(SubjectNotFound):
        find_subject(hub, "email:solveig@crm.example")


def forget_now(hub: Hub, who: str) -> None:
    """Erase somebody while a delivery is on its way in: the erasure may have to wait for it."""
    with suppress_errors(ErasureWaiting):
        forget(hub, who)
