"""The write-ahead log is brought back beside the writers: it stays short, and no commit does it."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import sleep

import pytest
from sqlalchemy import Engine, text

from hub.database import checkpoint
from hub.database.checkpoint import LONG_PAGES, holds_pages, look_after
from hub.database.engine import engine_of
from hub.database.journal import truncate_journal
from hub.database.unit import reading, unit_of_work

PAGES_LONG = 60
HOLDING = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX, 1, 121)  # where SQLite locks a checkpoint: sqlite.org/walformat.html
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(checkpoint, "LONG_PAGES", PAGES_LONG)
    monkeypatch.setattr(checkpoint, "_STEP_PAGES", 8)
    return tmp_path / "one.db"


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    engine = engine_of(f"sqlite:///{path}")
    with unit_of_work(engine) as session:
        session.execute(text("CREATE TABLE word (number INTEGER PRIMARY KEY, word BLOB)"))
    yield engine
    wait_for_it()
    engine.dispose()


def wait_for_it() -> None:
    for thread in threading.enumerate():
        if thread.name == "varde-checkpoint":
            thread.join()


def write(engine: Engine, times: int = 1) -> None:
    """Write some five pages, a time."""
    for _ in range(times):
        with unit_of_work(engine) as session:
            session.execute(text("INSERT INTO word (word) VALUES (randomblob(16000))"))


def pages_of(engine: Engine) -> int:
    """Ask SQLite itself how long the log is; asked beside a reader of the first state, nothing is copied back."""
    with engine.connect() as connection, closing(connection.connection.cursor()) as cursor:
        return int(cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1])


def test_the_length_of_the_log_is_what_sqlite_says(engine: Engine, path: Path) -> None:
    write(engine, 5)
    length = pages_of(engine)
    assert length >= 20
    assert holds_pages(path, length)
    assert not holds_pages(path, length + 1)
    write(engine)  # everything was copied back: this one begins the log anew, in a file that keeps its length
    assert not holds_pages(path, length)
    assert holds_pages(path, pages_of(engine))


def test_a_database_without_a_log_has_none_that_is_long(tmp_path: Path) -> None:
    assert not holds_pages(tmp_path / "none.db", 1)


def test_the_log_stays_short_while_several_write(engine: Engine, path: Path) -> None:
    log, longest = path.with_name("one.db-wal"), 0
    threads = [threading.Thread(target=write, args=(engine, 60)) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        longest = max(longest, log.stat().st_size)
        sleep(0.002)
    wait_for_it()
    assert longest < 10 * PAGES_LONG * 4096  # 180 rows would make it twice that
    with reading(engine) as session:
        assert session.execute(text("SELECT count(*) FROM word")).scalar_one() == 180
        assert session.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"


def test_a_reader_that_stands_keeps_the_log_and_stops_nobody(engine: Engine, path: Path) -> None:
    with reading(engine) as session:
        assert session.execute(text("SELECT count(*) FROM word")).scalar_one() == 0
        write(engine, 40)
        wait_for_it()
        assert holds_pages(path, 2 * PAGES_LONG)
        assert session.execute(text("SELECT count(*) FROM word")).scalar_one() == 0
    write(engine, 4)
    wait_for_it()
    write(engine)
    assert not holds_pages(path, PAGES_LONG)


def test_no_commit_copies_the_log_back(engine: Engine) -> None:
    with reading(engine) as session:
        assert session.execute(text("PRAGMA wal_autocheckpoint")).scalar_one() == 4 * LONG_PAGES


def test_a_thread_that_cannot_be_had_is_asked_for_again(
    engine: Engine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setattr(threading.Thread, "start", _refused)
        write(engine, 20)
    assert holds_pages(path, PAGES_LONG)
    write(engine, 4)
    wait_for_it()
    write(engine)
    assert not holds_pages(path, PAGES_LONG)


def _refused(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_a_database_that_is_gone_is_left_alone(engine: Engine, path: Path, tmp_path: Path) -> None:
    write(engine, 20)
    wait_for_it()
    gone = tmp_path / "gone.db"
    gone.with_name("gone.db-wal").write_bytes(path.with_name("one.db-wal").read_bytes())
    look_after(gone, lambda: pytest.fail("nobody waits for what is gone"))
    wait_for_it()
    assert not gone.exists()


def test_emptying_the_log_waits_for_a_checkpoint_under_way(engine: Engine, path: Path) -> None:
    write(engine)
    command = [sys.executable, "-c", HOLDING, str(path.with_name("one.db-shm"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        threading.Timer(0.3, holder.stdin.close).start()
        assert truncate_journal(engine)
    assert path.with_name("one.db-wal").stat().st_size == 0
