"""SQLite files, opened as tables.

Deleted rows, free pages and the write-ahead log are found by the scan of the raw bytes. What that cannot see
is a token cut in two where a long value runs on to an overflow page, so every cell of every table is read as
well, once without the write-ahead log and once with it. The file is never opened in place: a connection would
change it (checkpoint, -shm).

Limit: a token cut by a page border *and* then deleted is seen as two halves, which is to say not at all.
Plant several rows.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Final

from tests.canary.streams import Opened

MAGIC: Final = b"SQLite format 3\x00"
PAGE_SIZE_AT: Final = 16  # file format 1.3
VERSIONS: Final = slice(18, 20)  # 2 = write-ahead log, which a database in memory cannot have; 1 = rollback journal
WAL_HEADER_BYTES: Final = 32
FRAME_HEADER_BYTES: Final = 24
SALTS_IN_WAL: Final = slice(16, 24)
SALTS_IN_FRAME: Final = slice(8, 16)


def with_wal(database: bytes, wal: bytes) -> bytes:
    """Lay the frames of a write-ahead log over the database, as a checkpoint would (file format 4.1)."""
    page_bytes = int.from_bytes(database[PAGE_SIZE_AT : PAGE_SIZE_AT + 2])
    page_bytes = 65536 if page_bytes == 1 else page_bytes
    image = bytearray(database)
    for at in range(WAL_HEADER_BYTES, len(wal) - FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + page_bytes):
        header = wal[at : at + FRAME_HEADER_BYTES]
        page = wal[at + FRAME_HEADER_BYTES : at + FRAME_HEADER_BYTES + page_bytes]
        if header[SALTS_IN_FRAME] != wal[SALTS_IN_WAL] or len(page) < page_bytes:
            break  # frames of an earlier generation; the scan of raw bytes sees them
        start = (int.from_bytes(header[:4]) - 1) * page_bytes
        image.extend(bytes(max(0, start + page_bytes - len(image))))
        image[start : start + page_bytes] = page
    return bytes(image)


def _cell(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _cells(connection: sqlite3.Connection) -> Iterator[bytes]:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        name = table.decode().replace('"', '""')
        for row in connection.execute(f'SELECT * FROM "{name}"'):  # noqa: S608 - a table's name cannot be a parameter
            yield from (_cell(value) for value in row if value is not None)


def open_sqlite(content: bytes) -> Opened:
    """Read every cell of every table: text and blobs as they are, numbers as decimal text, one a line."""
    image = bytearray(content)
    image[VERSIONS] = b"\x01\x01"
    cells: list[bytes] = []
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.text_factory = bytes
            connection.deserialize(bytes(image))
            cells.extend(_cells(connection))
    except sqlite3.Error:
        return Opened(b"\n".join(cells), "damaged")
    return Opened(b"\n".join(cells))
