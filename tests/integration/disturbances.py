"""What goes wrong beside a history: each disturbance by its name. `Servers` are the processes that they are done to."""

import http.client
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import psycopg
from sqlalchemy import Engine

from hub.backup.database import copy_database
from hub.backup.saving import Places, save
from hub.compose import Hub
from hub.database.engine import sqlite_path
from hub.database.journal import truncate_journal
from hub.errors import HubError, ServiceUnreachable, WriteUnknown
from privacy.errors import PrivacyError
from tests.api.server import free_port

ROOT: Final = Path(__file__).resolve().parents[2]
_LONGEST_STOP: Final = 3.0  # seconds; those who wait for the writer have thirty
_REWRITTEN: Final = ("consent_head", "epoch", "change", "view_release")


class Servers:
    """Server processes over one home."""

    def __init__(self, home: Path, count: int, environment: Mapping[str, str]) -> None:
        self._home, self._environment = home, {**os.environ, **environment}
        self.ports = [free_port() for _ in range(count)]
        self._processes = [self._started(port) for port in self.ports]

    def kill(self, number: int) -> None:
        """End one as a power cut would, and start it again."""
        self._processes[number].kill()
        self._processes[number].wait()
        self._processes[number] = self._started(self.ports[number])

    def freeze(self, number: int, seconds: float) -> None:
        """Stop one where it stands, whatever it holds, and let it go on later."""
        self._processes[number].send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._processes[number].send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End all of them in order."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(60)

    def _started(self, port: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.api.server", str(self._home), str(port)]
        process = subprocess.Popen(command, cwd=ROOT, env=self._environment)
        for _ in range(6000):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            with suppress(OSError, http.client.HTTPException), closing(connection):
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    return process
            assert process.poll() is None, "the server ended"
            time.sleep(0.05)
        raise AssertionError("the server did not become ready")


@dataclass(frozen=True)
class Site:
    """Where disturbances are done: the servers, the hub of the driving process, and a folder for copies."""

    servers: Servers
    hub: Hub
    folder: Path
    rng: Random

    @property
    def engines(self) -> tuple[Engine, Engine]:
        """The control database and the key store."""
        return self.hub.engine, self.hub.keystore.engine

    @property
    def number(self) -> int:
        """One of the servers."""
        return self.rng.randrange(len(self.servers.ports))


def _kill(site: Site) -> None:
    site.servers.kill(site.number)


def _stop(site: Site) -> None:
    site.servers.freeze(site.number, site.rng.uniform(0.2, _LONGEST_STOP))


def _checkpoint(site: Site) -> None:
    for engine in site.engines:
        if sqlite_path(engine) is None:
            _said(engine, "CHECKPOINT")
        elif not truncate_journal(engine):
            raise ServiceUnreachable("the journal", "readers kept it busy")


def _vacuum(site: Site) -> None:
    """Rewrite the database, beside the queue of our writers: SQLite as a whole, PostgreSQL the tables that matter."""
    for engine in site.engines:
        if (path := sqlite_path(engine)) is not None:
            with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
                connection.execute("VACUUM")
    if sqlite_path(site.hub.engine) is None:
        _said(site.hub.engine, "VACUUM", *(f"VACUUM FULL {table}" for table in _REWRITTEN))


def _backup(site: Site) -> None:
    """What `varde backup` does: both databases and the lake."""
    place = site.folder / "backup"
    save(site.hub, Places(home=place / "home", keystore=place / "keys", generations=place / "generations"))
    shutil.rmtree(place)


def _copy(site: Site) -> None:
    """SQLite's `.backup` or `pg_dump`, as somebody else's script runs them."""
    for engine in site.engines:
        copy_database(engine, site.folder / "copy")
        (site.folder / "copy").unlink()


def _drop(site: Site) -> None:
    """End every connection to the control database, also of the driving process."""
    _said(
        site.hub.engine,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


Disturbance = Callable[[Site], None]
DISTURBANCES: Final[Mapping[str, Disturbance]] = {
    "kill": _kill,
    "stop": _stop,
    "checkpoint": _checkpoint,
    "vacuum": _vacuum,
    "backup": _backup,
    "copy": _copy,
    "drop": _drop,
}
"""`drop` is PostgreSQL's alone. Clients that leave before the answer are a door of their own (`Hasty`)."""
_REFUSALS: Final = (ServiceUnreachable, WriteUnknown, sqlite3.OperationalError, psycopg.OperationalError)


@contextmanager
def disturbed(site: Site, *, every: float, done: Counter[str], unexpected: Counter[str]) -> Iterator[None]:
    """Do one disturbance after another, each kind as often; count how often each was done, or found no way in."""
    over = threading.Event()
    names = [name for name in DISTURBANCES if name != "drop" or sqlite_path(site.hub.engine) is None]

    def disturb() -> None:
        turn = names[:]
        while not over.wait(every * site.rng.uniform(0.5, 1.5)):
            if not turn:
                turn = site.rng.sample(names, len(names))
            name = turn.pop(0)
            try:
                DISTURBANCES[name](site)
            except _REFUSALS:
                done[f"{name} refused"] += 1
                shutil.rmtree(site.folder, ignore_errors=True)
                site.folder.mkdir()
            except (HubError, PrivacyError, OSError, sqlite3.Error, psycopg.Error, AssertionError) as exc:
                unexpected[f"{name}: {type(exc).__name__}"] += 1
            else:
                done[name] += 1

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _said(engine: Engine, *statements: str) -> None:
    """Say something to PostgreSQL by a connection that no pool knows."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
