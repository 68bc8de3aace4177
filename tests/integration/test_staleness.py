"""0 s staleness: once an opt-out is acknowledged, no read that starts later, in any process, returns the person.

The checker is tried on hubs with seeded bugs first: it must find a cache with a time to live and a read snapshot that
is used again, and must find nothing in a sound hub.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.choices import Choice, Wanted, choose
from hub.compose import Hub
from hub.subject_tokens import authenticate_subject
from hub.views.gateway import Gateway
from hub.views.permission import PermittedSet, permitted_set
from hub.writer import Writer
from privacy.terms import PurposeId
from tests.api.world import AS_OF, WINBACK, World, make_world
from tests.integration.history import Chose, Read, check
from tests.integration.staleness import VIEW, Outcome, Sizes, drive, run
from tests.shop import NOTICE

SHORT = Sizes(seconds=2.0, people=8, clients=3)


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


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path, SHORT.people)
    yield made
    made.hub.engine.dispose()


def kinds_seen(world: World) -> set[str]:
    writer = Writer(world.hub.unit_of_work)
    tokens = [world.token(person) for person in range(SHORT.people)]
    try:
        verdict = drive(lambda: [InProcess(world, writer, tokens)], SHORT)
    finally:
        writer.close()
    assert verdict.certain > 50, "the run was too short to say anything"
    return {violation.kind for violation in verdict.violations}


def test_sound_hub_passes(world: World) -> None:
    assert kinds_seen(world) == set()


def test_cache_with_a_time_to_live_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, tuple[float, PermittedSet]] = {}

    def cached(session: Any, purpose: Any, kind: Any, **more: Any) -> PermittedSet:
        if purpose.id not in kept or time.monotonic() - kept[purpose.id][0] > 0.5:
            kept[purpose.id] = time.monotonic(), permitted_set(session, purpose, kind, **more)
        return kept[purpose.id][1]

    monkeypatch.setattr("hub.views.gateway.permitted_set", cached)
    assert "stale" in kinds_seen(world)


def test_reused_read_snapshot_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    old = world.hub.reading()
    snapshot = old.__enter__()
    snapshot.connection().exec_driver_sql("SELECT value FROM epoch").all()

    def from_the_past(_: Any, *rest: Any, **more: Any) -> PermittedSet:
        return permitted_set(snapshot, *rest, **more)

    monkeypatch.setattr("hub.views.gateway.permitted_set", from_the_past)
    monkeypatch.setattr(Hub, "policy", _kept_policy(world.hub))
    try:
        # One client: the session is not shared between threads here, as a real bug would share it.
        monkeypatch.setattr(f"{__name__}.SHORT", Sizes(seconds=2.0, people=8, clients=1))
        assert "stale" in kinds_seen(world)
    finally:
        old.__exit__(None, None, None)


def _kept_policy(hub: Hub) -> Callable[[Hub], Any]:
    policy = hub.policy()
    return lambda _: policy


def out(start: int, end: int, epoch: int | None = 1, *, acknowledged: bool = True) -> Chose:
    return Chose(person=0, present=False, started=start, ended=end, epoch=epoch, acknowledged=acknowledged)


def back(start: int, end: int, epoch: int | None = 2) -> Chose:
    return Chose(person=0, present=True, started=start, ended=end, epoch=epoch)


def read(start: int, end: int, *, seen: bool) -> Read:
    return Read(start, end, frozenset({0} if seen else ()))


@pytest.mark.parametrize(
    ("choices", "reads", "kinds"),
    [
        ([out(1, 2)], [read(3, 4, seen=True)], ["stale"]),
        ([out(1, 2)], [read(3, 4, seen=False)], []),
        ([out(2, 5)], [read(1, 3, seen=True), read(4, 6, seen=False), read(3, 9, seen=True)], []),
        ([out(1, 2), back(3, 6)], [read(4, 5, seen=True), read(4, 5, seen=False)], []),
        ([out(1, 2), back(3, 4)], [read(5, 6, seen=False)], ["lost"]),
        ([], [read(1, 2, seen=False)], ["lost"]),
        ([out(1, 2, None, acknowledged=False)], [read(3, 4, seen=True), read(3, 4, seen=False)], []),
        ([out(1, 2, None)], [read(3, 4, seen=True)], ["stale"]),
        ([out(1, 2, None, acknowledged=False), out(3, 4)], [read(5, 6, seen=True)], ["stale"]),
        ([out(1, 2, 7), back(3, 4, 6)], [], ["reordered"]),
        ([out(1, 2, 7), back(3, 4, 7)], [], ["reordered"]),
        ([out(1, 4, 7), Chose(1, present=False, started=2, ended=5, epoch=6)], [], []),
    ],
)
def test_checker_on_small_histories(choices: list[Chose], reads: list[Read], kinds: list[str]) -> None:
    people = 1 + max((choice.person for choice in choices), default=0)
    assert [violation.kind for violation in check(choices, reads, people).violations] == kinds


def test_no_process_returns_whom_any_process_let_go(tmp_path: Path) -> None:
    """Two server processes, four clients, and now and then a server is killed."""
    verdict = run(tmp_path, Sizes())
    assert verdict.violations == []
    assert verdict.certain > 1000
    assert verdict.operations > 100
