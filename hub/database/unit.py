"""Units of work: commit everything or nothing; with `hub.writer` the only code that commits.

SQLite has one writer. Several processes waiting on `busy_timeout` starve one another, so writers queue on a file lock
beside the database first. A failure before COMMIT means nothing happened; a failure of COMMIT itself is unknown and
is told apart (`WriteUnknown`), so that the caller retries by idempotency key.
"""

import fcntl
import os
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlmodel import Session

from hub.database.checkpoint import look_after
from hub.database.engine import BUSY_TIMEOUT_MS, WRITES, sqlite_path
from hub.errors import HubError, ServiceUnreachable, WriteUnknown

UnitOfWork = Callable[[], AbstractContextManager[Session]]

READS: Final[Mapping[str, Mapping[str, Any]]] = {
    "sqlite": {WRITES: False},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
"""What makes a transaction one snapshot. PostgreSQL's default gives every statement a snapshot of its own."""

PATIENCE_SECONDS: Final = BUSY_TIMEOUT_MS / 1000
"""How long a writer stands in the queue: a process that was stopped in its turn must not stop all others for ever."""

_DISK_FULL: Final = "53100"  # PostgreSQL's SQLSTATE disk_full


class RuleBroken(HubError):
    """The database refused a row: a uniqueness or append-only rule; never says which value."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"the database refused a row by its rule {rule}")
        self.rule = rule


class StorageFull(HubError):
    """No room: the transaction was rolled back, nothing half-done stays."""

    def __init__(self) -> None:
        super().__init__("the disk is full: nothing was changed; free some space and run the same command again")


@contextmanager
def unit_of_work(engine: Engine) -> Iterator[Session]:
    """Open a write transaction, commit it at the end, roll it back on any error.

    Raises:
        RuleBroken, StorageFull, ServiceUnreachable: nothing was changed.
        WriteUnknown: COMMIT was sent and its answer never came.

    """
    with _queue(engine):
        connection = _connect(engine, {WRITES: True})
        with connection, Session(bind=connection, expire_on_commit=False) as session:
            with _told_as(sanitised):
                transaction = connection.begin()
                yield session
                session.flush()
            with _told_as(_commit_failure):
                transaction.commit()
    path = sqlite_path(engine)
    if path is not None:
        look_after(path, partial(_queue, engine))


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Open a read transaction: one snapshot for all of its statements, no lock, nothing kept."""
    connection = _connect(engine, READS[engine.dialect.name])
    with connection, _told_as(sanitised):
        transaction = connection.begin()
        with Session(bind=connection, expire_on_commit=False, autoflush=False) as session:
            yield session
        transaction.rollback()


@contextmanager
def closed_on_failure(*engines: Engine) -> Iterator[None]:
    """Let go of engines' connections if what is done with them fails."""
    try:
        yield
    except BaseException:
        for engine in engines:
            engine.dispose()
        raise


def sanitised(exc: DBAPIError) -> HubError:
    """Turn a driver's error, which may carry parameters, into one of ours, which carries none."""
    original = exc.orig
    if _is_full(original):
        return StorageFull()
    if isinstance(exc, IntegrityError):
        return RuleBroken(_rule_of(original))
    if isinstance(exc, OperationalError):
        return ServiceUnreachable("the control database or key store", type(original).__name__)
    return RuleBroken(type(original).__name__)


@contextmanager
def _told_as(translate: Callable[[DBAPIError], HubError]) -> Iterator[None]:
    """Raise ours instead of the driver's error, cut off from it: the driver's text and parameters hold values.

    `from None` only hides the context from the default traceback; whatever else walks the chain would still find it.
    """
    try:
        yield
    except DBAPIError as exc:
        ours = translate(exc)
        try:
            raise ours from None
        finally:
            ours.__context__ = None


def _is_full(original: BaseException | None) -> bool:
    if isinstance(original, sqlite3.OperationalError):
        return original.sqlite_errorcode == sqlite3.SQLITE_FULL
    return getattr(original, "sqlstate", None) == _DISK_FULL


def _rule_of(original: BaseException | None) -> str:
    """Name the constraint, from the one part of the driver's message that holds no value."""
    diagnostics = getattr(original, "diag", None)
    if diagnostics is not None:
        return str(diagnostics.constraint_name or diagnostics.sqlstate)
    return str(original).split(":")[-1].strip()  # SQLite: "UNIQUE constraint failed: table.column"


def _commit_failure(exc: DBAPIError) -> HubError:
    """Tell apart what a failed COMMIT leaves: a rule or a full disk means nothing changed, all else is unknown."""
    known = sanitised(exc)
    return known if isinstance(known, StorageFull) or isinstance(exc, IntegrityError) else WriteUnknown()


def _connect(engine: Engine, options: Mapping[str, Any]) -> Connection:
    with _told_as(sanitised):
        return engine.connect().execution_options(**options)


def _queue(engine: Engine) -> AbstractContextManager[None]:
    path = sqlite_path(engine)
    return nullcontext() if path is None else file_lock(path.with_name(path.name + ".queue"))


_TURNS: Final[defaultdict[Path, Lock]] = defaultdict(Lock)
"""One thread of a process at a time stands in a file's queue, so at most one is left waiting behind a stuck holder."""


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; the kernel drops it when the process dies.

    Raises:
        ServiceUnreachable: the file cannot be opened, or somebody else has held it for `PATIENCE_SECONDS`.

    """
    turn = _TURNS[path]
    if not turn.acquire(timeout=PATIENCE_SECONDS):
        raise _held(path)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        turn.release()
        raise ServiceUnreachable("the control database or key store", type(exc).__name__) from None
    _stand_in_queue(descriptor, turn, path)
    try:
        yield
    finally:
        _let_go(descriptor, turn)


def _stand_in_queue(descriptor: int, turn: Lock, path: Path) -> None:
    """Wait in the kernel's queue, which is fair as polling is not; a thread waits, because `flock` has no deadline."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        granted: Future[None] = Future()
        Thread(target=_stand, args=(descriptor, turn, granted), name="writer queue", daemon=True).start()
        try:
            granted.result(PATIENCE_SECONDS)
        except BaseException as exc:  # whoever is interrupted leaves the queue, too
            if not granted.cancel():  # granted in this very moment
                _let_go(descriptor, turn)
            if isinstance(exc, TimeoutError):
                raise _held(path) from None
            raise


def _stand(descriptor: int, turn: Lock, granted: "Future[None]") -> None:
    """Stand in the queue for a caller; one who gave up meanwhile has left it to this thread to let go."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    if granted.set_running_or_notify_cancel():
        granted.set_result(None)
    else:
        _let_go(descriptor, turn)


def _let_go(descriptor: int, turn: Lock) -> None:
    os.close(descriptor)
    turn.release()


def _held(path: Path) -> ServiceUnreachable:
    return ServiceUnreachable(
        "the control database or key store", f"another process holds the writer queue {path.name}"
    )
