"""Profile ingest: source records a second on SQLite, from CSV to sealed, indexed, named and merged.

    python -m tests.benchmarks.bench_profile_ingest [--people 100000] [--runs 3]

Goal: at least 10,000 source records a second on two quiet cores. Beside it, in the same run, the least that any such
ingest must do: read the CSV with Polars, seal every row under a key of its own and insert it into a SQLite file.
"""

import argparse
import secrets
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub import clock
from hub.authentication import acting_principal
from hub.compose import open_hub
from hub.home import make_home
from hub.settings import Settings
from ingest.contract.load import load_contract
from ingest.pipeline.delivery import ingest_file

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


def ingest(source: Path, folder: Path) -> float:
    settings = Settings.load({}, folder / "home")
    make_home(settings, clock=clock.now)
    hub = open_hub(settings)
    contract = folder / "contract.yaml"
    contract.write_text(CONTRACT)
    ports = hub.ports(acting_principal(hub).principal_id)
    started = time.perf_counter()
    summary = ingest_file(load_contract(contract), source, ports)
    seconds = time.perf_counter() - started
    assert summary.counts.accepted == summary.counts.read, summary
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    rates, ratios = [], []
    for run in range(given.runs):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_source(folder / "people.csv", given.people)
            base = least(folder / "people.csv", folder)
            seconds = ingest(folder / "people.csv", folder)
        rates.append(given.people / seconds)
        ratios.append(seconds / base)
        print(f"run {run + 1}: {rates[-1]:,.0f} records/s, least {given.people / base:,.0f}/s, ratio {ratios[-1]:.1f}")
    times = statistics.median(ratios)
    print(f"median {statistics.median(rates):,.0f} records/s (goal 10,000), {times:.1f} times the least")


if __name__ == "__main__":
    main()
