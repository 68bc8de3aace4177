"""Open a delivery under its contract: one interface over every format."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from ingest.contract.model import Contract, FormatKind
from ingest.errors import FileRefused
from ingest.prepass.container import GZIP, OLE, PARQUET, ZIP, StreamBroken, in_memory, is_workbook, opened
from ingest.readers.chunk import Chunk, RawChunk
from ingest.readers.delimited import delimited_chunks
from ingest.readers.ndjson import ndjson_chunks
from ingest.readers.parquet import parquet_chunks
from ingest.readers.typed import Typist
from ingest.readers.workbook import workbook_chunks

CHUNK_ROWS: Final = 500_000
"""Rows in one chunk: about 100 MB of a wide table, so that a file of any size fits."""

_TEXT_KINDS: Final = frozenset({FormatKind.CSV, FormatKind.TSV, FormatKind.NDJSON})


class SourceFile:
    """One delivered file together with its contract; reading it twice gives the same rows.

    A row with a permission dated after `arrived` is refused; None, where nothing is stored, holds no date against it.
    """

    def __init__(self, contract: Contract, path: Path, *, arrived: datetime | None = None) -> None:
        self.contract = contract
        self._arrived = arrived
        self._path = path
        self._stamp = self._stamped()
        self.sha256 = self._digest()

    def chunks(self, rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """Give the rows in order, in chunks of at most about `rows` rows; memory does not grow with the file.

        A fault of the file may surface after some chunks: nothing of a batch may be visible before the last one.

        Raises:
            FileRefused: the file cannot be read as the contract says, or it changed meanwhile.

        """
        typist = Typist(self.contract, arrived=self._arrived)
        for raw in self.raw_chunks(rows):
            yield typist.typed(raw)

    def raw_chunks(self, rows: int = CHUNK_ROWS) -> Iterator[RawChunk]:
        """Give the rows as the source has them, before any cast.

        Raises:
            FileRefused: as `chunks`.

        """
        yield from self._read(rows)
        if self._stamped() != self._stamp:
            raise FileRefused(self.contract.name, "changed while it was read", "deliver under a new name, then move")

    def _read(self, rows: int) -> Iterator[RawChunk]:
        """Choose the reader by the contract's format and the file's first bytes."""
        kind = self.contract.format.kind
        magic = self._magic()
        self._refuse_mismatch(kind, magic)
        try:
            if kind in _TEXT_KINDS:
                yield from self._text_chunks(rows)
            elif kind is FormatKind.PARQUET:
                yield from parquet_chunks(self.contract, self._seekable(magic), rows=rows)
            else:
                yield from workbook_chunks(self.contract, self._seekable(magic), rows=rows)
        except StreamBroken as exc:
            raise FileRefused(self.contract.name, exc.rule, exc.remedy, line=exc.line) from None

    def _text_chunks(self, rows: int) -> Iterator[RawChunk]:
        """Read a text format through the stream."""
        with opened(self._path) as stream:
            read = ndjson_chunks if self.contract.format.kind is FormatKind.NDJSON else delimited_chunks
            yield from read(self.contract, stream, rows=rows)

    def _seekable(self, magic: bytes) -> Path | bytes:
        """Return the path itself, or the unpacked bytes of a gz or zip around it."""
        if not magic.startswith((GZIP, ZIP)) or (magic.startswith(ZIP) and is_workbook(self._path)):
            return self._path
        with opened(self._path) as stream:
            return in_memory(stream)

    def _refuse_mismatch(self, kind: FormatKind, magic: bytes) -> None:
        """Refuse a file whose first bytes contradict the contract's format."""
        packed = magic.startswith((GZIP, ZIP))
        remedy = "correct `format.kind` in the contract, or the export"
        if not magic:
            raise FileRefused(self.contract.name, "is empty", "deliver a header and rows", line=1)
        if kind is FormatKind.PARQUET and not packed and magic != PARQUET:
            raise FileRefused(self.contract.name, "is no Parquet file", remedy)
        if kind is FormatKind.XLSX and magic == OLE:
            raise FileRefused(self.contract.name, "is an old .xls or has a password", "save as .xlsx without one")
        if kind is FormatKind.XLSX and not packed:
            raise FileRefused(self.contract.name, "is no workbook", remedy)
        if kind in _TEXT_KINDS and (magic in {PARQUET, OLE} or (magic == ZIP and is_workbook(self._path))):
            raise FileRefused(self.contract.name, "is no text file", remedy)

    def _magic(self) -> bytes:
        """Read the first four bytes."""
        with self._path.open("rb") as file:
            return file.read(4)

    def _stamped(self) -> tuple[int, int, int]:
        """Return what changes when a file is written to."""
        try:
            status = self._path.stat()
        except OSError as exc:
            rule = f"cannot be opened ({type(exc).__name__})"
            raise FileRefused(self.contract.name, rule, "check the path and its permissions") from None
        return status.st_ino, status.st_size, status.st_mtime_ns

    def _digest(self) -> str:
        """Hash the file as delivered, before anything is unpacked."""
        try:
            with self._path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as exc:
            rule = f"cannot be opened ({type(exc).__name__})"
            raise FileRefused(self.contract.name, rule, "check the path and its permissions") from None


def open_source(contract: Contract, path: Path, *, arrived: datetime | None = None) -> SourceFile:
    """Open a delivery that came at `arrived`; its digest is taken at once, its rows when they are asked for.

    Raises:
        FileRefused: the file cannot be opened.

    """
    return SourceFile(contract, path, arrived=arrived)
