from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.lake import catalogue
from hub.lake.compaction import compact
from hub.lake.erasure import ErasureRule, RowRule, erase
from hub.lake.errors import LakeFileRefused, SnapshotExpired
from hub.lake.fsck import FindingKind, fsck
from hub.lake.lake import Lake
from hub.lake.purge import purge
from hub.lake.reading import reading
from hub.lake.storage import LocalFileStore
from hub.lake.terms import CatalogueFile, FileState, name_of
from privacy.keys import Key, NewKey
from tests.builders_lake import (
    NOON,
    ORDERS,
    HeldKeys,
    StandingClock,
    all_rows,
    land,
    orders,
    parquet_bytes,
    record,
    small_lake,
    told_to,
)

OPERATION = b"o" * 16


def only_file(lake: Lake) -> CatalogueFile:
    with lake.read_only() as session:
        (file,) = catalogue.files_of(session, states=[FileState.LIVE])
    return file


def path_of(root: Path, file: CatalogueFile) -> Path:
    return root / "lake" / name_of(file.table, file.file_id)


def test_a_scan_asks_the_key_store_once_and_reads_only_the_columns_named(tmp_path: Path) -> None:
    keys = HeldKeys()
    lake = small_lake(tmp_path, keys=keys)
    for number in range(4):
        land(lake, orders(range(5), start=5 * number), number)
    keys.calls.clear()
    with reading(lake) as reader:
        frame = reader.collect(reader.scan("orders", columns=["event_id", "amount_minor"]))
    assert keys.calls == ["get"]
    assert frame.columns == ["event_id", "amount_minor"]
    assert frame["event_id"].sort().to_list() == list(range(20))


def test_a_table_without_files_reads_empty_with_its_columns(tmp_path: Path) -> None:
    with reading(small_lake(tmp_path)) as reader:
        frame = reader.collect(reader.scan("orders"))
    assert frame.schema == ORDERS
    assert frame.is_empty()


@settings(max_examples=8, deadline=None)
@given(st.integers(-40, 400), st.integers(-40, 400))
def test_time_bounds_read_what_a_filter_reads(tmp_path_factory: pytest.TempPathFactory, since: int, until: int) -> None:
    root = tmp_path_factory.mktemp("lake")
    lake = small_lake(root)
    for number in range(3):
        land(lake, orders(range(8), start=50 * number), number)
    start = NOON - timedelta(days=365)
    first, last = start + timedelta(days=since), start + timedelta(days=until)
    with reading(lake) as reader:
        got = reader.collect(reader.scan("orders", since=first, until=last)).sort("event_id")
    within = (pl.col("event_time") >= first) & (pl.col("event_time") < last)
    assert got.equals(all_rows(lake).filter(within).sort("event_id"))


def test_files_outside_the_time_bounds_are_not_opened(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    land(lake, orders([1]), 1)
    old = only_file(lake)
    land(lake, orders([2], start=1000), 2)
    path_of(tmp_path, old).unlink()
    with reading(lake) as reader:
        since = old.max_event_at + timedelta(microseconds=1)
        assert reader.collect(reader.scan("orders", since=since)).height == 1
        with pytest.raises(LakeFileRefused):
            reader.collect(reader.scan("orders", since=old.max_event_at))
        assert reader.collect(reader.scan("orders", since=None, until=old.min_event_at)).is_empty()


@settings(max_examples=8, deadline=None)
@given(st.sets(st.integers(0, 40), max_size=3), st.sampled_from([1, 4, 64]))
def test_reading_some_people_opens_only_the_files_of_their_buckets(
    tmp_path_factory: pytest.TempPathFactory, numbers: set[int], modulus: int
) -> None:
    root = tmp_path_factory.mktemp("lake")
    lake, opened = small_lake(root), list[str]()
    owners = [*range(40), None, None]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("hub.lake.append.modulus_for", lambda _rows: modulus)
        land(lake, orders(owners, organisation=7), 1)
        patched.setattr("hub.lake.append.modulus_for", lambda _rows: 1)
        land(lake, orders(owners[:9], start=100), 2)
        patched.setattr(LocalFileStore, "location", told_to(opened))
        people = [record(number) for number in sorted(numbers)]
        with reading(lake) as reader:
            got = reader.collect(reader.scan_people("orders", people)).sort(pl.all())
            files = {name_of(file.table, file.file_id): file for file in reader.snapshot.files}
    assert got.equals(all_rows(lake).filter(pl.col("person").is_in(people)))
    buckets = {each[0] for each in people}
    assert set(opened) == {
        name for name, file in files.items() if any(each % file.modulus == file.remainder for each in buckets)
    }


def test_a_flipped_byte_anywhere_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    """Length prefixes and the leading magic are read by nobody; fsck sees those too, by SHA-256."""
    lake = small_lake(tmp_path)
    land(lake, orders(range(200)), 1)
    file = only_file(lake)
    path = path_of(tmp_path, file)
    good = path.read_bytes()
    before = all_rows(lake)
    refusals = []
    for position in [*range(0, len(good), 151), *range(len(good) - 20, len(good))]:
        path.write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
        try:
            assert all_rows(lake).equals(before)
        except LakeFileRefused as fault:
            refusals.append(fault)
        assert [finding.kind for finding in fsck(lake).findings] == [FindingKind.FAULT]
    assert len(refusals) > 30
    assert {fault.file_id for fault in refusals} == {file.file_id}
    assert not any(str(tmp_path) in str(fault) for fault in refusals)


def test_a_file_in_the_place_of_another_is_refused(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    land(lake, orders([1]), 1)
    first = only_file(lake)
    land(lake, orders([2], start=1), 2)
    with lake.read_only() as session:
        (second,) = [f for f in catalogue.files_of(session, states=[FileState.LIVE]) if f.file_id != first.file_id]
    path_of(tmp_path, first).write_bytes(path_of(tmp_path, second).read_bytes())
    with pytest.raises(LakeFileRefused) as fault:
        all_rows(lake)
    assert fault.value.file_id == first.file_id


def test_the_same_bytes_under_another_key_or_file_id_are_refused(tmp_path: Path) -> None:
    keys = HeldKeys()
    lake = small_lake(tmp_path, keys=keys)
    land(lake, orders([1]), 1)
    file = only_file(lake)
    right = keys.held[file.key_id]
    keys.held[file.key_id] = NewKey(key=Key(file.key_id, right.key.kind, b"k" * 32), owner=right.owner)
    with pytest.raises(LakeFileRefused, match="does not open"):
        all_rows(lake)
    keys.held.clear()
    with pytest.raises(LakeFileRefused, match="key is not in the key store"):
        all_rows(lake)


def test_a_plain_file_is_refused(tmp_path: Path) -> None:
    """An attacker who can write to the bucket but holds no key can forge nothing."""
    lake = small_lake(tmp_path)
    land(lake, orders([1]), 1)
    file = only_file(lake)
    path_of(tmp_path, file).write_bytes(parquet_bytes(orders([5, 6])))
    with pytest.raises(LakeFileRefused, match="not an encrypted file"):
        all_rows(lake)
    with pytest.raises(LakeFileRefused, match="not an encrypted file"):
        erase(lake, [record(5)], [ErasureRule(table="orders", then=RowRule.DELETE)], operation_id=OPERATION)


def test_a_fault_of_the_callers_own_query_stays_the_callers(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    land(lake, orders([1]), 1)
    query = pl.col("amount_minor").cast(pl.String).str.to_date("%Y", strict=True)
    with reading(lake) as reader, pytest.raises(pl.exceptions.InvalidOperationError):
        reader.collect(reader.scan("orders").select(query))
    with reading(lake) as reader, pytest.raises(pl.exceptions.ComputeError), reader.refusals():
        raise pl.exceptions.ComputeError("something of the caller's")


def test_a_column_added_later_reads_as_null_from_older_files(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    land(lake, orders([1]), 1)
    wider = pl.Schema({**ORDERS, "channel": pl.String()})
    newer = small_lake(tmp_path, keys=lake.keys)
    object.__setattr__(newer, "schema_of", lambda _table: wider)
    land(newer, orders([2], start=1).with_columns(channel=pl.lit("web")), 2)
    assert all_rows(newer).sort("event_id")["channel"].to_list() == [None, "web"]
    compact(newer, "orders", operation_id=OPERATION)
    assert all_rows(newer).sort("event_id")["channel"].to_list() == [None, "web"]


def test_a_reader_sees_its_snapshot_across_compaction_and_purge_while_its_lease_runs(tmp_path: Path) -> None:
    clock = StandingClock()
    lake = small_lake(tmp_path, clock=clock)
    land(lake, orders([1, 2]), 1)
    land(lake, orders([3], start=2), 2)
    with reading(lake) as reader:
        compact(lake, "orders", operation_id=OPERATION)
        land(lake, orders([4], start=3), 3)
        clock.advance(minutes=9)
        assert purge(lake) == 0
        assert reader.collect(reader.scan("orders")).height == 3
    assert purge(lake) == 2
    assert all_rows(lake).height == 4


def test_a_lease_lasts_ten_minutes_renewed_to_one_hour_then_the_purge_proceeds(tmp_path: Path) -> None:
    clock = StandingClock()
    lake = small_lake(tmp_path, clock=clock)
    land(lake, orders([1]), 1)
    land(lake, orders([2], start=1), 2)
    with reading(lake) as reader:
        scan = reader.scan("orders")
        compact(lake, "orders", operation_id=OPERATION)
        for _ in range(7):
            clock.advance(minutes=8)
            reader.renew()
            assert purge(lake) == 0
        clock.advance(minutes=4)  # an hour has passed
        with pytest.raises(SnapshotExpired):
            reader.renew()
        with pytest.raises(SnapshotExpired):
            reader.scan("orders")
        assert reader.collect(scan).height == 2  # the files are still there, so what was scanned may end
        assert purge(lake) == 2
        with pytest.raises(SnapshotExpired) as expired:
            reader.collect(scan)
    assert expired.value.lease_id == reader.snapshot.lease.lease_id
    assert all_rows(lake).height == 2


def test_a_lease_that_is_asked_for_often_is_renewed_when_half_of_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = StandingClock()
    lake = small_lake(tmp_path, clock=clock)
    land(lake, orders([1]), 1)
    with reading(lake) as reader:
        renew, renewed = reader.renew, list[datetime]()
        monkeypatch.setattr(reader, "renew", lambda: renewed.append(renew()))
        for _ in range(8):
            clock.advance(minutes=4)
            reader.renew_if_due()
        assert [until - NOON for until in renewed] == [timedelta(minutes=each) for each in (18, 26, 34, 42)]
        assert reader.collect(reader.scan("orders")).height == 1


def test_a_snapshot_opened_after_the_removal_does_not_hold_up_the_purge(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    land(lake, orders([1]), 1)
    land(lake, orders([2], start=1), 2)
    compact(lake, "orders", operation_id=OPERATION)
    with reading(lake) as reader:
        assert purge(lake) == 2
        assert reader.collect(reader.scan("orders")).height == 2


def test_database_time_is_an_aware_instant_that_does_not_go_back(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    with lake.read_only() as session:
        first, second = catalogue.database_time(session), catalogue.database_time(session)
    assert first.utcoffset() == timedelta(0)
    assert first <= second
    assert first > NOON


def test_parts_hold_every_row_once_and_nobody_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of one bucket and of many, of two deliveries: parts are no finer than the coarsest."""
    lake = small_lake(tmp_path)
    land(lake, orders(number % 500 for number in range(220_000)), 1)
    land(lake, orders((number % 500 for number in range(110_000)), start=220_000), 2)
    monkeypatch.setattr("hub.lake.reading._PART_ROWS", 50_000)
    with reading(lake) as reader:
        assert len({file.modulus for file in reader.snapshot.of_table("orders")}) == 2
        parts = [reader.collect(part) for part in reader.parts("orders")]
        assert sum(part.height for part in parts) == 330_000
        assert pl.concat(parts)["event_id"].n_unique() == 330_000
        met = [set(part["person"]) for part in parts]
        assert len(parts) == min(file.modulus for file in reader.snapshot.of_table("orders")) > 1
        assert sum(map(len, met)) == len(set().union(*met))
        (empty,) = reader.parts("nothing")
        assert reader.collect(empty).is_empty()
