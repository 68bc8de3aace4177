"""kill -9 in the middle of rotating keys, with writers and readers beside it: nothing unreadable, run it again.

The quick run has a few kills; `VARDE_FULL_MATRIX=1` kills at every step on both kinds of database.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from hub.authentication import acting_principal
from hub.compose import Hub, open_hub
from hub.keystore.generation import GenerationState, all_generations
from hub.keystore.store import SqlKeyStore
from hub.rotation.destruction import retire
from hub.rotation.domain import rotate_domain
from hub.rotation.kek import rotate_kek
from hub.settings import Settings
from privacy.keys import NO_ACT
from privacy.terms import DomainName
from tests.builders import DATABASES, FixedClock
from tests.conftest import HubFactory
from tests.faults.rotation_child import MONTH
from tests.keystore_builders import add, ids

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[2]
KEYS = 4_100  # three batches
WRITERS = 2
PAUSE = 0.05
CHURN = DomainName("churn")
FULL = os.environ.get("VARDE_FULL_MATRIX") == "1"
KEK_STEPS = [
    ("sqlite", "batch_rewrapped", 2),
    ("sqlite", "retire_intended", 1),
    ("postgres", "batch_rewrapped", 2),
]
if FULL:
    counted = [("batch_rewrapped", count) for count in (1, 3)]
    single = [(step, 1) for step in ("rotation_intended", "generation_started", "retire_intended", "key_destroyed")]
    KEK_STEPS = [(kind, *each) for kind in DATABASES for each in [*single, ("batch_rewrapped", 2), *counted]]
KINDS = DATABASES if FULL else ("sqlite",)


@pytest.fixture
def hub(kind: str, hub_factory: HubFactory) -> Hub:
    return hub_factory(kind)


@pytest.fixture
def fresh(hub: Hub, clock: FixedClock) -> Iterator[Hub]:
    """The hub as a process opens it that starts after the kill."""
    opened = open_hub(hub.settings, clock=clock)
    yield opened
    opened.engine.dispose()
    opened.keystore.engine.dispose()


def killed(settings: Settings, act: str, step: str, count: int) -> None:
    """Run an act in a process that dies by SIGKILL when it reaches a step for the given time."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "VARDE_HOME": str(settings.home),
        "VARDE_DATABASE_URL": settings.database_url,
        "VARDE_KEYSTORE_URL": settings.keystore_url,
    }
    words = [sys.executable, "-m", "tests.faults.rotation_child", act, step, str(count)]
    assert subprocess.run(words, cwd=ROOT, env=environment, check=False).returncode == -signal.SIGKILL


def at_work(hub: Hub, number: int, until: Event) -> int:
    """Add keys and get others back until told to stop; return how many were added."""
    written = 0
    while not until.wait(PAUSE):
        start = 100_000 * (number + 1) + written
        add(hub.keystore, 20, start=start)
        written += 20
        found = hub.keystore.get([*ids(100, 1 + 40 * number), *ids(20, start)], act_id=NO_ACT)
        assert len(found) == 120, "every key is readable at every moment"
    return written


@pytest.mark.parametrize(("kind", "step", "count"), KEK_STEPS)
def test_a_killed_rotation_leaves_every_key_readable_and_is_finished_by_the_next(
    hub: Hub, fresh: Hub, step: str, count: int
) -> None:
    add(hub.keystore, KEYS)
    (first,) = all_generations(hub.keystore.engine)
    stop = Event()
    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(at_work, hub, number, stop) for number in range(WRITERS)]
        try:
            killed(hub.settings, "kek", step, count)
            owner = acting_principal(fresh)
            done = rotate_kek(fresh, owner, lambda _count: None)
        finally:
            stop.set()
        written = [writer.result() for writer in writers]
    begun_anew = step in {"rotation_intended", "key_destroyed"}
    assert done.resumed is not begun_anew
    after = {each.generation_id: each for each in all_generations(hub.keystore.engine)}
    assert after[first.generation_id].state is GenerationState.DESTROYED
    assert {each.state for each in after.values() if each.keys} == {GenerationState.CURRENT}
    assert everything(fresh.keystore, written) == KEYS + sum(written)


def everything(store: SqlKeyStore, written: list[int]) -> int:
    """Open every key that was ever added; return how many open."""
    wanted = [*ids(KEYS)]
    for number, count in enumerate(written):
        wanted += ids(count, 100_000 * (number + 1))
    return len(store.get(wanted, act_id=NO_ACT))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("step", "version"), [("domain_key_made", 1), ("domain_switched", 2)])
def test_a_killed_domain_rotation_leaves_one_version_and_the_next_goes_on(
    hub: Hub, fresh: Hub, step: str, version: int
) -> None:
    killed(hub.settings, "domain", step, 1)
    assert fresh.domain(CHURN).version == version
    done = rotate_domain(fresh, CHURN, acting_principal(fresh), MONTH)
    assert done.version == version + 1
    assert [domain.version for domain in fresh.domains.live(CHURN, at=fresh.clock())] == list(range(version + 1, 0, -1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", ["retire_intended", "key_destroyed"])
def test_a_killed_retirement_is_finished_by_the_next(hub: Hub, fresh: Hub, clock: FixedClock, step: str) -> None:
    rotate_domain(hub, CHURN, acting_principal(hub), MONTH)
    clock.forward(days=31)
    killed(hub.settings, "retire", step, 1)
    left = retire(fresh, acting_principal(fresh)).destroyed
    assert len(left) == (1 if step == "retire_intended" else 0)
    assert fresh.domain(CHURN).version == 2
    assert retire(fresh, acting_principal(fresh)).destroyed == ()
