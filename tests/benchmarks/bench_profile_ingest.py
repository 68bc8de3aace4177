"""Profile ingest: source records a second on SQLite, from CSV to sealed, indexed, named and merged.

    python -m tests.benchmarks.bench_profile_ingest [--people 100000] [--runs 3] [--matching exact]

Goal: at least 10,000 source records a second on two quiet cores, and no lock of the control database held for more
than 50 ms. Beside it, in the same run: the least that any such ingest must do (read the CSV with Polars, seal every row
under a key of its own, insert it into a SQLite file), and the ceiling: the rows that the ingest left in both databases,
copied into two empty ones by SQLite alone, in order, 2,500 rows to a synced transaction.
"""

import argparse
import secrets
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Session

from hub import clock
from hub.authentication import acting_principal
from hub.compose import open_hub
from hub.home import make_home
from hub.settings import Settings
from ingest.contract.load import load_contract
from ingest.pipeline.delivery import ingest_file

COPIED = {
    "control.db": ("source_record", "entity", "crosswalk", "record_index", "record_revision"),
    "keystore.db": ("wrapped_key",),
}
COPIED_ROWS = 2_500
CONTRACT = """
contract: bench_people
version: 1
source: crm
owner: bench
table: people
format: {kind: csv, delimiter: ",", encoding: utf-8}
country: "NO"
basis: {purposes: {churn: legitimate_interests}, notice: privacy-2025-01, notice_given: true}
key: [id]
columns:
  given: {to: given_name}
  family: {to: family_name}
  mail: {to: email}
  phone: {to: phone}
  city: {to: city}
"""


def write_source(path: Path, people: int) -> None:
    rng = np.random.default_rng(7)
    number = pl.Series("id", range(people))
    pl.DataFrame(
        {
            "id": number.cast(pl.String).str.pad_start(8, "0"),
            "given": pl.Series(rng.integers(0, 500, people)).cast(pl.String).map_elements(_word, pl.String),
            "family": pl.Series(rng.integers(0, 20_000, people)).cast(pl.String).map_elements(_word, pl.String),
            "mail": "kunde" + number.cast(pl.String) + "@example.no",
            "phone": "+479" + pl.Series(rng.integers(1_000_000, 9_999_999, people)).cast(pl.String),
            "city": ["Bergen"] * people,
        }
    ).write_csv(path)


def _word(number: str) -> str:
    return "Abcdefghij"[int(number[0])] + "".join("abcdefghij"[int(digit)] for digit in number)


def least(source: Path, folder: Path) -> float:
    started = time.perf_counter()
    database = sqlite3.connect(folder / "least.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE t (id BLOB PRIMARY KEY, sealed BLOB)")
    rows = pl.read_csv(source).select(pl.struct(pl.all()).struct.json_encode().alias("d"))["d"].to_list()
    for start in range(0, len(rows), 1000):
        database.execute("BEGIN")
        part = []
        for row in rows[start : start + 1000]:
            nonce = secrets.token_bytes(12)
            part.append((secrets.token_bytes(16), AESGCM(secrets.token_bytes(32)).encrypt(nonce, row.encode(), b"")))
        database.executemany("INSERT INTO t VALUES (?, ?)", part)
        database.execute("COMMIT")
    database.close()
    return time.perf_counter() - started


def ceiling(folder: Path) -> float:
    """Copy what the ingest left; nothing of Python's lies in a row's way."""
    made = folder / "copy"
    make_home(Settings.load({}, made), clock=clock.now)
    return sum(_copied(folder / "home" / name, made / name, tables) for name, tables in COPIED.items())


def _copied(filled: Path, empty: Path, tables: tuple[str, ...]) -> float:
    with closing(sqlite3.connect(empty, isolation_level=None)) as database:
        for pragma in ("synchronous=FULL", "secure_delete=ON", "temp_store=MEMORY", "cache_size=-65536"):
            database.execute(f"PRAGMA {pragma}")
        database.execute("ATTACH ? AS filled", (str(filled),))
        started = time.perf_counter()
        for table in tables:
            key = database.execute("SELECT name FROM pragma_table_info(?) WHERE pk = 1", (table,)).fetchone()[0]
            every = f"SELECT {key}, row_number() OVER (ORDER BY {key}) AS n FROM filled.{table}"  # noqa: S608 - our names
            firsts = database.execute(f"SELECT {key} FROM ({every}) WHERE n % {COPIED_ROWS} = 0").fetchall()  # noqa: S608 - our names
            bounds = [b"", *(first for (first,) in firsts), b"\xff" * 17]
            for low, high in pairwise(bounds):
                database.execute("BEGIN IMMEDIATE")
                part = f"SELECT * FROM filled.{table} WHERE {key} >= ? AND {key} < ?"  # noqa: S608 - our names
                database.execute(f"INSERT OR IGNORE INTO main.{table} {part}", (low, high))
                database.execute("COMMIT")
        return time.perf_counter() - started


def ingest(source: Path, folder: Path, matching: str) -> tuple[float, list[float]]:
    """Return the seconds it took, and those for which each transaction held the control database."""
    settings = Settings.load({"VARDE_MATCHING": matching}, folder / "home")
    make_home(settings, clock=clock.now)
    hub = open_hub(settings)
    contract = folder / "contract.yaml"
    contract.write_text(CONTRACT)
    held: list[float] = []

    @contextmanager
    def timed() -> Iterator[Session]:
        with hub.unit_of_work() as session:
            begun = time.perf_counter()
            yield session
        held.append(time.perf_counter() - begun)

    ports = replace(hub.ports(acting_principal(hub).principal_id), unit_of_work=timed)
    started = time.perf_counter()
    summary = ingest_file(load_contract(contract), source, ports)
    seconds = time.perf_counter() - started
    assert summary.counts.accepted == summary.counts.read, summary
    return seconds, held


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--matching", choices=["exact", "model"], default="exact")
    given = parser.parse_args()
    rates, ratios = [], []
    for run in range(given.runs):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_source(folder / "people.csv", given.people)
            base = least(folder / "people.csv", folder)
            seconds, held = ingest(folder / "people.csv", folder, given.matching)
            highest = ceiling(folder)
        rates.append(given.people / seconds)
        ratios.append(seconds / base)
        print(
            f"run {run + 1}: {rates[-1]:,.0f} records/s, least {given.people / base:,.0f}/s, ratio {ratios[-1]:.1f}, "
            f"ceiling {given.people / highest:,.0f}/s"
        )
        locks = sorted(held)
        print(
            f"    {len(locks)} locks, {sum(locks):.1f} s in all: median {locks[len(locks) // 2] * 1e3:.1f} ms, "
            f"p99 {locks[int(len(locks) * 0.99)] * 1e3:.1f} ms, longest {locks[-1] * 1e3:.1f} ms (goal 50)"
        )
    times = statistics.median(ratios)
    print(f"median {statistics.median(rates):,.0f} records/s (goal 10,000), {times:.1f} times the least")


if __name__ == "__main__":
    main()
