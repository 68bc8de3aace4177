"""Many callers, writers, sequencers and signers at once on PostgreSQL: each acknowledged entry once, in its order."""

import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from hub.database.engine import engine_of
from hub.database.unit import reading, unit_of_work
from hub.errors import HubError
from hub.writer import Writer
from privacy.store.audit import append_entries, entries, note_entries, sequence_entries
from privacy.store.audit_checkpoint import add_checkpoint
from privacy.store.audit_verify import verify_log
from tests.builders import NOON, Postgres
from tests.builders_audit import BASE, KEY, PUBLIC, StoredLog, an_entry

CALLERS, ACTS, WRITERS = 12, 40, 4


class Refused(Exception):
    """An act's own no, after its entry was noted."""


def test_nothing_is_lost_doubled_or_moved_before_another_of_its_caller(postgres: Postgres) -> None:
    """The oracle is what each caller was told: an answer means one entry, a refusal none."""
    url = postgres.control_database()
    engine, over, notes = engine_of(url), threading.Event(), list[str]()
    StoredLog(engine).started()
    writers = [Writer(partial(unit_of_work, engine)) for _ in range(WRITERS)]
    with ThreadPoolExecutor(CALLERS + 3) as pool:
        others = [pool.submit(sequencing, engine_of(url), over) for _ in range(2)]
        others.append(pool.submit(signing, engine_of(url), over, notes))
        callers = [pool.submit(calling, writers[n % WRITERS], engine, n) for n in range(CALLERS)]
        expected = {number: caller.result(120) for number, caller in enumerate(callers)}
        over.set()
        for other in others:
            other.result(60)
    for writer in writers:
        writer.close()
    while placed(engine):
        pass
    with reading(engine) as session:
        verdict = verify_log(session, PUBLIC, outside=notes)
        found = defaultdict(list)
        for _, entry in reversed(entries(session, limit=100_000)):
            caller, act = divmod(entry.fields.rows or 0, 1_000)
            found[caller].append(act)
    assert found == expected
    assert verdict.size == sum(map(len, expected.values()))
    assert verdict.unsequenced == 0
    assert len(set(notes)) > 1
    engine.dispose()


def calling(writer: Writer, engine: Engine, caller: int) -> list[int]:
    """Act after act, each begun after the one before it was answered; return those that were done."""
    done = []
    for act in range(ACTS):
        number = caller * 1_000 + act
        if act % 10 == 9:  # one that may not wait, in a transaction of its own
            with unit_of_work(engine) as session:
                append_entries(session, [an_entry(number)])
        elif act % 7 == 3:
            with pytest.raises(Refused):
                writer.submit(partial(noted_and_refused, number=number)).result(60)
            continue
        else:
            writer.submit(partial(noted, number=number)).result(60)
        done.append(act)
    return done


def placed_in_haste(session: Session, *, number: int) -> None:
    session.connection().exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
    append_entries(session, [an_entry(number)])


def noted(session: Session, *, number: int) -> None:
    note_entries(session, [an_entry(number, "consent.withdrawn")])


def noted_and_refused(session: Session, *, number: int) -> None:
    noted(session, number=number)
    raise Refused


def placed(engine: Engine) -> int:
    with unit_of_work(engine) as session:
        return sequence_entries(session)


def sequencing(engine: Engine, over: threading.Event) -> None:
    again(over, lambda: placed(engine))
    engine.dispose()


def signing(engine: Engine, over: threading.Event, notes: list[str]) -> None:
    def sign() -> None:
        with unit_of_work(engine) as session:
            note = add_checkpoint(session, BASE, KEY, at=NOON)
        notes.extend([note] if note else [])

    again(over, sign)
    engine.dispose()


def again(over: threading.Event, act: Callable[[], object]) -> None:
    while not over.wait(0.01):
        act()


def test_an_act_that_cannot_get_the_head_changes_nothing_and_those_that_may_wait_go_on(postgres: Postgres) -> None:
    engine = engine_of(postgres.control_database())
    StoredLog(engine).started()
    with unit_of_work(engine) as holder:
        append_entries(holder, [an_entry(1)])
        with unit_of_work(engine) as session:
            noted(session, number=2)
        with pytest.raises(HubError), unit_of_work(engine) as session:
            placed_in_haste(session, number=3)
    with unit_of_work(engine) as session:
        append_entries(session, [an_entry(4)])
    with reading(engine) as session:
        assert [entry.fields.rows for _, entry in reversed(entries(session))] == [1, 2, 4]
        assert verify_log(session, PUBLIC).size == 3
    engine.dispose()
