"""Erasing many people together: seconds by step, people an hour, and the most memory that it took.

    python -m tests.benchmarks.bench_erasure [--people 20000] [--erase 2000] [--rows 2000000]
    python -m tests.benchmarks.bench_erasure --people 500000 --rows 50000000 --erase 0 --keep DIRECTORY
    python -m tests.benchmarks.bench_erasure --erase 10000 --skip 0 --keep DIRECTORY

Takes the people in by the real pipeline, gives each an even share of the lake's rows, erases some of them by
`hub.erasing.erase_many`, and proves the absence of the first and the last. `--keep` builds once, in a folder that
stays; later runs erase from it, and `--skip` says whom earlier runs have erased already. Each run is a process of its
own, so that its peak of memory is the erasure's and not that of building the lake. Goals: 10,000 people of a lake of
50 M rows in bounded memory; 110,000 people within an hour on two quiet cores.
"""

import argparse
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from sqlalchemy import text

from hub import clock
from hub.authentication import acting_principal
from hub.compose import Hub, open_hub
from hub.consents import Subject
from hub.erasing import erase_many
from hub.erasure.absence import verify_absence
from hub.erasure.naming import subjects_of
from hub.home import make_home
from hub.lake import catalogue
from hub.lake.append import append
from hub.settings import Settings
from ingest.canonical.catalogue import lake_table_of
from ingest.contract.load import load_contract
from ingest.pipeline.delivery import ingest_file
from privacy.terms import BatchId, RecordId, random_id
from tests.benchmarks.bench_profile_ingest import CONTRACT, write_source

TABLE = "usage"
START = 1_700_000_000_000_000
AT_ONCE = 2_500_000
KINDS = np.array(["login", "feature", "error"])
STEPS = ("find", "erasure_intended", "erasure_shredded", "erasure_rows_deleted", "erasure_lake_rewritten")
LAST = "erasure_completed"


class Steps:
    """Adds up the seconds until each step is reached."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._since = time.perf_counter()

    def __call__(self, step: str) -> None:
        now = time.perf_counter()
        if step in {*STEPS, LAST}:
            self.seconds[step] += now - self._since
            self._since = now


def take_in(hub: Hub, folder: Path, people: int) -> list[RecordId]:
    write_source(folder / "people.csv", people)
    (folder / "contract.yaml").write_text(CONTRACT)
    ingest_file(
        load_contract(folder / "contract.yaml"), folder / "people.csv", hub.ports(acting_principal(hub).principal_id)
    )
    with hub.reading() as session:
        return [RecordId(bytes(row)) for row in session.execute(text("SELECT record_id FROM source_record")).scalars()]


def fill_lake(hub: Hub, table: str, records: list[RecordId], rows: int) -> None:
    """Append random rows of usage; other columns stay null, as of a source that knows little."""
    chance, ids, schema = np.random.default_rng(7), pl.Series(records, dtype=pl.Binary), lake_table_of(table).schema
    for start in range(0, rows, AT_ONCE):
        count = min(AT_ONCE, rows - start)
        frame = pl.DataFrame(
            {
                "person": ids.gather(pl.Series(chance.integers(0, len(records), count))),
                "event_time": pl.Series(chance.integers(START, START + 63_072_000_000_000, count)),
                "event_id": pl.Series(chance.integers(-(2**62), 2**62, count)),
                "kind": pl.Series(KINDS[chance.integers(0, len(KINDS), count)]),
                "seconds": pl.Series(chance.integers(0, 3600, count)),
            }
        )
        whole = frame.select(
            (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in schema.items()
        )
        batch = BatchId(random_id())
        files = append(hub.lake, whole, table=table, batch_id=batch)
        with hub.lake.unit_of_work() as session:
            catalogue.stage(session, files, batch_id=batch, at=hub.lake.clock(session))
            catalogue.publish(session, batch)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--erase", type=int, default=2_000)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    if asked.keep is not None:
        asked.keep.mkdir(parents=True, exist_ok=True)
        measure(asked.keep, asked)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), asked)


def built(folder: Path, asked: argparse.Namespace) -> Settings:
    """Make a home with people and rows, unless the folder has one."""
    settings = Settings.load({}, folder / "home")
    if (folder / "home").exists():
        return settings
    make_home(settings, clock=clock.now)
    hub, started = open_hub(settings), time.perf_counter()
    fill_lake(hub, TABLE, take_in(hub, folder, asked.people), asked.rows)
    print(f"{asked.people} people and {asked.rows} rows of {TABLE} built in {time.perf_counter() - started:.0f} s")
    return settings


def measure(folder: Path, asked: argparse.Namespace) -> None:
    settings = built(folder, asked)
    if not asked.erase:
        return
    steps = Steps()
    hub = open_hub(settings, reached=steps)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    named = (f"crm:{number:08}" for number in range(asked.skip, asked.skip + asked.erase))
    subjects = subjects_of(hub, named).subjects
    steps("find")
    started, worked = time.perf_counter(), time.process_time()
    done = erase_many(hub, subjects, acting_principal(hub))
    seconds = time.perf_counter() - started
    told(asked, steps, seconds)
    print(f"  {time.process_time() - worked:.0f} s of processor time")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory: {peak / 1024:.0f} MiB at most, {before / 1024:.0f} MiB before; {done.people} people erased")
    prove(hub, subjects)


def told(asked: argparse.Namespace, steps: Steps, seconds: float) -> None:
    print(f"{asked.erase} people erased: {seconds:.1f} s")
    for step, spent in steps.seconds.items():
        print(f"  {step:<26}{spent:8.1f} s")
    print(f"  {asked.erase / seconds * 3600:,.0f} people an hour at this size")


def prove(hub: Hub, subjects: Sequence[Subject]) -> None:
    started = time.perf_counter()
    for subject in (subjects[0], subjects[-1]):
        verify_absence(hub, subject.records[0].hex())
    print(f"absence of two proven in {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
