"""Rewrap of data keys from one key generation to the next, on SQLite with the durability of production.

`python -m tests.benchmarks.bench_rewrap [--keys 1_000_000] DIRECTORY`

The goal (issue 3): 1 M keys in 30 s on 2 cores; exit 1 if all of 1 M keys were measured and took longer. With fewer
keys the time for 1 M is extrapolated, and said to be: pages that no longer fit the cache are not in it.
"""

import argparse
import sys
import time
from pathlib import Path

from hub.database.engine import engine_of
from hub.database.schema import upgrade
from hub.keystore.generation import all_generations, destroy_generation, wrapper_of
from hub.keystore.rewrap import rewrap_batch
from hub.keystore.store import SqlKeyStore
from privacy.keys import KEY_BYTES, Key, KeyKind, NewKey
from privacy.terms import KeyId, random_id
from tests.builders import NOON, an_id
from tests.keystore_builders import KEK

GOAL_KEYS = 1_000_000
GOAL_SECONDS = 30.0
DELIVERY = 20_000


def filled(directory: Path, count: int) -> SqlKeyStore:
    """Make a key store with keys as deliveries bring them: random ids, one owner each."""
    path = directory / "keystore.db"
    if path.exists():
        sys.exit(f"there is a key store already in {directory}; name an empty folder")
    engine = engine_of(f"sqlite:///{path}")
    upgrade(engine, "keystore")
    store = SqlKeyStore(engine, KEK, instance=an_id(7), clock=lambda: NOON)
    for start in range(0, count, DELIVERY):
        store.add([a_random_key() for _ in range(min(DELIVERY, count - start))])
    return store


def a_random_key() -> NewKey:
    """Draw an id and an owner; the secret's worth does not matter here."""
    key = Key(key_id=KeyId(random_id()), kind=KeyKind.RECORD, secret=bytes(KEY_BYTES))
    return NewKey(key=key, owner=random_id())


def rewrapped(store: SqlKeyStore) -> tuple[float, int]:
    """Move every key to a new generation and destroy the old one; return seconds and keys."""
    (old,) = all_generations(store.engine)
    store.generations.start()
    moved, position = 0, b""
    started = time.perf_counter()
    while position is not None:
        batch = rewrap_batch(store.engine, store.generations, wrapper_of(old.generation_id), after=position)
        moved, position = moved + batch.changed, batch.position
    destroy_generation(store.engine, old.generation_id, at=NOON)
    store.truncate_journal()
    return time.perf_counter() - started, moved


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--keys", type=int, default=GOAL_KEYS)
    asked = parser.parse_args()
    store = filled(asked.directory, asked.keys)
    cpu = time.process_time()
    seconds, moved = rewrapped(store)
    cpu = time.process_time() - cpu
    print(f"rewrapped {moved:,} keys in {seconds:.1f} s ({cpu:.1f} s of processor): {moved / seconds:,.0f} keys/s")
    if moved < GOAL_KEYS:
        print(
            f"extrapolated, not measured: {GOAL_KEYS / moved * seconds:.0f} s for {GOAL_KEYS:,} (goal {GOAL_SECONDS} s)"
        )
        return
    print(f"goal: {GOAL_SECONDS} s")
    sys.exit(seconds > GOAL_SECONDS)


if __name__ == "__main__":
    main()
