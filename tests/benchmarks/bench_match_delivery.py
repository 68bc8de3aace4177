"""How long a further delivery into a large store takes when people are matched by a model, and whom it moves.

    python -m tests.benchmarks.bench_match_delivery --records 1000000 [--delivered 10000] [--folder FOLDER]

Made-up customers of three sources (tests/match_crowd.py) are taken in one delivery a source, on SQLite; then some more
of the first source, from their file to the settled batch, in a process of its own. Printed are its seconds, records
opened, the share of older records that went to another entity, the longest lock and the peak of memory. With `--folder`
the store is made once and kept: each run takes a copy. Goals: at most 8 s for 10,000 into a million, and .5 % moved.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import polars as pl
from sqlalchemy import text
from sqlmodel import Session

from hub import clock
from hub.authentication import acting_principal
from hub.compose import Hub, open_hub
from hub.home import make_home
from hub.settings import Settings
from ingest.contract.load import load_contract
from ingest.pipeline.delivery import ingest_file
from privacy.store.audit import entries
from tests.match_crowd import crowd

Told = TypeVar("Told")
SECONDS, MOVED = 8.0, 0.005
FURTHER = "crm"
CONTRACT = """
contract: {source}_people
version: 1
source: {source}
owner: bench
table: people
format: {{kind: csv, delimiter: ",", encoding: utf-8}}
country: "NO"
key: [record]
columns:
  given_name: {{to: given_name}}
  family_name: {{to: family_name}}
  birth_date: {{to: birth_date, dates: "%Y-%m-%d"}}
  email: {{to: email}}
  phone: {{to: phone}}
  street: {{to: street}}
  postcode: {{to: postcode}}
  city: {{to: city}}
"""


@dataclass(frozen=True)
class Taken:
    """What one delivery cost: seconds, the longest lock in seconds, gigabytes, records opened and moved."""

    seconds: float
    longest: float
    peak: float
    opened: int
    moved: int
    older: int

    def __str__(self) -> str:
        return (
            f"{self.seconds:.1f} s wall (goal {SECONDS:.0f} s into a million), {self.opened} records opened, "
            f"{self.moved} of {self.older} older ones moved ({self.moved / self.older:.3%}, goal {MOVED:.1%}), "
            f"longest lock {self.longest * 1e3:.0f} ms, peak {self.peak:.2f} GB"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--delivered", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where the store is kept for the next run")
    parser.add_argument("--runs", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = given.folder or Path(name)
        if not (folder / "made").exists():
            alone(make_store, folder, given.records, given.delivered)
        for _ in range(given.runs):
            copy = Path(name) / "copy"
            shutil.copytree(folder, copy)
            print(alone(further, copy), flush=True)
            shutil.rmtree(copy)


def alone(measured: Callable[..., Told], *told: object) -> Told:
    """Measure in a new process, whose peak is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, *told).result()


def make_store(folder: Path, records: int, delivered: int) -> None:
    """Take in all but the last of one source, which are put by as the file that is measured."""
    folder.mkdir(parents=True, exist_ok=True)
    everybody = crowd(records + delivered)
    others = everybody.filter(pl.col("source") == FURTHER).tail(delivered)
    make_home(settings_of(folder), clock=clock.now)
    store = everybody.join(others.select("record"), on="record", how="anti")
    for source in store["source"].unique().sort():
        write(store.filter(pl.col("source") == source), folder / f"{source}.csv")
        seconds = take_in(folder, source, folder / f"{source}.csv")[0]
        print(f"store: {source}, {store['source'].eq(source).sum() / seconds:,.0f} records/s", flush=True)
    write(others, folder / "further.csv")
    (folder / "made").touch()


def write(records: pl.DataFrame, path: Path) -> None:
    street = pl.concat_str("street", "house_number", separator=" ")
    records.with_columns(street).drop("entity", "source", "country", "house_number").write_csv(path)


def settings_of(folder: Path) -> Settings:
    return Settings.load({"VARDE_MATCHING": "model"}, folder / "home")


def take_in(folder: Path, source: str, path: Path) -> tuple[float, float]:
    """Return the seconds it took, and those of the longest lock of the control database."""
    hub = open_hub(settings_of(folder))
    contract = folder / f"{source}.yaml"
    contract.write_text(CONTRACT.format(source=source))
    held: list[float] = []

    @contextmanager
    def timed() -> Iterator[Session]:
        with hub.unit_of_work() as session:
            begun = time.perf_counter()
            yield session
        held.append(time.perf_counter() - begun)

    ports = replace(hub.ports(acting_principal(hub).principal_id), unit_of_work=timed)
    started = time.perf_counter()
    ingest_file(load_contract(contract), path, ports)
    return time.perf_counter() - started, max(held)


def further(folder: Path) -> Taken:
    """Take the further file in, and compare where the older records are before and after."""
    hub = open_hub(settings_of(folder))
    before, opened = homes(hub), records_opened(hub)
    seconds, longest = take_in(folder, FURTHER, folder / "further.csv")
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    after = homes(hub)
    return Taken(
        seconds=seconds,
        longest=longest,
        peak=int(peak.split()[1]) / 1024**2,
        opened=records_opened(hub) - opened,
        moved=sum(after[record] != entity for record, entity in before.items()),
        older=len(before),
    )


def homes(hub: Hub) -> dict[bytes, bytes]:
    with hub.reading() as session:
        return {row[0]: row[1] for row in session.execute(text("SELECT record_id, entity_id FROM crosswalk"))}


def records_opened(hub: Hub) -> int:
    with hub.reading() as session:
        return sum(dict(each.fields).get("opened", 0) for _, each in entries(session, action="open_batch"))


if __name__ == "__main__":
    main()
