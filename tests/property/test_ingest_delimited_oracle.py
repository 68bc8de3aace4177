"""The vectorised splitter against Python's own csv module: same rows, same lines, nothing lost, nothing twice."""

import csv
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.contract.load import contract_of_yaml
from ingest.errors import FileRefused
from ingest.prepass.container import StreamBroken
from ingest.prepass.quoting import walked_records
from ingest.prepass.records import records_of
from ingest.readers import delimited
from ingest.readers.source import open_source

CONTRACT = contract_of_yaml("""
contract: any_codes
version: 1
source: any
owner: nobody
table: calendar
format: {kind: csv, delimiter: ";", encoding: utf-8}
columns:
  t: {to: event_time, dates: "%Y-%m-%d"}
  a: {to: kind}
  b: {to: code}
""")

# A lone carriage return is left to the broken bytes below: Python counts it as a line end, even inside quotes.
FIELD = st.lists(st.sampled_from(["a", "b", ";", '"', "\n", "\r\n", ",", " ", "æ", "\u2028", "\t"]), max_size=5).map(
    "".join
)
ROWS = st.lists(st.tuples(FIELD, FIELD), min_size=1, max_size=12)


def read(content: bytes, rows: int = 5) -> tuple[list[tuple[int, str, str]], list[int], int]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(content)
        chunks = list(open_source(CONTRACT, path).chunks(rows))
    accepted = [row for chunk in chunks for row in chunk.frame.select("_line", "kind", "code").rows()]
    refused = [line for chunk in chunks for line in chunk.rejected["line"]]
    return accepted, refused, sum(chunk.read for chunk in chunks)


def oracle(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
    next(reader)
    line = reader.line_num + 1
    for row in reader:
        if row:
            yield line, row
        line = reader.line_num + 1


def cleaned(value: str) -> str | None:
    return value.strip() or None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.sampled_from(["\n", "\r\n"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
@example([("a\nb", 'x"y')], "\n", csv.QUOTE_MINIMAL)
@example([('"', ";")], "\r\n", csv.QUOTE_ALL)
def test_what_a_csv_writer_writes_is_read_back(rows: list[tuple[str, str]], ends: str, quoting: int) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator=ends, quoting=quoting)
    writer.writerow(["t", "a", "b"])
    writer.writerows([("2024-01-01", *row) for row in rows])
    text = out.getvalue()
    accepted, refused, count = read(text.encode())
    expected = list(oracle(text))
    assert count == len(accepted) + len(refused) == len(expected) == len(rows)
    want = [(line, cleaned(row[1]), cleaned(row[2])) for line, row in expected]
    assert accepted == [row for row in want if row[1] is not None]
    assert refused == [line for line, kind, _ in want if kind is None]


BROKEN = st.lists(
    st.sampled_from(["2024-01-01;", "a", ";", "\n", '"', '""', "\r", "\0", " ", "\r\n"]), max_size=40
).map("".join)


@settings(max_examples=120, deadline=None)
@given(BROKEN)
@example('2024-01-01;a;b"c\n2024;a;b\n')
@example('2024-01-01;a;"b\n')
@example('2024-01-01;a;"b"c\n')
@example("2024-01-01;a;b\r\r\n")
def test_any_bytes_are_read_refused_or_quarantined_and_never_lost(body: str) -> None:
    text = "t;a;b\n" + body
    try:
        accepted, refused, count = read(text.encode())
    except FileRefused:
        return
    assert count == len(accepted) + len(refused)
    lines = sorted([line for line, *_ in accepted] + refused)
    assert len(set(lines)) == count
    if "\r" in text.replace("\r\n", ""):  # Python's reader takes a lone carriage return for a line end
        return
    try:
        expected = dict(oracle(text))
    except csv.Error:
        # The oracle stops at the first fault; ours goes on behind it, but never without refusing something.
        assert refused
        return
    assert set(lines) == set(expected)
    for line, kind, code in accepted:
        assert [cleaned(value) for value in expected[line]][1:] == [kind, code]


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet='ab;"\n\r', max_size=60), st.integers(1, 9))
def test_the_walk_agrees_with_the_fast_way_where_both_apply(text: str, first_line: int) -> None:
    block = text.encode()
    fast = records_of(block, b";", first_line=first_line)
    if fast is None:
        return
    try:
        slow = walked_records(block, b";", first_line=first_line)
    except StreamBroken:
        # The fast way judges the unfinished tail with the next block; the walk may refuse it at once.
        assert fast.rest < len(block)
        return
    for name in ("starts", "ends", "fields", "lines"):
        assert np.array_equal(getattr(fast, name), getattr(slow, name)), name
    assert (fast.rest, fast.faults) == (slow.rest, slow.faults)


@settings(max_examples=30, deadline=None)
@given(ROWS, st.integers(1, 40))
def test_block_borders_do_not_matter(rows: list[tuple[str, str]], size: int) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(["t", "a", "b"])
    writer.writerows([("2024-01-01", *row) for row in rows])
    content = out.getvalue().encode()
    whole = read(content)
    blocks = iter([content[first : first + size] for first in range(0, len(content), size)])
    place = delimited._Place()
    raw = list(delimited._chunks(CONTRACT, delimited._with_final_newline(blocks), place, 5))
    lines = sorted(line for chunk in raw for line in [*chunk.frame["_line"], *chunk.rejected["line"]])
    assert lines == sorted([line for line, *_ in whole[0]] + whole[1])
