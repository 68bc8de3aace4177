"""One contract, five formats: the same rows come out, whatever they came in."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.errors import FileRefused
from tests.unit.format_files import EXPECTED, FORMATS, chunks_of, contract, rows_of, zipped


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
