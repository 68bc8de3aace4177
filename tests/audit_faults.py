"""Ways in which an audit log can fail to take an entry, on a SQLite control database."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

_REFUSE: Final = "CREATE TRIGGER {name} BEFORE {act} ON {table} BEGIN SELECT RAISE(ABORT, 'refused'); END"
_UNDO: Final = "DROP TRIGGER IF EXISTS {name}"
_PATIENCE_SECONDS: Final = 120
"""A test that is cut off by its own time-out, or waits for a busy machine, must not leave its fault to the next one."""


def _refusing(act: str, table: str) -> tuple[str, str]:
    name = f"fault_{act}_{table}".lower()
    return _REFUSE.format(name=name, act=act, table=table), _UNDO.format(name=name)


STATEMENTS: Final[Mapping[str, tuple[str, str]]] = {
    "leaf_refused": _refusing("INSERT", "audit_leaf"),
    "body_refused": _refusing("INSERT", "audit_body"),
    "head_frozen": _refusing("UPDATE", "audit_head"),
    "head_removed": ("UPDATE audit_head SET id = -id", "UPDATE audit_head SET id = -id"),
}
"""How to break the log, and how to mend it again."""


@contextmanager
def broken(database: Path, fault: str) -> Iterator[None]:
    """Break the log of a control database for as long as the block lasts."""
    with _in_force(database, *STATEMENTS[fault]):
        yield


@contextmanager
def refusing(database: Path, table: str) -> Iterator[None]:
    """Let a control database refuse every insert into a table for as long as the block lasts."""
    with _in_force(database, *_refusing("INSERT", table)):
        yield


@contextmanager
def _in_force(database: Path, breaks: str, mends: str) -> Iterator[None]:
    if mends.startswith("DROP TRIGGER"):
        run(database, mends)
    run(database, breaks)
    try:
        yield
    finally:
        run(database, mends)


def run(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None, timeout=_PATIENCE_SECONDS)) as connection:
        connection.execute(statement)


def limit_pages(database: Path) -> Callable[[sqlite3.Connection], None]:
    """Return what keeps a connection from growing the database by a single page: a disk that is full."""
    with closing(sqlite3.connect(database)) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()

    def limit(connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    return limit
