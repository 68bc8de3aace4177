"""Reading a materialised view as a whole: beside a bare Parquet read of the same rows, and its first bytes over HTTP.

    python -m tests.benchmarks.bench_view_snapshot [--people 1_000_000] [--rounds 5]

In process each round reads a plain Parquet file of the rows (page cache warm, as the snapshot is in memory), then the
kept rows through the gate: admitted, fenced, audited with everybody who is in it, released, digested, completed. A
third read follows somebody's no. Over HTTP: until the first byte of the body, and the whole, by form; and how much the
server's memory grows while somebody reads slowly. The gates: 2.0 of the bare read (medians), first bytes within 1 s.
"""

import argparse
import http.client
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median

import polars as pl

from hub.api.formats import ARROW, CSV, JSON, PARQUET
from hub.api.serve import spare_collector
from hub.authentication import Scope, add
from hub.compose import Hub
from hub.consents import Subject, Wish, record_wish
from hub.views.access import View
from hub.views.gateway import Gateway
from hub.views.shelf import Shelf
from privacy.store.principal import Principal
from privacy.terms import ActChannel, ConsentAct, PurposeId, RecordId, Role
from tests.benchmarks.bench_online_read import served, spent
from tests.benchmarks.kept_view import AS_OF, PURPOSE, VIEW, home_of

MEGABYTE = 1 << 20
SLOW_SECONDS = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("people", 1_000_000), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=value)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, home_of(given.people, Path(folder)) as (hub, owner):
        view = View(VIEW, Gateway(hub), owner)
        print(f"made {given.people:,} rows in {spent(lambda: view.materialise(as_of=AS_OF)):.2f} s")
        opened = hub.memory.of(Shelf)
        print(f"opened in {spent(lambda: opened.of(hub, VIEW)):.2f} s, {opened.of(hub, VIEW).size_bytes / 1e6:.0f} MB")
        first = spent(lambda: view.rows(purpose=PURPOSE))
        plain = Path(folder) / "plain.parquet"
        view.rows(purpose=PURPOSE).write_parquet(plain)
        spare_collector()
        in_process(hub, owner, view, plain, given.rounds)
        print(f"the very first gated read: {first:.3f} s")
        over_http(hub, owner, given.rounds)


def in_process(hub: Hub, owner: Principal, view: View, plain: Path, rounds: int) -> None:
    bare, gated, after = [], [], []
    records = hub.memory.of(Shelf).of(hub, VIEW).anchors["record"]
    for number in range(rounds):
        bare.append(spent(lambda: pl.read_parquet(plain)))
        gated.append(spent(lambda: view.rows(purpose=PURPOSE)))
        object_to(hub, owner, RecordId(records[number]))
        after.append(spent(lambda: view.rows(purpose=PURPOSE)))
    ratio = median(gated) / median(bare)
    told = "reached" if ratio <= 2.0 else "MISSED"
    print(f"bare Parquet {median(bare):.3f} s, gated {median(gated):.3f} s: {ratio:.2f} (goal 2.0: {told})")
    print(f"gated after somebody's no {median(after):.3f} s: {median(after) / median(bare):.2f}")
    print("all rounds:", *(f"{b:.3f}/{g:.3f}/{a:.3f}" for b, g, a in zip(bare, gated, after, strict=True)))


def object_to(hub: Hub, owner: Principal, record: RecordId) -> None:
    wish = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId(PURPOSE), channel=ActChannel.AGENT)
    record_wish(hub, Subject(records=(record,)), wish, owner)


def over_http(hub: Hub, owner: Principal, rounds: int) -> None:
    scope = Scope(role=Role.SERVICE, purposes=frozenset({PURPOSE}), views=frozenset({VIEW}))
    _, token = add(hub, "caller", scope, owner)
    with served(hub.settings.home) as (port, process):
        print(f"over HTTP, snapshot not open yet: first byte after {read(port, token, ARROW)[0]:.2f} s")
        for form in (ARROW, PARQUET, CSV, JSON):
            reads = [read(port, token, form) for _ in range(rounds if form == ARROW else 1)]
            show(form, reads)
        before = resident(process)
        grown = max(slowly(port, token, process)) - before
        print(f"a reader of 1 MB/s for {SLOW_SECONDS:.0f} s: the server holds {grown / MEGABYTE:.0f} MB more")


def show(form: str, reads: Sequence[tuple[float, float, int]]) -> None:
    first, whole = median(each[0] for each in reads), median(each[1] for each in reads)
    told = "reached" if first <= 1.0 else "MISSED"
    size = reads[0][2] / 1e6
    print(f"{form}: first byte {first:.3f} s (goal 1 s: {told}), whole {whole:.2f} s, {size:.0f} MB")


def read(port: int, token: str, form: str) -> tuple[float, float, int]:
    """Return the seconds until the first byte of the body and until its end, and its size."""
    began = time.perf_counter()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=300)) as connection:
        answer = asked(connection, token, form)
        size = len(answer.read(1))
        first = time.perf_counter() - began
        while part := answer.read(MEGABYTE):
            size += len(part)
    return first, time.perf_counter() - began, size


def asked(connection: http.client.HTTPConnection, token: str, form: str) -> http.client.HTTPResponse:
    path = f"/v1/views/{VIEW}/rows?purpose={PURPOSE}"
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}", "Accept": form})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    return answer


def slowly(port: int, token: str, process: int) -> list[int]:
    """Read a megabyte a second; return what the server holds meanwhile."""
    held = []
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=300)) as connection:
        answer = asked(connection, token, ARROW)
        ends = time.perf_counter() + SLOW_SECONDS
        while time.perf_counter() < ends:
            answer.read(MEGABYTE // 10)
            time.sleep(0.1)
            held.append(resident(process))
    return held


def resident(process: int) -> int:
    """Return the bytes that a process holds in memory."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    main()
