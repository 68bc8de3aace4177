from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from hub.demo.company import Company, generate
from hub.demo.exports import CONTRACTS, Export, write_exports
from hub.demo.faults import bad_rows_of
from hub.policy.pack import default_pack, pack_of
from ingest.contract.load import load_contract
from ingest.readers.source import SourceFile
from privacy.policy import policy_of
from privacy.terms import LegalBasis, PurposeId

CONTACT = "contact."  # the ground of a channel, which is no purpose of the policy
UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
FILES = {
    "crm_people.csv",
    "crm_organisations.csv",
    "erp_customers.csv",
    "erp_orders.csv",
    "support_people.csv",
    "support_tickets.ndjson",
    "support_replies.ndjson",
    "product_usage.parquet",
    "product_subscriptions.csv",
    "newsletter.csv",
    "newsletter_contacts.csv.gz",
    "erp_order_lines.csv",
    "erp_invoices.csv",
    "crm_journeys.csv",
    "crm_projects.csv",
    "crm_outcomes.csv",
    "survey_answers.csv",
    "field_machines.csv",
    "field_readings.parquet",
    "field_visits.csv",
}
NAMES = sorted(path.stem for path in CONTRACTS.glob("*.yaml"))


@pytest.fixture(scope="module")
def company() -> Company:
    return generate(3, 600, organisations=40, until=UNTIL)


@pytest.fixture(scope="module")
def exports(company: Company, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Export]:
    folder = tmp_path_factory.mktemp("exports")
    return {export.contract_path.stem: export for export in write_exports(company, folder)}


def read(export: Export) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    chunks = list(SourceFile(load_contract(export.contract_path), export.file_path).chunks())
    frames = pl.concat([chunk.frame for chunk in chunks])
    return frames, pl.concat([chunk.rejected for chunk in chunks]), sum(chunk.read for chunk in chunks)


def test_each_file_has_a_contract_and_one_has_two(exports: dict[str, Export]) -> None:
    assert {export.file_path.name for export in exports.values()} == FILES
    assert sorted(exports) == NAMES
    assert len(NAMES) == len(FILES) + 1


@pytest.mark.parametrize("name", NAMES)
def test_only_the_planted_rows_are_refused(exports: dict[str, Export], name: str) -> None:
    export = exports[name]
    accepted, refused, count = read(export)
    assert count == export.rows
    assert refused.height == export.bad == bad_rows_of(export.file_path.name.split(".")[0]) > 0
    assert accepted.height == export.rows - export.bad
    assert refused["rule"].n_unique() >= 2


@pytest.mark.parametrize("name", NAMES)
def test_some_rows_are_there_twice(exports: dict[str, Export], name: str) -> None:
    accepted, _, _ = read(exports[name])
    assert exports[name].duplicates >= 1
    assert accepted.height - accepted.drop("_line").unique().height >= exports[name].duplicates


def test_an_event_key_names_one_event_only(exports: dict[str, Export]) -> None:
    people = {"crm_people", "crm_organisations", "erp_customers", "support_people", "newsletter"}
    for name in set(NAMES) - people:
        accepted, _, _ = read(exports[name])
        different = accepted.drop("_line").unique()
        assert different["_event_key"].n_unique() == different.height, name


def test_money_and_instants_survive_the_dialects(company: Company, exports: dict[str, Export]) -> None:
    orders, _, _ = read(exports["erp_orders"])
    truth = company.truth.orders
    once = orders.unique("_event_key")
    assert once["amount_minor"].sum() == truth["amount_minor"].sum()
    assert set(once["event_time"]) == set(truth["at"])
    subscriptions, _, _ = read(exports["product_subscriptions"])
    assert subscriptions.unique("_event_key")["monthly_amount_minor"].sum() == (
        company.truth.subscriptions["monthly_amount_minor"].sum()
    )


def test_the_same_company_is_written_byte_for_byte(
    company: Company, exports: dict[str, Export], tmp_path: Path
) -> None:
    for export in write_exports(company, tmp_path / "again"):
        first = exports[export.contract_path.stem].file_path
        assert export.file_path.read_bytes() == first.read_bytes()


def test_every_ground_is_the_one_of_its_purpose_and_the_newsletter_has_consent_alone() -> None:
    policy = policy_of(pack_of(default_pack()))
    for name in NAMES:
        basis = load_contract(CONTRACTS / f"{name}.yaml").basis
        assert basis is not None
        assert basis.notice_given
        grounds = {named: ground for named, ground in basis.purposes.items() if not named.startswith(CONTACT)}
        assert all(policy.purpose(purpose).legal_basis is ground for purpose, ground in grounds.items()), name
        if name.startswith("newsletter"):
            assert set(basis.purposes.values()) == {LegalBasis.CONSENT}
        if name.startswith("erp"):
            assert PurposeId("service") not in basis.purposes


def test_consent_purposes_read_only_what_people_chose_themselves() -> None:
    for name in ("crm_people", "erp_customers", "support_people", "newsletter"):
        contract = load_contract(CONTRACTS / f"{name}.yaml")
        assert contract.basis is not None
        asked = {purpose for purpose, ground in contract.basis.purposes.items() if ground is LegalBasis.CONSENT}
        columns = [each for each in contract.consent if set(each.purposes) & asked]
        assert {purpose for each in columns for purpose in each.purposes} == asked
        assert all(each.values[""] is None for each in columns)
