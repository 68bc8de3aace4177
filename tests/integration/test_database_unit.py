"""Units of work on both databases: all or nothing, one snapshot a reading, and no value in any error."""

import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy.exc
from sqlalchemy import Engine, text
from sqlmodel import Session

from hub.database.engine import engine_of
from hub.database.unit import RuleBroken, StorageFull, _commit_failure, reading, sanitised, unit_of_work
from hub.errors import HubError, ServiceUnreachable, SettingsInvalid, WriteUnknown
from tests.builders import CANARY, Postgres


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = engine_of(database_url)
    with unit_of_work(engine) as session:
        session.execute(text("CREATE TABLE word (word VARCHAR(64) PRIMARY KEY)"))
    yield engine
    engine.dispose()


def words(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return list(session.execute(text("SELECT word FROM word ORDER BY word")).scalars())


def write(session: Session, word: str) -> None:
    session.execute(text("INSERT INTO word VALUES (:word)"), {"word": word})


def write_and_fail(session: Session, word: str) -> None:
    write(session, word)
    raise KeyError("mine")


def end_the_server_process_of(session: Session, *, by: Engine) -> None:
    backend = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with unit_of_work(by) as other:
        other.execute(text("SELECT pg_terminate_backend(:backend, 5000)"), {"backend": backend})


def said_by(error: BaseException) -> str:
    """Everything a careless logger could print of an error: its text, causes, contexts and their texts."""
    told, seen, queue = [], set(), [error]
    while queue:
        one = queue.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        told += [str(one), repr(one), repr(one.args), str(getattr(one, "orig", "")), str(getattr(one, "params", ""))]
        queue += [other for other in (one.__cause__, one.__context__) if other is not None]
    return "\n".join([*told, *traceback.format_exception(error, chain=True)])


def test_a_unit_of_work_commits_at_its_end(engine: Engine) -> None:
    with unit_of_work(engine) as session:
        write(session, "one")
        assert words(engine) == []
    assert words(engine) == ["one"]


def test_an_error_inside_a_unit_of_work_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(KeyError), unit_of_work(engine) as session:
        write_and_fail(session, "one")
    assert words(engine) == []
    with unit_of_work(engine) as session:
        write(session, "two")
    assert words(engine) == ["two"]


def test_a_savepoint_fails_alone(engine: Engine) -> None:
    with unit_of_work(engine) as session:
        write(session, "kept")
        with pytest.raises(KeyError), session.begin_nested():
            write_and_fail(session, "dropped")
        write(session, "kept too")
    assert words(engine) == ["kept", "kept too"]


def test_a_reading_sees_one_snapshot_however_long_it_lasts(engine: Engine) -> None:
    """Heads, crosswalk and tombstones are read by several statements: they must speak of one instant."""
    with reading(engine) as session:
        before = session.execute(text("SELECT count(*) FROM word")).scalar_one()
        with unit_of_work(engine) as other:
            write(other, "meanwhile")
        assert session.execute(text("SELECT count(*) FROM word")).scalar_one() == before == 0
    assert words(engine) == ["meanwhile"]


def test_a_write_in_a_reading_is_never_kept(engine: Engine) -> None:
    try:
        with reading(engine) as session:
            write(session, "smuggled")
    except HubError:
        pass
    assert words(engine) == []


def test_a_refused_row_is_named_by_its_rule_and_by_no_value(engine: Engine) -> None:
    with unit_of_work(engine) as session:
        write(session, CANARY)
    with pytest.raises(RuleBroken) as caught, unit_of_work(engine) as session:
        write(session, CANARY)
    assert "word" in caught.value.rule
    assert CANARY not in said_by(caught.value)


def test_a_value_that_the_database_cannot_take_is_not_told(engine: Engine) -> None:
    with pytest.raises(HubError) as caught, unit_of_work(engine) as session:
        session.execute(text("INSERT INTO word VALUES (:word)"), {"word": [CANARY, object()]})
    assert CANARY not in said_by(caught.value)


def test_a_failed_reading_tells_no_value(engine: Engine) -> None:
    with pytest.raises(HubError) as caught, reading(engine) as session:
        session.execute(text("SELECT :word FROM nowhere"), {"word": CANARY})
    assert CANARY not in said_by(caught.value)


def test_the_error_of_the_body_itself_arrives_unchanged(engine: Engine) -> None:
    mine = HubError("mine")
    with pytest.raises(HubError) as caught, unit_of_work(engine):
        raise mine
    assert caught.value is mine


def test_a_full_sqlite_says_so_and_changes_nothing(tmp_path: Path) -> None:
    engine = engine_of(f"sqlite:///{tmp_path / 'small.db'}")
    with unit_of_work(engine) as session:
        session.execute(text("CREATE TABLE word (word TEXT)"))
        session.execute(text("PRAGMA max_page_count = 8"))
    with pytest.raises(StorageFull), unit_of_work(engine) as session:
        session.execute(text("INSERT INTO word VALUES (:word)"), [{"word": "x" * 4096}] * 64)
    assert words(engine) == []
    engine.dispose()


def test_a_full_postgresql_says_so(postgres: Postgres) -> None:
    engine = engine_of(postgres.fresh_database())
    with pytest.raises(StorageFull), unit_of_work(engine) as session:
        session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full'; END $$"))
    engine.dispose()


def test_a_lost_connection_before_commit_is_known_to_have_changed_nothing(postgres: Postgres) -> None:
    engine = engine_of(postgres.fresh_database())
    with pytest.raises(ServiceUnreachable), unit_of_work(engine) as session:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    engine.dispose()


def test_a_connection_lost_at_commit_is_unknown(postgres: Postgres) -> None:
    engine, other = engine_of(url := postgres.fresh_database()), engine_of(url)
    with pytest.raises(WriteUnknown), unit_of_work(engine) as session:
        end_the_server_process_of(session, by=other)
    engine.dispose()
    other.dispose()


def test_a_rule_checked_at_commit_is_known_to_have_changed_nothing(postgres: Postgres) -> None:
    engine = engine_of(postgres.fresh_database())
    with unit_of_work(engine) as session:
        session.execute(text("CREATE TABLE late (word TEXT UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
    with pytest.raises(RuleBroken) as caught, unit_of_work(engine) as session:
        session.execute(text("INSERT INTO late VALUES (:word), (:word)"), {"word": CANARY})
    assert CANARY not in said_by(caught.value)
    engine.dispose()


def test_only_a_broken_rule_or_a_full_disk_is_known_at_commit() -> None:
    assert isinstance(_commit_failure(sqlalchemy.exc.InterfaceError("", {}, Exception("gone"))), WriteUnknown)
    assert isinstance(_commit_failure(sqlalchemy.exc.DatabaseError("", {}, Exception("gone"))), WriteUnknown)


def test_an_unreachable_server_is_told_without_the_password() -> None:
    engine = engine_of("postgresql://varde:geheim-4711@127.0.0.1:1/varde")
    with pytest.raises(ServiceUnreachable) as caught, reading(engine):
        pass
    assert "geheim" not in said_by(caught.value)


def test_an_error_of_the_driver_that_is_no_rule_is_named_by_its_class() -> None:
    fault = sanitised(sqlalchemy.exc.DataError("INSERT", {"word": CANARY}, ValueError(CANARY)))
    assert isinstance(fault, RuleBroken)
    assert CANARY not in said_by(fault)


@pytest.mark.parametrize(
    "url", ["", "nothing", "mysql://host/name", "postgresql://varde:geheim@host:notaport/name", "sqlite:///:memory:"]
)
def test_a_url_that_cannot_be_used_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        engine_of(url)
    assert "geheim" not in said_by(caught.value)
