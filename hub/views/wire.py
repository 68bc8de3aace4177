"""Rows as bytes, piece by piece: what is written of a frame at once is bounded, however many rows it has.

The same frame gives the same pieces each time, so they may be digested first and sent afterwards without ever lying
in memory as a whole.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

_PIECE_BYTES: Final = 1 << 20
LEAST_ROWS, MOST_ROWS = 1_024, 65_536
_GROUP_ROWS: Final = 122_880
"""A row group of Parquet: readers skip and decode by them, so they are larger than pieces."""


@dataclass(frozen=True, slots=True)
class Left:
    """What left: how many bytes, and their SHA-256."""

    size: int
    sha256: bytes


class Counted:
    """Hands pieces on, and knows what has left by then."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._size, self._digest = iter(pieces), 0, hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        """Iterate once over the pieces."""
        return self

    def __next__(self) -> bytes:
        """Return the next piece."""
        piece = next(self._pieces)
        self._size += len(piece)
        self._digest.update(piece)
        return piece

    @property
    def left(self) -> Left:
        """Return what has been handed on so far."""
        return Left(self._size, self._digest.digest())


def left_of(pieces: Iterable[bytes]) -> Left:
    """Return what pieces amount to, keeping none of them."""
    counted = Counted(pieces)
    for _ in counted:
        pass
    return counted.left


def slices_of(frame: pl.DataFrame, *, of: int | None = None) -> Iterator[pl.DataFrame]:
    """Cut a frame into slices of about a megabyte, or of so many rows; an empty one has none."""
    rows = of or min(max(_PIECE_BYTES * frame.height // max(int(frame.estimated_size()), 1), LEAST_ROWS), MOST_ROWS)
    return frame.iter_slices(rows)


def arrow_pieces(frame: pl.DataFrame, label: dict[str, str]) -> Iterator[bytes]:
    """Write rows as an Arrow IPC stream whose schema carries a label."""
    outbox = _Outbox()
    with pa.ipc.new_stream(outbox.file, _schema_of(frame, label)) as stream:
        yield outbox.taken()
        for some in slices_of(frame):
            stream.write_table(some.to_arrow())
            yield outbox.taken()
    yield outbox.taken()


def parquet_pieces(frame: pl.DataFrame, label: dict[str, str]) -> Iterator[bytes]:
    """Write rows as a Parquet file whose metadata carry a label, a row group at a time."""
    outbox = _Outbox()
    with pq.ParquetWriter(outbox.file, _schema_of(frame, label), compression="zstd") as writer:
        for some in slices_of(frame, of=_GROUP_ROWS):
            writer.write_table(some.to_arrow())
            yield outbox.taken()
    yield outbox.taken()


def csv_pieces(frame: pl.DataFrame, _: dict[str, str]) -> Iterator[bytes]:
    """Write rows as CSV with a header; bytes as hexadecimal digits."""
    yield _in_words(frame.clear()).write_csv().encode()
    for some in slices_of(frame):
        yield _in_words(some).write_csv(include_header=False).encode()


def json_pieces(frame: pl.DataFrame, _: dict[str, str]) -> Iterator[bytes]:
    """Write rows as one JSON array of objects; bytes as hexadecimal digits."""
    between = b"["
    for some in slices_of(frame):
        yield between + _in_words(some).write_json().encode()[1:-1]
        between = b","
    yield b"]" if between == b"," else b"[]"


class _Outbox:
    """What a writer of Arrow's has written since it was taken last."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.file = pa.PythonFile(self, mode="w")
        self.closed = False

    def write(self, part: bytes) -> int:
        """Keep a part."""
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        """Do nothing: it is in memory."""

    def close(self) -> None:
        """Do nothing: what was written is still to be taken."""

    def taken(self) -> bytes:
        """Take what there is."""
        whole = b"".join(self._parts)
        self._parts.clear()
        return whole


def _schema_of(frame: pl.DataFrame, label: dict[str, str]) -> pa.Schema:
    return frame.clear().to_arrow().schema.with_metadata(label)


def _in_words(frame: pl.DataFrame) -> pl.DataFrame:
    """Write bytes as hexadecimal digits: text forms have no bytes."""
    return frame.with_columns(pl.col(pl.Binary).bin.encode("hex"))
