"""How long a further delivery into a large store takes when people are matched by a model, and whom it moves.

    python -m tests.benchmarks.bench_match_delivery --file nordic_1m.parquet [--delivered 10000] [--folder FOLDER]

Customers of three sources, those of a file or made-up ones (tests/match_crowd.py, `--records`), are taken in one
delivery a source, on SQLite; then some more of one source, from their file to the settled batch, in a process of its
own. Printed are its seconds, records opened, the share of older records that went to another entity, the longest lock
and the peak of memory. With `--folder` the store is made once and kept, or `bench_match_rebuild` made it: each run
takes a copy. Goals: at most 8 s for 10,000 into a million, and .5 % moved.
"""

import argparse
import json
import os
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
columns: {columns}
"""
NORDIC = {"record_id": "record", "first_name": "given_name", "last_name": "family_name", "dob": "birth_date"}
"""What the file's columns are called here."""


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
    parser.add_argument("--file", type=Path, help="Parquet of records with the columns of the Nordic customers")
    parser.add_argument("--delivered", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where the store is kept for the next run")
    parser.add_argument("--runs", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = given.folder or Path(name)
        if not (folder / "made").exists():
            alone(make_store, folder, given.file or given.records, given.delivered)
        for _ in range(given.runs):
            copy = Path(name) / "copy"
            shutil.copytree(folder, copy)
            os.sync()  # or the first commits would wait for the copy to be on the disk
            print(alone(further, copy), flush=True)
            shutil.rmtree(copy)


def alone(measured: Callable[..., Told], *told: object) -> Told:
    """Measure in a new process, whose peak is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, *told).result()


def make_store(folder: Path, records: int | Path, delivered: int) -> None:
    """Take in all but the last of one source, which are put by as the file that is measured."""
    folder.mkdir(parents=True, exist_ok=True)
    everybody = of_file(records) if isinstance(records, Path) else of_crowd(records + delivered)
    others = everybody.filter(pl.col("source") == FURTHER).tail(delivered)
    make_home(settings_of(folder), clock=clock.now)
    store = everybody.join(others.select("record"), on="record", how="anti")
    for source in store["source"].unique().sort():
        write(store.filter(pl.col("source") == source), folder / f"{source}.csv")
        seconds = take_in(folder, source, folder / f"{source}.csv")[0]
        print(f"store: {source}, {store['source'].eq(source).sum() / seconds:,.0f} records/s", flush=True)
    write(others, folder / "further.csv")
    (folder / "made").touch()


def of_crowd(records: int) -> pl.DataFrame:
    street = pl.concat_str("street", "house_number", separator=" ")
    return crowd(records).with_columns(street).drop("entity", "country", "house_number")


def of_file(path: Path) -> pl.DataFrame:
    """Read records in an order by chance: a file may hold a person's records one after another."""
    told = pl.read_parquet(path).rename(NORDIC).with_columns(pl.col("record").cast(pl.String))
    street = pl.concat_str("street", "house_no", separator=" ", ignore_nulls=True)
    return told.with_columns(street).drop("house_no").sample(fraction=1.0, shuffle=True, seed=1)


def write(records: pl.DataFrame, path: Path) -> None:
    records.drop("source").write_csv(path)


def settings_of(folder: Path) -> Settings:
    return Settings.load({"VARDE_MATCHING": "model"}, folder / "home")


def take_in(folder: Path, source: str, path: Path) -> tuple[float, float]:
    """Return the seconds it took, and those of the longest lock of the control database."""
    hub = open_hub(settings_of(folder))
    contract = folder / f"{source}.yaml"
    names = [name for name in pl.read_csv(path, n_rows=0).columns if name != "record"]
    columns = {name: {"to": name} | ({"dates": "%Y-%m-%d"} if name == "birth_date" else {}) for name in names}
    contract.write_text(CONTRACT.format(source=source, columns=json.dumps(columns)))
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
