"""The group-commit writer: one COMMIT for many acts, each act atomic on its own, no answer before it is durable."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from hub.database.engine import engine_of
from hub.database.unit import RuleBroken, StorageFull, reading, unit_of_work
from hub.errors import ServiceUnreachable, WriteUnknown
from hub.writer import GROUP_LIMIT, Writer
from tests.builders import CANARY, Postgres

SECONDS = 20


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = engine_of(database_url)
    with unit_of_work(engine) as session:
        session.execute(text("CREATE TABLE word (word VARCHAR(64) PRIMARY KEY)"))
    yield engine
    engine.dispose()


@pytest.fixture
def writer(engine: Engine) -> Iterator[Writer]:
    writer = Writer(partial(unit_of_work, engine))
    yield writer
    writer.close()


class Gate:
    """An act that waits: whatever is submitted meanwhile becomes one group."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()

    def __call__(self, _session: Session) -> str:
        self.entered.set()
        assert self.opened.wait(SECONDS)
        return "through"


class CountedUnits:
    """Units of work that count their commits, and can be told to fail at the next one."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.commits = engine, 0
        self.fault: Exception | None = None

    def __call__(self) -> AbstractContextManager[Session]:
        return self._unit()

    @contextmanager
    def _unit(self) -> Iterator[Session]:
        with unit_of_work(self.engine) as session:
            yield session
            if self.fault is not None:
                raise self.fault
        self.commits += 1


def add(word: str) -> Callable[[Session], str]:
    def act(session: Session) -> str:
        session.execute(text("INSERT INTO word VALUES (:word)"), {"word": word})
        return word

    return act


def add_then_fail(word: str) -> Callable[[Session], str]:
    def act(session: Session) -> str:
        add(word)(session)
        raise LookupError("mine")

    return act


def words(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return list(session.execute(text("SELECT word FROM word ORDER BY word")).scalars())


def submitted_as_a_group(writer: Writer, acts: list[Callable[[Session], Any]]) -> list[Future[Any]]:
    gate = Gate()
    first = writer.submit(gate)
    assert gate.entered.wait(SECONDS)
    futures = [writer.submit(act) for act in acts]
    gate.opened.set()
    assert first.result(SECONDS) == "through"
    return futures


def test_an_answer_means_that_the_act_is_durable(engine: Engine, writer: Writer) -> None:
    assert writer.submit(add("one")).result(SECONDS) == "one"
    assert words(engine) == ["one"]


def test_nobody_is_told_before_the_commit(engine: Engine) -> None:
    told, done = Gate(), threading.Event()

    @contextmanager
    def slow() -> Iterator[Session]:
        with unit_of_work(engine) as session:
            yield session
            told(session)
        done.set()

    writer = Writer(slow)
    future = writer.submit(add("one"))
    assert told.entered.wait(SECONDS)
    assert not future.done()
    assert words(engine) == []
    told.opened.set()
    assert future.result(SECONDS) == "one"
    assert done.is_set()
    writer.close()


def test_acts_that_wait_share_one_commit(engine: Engine) -> None:
    units = CountedUnits(engine)
    writer = Writer(units)
    futures = submitted_as_a_group(writer, [add(f"{number:03}") for number in range(20)])
    assert [future.result(SECONDS) for future in futures] == [f"{number:03}" for number in range(20)]
    assert units.commits == 2
    writer.close()


def test_a_group_has_a_limit(engine: Engine) -> None:
    units = CountedUnits(engine)
    writer = Writer(units)
    futures = submitted_as_a_group(writer, [add(f"{number:03}") for number in range(GROUP_LIMIT + 1)])
    writer.close()
    assert all(future.done() for future in futures)
    assert units.commits == 3
    assert len(words(engine)) == GROUP_LIMIT + 1


def test_one_bad_act_fails_alone_and_leaves_nothing_of_itself(engine: Engine, writer: Writer) -> None:
    acts = [add("one"), add_then_fail("half"), add(CANARY), add(CANARY), add("two")]
    one, half, first, again, two = submitted_as_a_group(writer, acts)
    assert (one.result(SECONDS), first.result(SECONDS), two.result(SECONDS)) == ("one", CANARY, "two")
    assert isinstance(half.exception(SECONDS), LookupError)
    refused = again.exception(SECONDS)
    assert isinstance(refused, RuleBroken)
    assert CANARY not in str(refused)
    assert refused.__context__ is refused.__cause__ is None
    assert words(engine) == [CANARY, "one", "two"]


def test_a_commit_that_fails_is_told_to_the_whole_group(engine: Engine) -> None:
    units = CountedUnits(engine)
    writer = Writer(units)
    gate = Gate()
    first = writer.submit(gate)
    assert gate.entered.wait(SECONDS)
    group = [first, writer.submit(add("one")), writer.submit(add_then_fail("half"))]
    units.fault = WriteUnknown()
    gate.opened.set()
    assert isinstance(first.exception(SECONDS), WriteUnknown)
    assert isinstance(group[1].exception(SECONDS), WriteUnknown)
    units.fault = None
    assert writer.submit(add("after")).result(SECONDS) == "after"
    assert words(engine) == ["after"]
    writer.close()


def test_an_act_whose_caller_has_gone_is_not_done_and_stops_nobody(engine: Engine, writer: Writer) -> None:
    """A client that disconnects cancels its future while it waits."""
    gate = Gate()
    first = writer.submit(gate)
    assert gate.entered.wait(SECONDS)
    gone, stayed = writer.submit(add("gone")), writer.submit(add("stayed"))
    assert gone.cancel()
    gate.opened.set()
    assert first.result(SECONDS) == "through"
    assert stayed.result(SECONDS) == "stayed"
    assert words(engine) == ["stayed"]
    assert writer.submit(add("later")).result(SECONDS) == "later"


def test_an_act_that_has_begun_cannot_be_cancelled_any_more(engine: Engine, writer: Writer) -> None:
    gate = Gate()
    future = writer.submit(gate)
    assert gate.entered.wait(SECONDS)
    assert not future.cancel()
    gate.opened.set()
    assert future.result(SECONDS) == "through"


def test_closing_finishes_what_was_submitted(engine: Engine) -> None:
    writer = Writer(partial(unit_of_work, engine))
    futures = [writer.submit(add(f"{number:03}")) for number in range(50)]
    writer.close()
    assert all(future.done() for future in futures)
    assert len(words(engine)) == 50
    with pytest.raises(ServiceUnreachable):
        writer.submit(add("late"))
    writer.close()


def test_whatever_is_accepted_while_closing_gets_an_answer(engine: Engine) -> None:
    writer = Writer(partial(unit_of_work, engine))
    accepted: list[Future[Any]] = []
    submitting = threading.Event()

    def keep_submitting() -> None:
        for number in range(10_000):
            try:
                accepted.append(writer.submit(lambda _session: None))
            except ServiceUnreachable:
                return
            if number == 20:
                submitting.set()

    others = [threading.Thread(target=keep_submitting) for _ in range(3)]
    for thread in others:
        thread.start()
    assert submitting.wait(SECONDS)
    writer.close()
    for thread in others:
        thread.join(SECONDS)
    assert all(future.exception(SECONDS) is None for future in accepted)


def test_a_full_disk_is_told_to_every_act_that_it_undid(tmp_path: Path) -> None:
    """SQLite rolls the whole transaction back by itself: an act of the group that had gone well is lost with it."""
    engine = engine_of(f"sqlite:///{tmp_path / 'small.db'}")
    with unit_of_work(engine) as session:
        session.execute(text("CREATE TABLE word (word TEXT)"))
        session.execute(text("PRAGMA max_page_count = 16"))
    writer = Writer(partial(unit_of_work, engine))
    group = submitted_as_a_group(writer, [add("before"), add("x" * 100_000), add("after")])
    assert all(isinstance(future.exception(SECONDS), StorageFull) for future in group)
    assert words(engine) == []
    assert writer.submit(add("later")).result(SECONDS) == "later"
    assert words(engine) == ["later"]
    writer.close()
    engine.dispose()


def test_a_connection_lost_in_an_act_is_told_to_its_group(postgres: Postgres) -> None:
    engine = engine_of(postgres.fresh_database())
    with unit_of_work(engine) as session:
        session.execute(text("CREATE TABLE word (word VARCHAR(64) PRIMARY KEY)"))
    writer = Writer(partial(unit_of_work, engine))
    end = text("SELECT pg_terminate_backend(pg_backend_pid())")
    faults = submitted_as_a_group(writer, [add("before"), lambda session: session.execute(end), add("after")])
    told = [future.exception(SECONDS) for future in faults]
    assert [type(fault) for fault in told] == [ServiceUnreachable] * 3, told
    assert writer.submit(add("later")).result(SECONDS) == "later"
    assert words(engine) == ["later"]
    writer.close()
    engine.dispose()


def test_nobody_is_told_before_what_comes_between_is_done_and_groups_share_it(engine: Engine) -> None:
    """Shipping is done once for all who wait; if it fails they are told so, and what follows is not held up."""
    gate, calls = threading.Event(), []

    def ship() -> None:
        gate.wait(10)
        calls.append(1)
        if len(calls) == 2:
            raise ServiceUnreachable("the copy", "away")

    writer = Writer(partial(unit_of_work, engine), ship)
    first = writer.submit(lambda _session: "first")
    time.sleep(0.1)
    later = [writer.submit(lambda _session, n=n: n) for n in range(5)]
    time.sleep(0.1)
    assert not first.done()
    gate.set()
    assert first.result(10) == "first"
    for future in later:
        with pytest.raises(ServiceUnreachable):
            future.result(10)
    assert len(calls) == 2
    assert writer.submit(lambda _session: "after").result(10) == "after"
    writer.close()
