"""Copying one database, whole and at one moment, to a file, and back: SQLite by its own API, PostgreSQL by its tools.

Rules kept here:
- a copy is made beside writers and is one committed state;
- what is left out of a copy (the key generations) is overwritten in it, not only unlinked;
- `pg_dump` and `pg_restore` are given the password in their environment, never on a command line; what they say stays
  unsaid, for it may hold values.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, make_url

from hub.database.engine import sqlite_path
from hub.errors import BackupRefused, ServiceUnreachable

DUMP: Final = "pg_dump"
RESTORE: Final = "pg_restore"
_PAGES: Final = 4096  # a few megabytes at a time, so that writers get in between
_OWNER_ONLY: Final = 0o600


def copy_database(engine: Engine, target: Path, *, without: Sequence[str] = ()) -> None:
    """Copy a database to a file that is not there yet, without the rows of some tables.

    Raises:
        BackupRefused: PostgreSQL's tools are not installed.
        ServiceUnreachable: the tool ended with an error.

    """
    source = sqlite_path(engine)
    if source is not None:
        _copy_sqlite(source, target, without)
        return
    excluded = [f"--exclude-table-data={table}" for table in without]
    _run(engine, DUMP, ["--format=custom", "--no-owner", "--no-privileges", *excluded, f"--file={target}"])
    target.chmod(_OWNER_ONLY)


def bring_back(copy: Path, engine: Engine) -> None:
    """Put a copy in the place of an engine's database, which it replaces as a whole.

    Raises:
        BackupRefused: PostgreSQL's tools are not installed.
        ServiceUnreachable: the tool ended with an error; nothing was changed.

    """
    place = sqlite_path(engine)
    engine.dispose()
    if place is None:
        _run(engine, RESTORE, ["--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction"], copy)
        return
    for journal in ("-wal", "-shm"):
        place.with_name(place.name + journal).unlink(missing_ok=True)
    draft = place.with_name(f".{place.name}.restoring")
    shutil.copyfile(copy, draft)
    draft.chmod(_OWNER_ONLY)
    sync(draft)
    draft.replace(place)
    sync(place.parent)


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_sqlite(source: Path, target: Path, without: Sequence[str]) -> None:
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY))
    with closing(sqlite3.connect(source)) as there, closing(sqlite3.connect(target)) as here:
        there.backup(here, pages=_PAGES)
        here.execute("PRAGMA journal_mode=DELETE").fetchone()
        here.execute("PRAGMA secure_delete=ON").fetchone()
        for table in without:
            here.execute(f"DELETE FROM {table}")  # noqa: S608 - a table's name from this program
        here.commit()
    sync(target)


def _run(engine: Engine, tool: str, options: list[str], *files: Path) -> None:
    found = shutil.which(tool)
    if found is None:
        why = f"the control database or key store is PostgreSQL, and {tool} is not installed here"
        raise BackupRefused(why, "Install the PostgreSQL client tools of the server's version")
    url = make_url(engine.url.render_as_string(hide_password=False)).set(drivername="postgresql")
    environment = dict(_path_only(), PGPASSWORD=str(url.password or ""))
    place = url.set(password=None).render_as_string(hide_password=False)
    command = [found, *options, f"--dbname={place}", *map(str, files)]
    ended = subprocess.run(command, env=environment, capture_output=True, check=False)  # noqa: S603 - our own words
    if ended.returncode:
        raise ServiceUnreachable(tool, f"it ended with code {ended.returncode}")


def _path_only() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C"}
