from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from pyarrow.parquet.encryption import create_decryption_properties

from hub.lake import catalogue
from hub.lake.append import append
from hub.lake.errors import FrameRefused, IntentExpired, LakeFileNotWritten
from hub.lake.reading import reading
from hub.lake.sweep import sweep
from hub.lake.terms import FileState, name_of
from privacy.keys import KeyKind
from tests.builders_lake import (
    HeldKeys,
    StandingClock,
    all_rows,
    batch,
    land,
    orders,
    record,
    small_lake,
    states,
)


def test_rows_are_seen_only_after_publication(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    files = append(lake, orders(range(10)), table="orders", batch_id=batch(1))
    assert all_rows(lake).is_empty()
    with lake.unit_of_work() as session:
        catalogue.stage(session, files, batch_id=batch(1), at=lake.clock(session))
    assert all_rows(lake).is_empty()
    with lake.unit_of_work() as session:
        assert catalogue.publish(session, batch(1)) == 1
    assert all_rows(lake).equals(orders(range(10)).sort(pl.all()))
    with lake.unit_of_work() as session:
        assert catalogue.publish(session, batch(1)) == 0


def test_each_file_has_a_key_of_its_own_owned_by_the_file_and_its_batch(tmp_path: Path) -> None:
    keys = HeldKeys()
    lake = small_lake(tmp_path, keys=keys)
    files = append(lake, orders(i % 500 for i in range(120_000)), table="orders", batch_id=batch(1))
    assert [file.modulus for file in files] == [2, 2]
    assert sum(file.rows for file in files) == 120_000
    assert keys.calls == ["add"]
    for file in files:
        new = keys.held[file.key_id]
        assert (new.key.kind, new.owner, new.batch_id) == (KeyKind.FILE, file.file_id, batch(1))
    assert len({new.key.secret for new in keys.held.values()}) == len(files)


def test_pyarrow_reads_every_written_file_under_the_same_key_and_aad(tmp_path: Path) -> None:
    keys = HeldKeys()
    lake = small_lake(tmp_path, keys=keys)
    frame = orders((i % 700 for i in range(130_000)), organisation=9)
    files = append(lake, frame, table="orders", batch_id=batch(1))
    parts = []
    for file in files:
        secret = keys.held[file.key_id].key.secret
        path = tmp_path / "lake" / name_of("orders", file.file_id)
        properties = create_decryption_properties(secret, aad_prefix=file.file_id)
        parts.append(pl.from_arrow(pq.read_table(path, decryption_properties=properties)))
        with pytest.raises(OSError, match="encrypted"):
            pq.read_table(path)
        with pytest.raises(OSError, match="decrypt"):
            pq.read_table(path, decryption_properties=create_decryption_properties(secret, aad_prefix=b"x" * 16))
    assert pl.concat(parts).sort("event_id").equals(frame)


def test_no_clear_value_and_no_key_reaches_the_disk(tmp_path: Path) -> None:
    keys = HeldKeys()
    lake = small_lake(tmp_path, keys=keys)
    land(lake, orders(range(2_000)), 1)
    needles = [record(7), *(new.key.secret for new in keys.held.values()), b"amount_minor"]
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert not any(needle in content for needle in needles), path


def test_a_plan_shows_no_key_and_cannot_be_serialised(tmp_path: Path) -> None:
    keys = HeldKeys()
    lake = small_lake(tmp_path, keys=keys)
    land(lake, orders(range(5)), 1)
    secret = next(iter(keys.held.values())).key.secret
    with reading(lake) as reader:
        scan = reader.scan("orders")
        shown = scan.explain() + repr(scan) + scan.explain(optimized=False)
        assert secret.hex() not in shown
        assert repr(bytes(secret)) not in shown
        with pytest.raises(pl.exceptions.ComputeError):
            scan.serialize()


@pytest.mark.parametrize(
    ("change", "column"),
    [
        (lambda f: f.drop("amount_minor"), "amount_minor"),
        (lambda f: f.with_columns(extra=1), "extra"),
        (lambda f: f.with_columns(pl.col("amount_minor").cast(pl.Int32)), "amount_minor"),
        (lambda f: f.with_columns(event_time=pl.lit(None, dtype=f.schema["event_time"])), "event_time"),
        (lambda f: f.with_columns(person=pl.lit(b"short")), "person"),
        (lambda f: f.with_columns(organisation=pl.lit(b"o" * 17)), "organisation"),
    ],
)
def test_a_frame_of_another_shape_is_refused_before_anything_is_written(tmp_path: Path, change, column: str) -> None:
    keys = HeldKeys()
    lake = small_lake(tmp_path, keys=keys)
    with pytest.raises(FrameRefused) as refused:
        append(lake, change(orders([1])), table="orders", batch_id=batch(1))
    assert refused.value.column == column
    assert not keys.held
    assert list(lake.files.names()) == []


@pytest.mark.parametrize("table", ["../etc", "Orders", "a/b", "", "x" * 64, "lost+found"])
def test_a_table_whose_name_is_no_directory_name_is_refused(tmp_path: Path, table: str) -> None:
    with pytest.raises(FrameRefused):
        append(small_lake(tmp_path), orders([1]), table=table, batch_id=batch(1))


def test_an_empty_frame_writes_nothing(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    assert append(lake, orders([]), table="orders", batch_id=batch(1)) == []


def test_a_refusing_disk_leaves_no_file_no_key_and_no_intent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = HeldKeys()
    lake = small_lake(tmp_path, keys=keys)
    land(lake, orders(range(3)), 1)
    held = set(keys.held)
    put = lake.files.put
    calls = iter(range(99))

    def full_at_the_second(name: str, content: bytes) -> None:
        if next(calls) == 1:
            raise OSError(28, "No space left on device")
        put(name, content)

    monkeypatch.setattr(lake.files, "put", full_at_the_second)
    with pytest.raises(LakeFileNotWritten, match="No space left") as refused:
        append(lake, orders(i % 500 for i in range(300_000)), table="orders", batch_id=batch(2))
    assert refused.value.file_id.hex() in str(refused.value)
    assert len(list(lake.files.names())) == 1
    assert set(keys.held) == held
    with lake.read_only() as session:
        assert catalogue.open_intents(session) == []
    assert all_rows(lake).height == 3


def test_an_aborted_batch_is_never_seen(tmp_path: Path) -> None:
    lake = small_lake(tmp_path)
    files = append(lake, orders(range(10)), table="orders", batch_id=batch(1))
    with lake.unit_of_work() as session:
        catalogue.stage(session, files, batch_id=batch(1), at=lake.clock(session))
        assert catalogue.abort(session, batch(1), operation_id=b"o" * 16, at=lake.clock(session)) == 1
        assert catalogue.publish(session, batch(1)) == 0
    assert all_rows(lake).is_empty()
    assert states(lake) == {FileState.REMOVED: 1}


def test_files_whose_intent_was_swept_cannot_be_staged(tmp_path: Path) -> None:
    clock = StandingClock()
    lake = small_lake(tmp_path, clock=clock)
    files = append(lake, orders(range(10)), table="orders", batch_id=batch(1))
    clock.advance(hours=6)
    assert sweep(lake).intents == 1
    with pytest.raises(IntentExpired), lake.unit_of_work() as session:
        catalogue.stage(session, files, batch_id=batch(1), at=clock.at)
    assert states(lake) == {}
