"""What it costs to know who may be read: from scratch, unchanged, and after one person said no.

python -m tests.benchmarks.bench_permitted_set [--people 200_000] [--runs 5]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hub.compose import Hub
from hub.consents import Subject, Wish, record_wish
from hub.views.permission import permitted_set
from hub.views.remembered import RememberedSets
from privacy.store.principal import Principal
from privacy.terms import ActChannel, ConsentAct, EntityKind, PurposeId, RecordId
from tests.benchmarks.kept_view import PURPOSE, home_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, home_of(given.people, Path(folder)) as (hub, owner):
        sets, purpose = RememberedSets(), hub.policy().purpose(PurposeId(PURPOSE))
        at = hub.clock()
        with hub.reading() as session:
            records = sets.of(session, purpose, EntityKind.PERSON, at=at).records["record"].to_list()

        def remembered() -> float:
            with hub.reading() as session:
                return spent(lambda: sets.of(session, purpose, EntityKind.PERSON, at=hub.clock()))

        def changed(number: int) -> float:
            object_(hub, owner, RecordId(records[number]))
            return remembered()

        with hub.reading() as session:
            scratch = [
                spent(lambda: permitted_set(session, purpose, EntityKind.PERSON, at=at)) for _ in range(given.runs)
            ]
        show("from scratch", scratch)
        show("unchanged", [remembered() for _ in range(20 * given.runs)])
        show("one person said no", [changed(number) for number in range(given.runs)])


def spent(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def object_(hub: Hub, owner: Principal, record: RecordId) -> None:
    wish = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId(PURPOSE), channel=ActChannel.AGENT)
    record_wish(hub, Subject(records=(record,)), wish, owner)


def show(name: str, seconds: list[float]) -> None:
    print(f"{name}: median {1000 * statistics.median(seconds):.3f} ms of {len(seconds)}")


if __name__ == "__main__":
    main()
