"""Parquet and workbooks: exact numbers, zones, bounded chunks, unfit text and bombs."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from ingest.errors import FileRefused
from tests.unit.format_files import ROWS, chunks_of, contract, xlsx, zipped


def test_parquet_keeps_decimals_exact_and_reads_zones(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "order_no": ["1"], "part": ["a"], "customer": [7], "org": [None], "state": ["P"], "items": [1],
            "ordered": [datetime(2024, 7, 1, 12, tzinfo=UTC)], "total": [Decimal("12345678901.985")],
        },
        schema_overrides={"total": pl.Decimal(20, 3)},
    )  # fmt: skip
    out = io.BytesIO()
    frame.write_parquet(out)
    (chunk,) = chunks_of(out.getvalue(), contract("parquet"), tmp_path)
    assert chunk.frame["amount_minor"][0] == 1234567890198
    assert chunk.frame["event_time"][0] == datetime(2024, 7, 1, 12, tzinfo=UTC)


def test_parquet_is_read_in_bounded_chunks_in_order(tmp_path: Path) -> None:
    frame = pl.DataFrame(ROWS[:1]).with_columns(pl.col("ordered").str.to_datetime())
    out = io.BytesIO()
    pl.concat([frame.drop("order_no").with_columns(order_no=pl.lit(n)) for n in range(500)]).write_parquet(
        out, row_group_size=70
    )
    chunks = chunks_of(out.getvalue(), contract("parquet"), tmp_path, rows=100)
    assert len(chunks) > 1
    assert max(chunk.read for chunk in chunks) <= 200
    assert pl.concat([chunk.frame for chunk in chunks])["_line"].to_list() == list(range(1, 501))


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("count", [2**63 - 1, -(2**63) + 1, 2**62])
def test_an_instant_that_no_calendar_holds_stops_no_other_row(unit: str, count: int, tmp_path: Path) -> None:
    frame = pl.DataFrame(ROWS, infer_schema_length=None).with_columns(
        ordered=pl.Series([count, 10**9]).cast(pl.Datetime(unit))
    )
    out = io.BytesIO()
    frame.write_parquet(out)
    (chunk,) = chunks_of(out.getvalue(), contract("parquet"), tmp_path)
    assert 2 in chunk.frame["_line"].to_list() or unit == "ns"
    assert chunk.rejected["line"].to_list()[:1] == [1]


@pytest.mark.parametrize(("value", "rule"), [("x" * 70_000, "a field is longer"), ("a\0b", "a NUL byte")])
def test_unfit_text_is_refused_in_binary_formats_too(value: str, rule: str, tmp_path: Path) -> None:
    frame = pl.DataFrame(ROWS, infer_schema_length=None).with_columns(part=pl.Series([value, "b"]))
    out = io.BytesIO()
    frame.write_parquet(out)
    (chunk,) = chunks_of(out.getvalue(), contract("parquet"), tmp_path)
    assert chunk.frame["_line"].to_list() == [2]
    assert chunk.rejected["rule"][0].startswith(rule)


def test_a_fractional_key_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    frame = pl.DataFrame(ROWS, infer_schema_length=None).with_columns(customer=pl.lit(1.5))
    frame.write_parquet(out)
    (chunk,) = chunks_of(
        out.getvalue(), contract("parquet", ("organisation: {column: org, source: crm}", "ignore: [org]")), tmp_path
    )
    assert chunk.rejected["column"].to_list() == ["customer", "customer"]


def test_a_named_sheet_is_read_and_a_missing_one_refused(tmp_path: Path) -> None:
    content = xlsx(sheets=("Orders", "Other"))
    under = contract("xlsx", ("kind: xlsx", "kind: xlsx, sheet: Other"))
    assert chunks_of(content, under, tmp_path)[0].frame["_line"].to_list() == [2, 3]
    with pytest.raises(FileRefused, match="sheet"):
        chunks_of(content, contract("xlsx", ("kind: xlsx", "kind: xlsx, sheet: Third")), tmp_path)


def test_a_workbook_bomb_is_refused(tmp_path: Path) -> None:
    parts = {"[Content_Types].xml": "<Types/>", "xl/media/a": "0" * 20_000_000}
    with pytest.raises(FileRefused, match="unpacks to too much"):
        chunks_of(zipped(parts), contract("xlsx"), tmp_path)
