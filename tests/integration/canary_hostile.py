"""Deliveries, contracts and words that provoke errors, each with a token where an error might repeat it."""

import gzip
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from tests.integration.canary_company import Spares

HEAD: Final = "no;name;mail;born;group;since"
_CONTRACT: Final = """
contract: canary_people
version: 1
source: canary
owner: canary-team
table: people
format: {FORMAT, dates: "%Y-%m-%d", timezone: UTC}
country: "NO"
basis: {purposes: {churn: legitimate_interests}, notice: privacy-2025-01, notice_given: true}
key: ["no"]
columns:
  name: {to: full_name}
  mail: {to: email}
  born: {to: birth_date}
  group: {to: segment, type: category, values: {a: business, b: consumer}}
  since: {to: event_time}
"""
_FORMATS: Final = {
    "csv": 'kind: csv, delimiter: ";", encoding: utf-8',
    "ndjson": "kind: ndjson, encoding: utf-8",
    "parquet": "kind: parquet",
    "xlsx": "kind: xlsx",
}


@dataclass(frozen=True, slots=True)
class Hostile:
    """A delivery that must be refused, wholly or in part: its contract and its file."""

    name: str
    contract: Path
    file: Path


def contract_text(kind: str) -> str:
    """Write the contract for a kind of file."""
    return _CONTRACT.replace("FORMAT", _FORMATS[kind])


def row(spares: Spares, **other: str) -> str:
    """Write a row of a person whose fields are tokens, some replaced."""
    plain = {"no": spares.word(), "name": f"{spares.word()} {spares.accented()}", "mail": f"{spares.word()}@a.example"}
    plain |= {"born": "1980-01-02", "group": "a", "since": "2025-01-02"}
    return ";".join((plain | other).values())


def deliveries(folder: Path, spares: Spares) -> list[Hostile]:
    """Write every broken delivery."""
    folder.mkdir()
    for kind in _FORMATS:
        (folder / f"{kind}.yaml").write_text(contract_text(kind), encoding="utf-8")
    contents = {"csv": _delimited(spares), "ndjson": _lines(spares), "parquet": _parquet(spares), "xlsx": _xlsx(spares)}
    made = []
    for kind, named in contents.items():
        for name, content in named.items():
            path = folder / f"{name}.{kind}"
            path.write_bytes(content)
            made.append(Hostile(f"{kind}-{name}", folder / f"{kind}.yaml", path))
    person_as_file = folder / f"{spares.word()} {spares.word()}.csv"
    person_as_file.write_text(f"{HEAD}\n{spares.word()}\n", encoding="utf-8")
    absent, directory = folder / f"{spares.word()}.csv", folder / spares.word()
    directory.mkdir()
    return [
        *made,
        *(Hostile(f"file-{n}", folder / "csv.yaml", p) for n, p in enumerate((person_as_file, absent, directory))),
    ]


def _delimited(spares: Spares) -> dict[str, bytes]:
    word = spares.word
    good = row(spares)

    def text(*lines: str, head: str = HEAD) -> bytes:
        return "\n".join([head, good, *lines, ""]).encode()

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{word()}.csv", text(row(spares)))
        archive.writestr(f"{word()}/{word()}.csv", text(row(spares)))
    return {
        "short": text(f"{word()};{word()}", row(spares)),
        "long": text(row(spares) + f";{word()}"),
        "dates": text(row(spares, born="31.02.1980"), row(spares, born=word()), row(spares, since=word())),
        "category": text(row(spares, group=word()), row(spares, group=word())),
        "no_key": text(row(spares, no="")),
        "nul": text(row(spares, name=f"{word()}\0{word()}")),
        "latin1": text() + row(spares).encode("latin-1", "replace") + b"\xe6" + word().encode() + b"\n",
        "utf16": text(row(spares)).decode().encode("utf-16"),
        "extra_column": text(row(spares), head=f"{HEAD};{word()} {word()}"),
        "twice": text(row(spares), head=f"{HEAD};{word()};{spares.drawn[-1]}"),
        "renamed": text(head=HEAD.replace("mail", word())),
        "headless": "\n".join(row(spares) for _ in range(3)).encode(),
        "quote": text(f'{word()};"{word()};{word()}', row(spares)),
        "after_quote": text(f'{word()};"{word()}"{word()};x;1980-01-02;a;2025-01-02'),
        "large": text(row(spares, name=word() * 5000)),
        "long_line": (word() * 70_000).encode(),
        "gzip": gzip.compress(text(*(row(spares) for _ in range(50))))[:-20],
        "zip": packed.getvalue(),
        "formula": text(row(spares, name=f"=cmd|'{word()}'!A1")),
    }


def _lines(spares: Spares) -> dict[str, bytes]:
    word = spares.word
    person = f'"no":"{word()}","name":"{word()}","mail":"{word()}@a.example"'
    good = f'{{{person},"born":null,"group":"a","since":"2025-01-02"}}'
    return {
        "broken": f'{good}\n{{"no":"{word()}","name":{word()}}}\n'.encode(),
        "cut": f'{good}\n{{"no":"{word()}","name":"{word()}'.encode(),
        "nested": good.replace("null", f'["{word()}"]').encode() + b"\n",
        "unknown": f'{good}\n{good[:-1]},"{word()}":"{word()}"}}\n'.encode(),
        "twice": f'{good}\n{good[:-1]},"name":"{word()}"}}\n'.encode(),
        "list": f'["{word()}"]\n'.encode(),
        "escape": good.replace('"a"', f'"\\ud800{word()}"').encode() + b"\n",
    }


def _parquet(spares: Spares) -> dict[str, bytes]:
    def written(frame: pl.DataFrame) -> bytes:
        out = io.BytesIO()
        frame.write_parquet(out)
        return out.getvalue()

    names = HEAD.split(";")
    good = pl.DataFrame([row(spares).split(";") for _ in range(5)], schema=names, orient="row")
    return {
        "column": written(good.with_columns(pl.lit(spares.word()).alias(spares.word()))),
        "types": written(good.with_columns(born=pl.lit(spares.word().encode()), since=pl.lit(12.5))),
        "struct": written(good.with_columns(name=pl.struct("name", "mail"))),
        "values": written(good.with_columns(born=pl.lit(spares.word()), group=pl.lit(spares.word()))),
        "damaged": written(good)[:-30] + bytes(30),
    }


def _xlsx(spares: Spares) -> dict[str, bytes]:
    names = HEAD.split(";")
    good = [row(spares).split(";") for _ in range(3)]
    return {
        "dates": workbook([names, *good, row(spares, born=spares.word()).split(";")]),
        "header": workbook([[*names, spares.word()], *[[*each, spares.word()] for each in good]]),
        "damaged": workbook([names, *good])[:-40],
    }


def workbook(rows: list[list[str]]) -> bytes:
    """Write a workbook of one sheet by hand: inline text only."""
    body = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{value}</t></is></c>' for value in row) + "</row>" for row in rows
    )
    schemas = "http://schemas.openxmlformats.org"
    main, package = f"{schemas}/spreadsheetml/2006/main", f"{schemas}/package/2006"
    office, links = f"{schemas}/officeDocument/2006/relationships", f'<Relationships xmlns="{package}/relationships">'
    sheet = f'<Relationship Id="b" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
    book = f'<Relationship Id="a" Type="{office}/officeDocument" Target="xl/workbook.xml"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"/>',
        "_rels/.rels": f"{links}{book}</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}">'
        '<sheets><sheet name="S" sheetId="1" r:id="b"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"{links}{sheet}</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def contracts(folder: Path, spares: Spares) -> dict[str, Path]:
    """Write contracts that break a rule, each with a token in a value."""
    folder.mkdir()
    whole, word = contract_text("csv"), spares.word
    broken: Mapping[str, str] = {
        "name": whole.replace("canary_people", f"{word()} {word()}"),
        "version": whole.replace("version: 1", f"version: {word()}"),
        "table": whole.replace("table: people", f"table: {word()}"),
        "owner": whole.replace("canary-team", f"[{word()}]"),
        "target": whole.replace("to: email", f"to: {word()}"),
        "type": whole.replace("type: category", f"type: {word()}"),
        "purpose": whole.replace("churn: legitimate_interests", f"churn: {word()}"),
        "timezone": whole.replace("timezone: UTC", f"timezone: {word()}"),
        "encoding": whole.replace("encoding: utf-8", f"encoding: {word()}"),
        "yaml": whole + f"consent: [{word()}: {{\n",
        "tab": whole + f"\t{word()}: x\n",
        "anchor": whole + f"ignore: *{word()}\n",
        "tag": whole + f"ignore: !{word()} x\n",
        "control": whole + f"ignore: [{word()}\x07]\n",
        "list": f"- {word()}\n",
    }
    for name, text in broken.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    latin = folder / "latin1.yaml"
    latin.write_bytes(whole.encode() + b"# \xe6" + word().encode())
    return {name: folder / f"{name}.yaml" for name in (*broken, "latin1")}
