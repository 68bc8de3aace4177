"""Units of work: commit everything or nothing; with `hub.writer` the only code that commits.

SQLite has one writer. Several processes waiting on `busy_timeout` starve one another, so writers queue on a file lock
beside the database first. A failure before COMMIT means nothing happened; a failure of COMMIT itself is unknown and
is told apart (`WriteUnknown`), so that the caller retries by idempotency key.
"""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlmodel import Session

from hub.database.engine import WRITES, sqlite_path
from hub.errors import HubError, ServiceUnreachable, WriteUnknown

UnitOfWork = Callable[[], AbstractContextManager[Session]]


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
        connection = _connect(engine, writes=True)
        with connection, Session(bind=connection, expire_on_commit=False) as session:
            try:
                transaction = connection.begin()
                yield session
                session.flush()
            except DBAPIError as exc:
                raise sanitised(exc) from None
            try:
                transaction.commit()
            except DBAPIError as exc:
                raise _commit_failure(exc) from None


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Open a read transaction: one snapshot, no lock, nothing committed."""
    connection = _connect(engine, writes=False)
    with connection, Session(bind=connection, expire_on_commit=False, autoflush=False) as session:
        try:
            with connection.begin():
                yield session
        except DBAPIError as exc:
            raise sanitised(exc) from None


def sanitised(exc: DBAPIError) -> HubError:
    """Turn a driver's error, which may carry parameters, into one of ours, which carries none."""
    original = exc.orig
    if isinstance(original, sqlite3.OperationalError) and "full" in str(original):
        return StorageFull()
    if isinstance(exc, IntegrityError):
        return RuleBroken(_rule_of(original))
    if isinstance(exc, OperationalError):
        return ServiceUnreachable("the control database or key store", type(original).__name__)
    return RuleBroken(type(original).__name__)


def _rule_of(original: BaseException | None) -> str:
    """Name the constraint, from the one part of the driver's message that holds no value."""
    diagnostics = getattr(original, "diag", None)
    if diagnostics is not None:
        return str(diagnostics.constraint_name or diagnostics.sqlstate)
    return str(original).split(":")[-1].strip()  # SQLite: "UNIQUE constraint failed: table.column"


def _commit_failure(exc: DBAPIError) -> HubError:
    known = sanitised(exc)
    return known if isinstance(known, StorageFull | RuleBroken) else WriteUnknown()


def _connect(engine: Engine, *, writes: bool) -> Connection:
    try:
        return engine.connect().execution_options(**{WRITES: writes})
    except DBAPIError as exc:
        raise sanitised(exc) from None


def _queue(engine: Engine) -> AbstractContextManager[None]:
    path = sqlite_path(engine)
    return nullcontext() if path is None else _file_lock(path.with_name(path.name + ".queue"))


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; the kernel drops it when the process dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
