"""The suppression list's key is rotated: who was erased before is still known, and so is who is erased after."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.compose import Hub
from hub.consents import find_subject
from hub.database.unit import unit_of_work
from hub.erasing import erase
from hub.errors import AccessRefused
from hub.keystore.suppression import suppression_index
from hub.rotation.status import all_keys, warnings
from hub.rotation.suppression import rotate_suppression
from hub.suppression.listing import LiftReason, lift
from ingest.errors import ListRekeyed
from ingest.pipeline.delivery import ingest_file
from privacy.store.audit import entries
from privacy.store.suppression import newest_key_version
from privacy.terms import Role
from tests.conftest import HubFactory
from tests.faults.ingest_company import CRM, CRM_HEADER, TOLD, contract, deliver_text, owner_of

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
SOLVEIG = f"c1,Solveig,Aasgaard,solveig@crm.example,+47 90 00 00 01,1980-01-02,nb,{TOLD},yes,\n"
OLA = f"c2,Ola,Berg,ola@crm.example,,1981-01-02,nb,{TOLD},yes,\n"
EVA = f"c3,Eva,Dal,eva@crm.example,,1982-01-02,nb,{TOLD},yes,\n"


@pytest.fixture(params=KINDS)
def hub(request: pytest.FixtureRequest, hub_factory: HubFactory) -> Hub:
    hub: Hub = hub_factory(request.param)
    return hub


@pytest.fixture
def lite(hub_factory: HubFactory) -> Hub:
    hub: Hub = hub_factory("sqlite")
    return hub


def suppressed(hub: Hub, path: Path, rows: str) -> int:
    return deliver_text(hub, CRM, CRM_HEADER + rows, path).counts.suppressed


def forget(hub: Hub, who: str) -> None:
    erase(hub, find_subject(hub, who), owner_of(hub))


def test_entries_of_every_version_are_found_whoever_looks(hub: Hub, tmp_path: Path) -> None:
    assert suppressed(hub, tmp_path / "first.csv", SOLVEIG + OLA + EVA) == 0
    forget(hub, "crm:c1")
    assert rotate_suppression(hub, owner_of(hub)) == 2
    forget(hub, "crm:c2")
    assert rotate_suppression(hub, owner_of(hub)) == 3
    forget(hub, "crm:c3")
    with hub.reading() as session:
        found = session.execute(text("SELECT DISTINCT key_version FROM suppression_entry ORDER BY 1")).scalars().all()
        acts = [entry.action for _, entry in entries(session) if entry.action.startswith("keys.rotate_suppression")]
    assert found == [1, 2, 3]
    assert acts == ["keys.rotate_suppression.complete", "keys.rotate_suppression.intent"] * 2  # the newest first
    renamed = [row.replace(f"c{number},", f"n{number},") for number, row in enumerate((SOLVEIG, OLA, EVA), 1)]
    assert suppressed(hub, tmp_path / "again.csv", SOLVEIG + OLA + EVA + "".join(renamed)) == 6
    dpo = replace(owner_of(hub), role=Role.DPO)
    assert [lift(hub, f"crm:c{number}", LiftReason.OWN_WISH, dpo) for number in (1, 2, 3)] == [1, 1, 1]


def test_a_delivery_that_does_not_know_the_new_key_brings_nobody_back(lite: Hub, tmp_path: Path) -> None:
    suppressed(lite, tmp_path / "first.csv", SOLVEIG)
    stale = lite.ports(owner_of(lite).principal_id)
    rotate_suppression(lite, owner_of(lite))
    path = tmp_path / "again.csv"
    path.write_text(CRM_HEADER + SOLVEIG.replace("c1", "c9") + OLA)
    ingest_file(contract(CRM), tmp_path / "first.csv", stale)  # nothing is under the new key yet: it may go on
    forget(lite, "crm:c1")
    with pytest.raises(ListRekeyed):
        ingest_file(contract(CRM), path, stale)
    assert ingest_file(contract(CRM), path, lite.ports(owner_of(lite).principal_id)).counts.suppressed == 1


def test_a_key_store_older_than_the_list_lets_nobody_in(lite: Hub, tmp_path: Path) -> None:
    suppressed(lite, tmp_path / "first.csv", SOLVEIG)
    rotate_suppression(lite, owner_of(lite))
    assert not [each for each in warnings(lite, all_keys(lite)) if "suppression list" in each]
    forget(lite, "crm:c1")
    with unit_of_work(lite.keystore.engine) as session:
        session.execute(text("DELETE FROM wrapped_key WHERE name = 'suppression' AND version = 2"))
    with pytest.raises(ListRekeyed):
        suppressed(lite, tmp_path / "again.csv", SOLVEIG + OLA)
    assert [each for each in warnings(lite, all_keys(lite)) if "lacks version 2" in each]


def test_two_at_once_make_one_version(lite: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    before = suppression_index(lite.keystore)
    rotate_suppression(lite, owner_of(lite))
    monkeypatch.setattr("hub.rotation.suppression.suppression_index", lambda _keystore: before)
    with pytest.raises(AccessRefused):
        rotate_suppression(lite, owner_of(lite))
    assert suppression_index(lite.keystore).version == 2
    with lite.reading() as session:
        assert newest_key_version(session) == 0
