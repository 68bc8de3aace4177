from pathlib import Path

import polars as pl
import pytest

from hub.lake import catalogue
from hub.lake.append import append
from hub.lake.buckets import bucket
from hub.lake.compaction import compact
from hub.lake.erasure import ErasureRule, RowRule, erase
from hub.lake.errors import CatalogueConflict, LakeFileRefused
from hub.lake.lake import Lake
from hub.lake.purge import purge
from hub.lake.reading import reading
from hub.lake.rewrite import read
from hub.lake.terms import CatalogueFile, FileState, name_of
from tests.builders_lake import HeldKeys, all_rows, batch, land, orders, record, small_lake, states

DELETE = [ErasureRule(table="orders", then=RowRule.DELETE)]
BLANK = [ErasureRule(table="orders", then=RowRule.BLANK)]
OPERATION = b"o" * 16


def live_files(lake: Lake) -> list[CatalogueFile]:
    with lake.read_only() as session:
        return catalogue.files_of(session, states=[FileState.LIVE])


def assert_every_file_keeps_its_promise(lake: Lake) -> None:
    for file in live_files(lake):
        rows = read(lake, file, lake.keys.get_files([file.key_id]))
        assert rows.height == file.rows
        assert rows.select((bucket() % file.modulus == file.remainder).all()).item()
        assert (rows["event_time"].min(), rows["event_time"].max()) == (file.min_event_at, file.max_event_at)


def test_deleting_takes_exactly_the_persons_rows(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    people = [None if i % 11 == 0 else i % 300 for i in range(120_000)]
    frame = orders(people, organisation=7)
    land(lake, frame, 1)
    outcome = erase(lake, [record(3), record(12)], DELETE, operation_id=OPERATION)
    gone = [i for i, owner in enumerate(people) if owner in (3, 12)]
    assert outcome.rows_deleted == len(gone) > 0
    assert outcome.rows_blanked == 0
    assert all_rows(lake).sort("event_id").equals(frame.filter(~pl.col("event_id").is_in(gone)))


def test_only_files_that_can_and_do_hold_the_person_are_rewritten(tmp_path: Path) -> None:
    keys = HeldKeys()
    lake = small_lake(tmp_path, keys=keys)
    land(lake, orders(i % 300 for i in range(200_000)), 1)
    land(lake, orders([5], start=200_000), 2)
    before = {file.file_id for file in live_files(lake)}
    assert erase(lake, [record(3)], DELETE, operation_id=OPERATION).files_replaced == 1
    after = {file.file_id for file in live_files(lake)}
    assert len(before - after) == len(after - before) == 1


def test_rewritten_rows_keep_their_order_and_bucket_and_get_a_new_key(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    land(lake, orders(i % 300 for i in range(120_000)), 1)
    old_keys = {file.key_id for file in live_files(lake)}
    erase(lake, [record(n) for n in range(30)], DELETE, operation_id=OPERATION)
    files = live_files(lake)
    assert {(file.modulus, file.remainder) for file in files} == {(2, 0), (2, 1)}
    assert not old_keys & {file.key_id for file in files}
    with reading(lake) as reader:
        rows = reader.collect(reader.scan("orders"))
    halves = [rows.slice(0, files[0].rows), rows.slice(files[0].rows)]
    assert all(half.equals(half.sort("person", "event_time")) for half in halves)


def test_blanked_rows_stay_with_the_organisation_and_can_be_erased_with_it_later(tmp_path: Path) -> None:
    """Without its person a row belongs to its organisation's bucket, which the old file does not promise to hold."""
    lake = small_lake(tmp_path)
    frame = orders((i % 300 for i in range(120_000)), organisation=7)
    land(lake, frame, 1)
    outcome = erase(lake, [record(3), record(4)], BLANK, operation_id=OPERATION)
    blank = pl.col("person").is_in([record(3), record(4)])
    expected = frame.with_columns(pl.when(~blank).then(pl.col("person")))
    assert outcome.rows_blanked == 800
    assert sum(each.blanked for each in outcome.tables.values()) == 800
    assert all_rows(lake).sort("event_id").equals(expected)
    assert_every_file_keeps_its_promise(lake)
    compact(lake, "orders", operation_id=OPERATION)
    by_organisation = ErasureRule(table="orders", then=RowRule.DELETE, matched_by="organisation")
    assert erase(lake, [record(7)], [by_organisation], operation_id=OPERATION).rows_deleted == 120_000
    assert all_rows(lake).is_empty()


def test_statutory_rows_of_a_person_alone_stay_without_anybody(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    land(lake, orders([1, 2]), 1)
    erase(lake, [record(1)], BLANK, operation_id=OPERATION)
    assert sorted(all_rows(lake)["person"].is_null().to_list()) == [False, True]
    assert all_rows(lake)["amount_minor"].sort().to_list() == [0, 1]


def test_an_employee_is_found_in_whatever_file(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    frame = orders(range(50)).with_columns(employee=pl.when(pl.col("event_id") % 5 == 0).then(pl.lit(record(99))))
    land(lake, frame, 1)
    rule = ErasureRule(table="orders", then=RowRule.BLANK, matched_by="employee", blank=("employee",))
    assert erase(lake, [record(99)], [rule], operation_id=OPERATION).rows_blanked == 10
    assert all_rows(lake).sort("event_id").equals(orders(range(50)))


def test_every_rule_of_a_table_reaches_a_file_which_is_rewritten_once(tmp_path: Path) -> None:
    """The second rule once passed over what the first had looked at."""
    lake = small_lake(tmp_path)
    frame = orders([1, 2, 3, 2]).with_columns(
        employee=pl.Series([record(2), record(1), None, record(2)], dtype=pl.Binary)
    )
    land(lake, frame, 1)
    rules = [*DELETE, ErasureRule(table="orders", then=RowRule.BLANK, matched_by="employee", blank=("employee",))]
    outcome = erase(lake, [record(2)], rules, operation_id=OPERATION)
    assert (outcome.rows_deleted, outcome.rows_blanked, outcome.files_replaced) == (2, 1, 1)
    left = all_rows(lake).sort("event_id")
    assert left["person"].to_list() == [record(1), record(3)]
    assert left["employee"].to_list() == [None, None]


def test_a_rule_that_would_leave_the_record_is_refused() -> None:
    with pytest.raises(ValueError, match="employee"):
        ErasureRule(table="orders", then=RowRule.BLANK, matched_by="employee")


def test_erasing_twice_or_nobody_changes_nothing(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    land(lake, orders(range(20)), 1)
    erase(lake, [record(3)], DELETE, operation_id=OPERATION)
    before = states(lake)
    again = erase(lake, [record(3), record(999)], DELETE, operation_id=OPERATION)
    assert (again.rows_deleted, again.files_replaced) == (0, 0)
    assert erase(lake, [], DELETE, operation_id=OPERATION).files_replaced == 0
    assert states(lake) == before


def test_a_file_of_nobody_else_is_dropped_without_a_successor(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    land(lake, orders([1, 1]), 1)
    erase(lake, [record(1)], DELETE, operation_id=OPERATION)
    assert states(lake) == {FileState.REMOVED: 1}
    assert all_rows(lake).is_empty()


def test_staged_files_are_erased_before_they_are_published(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    files = append(lake, orders(range(10)), table="orders", batch_id=batch(1))
    with lake.unit_of_work() as session:
        catalogue.stage(session, files, batch_id=batch(1), at=lake.clock(session))
    land(lake, orders([3, 4], start=10), 2)
    assert erase(lake, [record(3)], DELETE, operation_id=OPERATION).rows_deleted == 2
    assert all_rows(lake)["event_id"].to_list() == [11]
    with lake.unit_of_work() as session:
        assert catalogue.publish(session, batch(1)) == 1
    assert all_rows(lake)["event_id"].sort().to_list() == [0, 1, 2, 4, 5, 6, 7, 8, 9, 11]


def test_the_key_is_destroyed_and_the_file_deleted_by_the_purge_and_only_then_is_it_final(tmp_path: Path) -> None:
    keys = HeldKeys()
    lake = small_lake(tmp_path, keys=keys)
    land(lake, orders([1, 2]), 1)
    (old,) = live_files(lake)
    with reading(lake):
        outcome = erase(lake, [record(1)], DELETE, operation_id=OPERATION)
        purge(lake)
        with lake.read_only() as session:
            assert catalogue.awaiting_purge(session, up_to=outcome.seq) == 1
    assert purge(lake) == 1
    assert old.key_id not in keys.held
    assert not (tmp_path / "lake" / name_of("orders", old.file_id)).exists()
    with lake.read_only() as session:
        assert catalogue.awaiting_purge(session, up_to=outcome.seq) == 0


def test_an_erasure_is_not_final_before_files_that_a_compaction_replaced_are_purged(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    land(lake, orders([1, 2]), 1)
    land(lake, orders([3], start=2), 2)
    compact(lake, "orders", operation_id=b"c" * 16)
    outcome = erase(lake, [record(1)], DELETE, operation_id=OPERATION)
    with lake.read_only() as session:
        assert catalogue.awaiting_purge(session, up_to=outcome.seq) == 3


def test_a_lost_file_that_may_hold_the_person_is_given_up_with_its_key(tmp_path: Path) -> None:
    keys = HeldKeys()
    lake = small_lake(tmp_path, keys=keys)
    land(lake, orders([1, 2]), 1)
    (lost,) = live_files(lake)
    with lake.unit_of_work() as session:
        assert catalogue.declare_lost(session, lost.file_id, operation_id=OPERATION, at=lake.clock(session))
    assert all_rows(lake).is_empty()
    assert purge(lake) == 0
    assert lost.key_id in keys.held
    erase(lake, [record(1)], DELETE, operation_id=OPERATION)
    assert purge(lake) == 1
    assert not keys.held


def test_an_unreadable_file_is_named_and_everything_else_is_erased(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    land(lake, orders([1, 2]), 1)
    (broken,) = live_files(lake)
    land(lake, orders([1, 3], start=2), 2)
    path = tmp_path / "lake" / name_of("orders", broken.file_id)
    path.write_bytes(path.read_bytes()[:-9])
    with lake.read_only() as session:
        order = [file.file_id for file in catalogue.files_of(session, states=[FileState.LIVE])]
    with pytest.raises(LakeFileRefused) as refused:
        erase(lake, [record(1)], DELETE, operation_id=OPERATION)
    assert refused.value.file_id == broken.file_id
    assert len(order) == 2


def test_a_writer_that_was_forestalled_takes_its_files_back_and_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = HeldKeys()
    lake = small_lake(tmp_path, keys=keys)
    land(lake, orders([1, 2]), 1)
    land(lake, orders([1, 3], start=2), 2)
    settle = lake.files.settle
    first = iter([True])

    def settle_after_a_compaction(names: list[str]) -> None:
        settle(names)
        if next(first, False):
            compact(lake, "orders", operation_id=b"c" * 16)

    monkeypatch.setattr(lake.files, "settle", settle_after_a_compaction)
    erase(lake, [record(1)], DELETE, operation_id=OPERATION)
    assert all_rows(lake)["event_id"].sort().to_list() == [1, 3]
    purge(lake)
    (file,) = live_files(lake)
    assert list(lake.files.names()) == [name_of("orders", file.file_id)]
    assert set(keys.held) == {file.key_id}
    with lake.read_only() as session:
        assert catalogue.open_intents(session) == []


def test_an_erasure_gives_way_when_others_keep_replacing_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = small_lake(tmp_path)
    land(lake, orders([1, 2]), 1)

    def always_forestalled(*args: object, **kwargs: object) -> None:
        raise CatalogueConflict("orders")

    monkeypatch.setattr(catalogue, "replace", always_forestalled)
    with pytest.raises(CatalogueConflict):
        erase(lake, [record(1)], DELETE, operation_id=OPERATION)
    assert all_rows(lake).height == 2
    assert len(list(lake.files.names())) == 1


def test_rows_of_nobody_survive_the_deletion_of_somebody_beside_them(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    land(lake, orders([None, 1, None, 2]), 1)
    erase(lake, [record(1)], DELETE, operation_id=OPERATION)
    assert all_rows(lake)["event_id"].sort().to_list() == [0, 2, 3]


def test_a_file_that_was_published_meanwhile_is_not_replaced_as_staged(tmp_path: Path) -> None:
    """Its replacement would wait for a publication that has been, and its rows would be lost."""
    lake = small_lake(tmp_path)
    files = append(lake, orders([1, 2]), table="orders", batch_id=batch(1))
    with lake.unit_of_work() as session:
        catalogue.stage(session, files, batch_id=batch(1), at=lake.clock(session))
        sources = catalogue.files_of(session, states=[FileState.STAGED])
        catalogue.publish(session, batch(1))
    with pytest.raises(CatalogueConflict), lake.unit_of_work() as session:
        catalogue.replace(session, sources, [], operation_id=OPERATION, at=lake.clock(session))
    assert all_rows(lake).height == 2
