"""What a process remembers of who may be read, against the same question asked from scratch, after every act."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session

from hub.database.engine import engine_of
from hub.database.schema import upgrade
from hub.database.unit import reading, unit_of_work
from hub.views import remembered
from hub.views.permission import Decisions, PermittedSet, decisions_on, permitted_set
from hub.views.remembered import RememberedSets
from ingest.identity.clustering import Move
from ingest.store.identity import entity_of_record
from ingest.store.move import Cause, apply_moves
from ingest.store.ordinal import assign_ordinals, ordinals_of
from privacy.purposes import Purpose
from privacy.store.consent import append_acts, declare_grounds
from privacy.store.epoch import bump_epoch, bump_epoch_for_all, start_epoch
from privacy.store.erasure import intend_erasure
from privacy.terms import EntityId, EntityKind, LegalBasis, PrincipalId, RecordId
from tests.builders import NOON, FixedClock, Named, an_id, name_all
from tests.privacy_builders import a_purpose
from tests.property.test_consent_store_properties import LATER, a_ground, an_act, consent_events
from tests.property.test_permission_properties import a_yes

PERSON = EntityKind.PERSON
PURPOSES = [a_purpose(legal_basis=basis) for basis in (LegalBasis.CONSENT, LegalBasis.LEGITIMATE_INTERESTS)]
PURPOSES.append(a_purpose(id="churn", domain="churn", legal_basis=LegalBasis.CONTRACT))
CAUSE = Cause(word="test", actor=PrincipalId(an_id(9)), at=NOON)
RECORDS = range(1, 5)
_START = count(1_000, 10)  # each example has records of its own in one database


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = engine_of(f"sqlite:///{tmp_path_factory.mktemp('remembered') / 'control.db'}")
    upgrade(engine, "control")
    with unit_of_work(engine) as session:
        start_epoch(session)
    yield engine
    engine.dispose()


@pytest.fixture
def own(sqlite_control: Engine) -> Engine:
    """A database that no example before has written to."""
    with unit_of_work(sqlite_control) as session:
        start_epoch(session)
    return sqlite_control


class World:
    """Four records in one database, and what can happen to them."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.start, self.clock = engine, next(_START), FixedClock(LATER - timedelta(days=30))
        with unit_of_work(engine) as session:
            name_all(session, [Named(self.start + n, self.start + n, "crm" if n < 4 else "erp") for n in RECORDS])
            bump_epoch_for_all(session, kind="batch")

    def act(self, step: Any) -> None:
        """Do one step, committed."""
        word, *rest = step
        with unit_of_work(self.engine) as session:
            getattr(self, word)(session, *rest)

    def say(self, session: Session, record: int, purpose: str, event: Any) -> None:
        append_acts(session, [an_act(self.start + record, purpose, event)], recorded_at=LATER)

    def move(self, session: Session, record: int, to: int) -> None:
        origin = entity_of_record(session, RecordId(an_id(self.start + record)))
        target = EntityId(an_id(self.start + to))
        if origin is not None and origin != target:
            apply_moves(session, [Move(RecordId(an_id(self.start + record)), origin, target)], CAUSE)
            bump_epoch(session, {an_id(self.start + record)}, kind="crosswalk")

    def erase(self, session: Session, record: int) -> None:
        intend_erasure(
            session, an_id(next(_START) + 9), [RecordId(an_id(self.start + record))], by=CAUSE.actor, at=NOON
        )

    def declare(self, session: Session, source: str, purpose: str, basis: LegalBasis) -> None:
        declare_grounds(session, [a_ground(source, purpose, legal_basis=basis.value)])
        bump_epoch_for_all(session, kind="batch")

    def wait(self, _: Session, hours: int) -> None:
        self.clock.forward(hours=hours)


RECORD = st.sampled_from(RECORDS)
STEPS = st.one_of(
    st.tuples(st.just("say"), RECORD, st.sampled_from(["winback", "churn", "*"]), consent_events()),
    st.tuples(st.just("say"), RECORD, st.sampled_from(["winback", "churn", "*"]), consent_events()),
    st.tuples(st.just("move"), RECORD, RECORD),
    st.tuples(st.just("erase"), RECORD),
    st.tuples(st.just("wait"), st.integers(1, 30)),
    st.tuples(
        st.just("declare"), st.sampled_from(["crm", "erp"]), st.sampled_from(["winback", "churn"]),
        st.sampled_from([LegalBasis.CONSENT, LegalBasis.LEGITIMATE_INTERESTS, LegalBasis.CONTRACT]),
    ),
)  # fmt: skip


def told(found: PermittedSet) -> tuple[Any, ...]:
    records = sorted(found.records.select("record", "entity").iter_rows())
    return records, found.absent, found.valid_until


def verify_same(engine: Engine, sets: RememberedSets, at: Any, purposes: list[Purpose] = PURPOSES) -> None:
    with reading(engine) as session:
        for purpose in purposes:
            assert told(sets.of(session, purpose, PERSON, at=at)) == told(
                permitted_set(session, purpose, PERSON, at=at)
            )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=1, max_size=8), seen=st.lists(st.booleans(), min_size=12, max_size=12))
def test_what_is_remembered_is_what_is_read_from_scratch(engine: Engine, steps: list[Any], seen: list[bool]) -> None:
    world, sets = World(engine), RememberedSets()
    verify_same(engine, sets, world.clock())
    for step, look in zip(steps, seen, strict=False):
        world.act(step)
        if look:  # what several acts did is brought on at once, too
            verify_same(engine, sets, world.clock())
    verify_same(engine, sets, world.clock())


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """How many entities each decision asked for; None for everybody."""
    asked: list[int | None] = []

    def counting(*rest: Any, entities: Any = None, **more: Any) -> Decisions:
        asked.append(None if entities is None else entities.len())
        return decisions_on(*rest, entities=entities, **more)

    monkeypatch.setattr(remembered, "decisions_on", counting)
    return asked


def test_everybody_is_read_once_and_then_only_who_changed(own: Engine, counted: list[int | None]) -> None:
    world, sets = World(own), RememberedSets()
    for step in (None, None, ("say", 1, "winback", a_yes(1).event), ("move", 2, 1), None):
        if step:
            world.act(step)
        with reading(own) as session:
            sets.of(session, PURPOSES[0], PERSON, at=world.clock())
    assert counted == [None, 1, 2], "two entities stand at either end of a move"


def test_a_consent_that_lapses_is_decided_anew_without_any_act(own: Engine, counted: list[int | None]) -> None:
    world, sets = World(own), RememberedSets()
    world.clock.at = NOON
    world.act(("say", 1, "winback", a_yes(1, 10).event))
    verify_same(own, sets, world.clock(), PURPOSES[:1])
    del counted[:]
    for hours, asked in ((9, []), (1, [1]), (1, [])):
        world.clock.forward(hours=hours)
        verify_same(own, sets, world.clock(), PURPOSES[:1])
        assert counted == asked
        del counted[:]


def test_a_clock_that_was_set_back_is_read_anew(own: Engine) -> None:
    world, sets = World(own), RememberedSets()
    world.act(("say", 1, "winback", a_yes(1, 10).event))
    for at in (NOON, NOON + timedelta(hours=11), NOON):
        verify_same(own, sets, at, PURPOSES[:1])


def test_an_older_snapshot_is_given_what_is_newer_and_never_older(own: Engine) -> None:
    world, sets = World(own), RememberedSets()
    world.act(("say", 1, "winback", a_yes(1).event))
    with reading(own) as old:
        before = sets.of(old, PURPOSES[0], PERSON, at=LATER)
        world.act(("erase", 1))
        with reading(own) as new:
            after = sets.of(new, PURPOSES[0], PERSON, at=LATER)
        assert told(after) != told(before)
        assert sets.of(old, PURPOSES[0], PERSON, at=LATER) is after, "the fence of the older request sees the erasure"


def test_ordinals_that_were_given_are_looked_up_once(own: Engine) -> None:
    world, sets = World(own), RememberedSets()
    record = an_id(world.start + 1)
    world.act(("say", 1, "winback", a_yes(1).event))
    with reading(own) as session:
        found = sets.of(session, PURPOSES[0], PERSON, at=LATER)
    assert found.records.filter(record=record)["ordinal"].to_list() == [None]
    with unit_of_work(own) as session:
        assign_ordinals(session, [record])
    with reading(own) as session:
        given = ordinals_of(session, [record])
        sets.learn_ordinals(PURPOSES[0], PERSON, given)
        found = sets.of(session, PURPOSES[0], PERSON, at=LATER)
    assert found.records.filter(record=record)["ordinal"].to_list() == given["ordinal"].to_list()


OTHER = """
import sys
from tests.property.test_remembered_sets import World, a_yes, engine_of
from random import Random
engine = engine_of(sys.argv[1])
world, rng = World(engine), Random(7)
for _ in range(25):
    record = rng.randint(1, 3)
    said = ("say", record, "winback", a_yes(1).event)
    world.act(rng.choice([said, ("move", record, rng.randint(1, 4)), ("erase", 3)]))
    print("done", flush=True)
"""


def test_another_process_writes_and_nothing_old_is_given_out(own: Engine) -> None:
    url, sets = str(own.url), RememberedSets()
    command = [sys.executable, "-c", OTHER, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as other:
        assert other.stdout is not None
        for _ in other.stdout:  # it goes on meanwhile: each comparison has a snapshot of its own
            verify_same(own, sets, LATER)
    assert other.returncode == 0
    verify_same(own, sets, LATER)


def test_threads_that_overtake_one_another_see_what_is_true(own: Engine) -> None:
    """Each reader's set holds no record that was closed before its snapshot."""
    world, sets, wrong = World(own), RememberedSets(), []
    for number in RECORDS:
        world.act(("say", number, "winback", a_yes(1).event))

    def read() -> None:
        for _ in range(40):
            with reading(own) as session:
                closed = {
                    row[0] for row in session.connection().exec_driver_sql("SELECT record_id FROM tombstone").all()
                }
                found = set(sets.of(session, PURPOSES[0], PERSON, at=LATER).records["record"])
                wrong.extend(closed & found)

    threads = [Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in RECORDS:
        world.act(("erase", number))
    for thread in threads:
        thread.join()
    assert wrong == []
