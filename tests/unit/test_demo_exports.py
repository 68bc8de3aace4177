from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from hub.demo.company import Company, generate
from hub.demo.exports import CONTRACTS, Export, write_exports
from hub.demo.faults import bad_rows_of
from ingest.contract.load import load_contract
from ingest.readers.source import SourceFile
from privacy.terms import LegalBasis, PurposeId

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
FILES = {
    "crm_people.csv",
    "crm_organisations.csv",
    "erp_customers.csv",
    "erp_orders.csv",
    "support_people.csv",
    "support_tickets.ndjson",
    "product_usage.parquet",
    "product_subscriptions.csv",
    "newsletter.csv",
    "newsletter_contacts.csv.gz",
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


def test_ten_files_and_eleven_contracts_belong_together(exports: dict[str, Export]) -> None:
    assert {export.file_path.name for export in exports.values()} == FILES
    assert sorted(exports) == NAMES
    assert len(NAMES) == 11


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
    for name in ("erp_orders", "product_usage", "product_subscriptions", "support_tickets", "newsletter_contacts"):
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


def test_churn_rests_on_legitimate_interests_and_the_newsletter_on_consent_alone() -> None:
    churn, winback = PurposeId("churn"), PurposeId("winback")
    for name in NAMES:
        basis = load_contract(CONTRACTS / f"{name}.yaml").basis
        if name.startswith(("crm_people", "erp", "product")):
            assert basis is not None
            assert basis.notice_given
            assert basis.purposes[churn] is LegalBasis.LEGITIMATE_INTERESTS
        if name.startswith("newsletter"):
            assert basis is not None
            assert churn not in basis.purposes
            assert basis.purposes[winback] is LegalBasis.CONSENT
