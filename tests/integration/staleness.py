"""Drive a hub through several doors at once and check the history. The long run:

    python -m tests.integration.staleness --seconds 900 --people 400 --servers 2 --clients 4 --kill-every 30

prints operations, certain pairs and violations, and exits 1 if there is one. The test runs a short one.
"""

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Protocol

from hub.client import Client
from hub.errors import AnswerBroken, HubError, RequestRefused, ServiceUnreachable
from tests.api.server import free_port
from tests.api.world import AS_OF, WINBACK, World, make_world
from tests.integration.history import Chose, Read, Verdict, check
from tests.shop import NOTICE

ROOT = Path(__file__).resolve().parents[2]
VIEW = "invited"


@dataclass(frozen=True)
class Outcome:
    """What a choice came to, as the caller knows it."""

    acknowledged: bool
    epoch: int | None = None


UNANSWERED = Outcome(acknowledged=False)


class Door(Protocol):
    """A way into the hub."""

    def choose(self, person: int, *, present: bool) -> Outcome:
        """Give or withdraw."""
        ...

    def read(self) -> frozenset[int] | None:
        """Return the persons in the view, None if it could not be read."""
        ...


@dataclass(frozen=True)
class Sizes:
    """How large a run is."""

    seconds: float = 20.0
    people: int = 48
    servers: int = 2
    clients: int = 4
    kill_every: float = 8.0
    seed: int = 1


@dataclass
class History:
    """What all clients did."""

    choices: list[Chose] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)


def drive(doors: Callable[[], Sequence[Door]], sizes: Sizes) -> Verdict:
    """Let clients choose and read at once, each through any door; check what they saw."""
    histories = [History() for _ in range(sizes.clients)]
    until = time.monotonic() + sizes.seconds
    with ThreadPoolExecutor(sizes.clients) as clients:
        running = [
            clients.submit(_client, number, doors(), sizes, histories[number], until) for number in range(sizes.clients)
        ]
    for client in running:
        client.result()
    choices = [choice for history in histories for choice in history.choices]
    return check(choices, [read for history in histories for read in history.reads], sizes.people)


def _client(number: int, doors: Sequence[Door], sizes: Sizes, history: History, until: float) -> None:
    rng = Random(sizes.seed * 1000 + number)  # noqa: S311 - a test that must be repeatable
    mine = [person for person in range(sizes.people) if person % sizes.clients == number]
    while time.monotonic() < until:
        door, started = rng.choice(doors), time.monotonic_ns()
        if rng.random() < 0.6:
            person, present = rng.choice(mine), rng.random() < 0.4
            outcome = door.choose(person, present=present)
            ended = time.monotonic_ns()
            history.choices.append(Chose(person, present, started, ended, outcome.epoch, outcome.acknowledged))
        elif (seen := door.read()) is not None:
            history.reads.append(Read(started, time.monotonic_ns(), seen))


class HttpDoor:
    """One server process."""

    def __init__(self, world: World, tokens: Sequence[str], port: int) -> None:
        self._port, self._tokens = port, tokens
        self._view = Client(f"http://127.0.0.1:{port}", world.reader_token).view(VIEW)
        self._persons = {pseudonym: person for person, pseudonym in enumerate(world.pseudonyms[WINBACK])}

    def choose(self, person: int, *, present: bool) -> Outcome:
        body = {"state": "given", "notice": NOTICE} if present else {"state": "withdrawn"}
        headers = {"Authorization": f"Bearer {self._tokens[person]}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request("PUT", f"/v1/me/purposes/{WINBACK}", json.dumps(body), headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException):
            return UNANSWERED
        finally:
            connection.close()
        assert response.status in {200, 503}, answer
        if response.status == 503:
            return UNANSWERED
        return Outcome(acknowledged=True, epoch=int(answer["epoch"]) if answer["recorded"] else None)

    def read(self) -> frozenset[int] | None:
        try:
            frame = self._view.read(purpose=WINBACK, as_of=AS_OF)
        except (ServiceUnreachable, AnswerBroken):
            return None
        except RequestRefused as refused:
            if refused.status != 503:
                raise
            return None
        return frozenset(self._persons[pseudonym] for pseudonym in frame["pseudonym"])


class Servers:
    """Server processes over one home; `kill_one` ends one as a power cut would and starts it again."""

    def __init__(self, home: Path, count: int) -> None:
        self._home = home
        self.ports = [free_port() for _ in range(count)]
        self._processes = [self._start(port) for port in self.ports]

    def kill_one(self, number: int) -> None:
        self._processes[number].kill()
        self._processes[number].wait()
        self._processes[number] = self._start(self.ports[number])

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(30)

    def _start(self, port: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.api.server", str(self._home), str(port)]
        process = subprocess.Popen(command, cwd=ROOT)
        for _ in range(600):
            with suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    connection.close()
                    return process
            assert process.poll() is None, "the server ended"
            time.sleep(0.05)
        raise AssertionError("the server did not become ready")


@contextmanager
def servers_of(home: Path, sizes: Sizes) -> Iterator[Servers]:
    """Run the servers; kill one every `kill_every` seconds."""
    servers, over = Servers(home, sizes.servers), threading.Event()

    def kill() -> None:
        number = 0
        while not over.wait(sizes.kill_every):
            servers.kill_one(number % sizes.servers)
            number += 1

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield servers
    finally:
        over.set()
        killer.join()
        servers.stop()


def run(folder: Path, sizes: Sizes) -> Verdict:
    """Make a world, serve it from several processes, drive it and check."""
    world = make_world(folder, sizes.people)
    tokens = [world.token(person) for person in range(sizes.people)]
    try:
        with servers_of(world.hub.settings.home, sizes) as servers:
            return drive(lambda: [HttpDoor(world, tokens, port) for port in servers.ports], sizes)
    finally:
        world.hub.engine.dispose()


def main() -> int:
    """Run with sizes from the command line."""
    parser = argparse.ArgumentParser()
    for name, kind in (("seconds", float), ("people", int), ("servers", int), ("clients", int), ("seed", int)):
        parser.add_argument(f"--{name}", type=kind, default=getattr(Sizes, name))
    parser.add_argument("--kill-every", type=float, default=Sizes.kill_every)
    with tempfile.TemporaryDirectory() as folder:
        verdict = run(Path(folder), Sizes(**vars(parser.parse_args())))
    print(f"{verdict.operations} operations, {verdict.certain} certain, {len(verdict.violations)} violations")
    for violation in verdict.violations[:20]:
        print(violation)
    return 1 if verdict.violations else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HubError as refused:
        sys.exit(str(refused))
