from pathlib import Path

import polars as pl
import pytest

from hub.lake import catalogue
from hub.lake.append import append
from hub.lake.compaction import FULL_FILE_ROWS, compact, plan
from hub.lake.errors import CatalogueConflict
from hub.lake.fsck import FindingKind, fsck
from hub.lake.lake import Lake
from hub.lake.purge import purge
from hub.lake.storage import LocalFileStore
from hub.lake.sweep import sweep
from hub.lake.terms import CatalogueFile, FileState, name_of
from privacy.terms import FileId, KeyId
from tests.builders_lake import (
    INSTANCE,
    NOON,
    HeldKeys,
    StandingClock,
    all_rows,
    batch,
    land,
    orders,
    parquet_bytes,
    small_lake,
    states,
)

OPERATION = b"o" * 16


def kinds(lake: Lake) -> list[FindingKind]:
    return sorted(finding.kind for finding in fsck(lake).findings)


def files_in(lake: Lake, state: FileState) -> list[CatalogueFile]:
    with lake.read_only() as session:
        return catalogue.files_of(session, states=[state])


def test_compaction_merges_small_files_and_changes_no_row(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    for number in range(5):
        land(lake, orders(range(20), start=20 * number), number)
    before = all_rows(lake)
    outcome = compact(lake, "orders", operation_id=OPERATION)
    assert (outcome.files_before, outcome.files_after, outcome.rows, outcome.conflicts) == (5, 1, 100, 0)
    assert all_rows(lake).equals(before)
    again = compact(lake, "orders", operation_id=OPERATION)
    assert (again.files_before, again.files_after) == (0, 0)


def test_compaction_spreads_a_table_that_has_grown(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    for number in range(2):
        land(lake, orders((i % 900 for i in range(60_000)), start=60_000 * number), number)
    before = all_rows(lake)
    compact(lake, "orders", operation_id=OPERATION)
    assert [(f.modulus, f.remainder) for f in sorted(files_in(lake, FileState.LIVE), key=lambda f: f.remainder)] == [
        (2, 0),
        (2, 1),
    ]
    assert all_rows(lake).equals(before)


def described(number: int, *, rows: int, modulus: int = 1, remainder: int = 0) -> CatalogueFile:
    return CatalogueFile(
        file_id=FileId(bytes([number]) * 16),
        table="orders",
        modulus=modulus,
        remainder=remainder,
        rows=rows,
        size_bytes=rows,
        min_event_at=NOON,
        max_event_at=NOON,
        schema_version=1,
        key_id=KeyId(bytes([number]) * 16),
        sha256=b"s" * 32,
        state=FileState.LIVE,
        added_by=bytes([number]) * 16,
    )


def test_the_plan_merges_only_alike_small_files_within_bounded_memory() -> None:
    files = [described(n, rows=450_000, modulus=2, remainder=n % 2) for n in range(14)]
    files += [described(20, rows=FULL_FILE_ROWS), described(21, rows=10), described(22, rows=10, modulus=4)]
    merges = plan(files)
    assert sorted(len(merge) for merge in merges) == [3, 3, 4, 4]
    for merge in merges:
        assert len({(file.modulus, file.remainder) for file in merge}) == 1
        assert sum(file.rows for file in merge) <= 2_000_000


def test_of_two_writers_who_replace_one_file_exactly_one_wins(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    land(lake, orders([1, 2]), 1)
    (source,) = files_in(lake, FileState.LIVE)
    with lake.unit_of_work() as session:
        catalogue.replace(session, [source], [], operation_id=OPERATION, at=NOON)
    with pytest.raises(CatalogueConflict), lake.unit_of_work() as session:
        catalogue.replace(session, [source], [], operation_id=b"p" * 16, at=NOON)
    assert states(lake) == {FileState.REMOVED: 1}


def test_a_merge_that_was_forestalled_is_counted_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = HeldKeys()
    lake = small_lake(tmp_path, keys=keys)
    land(lake, orders([1]), 1)
    land(lake, orders([2], start=1), 2)

    def forestalled(*args: object, **kwargs: object) -> None:
        raise CatalogueConflict("orders")

    monkeypatch.setattr(catalogue, "replace", forestalled)
    assert compact(lake, "orders", operation_id=OPERATION).conflicts == 1
    assert len(list(lake.files.names())) == len(keys.held) == 2
    assert kinds(lake) == []


def test_the_sweep_leaves_running_writers_alone_and_clears_dead_ones(tmp_path: Path) -> None:
    clock = StandingClock()
    keys = HeldKeys()
    lake = small_lake(tmp_path, clock=clock, keys=keys)
    append(lake, orders([1]), table="orders", batch_id=batch(1))
    clock.advance(hours=5.9)
    assert sweep(lake).intents == 0
    assert kinds(lake) == []
    clock.advance(hours=0.2)
    assert kinds(lake) == [FindingKind.EXPIRED_INTENT]
    outcome = sweep(lake)
    assert (outcome.intents, outcome.set_aside) == (1, ())
    assert list(lake.files.names()) == []
    assert not keys.held
    assert kinds(lake) == []


def test_the_sweep_never_deletes_what_another_instance_promised(tmp_path: Path) -> None:
    clock = StandingClock()
    lake = small_lake(tmp_path, clock=clock)
    append(lake, orders([1]), table="orders", batch_id=batch(1))
    other = small_lake(tmp_path, clock=clock, keys=lake.keys)
    object.__setattr__(other, "instance_id", b"j" * 16)
    clock.advance(hours=7)
    assert other.instance_id != INSTANCE
    assert sweep(other).intents == 0
    assert len(list(lake.files.names())) == 1


def test_unknown_files_are_set_aside_not_deleted(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    land(lake, orders([1]), 1)
    strange = tmp_path / "lake" / "orders" / f"{'ab' * 16}.parquet"
    strange.write_bytes(parquet_bytes(orders([2])))
    (tmp_path / "lake" / "note.txt").write_bytes(b"x")
    assert kinds(lake) == [FindingKind.UNKNOWN_FILE, FindingKind.UNKNOWN_FILE]
    before = strange.read_bytes()
    assert len(sweep(lake).set_aside) == 2
    assert (tmp_path / "lake" / "lost+found" / f"orders__{'ab' * 16}.parquet").read_bytes() == before
    assert kinds(lake) == []
    assert all_rows(lake).height == 1


def test_fsck_names_each_fault_and_repairs_nothing(tmp_path: Path) -> None:
    keys = HeldKeys()
    lake = small_lake(tmp_path, keys=keys)
    for number in range(5):
        land(lake, orders([number], start=number), number)
    missing, short, altered, keyless, good = files_in(lake, FileState.LIVE)
    path = {
        file.file_id: tmp_path / "lake" / name_of("orders", file.file_id) for file in files_in(lake, FileState.LIVE)
    }
    path[missing.file_id].unlink()
    path[short.file_id].write_bytes(path[short.file_id].read_bytes()[:-1])
    content = path[altered.file_id].read_bytes()
    path[altered.file_id].write_bytes(b"X" + content[1:])
    keys.shred([keyless.key_id])
    before, size = sorted(lake.files.names()), short.size_bytes
    report = fsck(lake)
    assert {fault.where: fault.because for fault in report.faults()} == {
        f"orders {missing.file_id.hex()}": "the file is missing",
        f"orders {short.file_id.hex()}": f"the file has {size - 1} bytes, the catalogue says {size}",
        f"orders {altered.file_id.hex()}": "the file's SHA-256 is not the catalogue's",
        f"orders {keyless.file_id.hex()}": "its key is not in the key store",
    }
    assert report.files_read == 5
    assert report.bytes_read >= good.size_bytes
    assert sorted(lake.files.names()) == before
    assert states(lake) == {FileState.LIVE: 5}


def test_fsck_lists_open_ends(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    files = append(lake, orders([1]), table="orders", batch_id=batch(1))
    with lake.unit_of_work() as session:
        catalogue.stage(session, files, batch_id=batch(1), at=lake.clock(session))
    land(lake, orders([2]), 2)
    land(lake, orders([3]), 3)
    land(lake, orders([4]), 4, table="tickets")
    compact(lake, "orders", operation_id=OPERATION)
    (tickets,) = [file for file in files_in(lake, FileState.LIVE) if file.table == "tickets"]
    with lake.unit_of_work() as session:
        catalogue.declare_lost(session, tickets.file_id, operation_id=OPERATION, at=NOON)
    assert kinds(lake) == sorted(
        [FindingKind.STAGED, FindingKind.AWAITING_PURGE, FindingKind.AWAITING_PURGE, FindingKind.LOST]
    )
    assert fsck(lake).faults() == []
    assert purge(lake) == 2


def test_the_local_store_reads_lists_and_deletes_what_it_holds(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path)
    store.put("orders/a.parquet", b"0123456789")
    store.settle(["orders/a.parquet"])
    assert b"".join(store.chunks("orders/a.parquet")) == b"0123456789"
    assert store.tail("orders/a.parquet", 4) == b"6789"
    assert store.tail("orders/a.parquet", 40) == b"0123456789"
    assert Path(store.location("orders/a.parquet")).read_bytes() == b"0123456789"
    (tmp_path / "orders" / "b.parquet.tmp").write_bytes(b"half")
    assert list(store.names()) == ["orders/a.parquet", "orders/b.parquet.tmp"]
    store.delete(["orders/a.parquet", "orders/b.parquet", "nowhere/c.parquet"])
    assert list(store.names()) == []
    store.set_aside("orders/gone.parquet")
    with pytest.raises(FileNotFoundError):
        store.tail("orders/a.parquet", 4)


def test_the_local_store_never_overwrites_half_a_file_of_another(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path)
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "a.parquet.tmp").write_bytes(b"half")
    with pytest.raises(FileExistsError):
        store.put("orders/a.parquet", b"whole")


def test_compaction_keeps_the_rows_of_nobody(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    land(lake, orders([None, 1, None]), 1)
    land(lake, orders([None], start=3), 2)
    compact(lake, "orders", operation_id=OPERATION)
    assert all_rows(lake).select(pl.col("person").is_null().sum()).item() == 3
