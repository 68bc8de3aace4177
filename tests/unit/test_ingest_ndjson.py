"""JSON lines: broken lines, keys said twice, names nobody declared."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import FileRefused
from tests.unit.format_files import chunks_of, contract, ndjson


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
