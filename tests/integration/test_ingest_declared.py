"""What a delivery says of permission: grounds that its contract declares and withdraws, and dates still to come."""

from pathlib import Path

import pytest
from sqlalchemy import select

from hub.compose import Hub
from hub.views.permission import permitted_set
from ingest.pipeline.delivery import Summary
from ingest.tables.batch import QuarantineRow
from privacy.store.consent import grounds
from privacy.terms import EntityKind, PurposeId
from tests.conftest import HubFactory
from tests.faults.ingest_company import CRM, CRM_HEADER, TOLD, deliver_text

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
BASIS = next(line for line in CRM.splitlines() if line.startswith("basis:")) + "\n"
ONLY_CONSENT = "basis: {purposes: {winback: consent}, notice: privacy-2025-01, notice_given: true}\n"
TO_COME = "2034-01-01 08:00:00"


@pytest.fixture(params=KINDS)
def hub(request: pytest.FixtureRequest, hub_factory: HubFactory) -> Hub:
    hub: Hub = hub_factory(request.param)
    return hub


def crm(version: int, basis: str, name: str = "crm_people") -> str:
    terms = CRM.replace("version: 1", f"version: {version}", 1).replace(BASIS, basis, 1)
    return terms.replace("contract: crm_people", f"contract: {name}", 1)


def person(key: str, said: str, at: str = TOLD, stop: str = "") -> str:
    return f"{key},Solveig,Aasgaard,{key}@crm.example,,1980-01-02,nb,{at},{said},{stop}\n"


def take(hub: Hub, folder: Path, name: str, rows: str, terms: str = CRM) -> Summary:
    return deliver_text(hub, terms, CRM_HEADER + rows, folder / f"{name}.csv")


def permitted(hub: Hub, purpose: str) -> int:
    with hub.reading() as session:
        rule = hub.policy().purpose(PurposeId(purpose))
        return permitted_set(session, rule, EntityKind.PERSON, at=hub.clock()).records.height


def declared(hub: Hub) -> set[tuple[str, str]]:
    with hub.reading() as session:
        return {(ground.contract, ground.purpose) for ground in grounds(session)}


@pytest.mark.parametrize("basis", ["", ONLY_CONSENT])
def test_a_newer_contract_withdraws_the_ground_it_no_longer_declares(hub: Hub, tmp_path: Path, basis: str) -> None:
    take(hub, tmp_path, "first", person("c1", "yes"))
    assert permitted(hub, "churn") == 1
    take(hub, tmp_path, "second", person("c2", "yes"), crm(2, basis))
    assert permitted(hub, "churn") == 0
    assert declared(hub) == ({("crm_people", "winback")} if basis else set())


def test_a_late_delivery_under_an_older_contract_brings_no_ground_back(hub: Hub, tmp_path: Path) -> None:
    take(hub, tmp_path, "first", person("c1", "yes"))
    take(hub, tmp_path, "second", person("c2", "yes"), crm(2, ""))
    assert not take(hub, tmp_path, "late", person("c3", "yes")).repeated
    assert declared(hub) == set()
    assert permitted(hub, "churn") == 0
    take(hub, tmp_path, "third", person("c4", "yes"), crm(3, BASIS))
    assert permitted(hub, "churn") == 4


def test_a_ground_that_another_contract_of_the_source_declares_stays(hub: Hub, tmp_path: Path) -> None:
    take(hub, tmp_path, "first", person("c1", "yes"))
    take(hub, tmp_path, "other", person("c2", "yes"), crm(1, BASIS, "crm_members"))
    take(hub, tmp_path, "second", person("c3", "yes"), crm(2, ""))
    assert declared(hub) == {("crm_members", "churn"), ("crm_members", "winback")}
    assert permitted(hub, "churn") == 3


def test_a_contract_that_moves_to_another_source_leaves_no_ground_with_the_old_one(hub: Hub, tmp_path: Path) -> None:
    take(hub, tmp_path, "first", person("c1", "yes"))
    take(hub, tmp_path, "moved", person("d1", "yes"), crm(2, BASIS).replace("source: crm", "source: web", 1))
    assert permitted(hub, "churn") == 1
    with hub.reading() as session:
        assert {ground.source for ground in grounds(session)} == {"web"}


def test_a_permission_dated_in_the_future_overrides_no_refusal_and_is_quarantined(hub: Hub, tmp_path: Path) -> None:
    take(hub, tmp_path, "first", person("c1", "no") + person("c2", "yes"))
    assert permitted(hub, "winback") == 1
    summary = take(hub, tmp_path, "second", person("c1", "yes", TO_COME) + person("c3", "yes", TO_COME))
    assert permitted(hub, "winback") == 1
    assert summary.rules == {"a permission dated in the future": 2}
    with hub.reading() as session:
        rows = session.execute(select(QuarantineRow)).scalars().all()
    assert sorted((row.line, row.column_name) for row in rows) == [(2, "changed"), (3, "changed")]
    assert all("correct the date" in row.remedy for row in rows)


def test_a_no_dated_in_the_future_counts_at_once_even_beside_such_a_permission(hub: Hub, tmp_path: Path) -> None:
    take(hub, tmp_path, "first", person("c1", "yes") + person("c2", "yes"))
    assert (permitted(hub, "winback"), permitted(hub, "churn")) == (2, 2)
    rows = person("c1", "no", TO_COME) + person("c2", "yes", TO_COME, stop="stop")
    assert take(hub, tmp_path, "second", rows).counts.quarantined == 1
    assert (permitted(hub, "winback"), permitted(hub, "churn")) == (1, 1)
