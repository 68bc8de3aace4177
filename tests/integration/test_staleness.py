"""0 s staleness: once an opt-out is acknowledged, no read that starts later, in any process, returns the person.

The checker is tried on hubs with seeded bugs first: it must find a cache with a time to live, a read snapshot that is
used again and an update that is lost, and must find nothing in a sound hub.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from hub.choices import Choice, Wanted, choose
from hub.compose import Hub
from hub.subject_tokens import authenticate_subject
from hub.views.gateway import Gateway
from hub.views.permission import PermittedSet, permitted_set
from hub.writer import Writer
from privacy.store import consent
from privacy.store.epoch import current_epoch
from privacy.store.marks import mark_of_bytes
from privacy.tables.consent import ConsentHead
from privacy.terms import ConsentAct, PurposeId
from tests.api.world import AS_OF, WINBACK, World, make_world
from tests.integration.staleness import Outcomes, Sizes, drive, judged, run
from tests.integration.staleness_doors import VIEW, Outcome
from tests.integration.staleness_postgres import environment_of, tools_first
from tests.shop import NOTICE

SHORT = Sizes(seconds=60.0, operations=150, people=8, clients=3, reads=0.4)


class InProcess:
    """A door without HTTP: the same choice, the same gate."""

    def __init__(self, world: World, writer: Writer, tokens: list[str]) -> None:
        self._world, self._writer = world, writer
        with world.hub.reading() as session:
            self._subjects = [authenticate_subject(world.hub, session, token) for token in tokens]
        self._persons = {pseudonym: person for person, pseudonym in enumerate(world.pseudonyms[WINBACK])}

    def choose(self, person: int, *, present: bool) -> Outcome:
        choice = Choice(
            purpose=PurposeId(WINBACK),
            wanted=Wanted.GIVEN if present else Wanted.WITHDRAWN,
            notice=NOTICE if present else None,
        )
        act = self._writer.submit(lambda session: choose(self._world.hub, session, self._subjects[person], choice))
        chosen = act.result(20)
        return Outcome(acknowledged=True, epoch=chosen.epoch if chosen.recorded else None)

    def read(self) -> frozenset[int]:
        released = Gateway(self._world.hub).read(self._world.reader, VIEW, purpose=WINBACK, as_of=AS_OF)
        return frozenset(self._persons[pseudonym] for pseudonym in released.frame["pseudonym"])

    def close(self) -> None:
        """Nothing is kept open."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path, SHORT.people)
    yield made
    made.hub.engine.dispose()


def kinds_seen(world: World, door: Callable[..., InProcess] = InProcess, sizes: Sizes = SHORT) -> set[str]:
    """Drive a hub through two writers, as two processes would have them, and say what the checker finds."""
    writers = [Writer(world.hub.unit_of_work) for _ in range(2)]
    tokens = [world.token(person) for person in range(sizes.people)]
    with world.hub.reading() as session:
        history = Outcomes(since=current_epoch(session))
    try:
        drive(lambda: [door(world, writer, tokens) for writer in writers], sizes, history)
    finally:
        for writer in writers:
            writer.close()
    verdict = judged(world, history, sizes.people)
    assert verdict.certain > 50, "the run was too short to say anything"
    return verdict.kinds


def test_sound_hub_passes(world: World) -> None:
    assert kinds_seen(world) == set()


def test_cache_with_a_time_to_live_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, tuple[float, PermittedSet]] = {}

    def cached(_: Any, session: Any, purpose: Any, kind: Any, **more: Any) -> PermittedSet:
        if purpose.id not in kept or time.monotonic() - kept[purpose.id][0] > 3:
            kept[purpose.id] = time.monotonic(), permitted_set(session, purpose, kind, **more)
        return kept[purpose.id][1]

    monkeypatch.setattr("hub.views.gateway.permitted_now", cached)
    assert "stale" in kinds_seen(world)


def test_reused_read_snapshot_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    old = world.hub.reading()
    snapshot = old.__enter__()
    snapshot.connection().exec_driver_sql("SELECT value FROM epoch").all()

    def from_the_past(_: Any, __: Any, *rest: Any, **more: Any) -> PermittedSet:
        return permitted_set(snapshot, *rest, **more)

    monkeypatch.setattr("hub.views.gateway.permitted_now", from_the_past)
    monkeypatch.setattr(Hub, "policy", _kept_policy(world.hub))
    try:
        # One client: the session is not shared between threads here, as a real bug would share it.
        assert "stale" in kinds_seen(world, sizes=replace(SHORT, clients=1))
    finally:
        old.__exit__(None, None, None)


class Forgetful(InProcess):
    """Writes heads as a careless ORM would: one is changed, and written back when others have had their turn."""

    def choose(self, person: int, *, present: bool) -> Outcome:
        outcome = super().choose(person, present=present)
        if present and (rows := HELD.pop(self._world.records[person], None)):
            time.sleep(0.05)  # a yes is written back late, over a no that came meanwhile
            with self._world.hub.unit_of_work() as session:
                session.execute(update(ConsentHead).where(col(ConsentHead.record_id) == rows["record_id"]).values(rows))
        return outcome


HELD: dict[bytes, dict[str, Any]] = {}


def is_yes(mark: bytes | None) -> bool:
    return mark is not None and mark_of_bytes(mark).act is ConsentAct.GIVEN


def test_lost_update_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def held(session: Any, rows: list[dict[str, Any]]) -> None:
        late = [row for row in rows if row["purpose"] == WINBACK and is_yes(row["own"])]
        HELD.update({row["record_id"]: row for row in late})
        upsert(session, [row for row in rows if row not in late])

    upsert = consent._upsert

    monkeypatch.setattr("privacy.store.consent._upsert", held)
    monkeypatch.setattr("hub.choices.heads_unlike", lambda *_: {})
    crowded = replace(SHORT, operations=500, people=2, clients=4)
    assert kinds_seen(world, Forgetful, crowded) & {"stale", "lost"}


def _kept_policy(hub: Hub) -> Callable[[Hub], Any]:
    policy = hub.policy()
    return lambda _: policy


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_no_process_returns_whom_any_process_let_go(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two server processes and a third beside them, four clients, and whatever else `disturbances` has to offer."""
    environment: Mapping[str, str] = {}
    if kind == "postgres":
        monkeypatch.setenv("PATH", tools_first(os.environ["PATH"]))
        environment = environment_of(request.getfixturevalue("postgres"))
    verdict, history = run(tmp_path, Sizes(seconds=40, operations=400, disturb_every=0.5), environment)
    assert verdict.violations == []
    assert history.unexpected == {}
    assert verdict.operations > 100
    assert verdict.certain > 400
    assert len(history.disturbances.keys() - {"client left"}) > 1
