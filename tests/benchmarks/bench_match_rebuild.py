"""How long everybody of a large store takes to be matched anew (`varde match rebuild`), step by step.

    python -m tests.benchmarks.bench_match_rebuild --file nordic_1m.parquet --folder FOLDER [--delivered 10000]

Customers of a file are landed as `bench_match_delivery` lands them, but nobody is joined: a million are there within
minutes. Then one rebuild compares all, writes every edge and makes every move. Printed are seconds of each step, wall
and the processor's, and the peak of memory. What it leaves in FOLDER is a store that `bench_match_delivery --folder`
takes further deliveries into.
"""

import argparse
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from hub.authentication import acting_principal
from hub.cli.match_kind import matching_set
from hub.compose import open_hub
from ingest.identity.clustering import Regrouping
from ingest.pipeline import rebuilding, settle
from ingest.pipeline.moving import MovePlan
from ingest.pipeline.ports import Ports
from ingest.store.identity import crosswalk_version
from privacy.terms import BatchId, EntityKind
from tests.benchmarks.bench_match_delivery import alone, make_store, settings_of

_STEPS: Final = (
    (rebuilding, "census"),
    (rebuilding, "_edges"),
    (rebuilding._Work, "form"),
    (rebuilding._Work, "weave"),
    (rebuilding._Work, "count"),
    (rebuilding, "move_all"),
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--file", type=Path, required=True, help="Parquet of records of Nordic customers")
    parser.add_argument("--folder", type=Path, required=True, help="where the store is made")
    parser.add_argument("--delivered", type=int, default=10_000, help="records that are put by for a delivery")
    given = parser.parse_args()
    alone(landed, given.folder, given.file, given.delivered)
    alone(rebuilt, given.folder)


def landed(folder: Path, records: Path, delivered: int) -> None:
    """Take everybody in, each by himself."""
    with patch.object(settle, "_planned", nobody_joined):
        make_store(folder, records, delivered)


def nobody_joined(batch_id: BatchId, ports: Ports, _remembered: object) -> settle._Plan:
    with ports.read_only() as session:
        nobody: list[Regrouping] = []
        return settle._Plan(MovePlan(nobody, crosswalk_version(session), batch_id, "benchmark"))


def rebuilt(folder: Path) -> None:
    """Match everybody anew."""
    hub = open_hub(settings_of(folder))
    by = acting_principal(hub)
    order = rebuilding.Order(role=by.role, country=hub.settings.country)
    for place, name in _STEPS:
        setattr(place, name, timed(getattr(place, name), name))
    rebuild = timed(rebuilding.rebuild, "rebuild")
    done = rebuild(order, hub.ports(by.principal_id), matching_set(hub, EntityKind.PERSON))
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(f"{done.records} records, {done.moved} moved, peak {int(peak.split()[1]) / 1024**2:.2f} GB")


def timed(step: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(step)
    def told(*given: Any, **named: Any) -> Any:
        wall, spent = time.perf_counter(), time.process_time()
        answer = step(*given, **named)
        print(f"{name}: {time.perf_counter() - wall:.1f} s, processor {time.process_time() - spent:.1f} s", flush=True)
        return answer

    return told


if __name__ == "__main__":
    main()
