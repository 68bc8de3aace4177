"""Entries that arrive before they are placed: none is lost, doubled or moved before another of its caller."""

from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, text
from sqlmodel import Session

from hub.accesses import SHOWS
from hub.database.engine import engine_of
from hub.database.unit import RuleBroken, reading, unit_of_work
from hub.writer import Writer
from privacy.audit import MAY_WAIT, AuditFieldRefused
from privacy.store.audit import (
    SEQUENCED_AT_ONCE,
    LogHeadMissing,
    append_entries,
    entries,
    known_end,
    log_head,
    note_entries,
    sequence_entries,
    together,
)
from privacy.store.audit_arrival import arrivals, count_arrivals
from privacy.store.audit_checkpoint import add_checkpoint
from privacy.store.audit_verify import verify_log
from privacy.verifier import ProofRejected, proof_of
from tests.builders import NOON, Postgres
from tests.builders_audit import BASE, KEY, PUBLIC, StoredLog, an_entry, auditor

WAITS = "consent.withdrawn"
OTHER_LEAF = (
    "INSERT INTO audit_leaf (leaf_index, leaf_hash, arrival) SELECT 0, sha256('x'), min(arrival) FROM audit_arrival; "
    "DELETE FROM audit_arrival"
)
AGAIN = (
    "INSERT INTO audit_arrival (arrival, at, action, leaf_hash, body) OVERRIDING SYSTEM VALUE "
    "SELECT l.arrival, b.at, b.action, l.leaf_hash, b.body FROM audit_leaf l JOIN audit_body b USING (leaf_index)"
)


@pytest.fixture
def log(control: Engine) -> StoredLog:
    return StoredLog(control).started()


@pytest.fixture
def postgres_log(postgres: Postgres) -> Iterator[StoredLog]:
    engine = engine_of(postgres.control_database())
    yield StoredLog(engine).started()
    engine.dispose()


def note(session: Session, *numbers: int) -> None:
    note_entries(session, [an_entry(number, WAITS) for number in numbers])


def place(session: Session, *numbers: int) -> None:
    append_entries(session, [an_entry(number) for number in numbers])


def told(engine: Engine) -> list[int | None]:
    """The numbers that entries were made with, in the order of the log."""
    with reading(engine) as session:
        return [entry.fields.rows for _, entry in reversed(entries(session, limit=100_000))]


def sequenced(engine: Engine) -> int:
    with unit_of_work(engine) as session:
        return sequence_entries(session)


def test_an_entry_that_may_wait_is_committed_first_and_placed_later(log: StoredLog) -> None:
    waits = log.engine.dialect.name == "postgresql"
    with unit_of_work(log.engine) as session:
        note(session, 1, 2)
        note(session, 3)
    with reading(log.engine) as session:
        verdict = verify_log(session, PUBLIC)
        assert (verdict.size, verdict.unsequenced) == ((0, 3) if waits else (3, 0))
        assert known_end(session) == 3
    assert sequenced(log.engine) == (3 if waits else 0)
    assert sequenced(log.engine) == 0
    assert told(log.engine) == [1, 2, 3]
    with reading(log.engine) as session:
        verdict = verify_log(session, PUBLIC)
        assert (verdict.size, verdict.unsequenced) == (3, 0)


def test_whoever_places_an_entry_places_first_what_waits(log: StoredLog) -> None:
    with unit_of_work(log.engine) as session:
        note(session, 1)
    with unit_of_work(log.engine) as session:
        note(session, 2)
        place(session, 3)
        note(session, 4)
        place(session, 5)
    assert told(log.engine) == [1, 2, 3, 4, 5]


def test_a_signature_covers_what_waits(log: StoredLog) -> None:
    with unit_of_work(log.engine) as session:
        note(session, *range(SEQUENCED_AT_ONCE + 5))
    with unit_of_work(log.engine) as session:
        signed = add_checkpoint(session, BASE, KEY, at=NOON)
    assert signed is not None
    assert signed.split("\n")[1] == str(SEQUENCED_AT_ONCE + 5)
    assert told(log.engine) == list(range(SEQUENCED_AT_ONCE + 5))


def test_a_proof_and_a_receipt_of_an_entry_that_arrived_verify(log: StoredLog) -> None:
    with unit_of_work(log.engine) as session:
        note(session, *range(40))
    signed = log.grow(3)
    for number in (0, 17, 39, 42):
        proof = proof_of(log.proof(number, signed))
        assert f'"rows":{number % 40}'.encode() in (proof.entry or b"")
        assert auditor(signed, log.receipt(number)).verify_entry(proof).head.size == 43
    with reading(log.engine) as session:
        assert verify_log(session, PUBLIC, outside=[signed]).size == 43


def test_only_actions_that_may_wait_are_let_wait(log: StoredLog) -> None:
    may_not = {"view.release.intent", "reveal.intent", "erasure.intent", "policy.apply", "principal.add"}
    may_not |= set(SHOWS) - {"view.row"}  # which a person's own view of who looked gives its place first
    assert not MAY_WAIT & may_not
    for action in may_not:
        with pytest.raises(AuditFieldRefused), unit_of_work(log.engine) as session:
            note_entries(session, [an_entry(1, WAITS), an_entry(2, action)])
    assert told(log.engine) == []
    with reading(log.engine) as session:
        assert count_arrivals(session) == 0


def test_the_database_keeps_an_arrival_until_its_leaf_is_there(postgres_log: StoredLog) -> None:
    with unit_of_work(postgres_log.engine) as session:
        note(session, 1, 2)
    for act in (
        "DELETE FROM audit_arrival",
        "UPDATE audit_arrival SET action = 'x'",
        "TRUNCATE audit_arrival",
        OTHER_LEAF,
    ):
        with pytest.raises(RuleBroken, match="append-only"), unit_of_work(postgres_log.engine) as session:
            session.connection().exec_driver_sql(act)
    assert sequenced(postgres_log.engine) == 2


def test_an_arrival_that_was_altered_is_found_before_and_after_it_is_placed(postgres_log: StoredLog) -> None:
    with unit_of_work(postgres_log.engine) as session:
        note(session, 1, 2, 3)
        session.execute(text("ALTER TABLE audit_arrival DISABLE TRIGGER USER"))
        session.execute(text("UPDATE audit_arrival SET body = body || 'x' WHERE arrival % 3 = 2"))
        session.execute(text("ALTER TABLE audit_arrival ENABLE TRIGGER USER"))
    with reading(postgres_log.engine) as session, pytest.raises(ProofRejected, match="the body of arrival"):
        verify_log(session, PUBLIC)
    assert sequenced(postgres_log.engine) == 3
    with reading(postgres_log.engine) as session, pytest.raises(ProofRejected, match="the body of entry 1 "):
        verify_log(session, PUBLIC)


def test_an_entry_that_waits_a_second_time_is_found(postgres_log: StoredLog) -> None:
    with unit_of_work(postgres_log.engine) as session:
        note(session, 1)
    with unit_of_work(postgres_log.engine) as session:
        sequence_entries(session)
        session.execute(text(AGAIN))
    with reading(postgres_log.engine) as session, pytest.raises(ProofRejected, match="has a place as entry 0"):
        verify_log(session, PUBLIC)
    with pytest.raises(RuleBroken):
        sequenced(postgres_log.engine)


def test_what_waits_when_a_new_log_begins_belongs_to_the_old_one(log: StoredLog) -> None:
    signed = log.grow(2)
    with unit_of_work(log.engine) as session:
        note(session, 7)

    late = partial(arrive_once, log.engine, url=log.engine.url.render_as_string(hide_password=False))
    with late():
        log.go_on(signed)
    log.grow(1)
    with reading(log.engine) as session:
        verdict = verify_log(session, PUBLIC, outside=[signed])
        actions = [entry.action for _, entry in reversed(entries(session))]
    assert verdict.logs == 2
    assert actions[2:4] == [WAITS, "log.continued"]
    if log.engine.dialect.name == "postgresql":
        assert actions[4] == WAITS  # it came while the new log was begun


class arrive_once:  # noqa: N801 - used as a block
    """Let an entry arrive by another connection when the head row is about to be moved to a new log."""

    def __init__(self, engine: Engine, *, url: str) -> None:
        self.engine, self.other, self.done = engine, engine_of(url), engine.dialect.name == "sqlite"

    def __enter__(self) -> None:
        event.listen(self.engine, "before_cursor_execute", self.look)

    def __exit__(self, *_exc: object) -> None:
        event.remove(self.engine, "before_cursor_execute", self.look)
        self.other.dispose()
        assert self.done

    def look(self, _connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if not self.done and statement.startswith("UPDATE audit_head SET") and "log" in statement:
            self.done = True
            with unit_of_work(self.other) as session:
                note(session, 8)


def test_a_log_without_its_head_row_says_so(log: StoredLog) -> None:
    with unit_of_work(log.engine) as session:
        session.execute(text("DELETE FROM audit_head"))
    for act in (place, log_head):
        with pytest.raises(LogHeadMissing, match="no head row"), unit_of_work(log.engine) as session:
            act(session)


@given(
    steps=st.lists(
        st.tuples(st.sampled_from([note, place]), st.integers(0, 3), st.booleans(), st.booleans()), max_size=10
    )
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_group_writes_what_its_acts_noted_and_nothing_of_those_undone(
    log: StoredLog, steps: list[tuple[object, int, bool, bool]]
) -> None:
    """The oracle is a list: an act's savepoint that is rolled back takes its numbers along, wherever they stood."""
    before, expected = told(log.engine), list[int]()
    number = 0
    with unit_of_work(log.engine) as session, together(session):
        for write, count, outer, inner in steps:
            first, kept = session.begin_nested(), list(expected)
            expected += [number := number + 1]
            note(session, number)
            second, mid = session.begin_nested(), list(expected)
            for _ in range(count):
                expected += [number := number + 1]
                write(session, number)  # type: ignore[operator]  # one of two functions
            second.commit() if inner else second.rollback()
            expected = expected if inner else mid
            first.commit() if outer else first.rollback()
            expected = expected if outer else kept
    while sequenced(log.engine):
        pass
    assert told(log.engine) == before + expected
    with reading(log.engine) as session:
        assert verify_log(session, PUBLIC).unsequenced == 0


def test_a_group_writes_its_entries_with_one_statement(log: StoredLog) -> None:
    inserts: list[str] = []

    def see(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith(("INSERT INTO audit_arrival", "INSERT INTO audit_leaf")):
            inserts.append(statement)

    event.listen(log.engine, "before_cursor_execute", see)
    with unit_of_work(log.engine) as session, together(session):
        for number in range(20):
            with session.begin_nested():
                note(session, number)
    assert len(inserts) == 1
    sequenced(log.engine)
    assert told(log.engine) == list(range(20))


def test_a_writer_whose_group_cannot_write_its_entries_tells_everybody(postgres_log: StoredLog) -> None:
    with unit_of_work(postgres_log.engine) as session:
        session.execute(
            text("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$")
        )
        session.execute(text("CREATE TRIGGER no BEFORE INSERT ON audit_arrival FOR EACH ROW EXECUTE FUNCTION no()"))
    writer = Writer(partial(unit_of_work, postgres_log.engine))
    futures = [writer.submit(lambda session: note(session, 1)) for _ in range(9)]
    assert [type(future.exception(30)) for future in futures] == [RuleBroken] * 9
    with unit_of_work(postgres_log.engine) as session:
        session.execute(text("DROP TRIGGER no ON audit_arrival"))
    writer.submit(lambda session: note(session, 99)).result(30)
    writer.close()
    with reading(postgres_log.engine) as session:
        assert len(arrivals(session, limit=100)) == 1
