"""How long one customer's features take, each read decided, audited and durable before it is answered.

    python -m tests.benchmarks.bench_online_read [--people 200_000] [--reads 2_000] [--rate 200] [--seconds 10]
                                                 [--feast PYTHON] [--feast-people 20_000]

In process: reads one after the other. Over HTTP: a server process, and callers in this process who ask at a
fixed rate, whether or not earlier answers have come; a latency counts from when the question was due. Also shown: what
making and opening the snapshot takes, and a bare audited transaction, which is the floor of every read. The gates: p99
2 ms in process, 25 ms over HTTP.

With `--feast`, the interpreter of an environment in which Feast is installed, the same features of some of the same
customers are read from Feast's online store on SQLite as well, which decides and audits nothing.
"""

import argparse
import http.client
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from random import Random

from hub.api.serve import spare_collector
from hub.authentication import Scope, add
from hub.compose import Hub
from hub.views.access import View
from hub.views.gateway import Gateway
from hub.views.shelf import Shelf
from privacy.audit import AuditFields
from privacy.store.audit import NewEntry, note_entries
from privacy.store.epoch import lock_epoch
from privacy.store.principal import Principal
from privacy.terms import Role, random_id
from tests.api.server import free_port
from tests.benchmarks.feast_online import ask_feast
from tests.benchmarks.kept_view import AS_OF, PURPOSE, VIEW, home_of

CALLERS = 16
ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("people", 200_000), ("reads", 2_000), ("rate", 200), ("seconds", 10)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--feast", type=Path, default=None)
    parser.add_argument("--feast-people", type=int, default=20_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, home_of(given.people, Path(folder)) as (hub, owner):
        view = View(VIEW, Gateway(hub), owner)
        print(f"made {given.people:,} rows in {spent(lambda: view.materialise(as_of=AS_OF)):.2f} s")
        print(f"opened in {spent(lambda: hub.memory.of(Shelf).of(hub, VIEW)):.2f} s")
        everybody: list[bytes] = hub.memory.of(Shelf).of(hub, VIEW).rows["pseudonym"].to_list()
        chosen = Random(7).choices(everybody, k=given.reads)  # noqa: S311 - to be repeatable
        spare_collector()  # as a server does: Python's own pauses are as long as a read
        show("bare entry", [spent(partial(bare, hub, owner)) for _ in range(given.reads // 4)])
        if given.feast is None:
            print("Feast: not asked, name an interpreter that has it by --feast")
        else:
            rows = hub.memory.of(Shelf).of(hub, VIEW).rows.head(given.feast_people)
            some = Random(7).choices(rows["pseudonym"].bin.encode("hex").to_list(), k=given.reads)  # noqa: S311 - likewise
            written, seconds = ask_feast(given.feast, rows, some, Path(folder) / "feast")
            print(f"Feast: {rows.height:,} rows written in {written:.1f} s")
            show("Feast on SQLite", seconds)
        show("in process", [spent(partial(found, view, each)) for each in chosen], gate=2)
        scope = Scope(role=Role.SERVICE, purposes=frozenset({PURPOSE}), views=frozenset({VIEW}))
        _, token = add(hub, "caller", scope, owner)
        with served(hub.settings.home) as (port, _):
            questions = [each.hex() for each in chosen]
            ask(port, token, questions[:CALLERS], 50)  # opens the snapshot, and tells the hour's login
            show("over HTTP", ask(port, token, questions[: given.rate * given.seconds], given.rate), gate=25)


def spent(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def found(view: View, pseudonym: bytes) -> None:
    assert view.row(pseudonym, purpose=PURPOSE) is not None


def bare(hub: Hub, owner: Principal) -> None:
    """What a read cannot do without: the epoch's lock, an entry, and a durable commit."""
    fields = AuditFields(act_id=random_id(), view=VIEW, rows=1)
    with hub.unit_of_work() as session:
        lock_epoch(session)
        note_entries(session, [NewEntry(action="view.row", at=hub.clock(), actor=owner.principal_id, fields=fields)])


def show(name: str, seconds: Sequence[float], *, gate: float | None = None) -> None:
    ordered = sorted(seconds)
    figures = [1000 * ordered[min(int(len(ordered) * part), len(ordered) - 1)] for part in (0.5, 0.9, 0.99)]
    told = "" if gate is None else f" (goal p99 {gate} ms: {'reached' if figures[2] <= gate else 'MISSED'})"
    print(f"{name}: {len(ordered)} reads, p50 {figures[0]:.2f}, p90 {figures[1]:.2f}, p99 {figures[2]:.2f} ms{told}")


@contextmanager
def served(home: Path) -> Iterator[tuple[int, int]]:
    """Serve a home from another process; lend its port and its process id."""
    port = free_port()
    command = [sys.executable, "-m", "tests.api.server", str(home), str(port)]
    with subprocess.Popen(command, cwd=ROOT, env=dict(os.environ)) as process:
        while process.poll() is None:
            try:
                with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                    connection.request("GET", "/health")
                    connection.getresponse().read()
                break
            except OSError:
                time.sleep(0.05)
        yield port, process.pid
        process.terminate()


def ask(port: int, token: str, pseudonyms: Sequence[str], rate: float) -> list[float]:
    """Ask at a rate, by callers who take turns; return the seconds from when each question was due."""
    begins, latencies = time.perf_counter() + 0.1, [0.0] * len(pseudonyms)

    def caller(number: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            for place in range(number, len(pseudonyms), CALLERS):
                due = begins + place / rate
                time.sleep(max(0.0, due - time.perf_counter()))
                path = f"/v1/views/{VIEW}/rows/{pseudonyms[place]}?purpose={PURPOSE}"
                connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200, answer.status
                latencies[place] = time.perf_counter() - due

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return latencies


if __name__ == "__main__":
    main()
