"""Rows refused before they were split: whose they are and what they refuse, as far as that can be read at all."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.contract.load import contract_of_yaml
from ingest.prepass.quoting import cells_of
from ingest.readers.chunk import Chunk, RawChunk
from ingest.readers.typed import Typist
from tests.unit.format_files import chunks_of, contract

PEOPLE = """
contract: news_people
version: 1
source: news
owner: marketing
table: people
format: {kind: KIND, dates: "%d.%m.%Y", timezone: Europe/Oslo}
key: [id]
columns:
  name: {to: full_name}
  note: {to: segment}
consent:
  ok: {purposes: [winback], values: {ja: given, nei: refused, "": unknown}, notice: n-1}
"""
HEADER = "id,name,note,ok\n"
LONG = "x" * 70_000


def people(tmp_path: Path, *rows: str) -> Chunk:
    content = HEADER + "".join(row + "\n" for row in ("1,A,b,ja", *rows))
    (chunk,) = chunks_of(content.encode(), contract_of_yaml(PEOPLE.replace("KIND", "csv")), tmp_path)
    return chunk


def acts(chunk: Chunk) -> list[tuple[object, ...]]:
    return chunk.restrictive.select("_line", "_key", "_consent_0").rows() if chunk.restrictive.height else []


@pytest.mark.parametrize("row", ["7,K\0ri,,nei", f"7,{LONG},,nei", '7,"K""\0ri, B",,nei', " 7 ,K\0ri,, nei "])
def test_a_no_beside_a_damaged_column_counts(row: str, tmp_path: Path) -> None:
    chunk = people(tmp_path, row)
    assert chunk.rejected.select("line", "subject").rows() == [(3, "7")]
    assert acts(chunk) == [(3, "7", "refused")]
    assert chunk.unheard == 0


@pytest.mark.parametrize("row", ["7,K\0ri,,ja", "7,K\0ri,,", "7,K\0ri,,kanskje"])
def test_no_other_word_beside_a_damaged_column_counts(row: str, tmp_path: Path) -> None:
    chunk = people(tmp_path, row)
    assert acts(chunk) == []
    assert (chunk.rejected.height, chunk.unheard) == (1, 0)


@pytest.mark.parametrize(
    ("row", "subject"),
    [
        ("7,Kari,nei", None),
        ("7,Kari,,,nei", None),
        ('7,5" pipe,,nei', None),
        ("7,a\rb,,nei", None),
        ("7\0,Kari,,nei", None),
        (f"{LONG},Kari,,nei", None),
        (f'7,"{LONG}",5" pipe,nei', None),
        ("7,Kari,,n\0ei", "7"),
    ],
)
def test_what_cannot_be_read_is_counted_and_never_guessed(row: str, subject: str | None, tmp_path: Path) -> None:
    chunk = people(tmp_path, row, "8,Bo,,nei")
    assert chunk.rejected["subject"].to_list() == [subject]
    assert (acts(chunk), chunk.unheard) == ([], 1)


def test_both_kinds_of_refused_rows_are_heard(tmp_path: Path) -> None:
    chunk = people(tmp_path, "7,K\0ri,,nei", "8,B,,kanskje", ",C\0,,nei")
    assert chunk.rejected.select("line", "subject").rows() == [(3, "7"), (4, "8"), (5, None)]
    assert acts(chunk) == [(3, "7", "refused")]


def test_a_json_line_that_cannot_be_read_is_counted(tmp_path: Path) -> None:
    content = b'{"id": "1", "name": "A", "note": "b", "ok": "ja"}\n{"id": "7", "ok": "nei"\n'
    (chunk,) = chunks_of(content, contract_of_yaml(PEOPLE.replace("KIND", "ndjson")), tmp_path)
    assert (chunk.rejected["subject"].to_list(), chunk.unheard) == ([None], 1)


def test_a_refused_event_is_the_customers_even_where_the_file_says_a_float() -> None:
    row = {"order_no": "1", "part": "a", "ordered": "never", "total": "1", "state": "P", "items": "1"}
    frame = pl.DataFrame([row | {"customer": key, "org": None} for key in (17850.0, 0.5, None)]).with_columns(
        _line=pl.int_range(1, 4, dtype=pl.Int64)
    )
    chunk = Typist(contract("parquet")).typed(RawChunk(frame))
    assert chunk.rejected["subject"].to_list() == ["17850", None, ""]


@given(st.lists(st.text(st.characters(exclude_characters='\r\0"', exclude_categories=["Cs"])), min_size=2))
def test_sound_fields_are_told_apart_as_they_were_written(fields: list[str]) -> None:
    quoted = ",".join(f'"{each}"' for each in fields)
    assert cells_of(quoted.encode(), b",") == fields
    assert cells_of(quoted.encode() + b',"\0"', b",") == [*fields, None]
