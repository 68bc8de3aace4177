"""Databases at the newest revision: each kind is migrated once a session, and copied from then on.

Forty migrations take half a second on SQLite and two on PostgreSQL, and a thousand homes are made by the tests. What is
copied is what the migrations made; tests of the migrations themselves, and every command run as a process of its own,
migrate as a home outside does.
"""

import sqlite3
from pathlib import Path

from sqlalchemy import Engine, inspect

from hub.database.engine import engine_of
from hub.database.revision import Target
from hub.database.schema import upgrade


class SchemaCopies:
    """Stands where `hub.database.schema.upgrade` stands, for empty databases on SQLite."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, target: Target) -> Path:
        """Return a database file at the newest revision and without a row; nobody writes to it."""
        path = self._folder / f"{target}.db"
        if not path.exists():
            engine = engine_of(f"sqlite:///{path}")
            upgrade(engine, target)
            engine.dispose()  # the last connection that closes brings the log back into the file
        return path

    def upgrade(self, engine: Engine, target: Target) -> None:
        """Bring a database to the newest revision: by a copy if it is an empty one on SQLite."""
        if engine.dialect.name != "sqlite" or inspect(engine).get_table_names():
            upgrade(engine, target)
            return
        with sqlite3.connect(self.path(target)) as template:
            raw = engine.raw_connection()
            try:
                assert isinstance(raw.driver_connection, sqlite3.Connection)
                template.backup(raw.driver_connection)
            finally:
                raw.close()
        template.close()
