"""kill -9 at every named step, then recovery: nothing lost, nothing twice, nothing half visible, nothing left over."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from hub.lake import catalogue
from hub.lake.append import append
from hub.lake.erasure import erase
from hub.lake.fsck import fsck
from hub.lake.lake import Lake
from hub.lake.purge import purge
from hub.lake.sweep import sweep
from hub.lake.terms import FileState, Step, name_of
from tests.builders_lake import StandingClock, all_rows, batch, land, orders, record
from tests.faults.lake_child import RULES, durable_keys, durable_lake, ingest, run

pytestmark = pytest.mark.faults

KILLED = 9
REWRITE = ["intended", "keys_added", "file_temporary", "file_renamed", "files_settled", "replaced"]
CASES = [
    *[("ingest", step) for step in REWRITE[:-1]],
    *[("ingest", step) for step in ("file_temporary#3", "file_renamed#4", "staged", "published")],
    *[("erase", step) for step in (*REWRITE, "keys_added#2", "file_renamed#2", "replaced#2")],
    *[("compact", step) for step in REWRITE],
    *[("purge", step) for step in ("purge_shredded", "purge_deleted")],
    *[("sweep", step) for step in ("sweep_claimed", "sweep_removed")],
]
Kill = Callable[[Path, str, str], int]


@pytest.fixture(scope="module")
def child() -> Iterator[Kill]:
    command = [sys.executable, "-m", "tests.faults.lake_child"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def kill(root: Path, act: str, step: str) -> int:
            process.stdin.write(f"{root}\t{act}\t{step}\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield kill
        process.stdin.close()


def prepare(root: Path, act: str) -> Lake:
    """Land two small batches in each of two tables, and what the act needs."""
    lake = durable_lake(root, StandingClock())
    for number in range(2):
        land(lake, orders(range(5), start=10 * number, organisation=60), 10 + number)
        land(lake, orders(range(5), start=10 * number, organisation=60), 20 + number, table="tickets")
    if act == "purge":
        erase(lake, [record(1), record(2)], RULES, operation_id=b"p" * 16)
    if act == "sweep":
        append(lake, orders([9]), table="orders", batch_id=batch(2))
    return lake


def seen(lake: Lake) -> tuple[pl.DataFrame, pl.DataFrame]:
    return all_rows(lake), all_rows(lake, "tickets")


def same(one: tuple[pl.DataFrame, ...], other: tuple[pl.DataFrame, ...]) -> bool:
    return all(a.equals(b) for a, b in zip(one, other, strict=True))


def expected(act: str, before: tuple[pl.DataFrame, pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Say what a reader sees once the act is whole."""
    rows, tickets = before
    if act == "ingest":
        rows = rows.vstack(orders(range(40), start=100, organisation=70)).sort(pl.all())
    if act == "erase":
        hit = pl.col("person").is_in([record(1), record(2)])
        rows = rows.filter(~hit)
        tickets = tickets.with_columns(pl.when(~hit).then(pl.col("person"))).sort(pl.all())
    return rows, tickets


def recover(lake: Lake, root: Path, act: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what start-up does: abort the open batch, run again what was asked for, then clear up."""
    monkeypatch.setattr("hub.lake.append.modulus_for", lambda _rows: 4)
    with lake.unit_of_work() as session:
        published = [file for file in catalogue.files_of(session, states=[FileState.LIVE]) if file.added_by == batch(2)]
        catalogue.abort(session, batch(2), operation_id=b"a" * 16, at=lake.clock(session))
    if act == "ingest" and not published:
        ingest(lake, lambda _step: None)
    if act != "ingest":
        run(root, act, lambda _step: None)
    lake.clock.advance(hours=7)
    purge(lake)
    sweep(lake)


def assert_nothing_left_over(lake: Lake, root: Path) -> None:
    assert fsck(lake).findings == ()
    with lake.read_only() as session:
        files = catalogue.files_of(session, states=[FileState.LIVE])
        assert catalogue.open_intents(session) == []
    assert set(lake.files.names()) == {name_of(file.table, file.file_id) for file in files}
    assert durable_keys(root).count() == len(files)


@pytest.mark.parametrize(("act", "step"), CASES)
def test_a_killed_act_is_whole_or_absent_and_recovers(
    act: str, step: str, tmp_path: Path, child: Kill, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = prepare(tmp_path, act)
    before = seen(lake)
    after = expected(act, before)
    assert os.WTERMSIG(child(tmp_path, act, step)) == KILLED
    for now, old, new in zip(seen(lake), before, after, strict=True):  # an erasure is whole table by table
        assert now.equals(old) or now.equals(new)
    recover(lake, tmp_path, act, monkeypatch)
    assert same(seen(lake), after)
    assert_nothing_left_over(lake, tmp_path)


def test_every_step_is_killed_in_some_act() -> None:
    assert {step.partition("#")[0] for _, step in CASES} >= set(Step)


@pytest.mark.parametrize("act", ["ingest", "erase"])
def test_a_full_disk_is_said_and_leaves_nothing(act: str, tmp_path: Path, child: Kill) -> None:
    lake = durable_lake(tmp_path, StandingClock())
    land(lake, orders((i % 50 for i in range(60_000)), organisation=60), 1)
    before = all_rows(lake)
    assert child(tmp_path, act, "room") == 0
    assert all_rows(lake).equals(before)
    assert_nothing_left_over(lake, tmp_path)
