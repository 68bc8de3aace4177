"""One contract, five formats: the same rows come out, whatever they came in."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.contract.load import contract_of_yaml
from ingest.contract.model import Contract
from ingest.errors import FileRefused
from ingest.readers.chunk import Chunk
from ingest.readers.source import open_source

CONTRACT = """
contract: erp_orders
version: 1
source: erp
owner: erp-team
table: orders
format: {kind: KIND, timezone: Europe/Oslo}
currency: NOK
key: [order_no, part]
person: {column: customer}
organisation: {column: org, source: crm}
columns:
  ordered: {to: event_time}
  total: {to: amount_minor}
  state: {to: status, values: {P: placed, C: cancelled}}
  order_no: {to: order_ref}
  items: {to: item_count}
constants: {channel: web}
"""
ROWS = [
    {"order_no": 1, "part": "a", "customer": 17850, "org": None, "ordered": "2024-07-01T12:00:00", "total": 19.99,
     "state": "P", "items": 2},
    {"order_no": 2, "part": "b", "customer": None, "org": "O1", "ordered": "2024-12-01T12:00:00", "total": 0.285,
     "state": "C", "items": None},
]  # fmt: skip
EXPECTED = [
    {"_person_key": "17850", "_organisation_key": None, "_event_key": "1:11:a", "_ref_order_ref": "1",
     "event_time": datetime(2024, 7, 1, 10, tzinfo=UTC), "amount_minor": 1999, "status": "placed", "item_count": 2,
     "channel": "web", "currency": "NOK"},
    {"_person_key": None, "_organisation_key": "O1", "_event_key": "1:21:b", "_ref_order_ref": "2",
     "event_time": datetime(2024, 12, 1, 11, tzinfo=UTC), "amount_minor": 28, "status": "cancelled",
     "item_count": None, "channel": "web", "currency": "NOK"},
]  # fmt: skip


def contract(kind: str, *changes: tuple[str, str]) -> Contract:
    text = CONTRACT.replace("KIND", kind)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return contract_of_yaml(text)


def chunks_of(content: bytes, under: Contract, folder: Path, rows: int = 1000) -> list[Chunk]:
    path = folder / "Kari.dat"
    path.write_bytes(content)
    return list(open_source(under, path).chunks(rows))


def rows_of(frame: pl.DataFrame) -> list[dict[str, object]]:
    return frame.drop("_line").rows(named=True)


def csv() -> bytes:
    return pl.DataFrame(ROWS, infer_schema_length=None).write_csv().encode()


def tsv() -> bytes:
    return pl.DataFrame(ROWS, infer_schema_length=None).write_csv(separator="\t").encode()


def ndjson() -> bytes:
    return b"".join(json.dumps({k: v for k, v in row.items() if v is not None}).encode() + b"\n" for row in ROWS)


def parquet() -> bytes:
    out = io.BytesIO()
    frame = pl.DataFrame(ROWS, infer_schema_length=None).with_columns(
        pl.col("ordered").str.to_datetime(), pl.col("customer").cast(pl.Float64), pl.col("state").cast(pl.Categorical)
    )
    frame.write_parquet(out)
    return out.getvalue()


def cell(value: object) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, datetime):
        days = (value - datetime(1899, 12, 30)).total_seconds() / 86400  # noqa: DTZ001 - a sheet knows no zone
        return f'<c s="1"><v>{days}</v></c>'
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    return f"<c><v>{value}</v></c>"


def xlsx(rows: list[dict[str, object]] | None = None, sheets: tuple[str, ...] = ("Orders",)) -> bytes:
    rows = rows or [row | {"ordered": datetime.fromisoformat(str(row["ordered"]))} for row in ROWS]
    lines = [dict.fromkeys(rows[0]), *rows]
    body = "".join(
        "<row>" + "".join(cell(name if number == 0 else line[name]) for name in line) + "</row>"
        for number, line in enumerate(lines)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    book = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, start=1))
    links = "".join(
        f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{book}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}">{links}'
        f'<Relationship Id="s" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs>'
        "</styleSheet>",
    }
    parts |= {
        f"xl/worksheets/sheet{n}.xml": f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>'
        for n in range(1, len(sheets) + 1)
    }
    return zipped(parts)


def zipped(parts: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


FORMATS: dict[str, Callable[[], bytes]] = {
    "csv": csv, "tsv": tsv, "ndjson": ndjson, "parquet": parquet, "xlsx": xlsx,
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_rows(kind: str, tmp_path: Path) -> None:
    (chunk,) = chunks_of(FORMATS[kind](), contract(kind), tmp_path)
    assert rows_of(chunk.frame) == EXPECTED
    assert chunk.rejected.is_empty()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped({"inner": content})])
def test_every_format_is_read_from_gz_and_zip(kind: str, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (chunk,) = chunks_of(pack(FORMATS[kind]()), contract(kind), tmp_path)
    assert rows_of(chunk.frame) == EXPECTED
    assert [path.name for path in tmp_path.iterdir()] == ["Kari.dat"]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_sets_bad_rows_aside(kind: str, tmp_path: Path) -> None:
    under = contract(kind, ("P: placed, ", ""))
    (chunk,) = chunks_of(FORMATS[kind](), under, tmp_path)
    assert chunk.read == 2
    assert chunk.rejected.select("column", "rule").rows() == [("state", "is a value that the contract does not list")]
    assert json.loads(chunk.rejected["raw"][0])["state"] == "P"
    assert chunk.frame["_event_key"].to_list() == ["1:21:b"]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_refuses_an_undeclared_column_without_naming_it(kind: str, tmp_path: Path) -> None:
    under = contract(kind, ("  items: {to: item_count}\n", ""))
    with pytest.raises(FileRefused) as caught:
        chunks_of(FORMATS[kind](), under, tmp_path)
    assert "items" not in str(caught.value)
    assert "ignore" in caught.value.remedy


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "xlsx"])
def test_every_table_format_refuses_a_missing_column(kind: str, tmp_path: Path) -> None:
    under = contract(kind, ("constants: {channel: web}", "ignore: [remark]"))
    with pytest.raises(FileRefused) as caught:
        chunks_of(FORMATS[kind](), under, tmp_path)
    assert caught.value.column == "remark"


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_refuses_garbage_without_its_path(kind: str, tmp_path: Path) -> None:
    with pytest.raises(FileRefused) as caught:
        chunks_of(b"PAR1garbage PK\x03\x04", contract(kind), tmp_path)
    assert "Kari" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("kind", ["parquet", "xlsx"])
def test_a_truncated_binary_file_is_refused(kind: str, tmp_path: Path) -> None:
    content = FORMATS[kind]()
    with pytest.raises(FileRefused):
        chunks_of(content[: len(content) * 2 // 3], contract(kind), tmp_path)


def test_ndjson_sets_broken_lines_aside_by_number(tmp_path: Path) -> None:
    good = ndjson().splitlines()
    content = b"\n".join([good[0], b"", b'{"order_no": ', b"[1]", b'{"order_no": NaN}', good[1]])
    chunks = chunks_of(content, contract("ndjson"), tmp_path)
    assert pl.concat([chunk.frame for chunk in chunks])["_line"].to_list() == [1, 6]
    assert pl.concat([chunk.rejected for chunk in chunks])["line"].to_list() == [3, 4, 5]
    assert sum(chunk.read for chunk in chunks) == 5


def test_ndjson_refuses_a_row_that_says_a_key_twice(tmp_path: Path) -> None:
    good = ndjson().splitlines()
    twice = good[0].replace(b'"total":', b'"total": "1.00", "total":')
    escaped = good[1].replace(b'"total":', b'"total": null, "t\\u006ftal" :')
    nested = good[1].replace(b'"total":', b'"extra": {"total": 1, "total": 2}, "total":')
    lines = [good[0], twice, escaped, nested, good[1]]
    assert len(set(lines)) == 5
    under = replace(contract("ndjson"), ignore=(*contract("ndjson").ignore, "extra"))
    chunks = chunks_of(b"\n".join(lines) + b"\n", under, tmp_path)
    rejected = pl.concat([chunk.rejected for chunk in chunks])
    assert rejected["line"].to_list() == [2, 3, 4]
    assert set(rejected["rule"]) == {"a key twice in one object"}
    assert [line for chunk in chunks for line in chunk.frame["_line"]] == [1, 5]


ODD = ["a", ":x", 'q"', "n\u00f8"]
VALUES = st.one_of(st.none(), st.sampled_from(['a": 1', '":', "\\", 'x", "', ": "]), st.text(max_size=4))
PAIRS = st.lists(st.tuples(st.sampled_from(ODD), VALUES, st.booleans()), max_size=4)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(PAIRS, min_size=1, max_size=8))
def test_ndjson_finds_exactly_the_keys_that_are_said_twice(
    lines: list[list[tuple[str, str | None, bool]]], tmp_path: Path
) -> None:
    """Whatever stands in the texts, and however keys are spelled: as plain counting has it."""
    under = replace(contract("ndjson"), ignore=tuple(ODD))
    start = ndjson().splitlines()[0].decode().rstrip("}")
    rows = [
        start + "".join(f", {json.dumps(key, ensure_ascii=plain)}: {json.dumps(value)}" for key, value, plain in pairs)
        for pairs in lines
    ]
    content = "".join(f"{row}}}\n" for row in rows).encode()
    chunks = chunks_of(content, under, tmp_path, rows=3)
    rejected = pl.concat([chunk.rejected for chunk in chunks])
    twice = [n for n, pairs in enumerate(lines, start=1) if len({key for key, _, _ in pairs}) < len(pairs)]
    assert rejected.filter(pl.col("rule") == "a key twice in one object")["line"].to_list() == twice


def test_ndjson_names_the_line_of_an_undeclared_key_and_a_near_name(tmp_path: Path) -> None:
    lines = ndjson().splitlines()
    content = b"\n".join([lines[0], lines[1].replace(b'"total"', b'"Totals"')])
    under = contract("ndjson")
    with pytest.raises(FileRefused) as caught:
        chunks_of(lines[1].replace(b'"total"', b'"Totals"'), under, tmp_path)
    assert "'total'" in caught.value.remedy
    with pytest.raises(FileRefused) as caught:
        chunks_of(content, under, tmp_path)
    assert caught.value.line == 2
    assert "Totals" not in str(caught.value)


@pytest.mark.parametrize("content", [b"[{}]", b'{"order_no": {"a": 1}}\n', b"", b"\n\n"])
def test_what_is_no_ndjson_table_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        chunks_of(content, contract("ndjson"), tmp_path)


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


PEOPLE = """
contract: news_people
version: 1
source: news
owner: marketing
table: people
format: {kind: csv, dates: "%d.%m.%Y", timezone: Europe/Oslo}
key: [id]
organisation: {column: org, source: crm}
columns:
  mail: {to: email}
  born: {to: birth_date}
  zip: [{to: postcode}, {to: postcode_area}]
  since: {to: customer_since}
consent:
  ok: {purposes: [winback], values: {ja: given, nei: refused, "": unknown}, at: since, notice: n-1}
"""


def people(tmp_path: Path, *rows: str) -> Chunk:
    content = "id,org,mail,born,zip,since,ok\n" + "".join(row + "\n" for row in rows)
    (chunk,) = chunks_of(content.encode(), contract_of_yaml(PEOPLE), tmp_path)
    return chunk


def test_people_come_with_raw_attributes_and_acts(tmp_path: Path) -> None:
    chunk = people(tmp_path, "7, O1 , Kari@x.no ,01.02.1980,0150,03.04.2024,ja", "8,,,,,,")
    assert rows_of(chunk.frame) == [
        {
            "_key": "7", "_organisation_key": "O1", "email": "Kari@x.no", "birth_date": "1980-02-01",
            "postcode": "0150", "postcode_area": "01", "customer_since": date(2024, 4, 3),
            "_consent_0": "given", "_consent_0_at": datetime(2024, 4, 2, 22, tzinfo=UTC),
        },
        {
            "_key": "8", "_organisation_key": None, "email": None, "birth_date": None, "postcode": None,
            "postcode_area": None, "customer_since": None, "_consent_0": None, "_consent_0_at": None,
        },
    ]  # fmt: skip


def test_a_consent_value_that_is_not_listed_is_never_guessed(tmp_path: Path) -> None:
    chunk = people(tmp_path, "7,,a@x.no,,,,kanskje")
    assert chunk.rejected["column"].to_list() == ["ok"]


def test_a_given_consent_with_an_impossible_date_is_refused(tmp_path: Path) -> None:
    chunk = people(tmp_path, "7,,a@x.no,,,31.02.2024,ja")
    assert chunk.frame.is_empty()
    assert chunk.restrictive.is_empty()


def test_a_refusal_counts_even_where_the_row_is_refused(tmp_path: Path) -> None:
    chunk = people(tmp_path, "7,,a@x.no,31.02.1980,,,nei", "8,,a@x.no,31.02.1980,,,ja", ",,a@x.no,31.02.1980,,,nei")
    assert chunk.read == chunk.rejected.height == 3
    assert chunk.restrictive.rows(named=True) == [
        {"_line": 2, "_key": "7", "_consent_0": "refused", "_consent_0_at": None}
    ]


MESSAGES = """
contract: desk_messages
version: 1
source: desk
owner: support
table: messages
format: {kind: ndjson}
key: [id]
person: {column: who}
columns:
  at: {to: event_time}
  id: {to: message_ref}
  subject: {to: text}
  body: {to: text, type: text}
  agent: {to: employee}
  dir: {to: direction}
"""


def test_texts_are_joined_and_employees_are_keys(tmp_path: Path) -> None:
    rows = [
        {
            "id": 1,
            "who": "a",
            "at": "2024-01-01T00:00:00+02:00",
            "subject": "Hei",
            "body": "x\ny",
            "agent": 9,
            "dir": "IN",
        },
        {"id": 2, "who": "a", "at": "2024-01-01", "dir": "out"},
    ]
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (chunk,) = chunks_of(content, contract_of_yaml(MESSAGES), tmp_path)
    assert chunk.frame["_text_text_redacted"].to_list() == ["Hei\nx\ny", None]
    assert chunk.frame["_employee_key"].to_list() == ["9", None]
    assert chunk.frame["direction"].to_list() == ["in", "out"]
    assert chunk.frame["event_time"][0] == datetime(2023, 12, 31, 22, tzinfo=UTC)
