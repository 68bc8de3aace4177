"""A summary remembered file by file, and one made anew of all rows: the same, whatever became of the files."""

from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.lake.compaction import compact
from hub.lake.erasure import ErasureRule, RowRule, erase
from hub.lake.folding import Fold
from hub.lake.reading import reading
from hub.lake.storage import LocalFileStore
from tests.builders_lake import all_rows, land, orders, record, small_lake, told_to

OWNERS = 12
RULE = ErasureRule(table="orders", then=RowRule.DELETE)
SUMS = Fold(
    "sums",
    lambda rows: rows.group_by("person").agg(pl.col("event_time").max(), pl.col("amount_minor").sum()),
    lambda parts: parts.group_by("person").agg(pl.col("event_time").max(), pl.col("amount_minor").sum()),
)
STEP = st.one_of(
    st.tuples(st.just("land"), st.lists(st.integers(0, OWNERS), min_size=1, max_size=9), st.sampled_from([1, 4, 64])),
    st.tuples(st.just("erase"), st.integers(0, OWNERS)),
    st.tuples(st.just("compact")),
)


@settings(max_examples=12, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=7))
def test_what_is_remembered_is_what_the_rows_say(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Any, ...]]
) -> None:
    lake = small_lake(tmp_path_factory.mktemp("lake"))
    for number, (what, *how) in enumerate(steps):
        if what == "land":
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr("hub.lake.append.modulus_for", lambda _rows, modulus=how[1]: modulus)
                land(lake, orders(how[0], start=10 * number), number)
        elif what == "erase":
            erase(lake, [record(how[0])], [RULE], operation_id=bytes([number]) * 16)
        else:
            compact(lake, "orders", operation_id=bytes([number]) * 16)
        with reading(lake) as reader:
            told = reader.folded("orders", SUMS).sort("person")
        assert told.equals(SUMS.of_rows(all_rows(lake).lazy()).collect().sort("person"))


def test_only_files_that_are_new_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake, opened = small_lake(tmp_path), list[str]()
    monkeypatch.setattr("hub.lake.append.modulus_for", lambda _rows: 4)
    for number in range(3):
        land(lake, orders(range(40), start=100 * number), number)
    monkeypatch.setattr(LocalFileStore, "location", told_to(opened))

    def summed() -> int:
        opened.clear()
        with reading(lake) as reader:
            reader.folded("orders", SUMS)
        return len(opened)

    assert summed() == 12  # three files of each of four buckets
    assert summed() == 0
    land(lake, orders([1], start=900), 9)
    opened.clear()
    assert summed() == 1
    erase(lake, [record(1)], [RULE], operation_id=b"e" * 16)
    opened.clear()
    assert 0 < summed() <= 4  # one bucket's files


def test_a_reader_of_an_older_snapshot_is_told_what_it_sees(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    land(lake, orders([1, 2]), 1)
    with reading(lake) as before:
        old = before.folded("orders", SUMS)
        land(lake, orders([3], start=10), 2)
        with reading(lake) as after:
            assert after.folded("orders", SUMS).height == 3
            assert after.answer("rows", lambda: 3) == 3
        assert before.folded("orders", SUMS).sort("person").equals(old.sort("person"))
        assert before.answer("rows", lambda: 2) == 2


def test_answers_are_kept_for_a_key_and_not_for_ever(tmp_path: Path) -> None:
    lake, made = small_lake(tmp_path), list[int]()

    def make(key: int) -> list[int]:
        made.append(key)
        return [key]

    with reading(lake) as reader:
        for key in [0, 0, *range(1, 9), 8, 0]:
            assert reader.answer(key, partial(make, key)) == [key]
    assert made == [0, *range(1, 9), 0]
