import gzip
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from hub.demo.company import Company, generate
from hub.demo.exports import write_exports
from ingest.contract.load import load_contract
from ingest.readers.source import SourceFile

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)


def marker(number: int) -> str:
    return f"qz{number:06d}zq"


@pytest.fixture(scope="module")
def company() -> Company:
    return generate(5, 150, organisations=10, until=UNTIL, marker=marker)


@pytest.fixture(scope="module")
def folder(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("canary")
    write_exports(company, path)
    return path


def clear_text(path: Path) -> str:
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes()).decode()
    return path.read_bytes().decode("latin-1" if path.stem.startswith("erp") else "utf-8")


def test_without_a_marker_there_are_no_tokens() -> None:
    assert generate(5, 20, organisations=2, until=UNTIL).tokens.is_empty()


def test_tokens_are_unique_and_cover_every_personal_field(company: Company) -> None:
    marked = company.tokens.filter(pl.col("token").str.starts_with("qz"))
    assert marked["token"].n_unique() == marked.height
    fields = {"given_name", "family_name", "email", "street", "note", "text", "phone", "national_id"}
    assert set(company.tokens["field"]) == fields


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("crm_people", ["fornavn", "etternavn", "epost", "gate", "notat"]),
        ("erp_customers", ["name", "email", "address"]),
        ("support_people", ["display_name", "email"]),
        ("newsletter", ["first_name", "last_name", "email"]),
        ("support_tickets", ["text"]),
    ],
)
def test_every_filled_field_holds_a_token(company: Company, table: str, columns: list[str]) -> None:
    for column in columns:
        values = company.tables[table][column].drop_nulls()
        assert len(values) > 10
        assert values.str.contains(r"qz\d{6}zq").all(), column


def test_every_telephone_and_national_id_of_nine_digits_or_more_is_a_token(company: Company) -> None:
    listed = company.tokens["token"].implode()
    for table, column in (("crm_people", "telefon"), ("crm_people", "fodselsnummer"), ("erp_customers", "national_id")):
        values = company.tables[table][column].drop_nulls()
        long = values.filter(values.str.count_matches(r"\d") >= 9)
        assert len(long) > 5
        assert long.is_in(listed).all()


def test_tokens_stand_in_the_files_so_that_a_scan_can_find_them(company: Company, folder: Path) -> None:
    texts = " ".join(clear_text(path) for path in folder.iterdir() if path.suffix != ".parquet")
    tokens = company.tokens.filter(pl.col("source") != "*")
    assert tokens.height > 300
    assert all(token in texts for token in tokens["token"])


def test_a_marked_company_is_read_under_its_contracts(company: Company, tmp_path: Path) -> None:
    for export in write_exports(company, tmp_path):
        chunks = SourceFile(load_contract(export.contract_path), export.file_path).chunks()
        assert sum(chunk.rejected.height for chunk in chunks) == export.bad
