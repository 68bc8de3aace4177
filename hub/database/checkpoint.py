"""Bringing SQLite's write-ahead log back into the database beside the writers, and not inside somebody's commit.

SQLite does it in the commit that finds the log long (`wal_autocheckpoint`), and whoever waits for the lock waits for
that, too: a tenth of a second and more. Rules kept here:
- whoever commits looks whether the log is long, so every process that writes has somebody who brings it back;
- most is copied by a thread that holds no lock which a writer needs; what was written meanwhile follows in one turn of
  the writers' queue, so that the next writer finds nothing left and begins the log anew, however many write;
- a reader that stands keeps what it reads in the log, as ever: it is tried again each time the log has grown a step;
- where no thread comes to it, a commit does at four times the length (`hub.database.engine`).
Durability is SQLite's own: each commit syncs the log, and the database is synced before the log is begun anew.
https://www.sqlite.org/wal.html#ckpt
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path
from threading import Lock, Thread
from typing import Final

from hub.errors import HubError

LONG_PAGES: Final = 4_096
"""16 MB: a log of 64 MB is copied back as fast, but commits of every other file wait longer for the disk meanwhile."""

_STEP_PAGES: Final = 512
_FEW_PAGES: Final = 256  # milliseconds: a turn of the queue may take them
_ROUNDS: Final = 8
_HEADER_BYTES: Final = 32
_FRAME_HEADER_BYTES: Final = 24

Turn = Callable[[], AbstractContextManager[None]]

_AT_WORK: Final[defaultdict[Path, Lock]] = defaultdict(Lock)
_NEXT_AT: Final[dict[Path, int]] = {}
"""The length at which the log of a database is brought back next, where the last time did not make it short."""


def look_after(path: Path, turn: Turn) -> None:
    """Begin to bring the log of a database back if it is long; `turn` takes a turn in its writers' queue.

    Call it when nothing is held. It returns at once, and raises nothing: what fails is tried again a step later.
    """
    pages = _NEXT_AT.get(path, LONG_PAGES)
    if not holds_pages(path, pages):
        if pages > LONG_PAGES and not holds_pages(path, LONG_PAGES):
            _NEXT_AT.pop(path, None)
        return
    if not _AT_WORK[path].acquire(blocking=False):
        return
    _NEXT_AT[path] = pages + _STEP_PAGES
    try:
        Thread(target=_bring_back, args=(path, turn), name="varde-checkpoint").start()
    except RuntimeError:  # no more threads, or the interpreter is about to end
        _AT_WORK[path].release()


def holds_pages(path: Path, pages: int) -> bool:
    """Say whether a database's log holds so many pages since it was begun anew.

    A file keeps its length when that happens; pages from before have another salt than its head. Nothing locks this
    file, so it may be opened and closed; the one beside it, `-shm`, must not be: that would let go of SQLite's own
    locks on it. https://www.sqlite.org/fileformat2.html#walformat
    """
    try:
        with path.with_name(path.name + "-wal").open("rb", buffering=0) as log:
            header = log.read(_HEADER_BYTES)
            page_size = int.from_bytes(header[8:12], "big")
            log.seek(_HEADER_BYTES + (pages - 1) * (_FRAME_HEADER_BYTES + page_size))
            frame = log.read(_FRAME_HEADER_BYTES)
    except OSError:
        return False
    return len(frame) == _FRAME_HEADER_BYTES and frame[8:16] == header[16:24]


def _bring_back(path: Path, turn: Turn) -> None:
    try:
        with suppress(sqlite3.Error, HubError), closing(_connected(path)) as connection:
            rest = _copied(connection)
            for _ in range(_ROUNDS):
                if rest <= _FEW_PAGES:
                    break
                rest = _copied(connection)
            if 0 <= rest <= _FEW_PAGES:
                with turn():
                    _copied(connection)
    finally:
        _AT_WORK[path].release()


def _copied(connection: sqlite3.Connection) -> int:
    """Copy what no reader still needs where it is; return how many pages stay, -1 if somebody else is at it."""
    busy, pages, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return -1 if busy else int(pages - copied)


def _connected(path: Path) -> sqlite3.Connection:
    """Open the database if it is still there, synced as every connection is."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    return connection
