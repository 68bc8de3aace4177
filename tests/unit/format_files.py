"""One table of orders as a file of each format, and how it is read back: for the tests of the readers."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from ingest.contract.load import contract_of_yaml
from ingest.contract.model import Contract
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
