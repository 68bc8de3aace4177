"""kill -9 in the middle of rewrapping keys, with a writer beside it: every key stays readable, the walk can go on."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.database.engine import engine_of
from hub.database.schema import upgrade
from hub.keystore.generation import GenerationState, all_generations, destroy_generation, wrapper_of
from hub.keystore.rewrap import rewrap_batch, rewrap_generations
from hub.keystore.store import SqlKeyStore
from privacy.keys import NO_ACT
from tests.builders import NOON, an_id
from tests.keystore_builders import KEK, OTHER, add, ids

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[2]
KEYS = 200
CHILD = """
import os, signal, sys
from contextlib import contextmanager
from hub.database.engine import engine_of
from hub.keystore import rewrap
from hub.keystore.store import SqlKeyStore
from tests.builders import an_id
from tests.keystore_builders import KEK, OTHER, add

url, act, step, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
engine = engine_of(url)
store = SqlKeyStore(engine, KEK, instance=an_id(7))
real, left = rewrap.unit_of_work, [count]

def die(here):
    if here == step and not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)

@contextmanager
def dying(engine):
    left[0] -= 1
    die("before")
    with real(engine) as session:
        yield session
        die("inside")
    die("after")

rewrap.unit_of_work = dying
if act == "generations":
    rewrap.rewrap_generations(engine, store.generations, KEK, OTHER)
else:
    position, number = b"", 0
    while position is not None:
        position = rewrap.rewrap_batch(engine, store.generations, act, after=position, limit=40).position
        add(store, 3, start=10_000 + number)  # a writer goes on
        number += 3
"""


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = engine_of(database_url)
    upgrade(engine, "keystore")
    yield engine
    engine.dispose()


def killed(engine: Engine, act: str, step: str, count: int) -> None:
    """Run the act in a process that dies by SIGKILL at the given transaction."""
    url = engine.url.render_as_string(hide_password=False)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", CHILD, url, act, step, str(count)]
    assert subprocess.run(words, cwd=ROOT, env=environment, check=False).returncode == -signal.SIGKILL


def opened(engine: Engine, kek: object = KEK) -> int:
    """Open every key there is in a fresh process's place; return how many."""
    store = SqlKeyStore(engine, kek, instance=an_id(7))  # type: ignore[arg-type]  # one of two files
    wanted = [*ids(KEYS), *ids(100, 10_000)]
    return len(store.get(wanted, act_id=NO_ACT))


@pytest.mark.parametrize(("step", "count"), [("before", 3), ("inside", 1), ("inside", 3), ("after", 3), ("after", 5)])
def test_a_killed_rewrap_leaves_every_key_readable_and_goes_on(engine: Engine, step: str, count: int) -> None:
    store = SqlKeyStore(engine, KEK, instance=an_id(7))
    add(store, KEYS)
    first, _ = store.generations.current()
    store.generations.start()
    killed(engine, wrapper_of(first), step, count)
    whole = count - (step != "after")  # batches that were committed
    states = {each.state: each.keys for each in all_generations(engine)}
    assert states[GenerationState.RETIRING] == KEYS - 40 * whole
    assert opened(engine) == sum(states.values())
    fresh = SqlKeyStore(engine, KEK, instance=an_id(7))
    rewrap_batch(engine, fresh.generations, wrapper_of(first))
    destroy_generation(engine, first, at=NOON)
    assert opened(engine) == sum(states.values())


@pytest.mark.parametrize(("step", "whole"), [("before", 1), ("inside", 1), ("after", 2)])
def test_a_killed_move_to_another_kek_opens_each_generation_under_the_kek_it_names(
    engine: Engine, step: str, whole: int
) -> None:
    store = SqlKeyStore(engine, KEK, instance=an_id(7))
    for number in range(3):
        store.generations.start()
        add(store, 10, start=1 + 10 * number)
    killed(engine, "generations", step, 2)
    names = [each.kek_id for each in all_generations(engine)]
    assert sorted(names) == sorted([OTHER.kek_id] * whole + [KEK.kek_id] * (3 - whole))
    assert rewrap_generations(engine, store.generations, KEK, OTHER) == 3 - whole
    assert opened(engine, OTHER) == 30
