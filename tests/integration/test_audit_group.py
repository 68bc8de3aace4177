"""Many acts in one transaction share one read of the head, and none of them can leave a hole behind."""

import threading
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlmodel import Session

from hub.database.unit import reading, unit_of_work
from hub.writer import Writer
from privacy.store.audit import append_entries, entries, head_of_log
from privacy.store.audit_checkpoint import add_checkpoint
from privacy.store.audit_verify import verify_log
from tests.builders import NOON
from tests.builders_audit import BASE, KEY, PUBLIC, StoredLog, an_entry, append


@pytest.fixture
def log(control: Engine) -> StoredLog:
    return StoredLog(control).started()


def act(session: Session, *, number: int, fails: bool) -> range:
    placed = append_entries(session, [an_entry(number), an_entry(number)])
    if fails:
        raise LookupError("after the entries")
    return placed


def test_an_act_that_fails_takes_its_entries_and_the_remembered_head_along(log: StoredLog) -> None:
    writer = Writer(partial(unit_of_work, log.engine))
    futures = [writer.submit(partial(act, number=number, fails=number % 3 == 1)) for number in range(60)]
    placed = [future.result(30) for future in futures if future.exception(30) is None]
    writer.close()
    assert sorted(number for each in placed for number in each) == list(range(80))
    with reading(log.engine) as session:
        assert verify_log(session, PUBLIC).size == 80
        assert [entry.fields.rows for _, entry in entries(session)][:2] == [59, 59]


@given(steps=st.lists(st.tuples(st.integers(1, 40), st.booleans(), st.booleans()), max_size=12))
@settings(max_examples=25)
def test_whatever_is_rolled_back_the_log_verifies(fresh: StoredLog, steps: list[tuple[int, bool, bool]]) -> None:
    with unit_of_work(fresh.engine) as session:
        before = head_of_log(session).size
        kept = 0
        for count, outer, inner in steps:
            first = session.begin_nested()
            append(session, count)
            second = session.begin_nested()
            append(session, count)
            second.commit() if inner else second.rollback()
            append(session, 1)
            first.commit() if outer else first.rollback()
            kept += outer * (count * (1 + inner) + 1)
        assert verify_log(session, PUBLIC).size == before + kept


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> StoredLog:
    from hub.database.engine import engine_of
    from hub.database.schema import upgrade

    engine = engine_of(f"sqlite:///{tmp_path_factory.mktemp('group') / 'control.db'}")
    upgrade(engine, "control")
    return StoredLog(engine).started()


def test_a_group_reads_the_head_once(log: StoredLog) -> None:
    reads: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if "FROM audit_head" in statement:
            reads.append(statement)

    event.listen(log.engine, "before_cursor_execute", note)
    with unit_of_work(log.engine) as session:
        for _ in range(20):
            append(session, 1)
    assert len(reads) == 1


def test_two_who_sign_at_once_make_one_note_a_size(log: StoredLog) -> None:
    notes: list[str | None] = []

    def sign() -> None:
        for _ in range(10):
            with unit_of_work(log.engine) as session:
                append(session, 1)
            with unit_of_work(log.engine) as session:
                notes.append(add_checkpoint(session, BASE, KEY, at=NOON))

    threads = [threading.Thread(target=sign) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    roots = {tuple(str(note).split("\n")[1:3]) for note in notes}
    assert len({size for size, _ in roots}) == len(roots)
    with reading(log.engine) as session:
        assert verify_log(session, PUBLIC, outside=[str(note) for note in notes]).size == 20
