"""What only SQLite needs: pragmas that are really on, one queue for all writers, no deleted byte left, a full disk."""

import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import Engine, text

from hub.database import unit
from hub.database.engine import engine_of, sqlite_path
from hub.database.journal import truncate_journal
from hub.database.unit import file_lock, reading, unit_of_work
from hub.errors import ServiceUnreachable
from tests.builders import CANARY, Postgres

ROOT = Path(__file__).parents[2]

COUNTING = """
import sys
from sqlalchemy import text
from hub.database.engine import engine_of
from hub.database.unit import unit_of_work
engine = engine_of(sys.argv[1])
for _ in range(int(sys.argv[2])):
    with unit_of_work(engine) as session:
        value = session.execute(text("SELECT value FROM counter")).scalar_one()
        session.execute(text("UPDATE counter SET value = :value"), {"value": value + 1})
"""

FILLING = """
import resource, sys
from sqlalchemy import text
from hub.database.engine import engine_of
from hub.database.unit import unit_of_work
from hub.errors import HubError
engine = engine_of(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    with unit_of_work(engine) as session:
        for number in range(2_000):
            session.execute(text("INSERT INTO word VALUES (:word)"), {"word": sys.argv[3] * 200})
except HubError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = engine_of(f"sqlite:///{tmp_path / 'one.db'}")
    yield engine
    engine.dispose()


def run(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("secure_delete", 1),
        ("temp_store", 2),
        ("foreign_keys", 1),
        ("recursive_triggers", 1),
        ("busy_timeout", 30_000),
    ],
)
@pytest.mark.usefixtures("waits_for_the_disk")
def test_a_pragma_is_on_in_every_connection(engine: Engine, pragma: str, value: object) -> None:
    with reading(engine) as one, reading(engine) as other:
        assert one.execute(text(f"PRAGMA {pragma}")).scalar_one() == value
        assert other.execute(text(f"PRAGMA {pragma}")).scalar_one() == value


def test_a_writer_holds_the_write_lock_from_its_first_moment(engine: Engine) -> None:
    """BEGIN IMMEDIATE: a transaction that reads first and writes later cannot fail on a stale snapshot."""
    other = engine_of(str(engine.url))
    with other.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA busy_timeout = 0")
        with unit_of_work(engine), pytest.raises(Exception, match="locked"):
            driver.execute("BEGIN IMMEDIATE")
    other.dispose()


def test_the_path_of_an_engine_is_that_of_its_file(engine: Engine, tmp_path: Path, postgres: Postgres) -> None:
    assert sqlite_path(engine) == tmp_path / "one.db"
    assert sqlite_path(engine_of(postgres.uri)) is None


def test_several_processes_neither_starve_nor_lose_an_update(engine: Engine) -> None:
    processes, each = 3, 60
    with unit_of_work(engine) as session:
        session.execute(text("CREATE TABLE counter (value INTEGER)"))
        session.execute(text("INSERT INTO counter VALUES (0)"))
    children = [run(COUNTING, str(engine.url), str(each)) for _ in range(processes)]
    for child in children:
        _, complaint = child.communicate(timeout=60)
        assert (child.returncode, complaint) == (0, "")
    with reading(engine) as session:
        assert session.execute(text("SELECT value FROM counter")).scalar_one() == processes * each


def test_the_queue_is_free_again_after_its_holder_died(engine: Engine, tmp_path: Path) -> None:
    holder = run(
        "import sys, time; from pathlib import Path; from hub.database.unit import file_lock\n"
        "with file_lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)",
        str(tmp_path / "one.db.queue"),
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.communicate()
    with file_lock(tmp_path / "one.db.queue"):
        assert (tmp_path / "one.db.queue").stat().st_mode & 0o077 == 0


def test_a_holder_that_does_not_go_on_stops_nobody_for_ever(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit, "PATIENCE_SECONDS", 0.1)
    queue = tmp_path / "one.db.queue"
    holder = run(
        "import sys; from pathlib import Path; from hub.database.unit import file_lock\n"
        "with file_lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()",
        str(queue),
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    before = threading.active_count()
    for _ in range(5):
        with pytest.raises(ServiceUnreachable, match=r"holds the writer queue one\.db\.queue"), unit_of_work(engine):
            pytest.fail("two held one lock")
    assert threading.active_count() <= before + 1
    holder.communicate()
    monkeypatch.setattr(unit, "PATIENCE_SECONDS", 30.0)
    with unit_of_work(engine) as session:
        session.execute(text("CREATE TABLE word (word TEXT)"))
    assert threading.active_count() <= before


def test_a_disk_that_fills_up_leaves_nothing_half_done(engine: Engine) -> None:
    with unit_of_work(engine) as session:
        session.execute(text("CREATE TABLE word (word TEXT)"))
        session.execute(text("INSERT INTO word VALUES ('before')"))
    assert truncate_journal(engine)
    child = run(FILLING, str(engine.url), str(64 * resource.getpagesize()), CANARY)
    said, complaint = child.communicate(timeout=60)
    assert (child.returncode, complaint) == (0, "")
    assert said
    assert CANARY not in said
    with reading(engine) as session:
        assert list(session.execute(text("SELECT word FROM word")).scalars()) == ["before"]
        assert session.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"


def test_deleted_bytes_are_gone_from_every_file_once_the_journal_is_truncated(engine: Engine, tmp_path: Path) -> None:
    with unit_of_work(engine) as session:
        session.execute(text("CREATE TABLE word (number INTEGER PRIMARY KEY, word TEXT)"))
        session.execute(text("CREATE INDEX by_word ON word (word)"))
        rows = [{"number": number, "word": f"{CANARY}-{number}"} for number in range(500)]
        session.execute(text("INSERT INTO word VALUES (:number, :word)"), rows)
    assert files_with_the_canary(tmp_path)
    with unit_of_work(engine) as session:
        session.execute(text("DELETE FROM word WHERE number % 7 <> 0"))
    with unit_of_work(engine) as session:
        session.execute(text("DELETE FROM word"))
    assert truncate_journal(engine)
    assert files_with_the_canary(tmp_path) == []


def test_a_long_reader_postpones_the_truncation_for_seconds_not_minutes(engine: Engine) -> None:
    with unit_of_work(engine) as session:
        session.execute(text("CREATE TABLE word (word TEXT)"))
    started = monotonic()
    with reading(engine) as session:
        session.execute(text("SELECT * FROM word")).all()
        with unit_of_work(engine) as other:
            other.execute(text("INSERT INTO word VALUES ('meanwhile')"))
        assert not truncate_journal(engine)
    assert monotonic() - started < 15
    assert truncate_journal(engine)
    with reading(engine) as session:
        assert session.execute(text("PRAGMA busy_timeout")).scalar_one() == 30_000


def test_postgresql_has_no_journal_of_ours(postgres: Postgres) -> None:
    engine = engine_of(postgres.fresh_database())
    assert truncate_journal(engine)
    engine.dispose()


def files_with_the_canary(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if CANARY.encode() in path.read_bytes()]
