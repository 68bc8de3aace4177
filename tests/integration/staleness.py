"""Drive a hub through several processes at once, disturb it, and check the history. The long run:

    python -m tests.integration.staleness --operations 100000 --database sqlite
    python -m tests.integration.staleness --operations 100000 --database postgres

Four clients at least, two server processes and a third process that writes and reads beside them; every few seconds one
of `tests.integration.disturbances` is done. It tells how far it is, then operations, pairs, disturbances by kind and
violations, and exits 1 if there is a violation or an answer that nobody expects. The tests run a short one.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from random import Random
from typing import Final

from sqlalchemy import select
from sqlmodel import col

from hub.errors import HubError
from hub.sequencing import sequence
from privacy.errors import PrivacyError
from privacy.store.audit import entries
from privacy.store.audit_verify import verify_log
from privacy.store.epoch import current_epoch
from privacy.tables.consent import ConsentEventRow
from privacy.terms import ConsentAct
from tests.api.world import WINBACK, World, make_world
from tests.integration.disturbances import Servers, Site, disturbed
from tests.integration.history import Chose, Read, Verdict, Written, check
from tests.integration.staleness_doors import AgentDoor, Door, Hasty, HttpDoor
from tests.integration.staleness_postgres import server

_PRESENT: Final = {ConsentAct.GIVEN.value: True, ConsentAct.WITHDRAWN.value: False}
_TOLD_EVERY: Final = 20.0
_ALL: Final = 10_000_000
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Sizes:
    """How large a run is: it ends after `seconds`, or after `operations` that were answered."""

    seconds: float = 20.0
    operations: int = 1_000_000
    people: int = 10
    servers: int = 2
    clients: int = 4
    reads: float = 0.3
    disturb_every: float = 2.0
    seed: int = 1


@dataclass
class Outcomes:
    """What all clients did, what went wrong on purpose, and answers that nobody expects, by kind."""

    choices: list[Chose] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    disturbances: Counter[str] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)
    since: int = 0

    answered: int = 0
    """How many operations were answered so far; clients count at once, so it may be a few too small."""


def _silent(_line: str) -> None:
    """Say nothing."""


def drive(doors: Callable[[], Sequence[Door]], sizes: Sizes, history: Outcomes, say: Progress = _silent) -> None:
    """Let clients choose and read at once, each through any door, then read by every door what is left."""
    until, over = time.monotonic() + sizes.seconds, threading.Event()
    with ThreadPoolExecutor(sizes.clients) as clients:
        running = [clients.submit(_client, n, doors(), sizes, history, over) for n in range(sizes.clients)]
        told = started = time.monotonic()
        while time.monotonic() < until and history.answered < sizes.operations and not any(r.done() for r in running):
            time.sleep(0.05)
            if time.monotonic() - told > _TOLD_EVERY:
                told = time.monotonic()
                say(f"{told - started:6.0f} s {history.answered:8d} operations, {dict(history.disturbances)}")
        over.set()
    for client in running:
        client.result()
    _read_all(doors(), history)


def _client(number: int, doors: Sequence[Door], sizes: Sizes, history: Outcomes, over: threading.Event) -> None:
    rng = Random(sizes.seed * 1000 + number)  # noqa: S311 - a test that must be repeatable
    with _closed(doors):
        while not over.is_set():
            door = rng.choice(doors)
            try:
                if rng.random() < sizes.reads:
                    _read(door, history)
                else:
                    _choose(door, rng.randrange(sizes.people), rng.random() < 0.5, history)
            except (HubError, PrivacyError) as exc:
                history.unexpected[f"{type(exc).__name__} {exc}"] += 1


def _read_all(doors: Sequence[Door], history: Outcomes) -> None:
    with _closed(doors):
        for door in doors:
            _read(door, history)


@contextmanager
def _closed(doors: Sequence[Door]) -> Iterator[None]:
    try:
        yield
    finally:
        for door in doors:
            door.close()


def _choose(door: Door, person: int, present: bool, history: Outcomes) -> None:  # noqa: FBT001 - what a coin says, and no switch
    started = time.monotonic_ns()
    outcome = door.choose(person, present=present)
    ended = time.monotonic_ns()
    history.choices.append(Chose(person, present, started, ended, outcome.epoch, outcome.acknowledged))
    history.answered += outcome.acknowledged
    if isinstance(door, Hasty):
        history.disturbances["client left"] += 1


def _read(door: Door, history: Outcomes) -> None:
    started = time.monotonic_ns()
    if (seen := door.read()) is not None:
        history.reads.append(Read(started, time.monotonic_ns(), seen))
        history.answered += 1


def judged(world: World, history: Outcomes, people: int) -> Verdict:
    """Check a history against what the ledger holds."""
    return check(history.choices, history.reads, written(world, history.since), people)


def written(world: World, since: int) -> list[Written]:
    """Read what clients chose after an epoch: from the audit log, which tells of each act its epoch.

    What it tells is held against the ledger: as many acts of each kind of each person, neither more nor fewer.
    """
    sequence(world.hub)
    persons = {bytes(record): person for person, record in enumerate(world.records)}
    with world.hub.reading() as session:
        told = [entry.fields for _, entry in entries(session, action="consent.", limit=_ALL)]
        row = ConsentEventRow
        acts = select(col(row.record_id), col(row.act)).where(col(row.purpose) == WINBACK, col(row.batch_id).is_(None))
        held = Counter((persons[bytes(record)], _PRESENT[act]) for record, act in session.execute(acts))
    found = [
        Written(persons[bytes(record)], _PRESENT[fields.act], fields.epoch or 0)
        for fields in told
        if fields.purpose == WINBACK and fields.act in _PRESENT and (fields.epoch or 0) > since
        for record in fields.records or ()
    ]
    assert Counter((one.person, one.present) for one in found) == held, "the audit log and the ledger differ"
    return found


def run(
    folder: Path, sizes: Sizes, environment: Mapping[str, str], say: Progress = _silent
) -> tuple[Verdict, Outcomes]:
    """Make a world, serve it from several processes, drive and disturb it, and check; its log must hold, too."""
    world = make_world(folder, sizes.people, environment)
    tokens = [world.token(person) for person in range(sizes.people)]
    agent, history = AgentDoor(world), Outcomes()
    agent.open_channel()
    with world.hub.reading() as session:
        history.since = current_epoch(session)

    def doors() -> list[Door]:
        served = [HttpDoor(world, tokens, port) for port in servers.ports]
        return [*served * 9, agent, agent, Hasty(world, tokens, servers.ports[0])]

    with _servers_of(world, sizes, environment) as servers:
        (folder / "copies").mkdir()
        site = Site(servers, world.hub, folder / "copies", Random(sizes.seed))  # noqa: S311 - to be repeatable
        with disturbed(site, every=sizes.disturb_every, done=history.disturbances, unexpected=history.unexpected):
            drive(doors, sizes, history, say)
        _read_all(doors(), history)
    verdict = judged(world, history, sizes.people)
    with world.hub.reading() as session:
        verify_log(session, world.hub.verifier_key())
    world.hub.engine.dispose()
    world.hub.keystore.engine.dispose()
    return verdict, history


@contextmanager
def _servers_of(world: World, sizes: Sizes, environment: Mapping[str, str]) -> Iterator[Servers]:
    servers = Servers(world.hub.settings.home, sizes.servers, environment)
    try:
        yield servers
    finally:
        servers.stop()


def main() -> int:
    """Run with sizes from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    long = Sizes(seconds=3600.0, operations=100_000, people=120, clients=32, reads=0.06, disturb_every=8.0)
    for each in fields(Sizes):
        value = getattr(long, each.name)
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=type(value), default=value)
    chosen = vars(parser.parse_args())
    kind = chosen.pop("database")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, server(kind) as environment:
        verdict, history = run(Path(folder), Sizes(**chosen), environment, lambda line: print(line, flush=True))
    print(f"{kind}: {verdict.operations} operations in {time.monotonic() - started:.0f} s", end=", ")
    print(f"{verdict.pairs} pairs ({verdict.certain} certain), {verdict.unanswered} choices unanswered")
    print(f"disturbances: {dict(history.disturbances)}; unexpected answers: {dict(history.unexpected)}")
    print(f"{len(verdict.violations)} violations {dict(Counter(each.kind for each in verdict.violations))}")
    for violation in verdict.violations[:20]:
        print(violation)
    return 1 if verdict.violations or history.unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
