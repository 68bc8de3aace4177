"""Random histories of the lake against a plain frame: what a reader sees is what the frame says."""

from functools import partial
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.lake import catalogue
from hub.lake.append import append
from hub.lake.compaction import compact
from hub.lake.erasure import ErasureRule, RowRule, erase
from hub.lake.fsck import fsck
from hub.lake.lake import Lake
from hub.lake.purge import purge
from hub.lake.reading import reading
from hub.lake.terms import FileState, name_of
from privacy.terms import random_id
from tests.builders_lake import (
    ORDERS,
    HeldKeys,
    StandingClock,
    all_rows,
    batch,
    land,
    orders,
    record,
    small_lake,
)

people = st.one_of(st.none(), st.integers(0, 6))
acts = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.lists(people, max_size=12), st.sampled_from([None, 50])),
        st.tuples(st.just("stage"), st.lists(people, min_size=1, max_size=6), st.just(None)),
        st.tuples(st.just("delete"), st.lists(st.integers(0, 6), max_size=3), st.just(None)),
        st.tuples(st.just("blank"), st.lists(st.integers(0, 6), max_size=3), st.just(None)),
        st.tuples(st.just("compact"), st.just([]), st.just(None)),
        st.tuples(st.just("purge"), st.just([]), st.just(None)),
    ),
    max_size=9,
)
RULES = {
    "delete": ErasureRule(table="orders", then=RowRule.DELETE),
    "blank": ErasureRule(table="orders", then=RowRule.BLANK),
}


class History:
    """A lake and the plain frames that say what it must hold; staged batches are published at the end."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.live = orders([])
        self.staged = orders([])
        self.batches = 0
        self.rows = 0

    def new_batch(self, people: list[int | None], organisation: int | None) -> pl.DataFrame:
        frame = orders(people, start=self.rows, organisation=organisation)
        self.batches += 1
        self.rows += frame.height
        return frame

    def append(self, people: list[int | None], organisation: int | None) -> None:
        frame = self.new_batch(people, organisation)
        land(self.lake, frame, self.batches)
        self.live = self.live.vstack(frame)

    def stage(self, people: list[int | None], organisation: int | None) -> None:
        frame = self.new_batch(people, organisation)
        files = append(self.lake, frame, table="orders", batch_id=batch(self.batches))
        with self.lake.unit_of_work() as session:
            catalogue.stage(session, files, batch_id=batch(self.batches), at=self.lake.clock(session))
        self.staged = self.staged.vstack(frame)

    def erase(self, rule: str, people: list[int]) -> None:
        ids = [record(number) for number in people]
        erase(self.lake, ids, [RULES[rule]], operation_id=random_id())
        hit = pl.col("person").is_in(ids).fill_null(value=False)
        blanked = pl.when(~hit).then(pl.col("person"))
        change = (lambda f: f.filter(~hit)) if rule == "delete" else (lambda f: f.with_columns(blanked))
        self.live, self.staged = change(self.live), change(self.staged)

    def act(self, name: str, people: list[int | None], organisation: int | None) -> None:
        steps = {
            "append": partial(self.append, people, organisation),
            "stage": partial(self.stage, people, organisation),
            "delete": partial(self.erase, "delete", people),
            "blank": partial(self.erase, "blank", people),
            "compact": partial(compact, self.lake, "orders", operation_id=random_id()),
            "purge": partial(purge, self.lake),
        }
        steps[name]()

    def publish_all(self) -> None:
        with self.lake.unit_of_work() as session:
            for number in range(1, self.batches + 1):
                catalogue.publish(session, batch(number))
        self.live, self.staged = self.live.vstack(self.staged), orders([])


@settings(max_examples=15, deadline=None)
@given(acts)
def test_a_random_history_reads_like_the_plain_frame(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, list[int | None], int | None]]
) -> None:
    root: Path = tmp_path_factory.mktemp("history")
    keys = HeldKeys()
    lake = small_lake(root, keys=keys, clock=StandingClock())
    oracle = History(lake)
    with reading(lake) as first:
        for act in history:
            oracle.act(*act)
            assert all_rows(lake).equals(oracle.live.sort(pl.all()))
            assert first.collect(first.scan("orders")).equals(pl.DataFrame(schema=ORDERS))
    oracle.publish_all()
    assert all_rows(lake).equals(oracle.live.sort(pl.all()))
    purge(lake)
    assert fsck(lake).findings == ()
    with lake.read_only() as session:
        files = catalogue.files_of(session, states=[FileState.LIVE])
    assert set(lake.files.names()) == {name_of("orders", file.file_id) for file in files}
    assert set(keys.held) == {file.key_id for file in files}
