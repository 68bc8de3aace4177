"""Engines: SQLite (the embedded default) and PostgreSQL, chosen by URL; nothing above this package knows which.

SQLite: WAL, synchronous=FULL, secure_delete=ON, temp_store=MEMORY, foreign keys on; transactions are begun by us
(`isolation_level=None`), IMMEDIATE for writers, or SAVEPOINT would silently break. PostgreSQL: lock and statement
time-outs. Parameters never reach an error or a log (`hide_parameters`).
"""

import sqlite3
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from hub.database.checkpoint import LONG_PAGES
from hub.errors import SettingsInvalid

BUSY_TIMEOUT_MS: Final = 30_000
LOCK_TIMEOUT: Final = "30s"
STATEMENT_TIMEOUT: Final = "300s"
WRITES: Final = "varde_writes"

_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA foreign_keys=ON",
    "PRAGMA recursive_triggers=ON",  # else INSERT OR REPLACE deletes a row of history without firing its trigger
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA cache_size=-65536",
    # A thread brings the log back long before (`hub.database.checkpoint`); an erasure empties it (`.journal`).
    f"PRAGMA wal_autocheckpoint={4 * LONG_PAGES}",
)


def engine_of(url: str) -> Engine:
    """Make an engine for a database URL (`sqlite:///path` or `postgresql://...`).

    Raises:
        SettingsInvalid: the URL is not one of the two kinds.

    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number; its text repeats the word
        raise SettingsInvalid(
            "database URL", "it cannot be read", "use sqlite:///path or postgresql://host/name"
        ) from None
    match parsed.get_backend_name():
        case "sqlite" if parsed.database in {None, "", ":memory:"}:
            raise SettingsInvalid("database URL", "a database in memory keeps nothing", "use sqlite:///path")
        case "sqlite":
            return _sqlite(url)
        case "postgresql":
            return _postgresql(parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False))
        case _:
            raise SettingsInvalid("database URL", "unknown kind of database", "use sqlite:/// or postgresql://")


def sqlite_path(engine: Engine) -> Path | None:
    """Return the database file of a SQLite engine, None for PostgreSQL."""
    if engine.dialect.name != "sqlite":
        return None
    return Path(str(engine.url.database))


def _sqlite(url: str) -> Engine:
    engine = create_engine(
        url, hide_parameters=True, connect_args={"isolation_level": None, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        if not isinstance(connection, sqlite3.Connection):  # pragma: no cover - the dialect promises it
            raise TypeError(type(connection))
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: str) -> Engine:
    options = f"-c lock_timeout={LOCK_TIMEOUT} -c statement_timeout={STATEMENT_TIMEOUT} -c timezone=UTC"
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=8,
        connect_args={"options": options},
    )
