"""What a release of many members costs beyond the release itself: pack, seal and insert, within its transaction.

    python -m tests.benchmarks.bench_members [--members 1000000] [--runs 5]

Goal: at most 100 ms at 1 M members. Ordinals are at hand then, as they are in a read: `records_frame` brings them.
Also shown: a first release's ordinals (once a record), and finding one person in a release.
"""

import argparse
import secrets
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from hub.accesses import NewMembers, note_members
from hub.compose import Hub, open_hub
from hub.home import make_home
from hub.settings import Settings
from ingest.store.ordinal import assign_ordinals, ordinals_of
from privacy.membership import holds_any, packed
from privacy.terms import EntityKind, Role, random_id
from tests.builders import Named, a_record, name_all

AT = datetime(2025, 6, 1, tzinfo=UTC)
NAMED = 20_000
NEW = NewMembers(
    intent_leaf=0,
    release_id=b"",
    at=AT,
    view="bench",
    purpose="churn",
    role=Role.SCIENTIST,
    module="churn",
    grain=EntityKind.PERSON,
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    everybody = pl.Series(range(2 * given.members), dtype=pl.UInt32)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load({}, Path(folder) / "home")
        make_home(settings, clock=lambda: AT)
        hub = open_hub(settings, clock=lambda: AT)
        for name, ordinals in (
            ("half of all, by chance", everybody.sample(given.members)),
            ("one in 100", everybody[::100]),
        ):
            show(name, hub, ordinals, given.runs)
        first_time(hub)


def show(name: str, hub: Hub, ordinals: pl.Series, runs: int) -> None:
    spent = []
    for _ in range(runs):
        new = replace(NEW, intent_leaf=secrets.randbits(48), release_id=random_id())
        with hub.unit_of_work() as session:
            started = time.perf_counter()
            note_members(hub, session, new, ordinals)
            spent.append(time.perf_counter() - started)
    members = packed(ordinals)
    started = time.perf_counter()
    holds_any(members, [1, 2, 3])
    found = time.perf_counter() - started
    figures = (
        f"{statistics.median(spent) * 1000:.1f} ms (goal 100), {len(members)} bytes, one person {found * 1000:.2f} ms"
    )
    print(f"{name}: {ordinals.len()} members in {figures}")


def first_time(hub: Hub) -> None:
    records = [a_record(number) for number in range(1, NAMED + 1)]
    with hub.unit_of_work() as session:
        name_all(session, [Named(number, number) for number in range(1, NAMED + 1)])
    started = time.perf_counter()
    for start in range(0, NAMED, 5_000):
        with hub.unit_of_work() as session:
            assign_ordinals(session, records[start : start + 5_000])
    with hub.reading() as session:
        ordinals_of(session, records)
    print(f"first ordinals: {(time.perf_counter() - started) / NAMED * 1e6:.1f} us a record, once in its life")


if __name__ == "__main__":
    main()
