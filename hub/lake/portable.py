"""Files of the lake that another process opens: a scan that can be pickled, with the keys of its files in it.

That is what it is for, and the one exception to the rule that no key is pickled (ADR 0074): executors of Spark open the
files of a read. A pickle of it exists in a task's closure alone, which travels over connections that are encrypted or
do not leave the machine. It opens these files and nothing else; no key that wraps others is near.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl
from polars.io.plugins import register_io_source

from hub.lake.lake import Lake
from hub.lake.parquet import ENCRYPTED_MAGIC, is_refusal, scan
from hub.lake.terms import CatalogueFile, name_of
from privacy.keys import Key, KeyKind
from privacy.terms import FileId, KeyId

REFUSED: Final = "a file of the lake is missing or does not open"
"""What an executor tells of a file: which one it is, the hub finds out itself."""


@dataclass(frozen=True, slots=True, repr=False)
class PortableFile:
    """Where a file is, which one it is, and the 32 bytes that open it."""

    location: str
    file_id: FileId
    key_id: KeyId
    opens: bytes

    def scan(self, schema: pl.Schema) -> pl.LazyFrame:
        """Scan it, as `hub.lake.opening.open_file` does, after the same look at its end."""
        with Path(self.location).open("rb") as content:
            content.seek(-len(ENCRYPTED_MAGIC), 2)
            if content.read() != ENCRYPTED_MAGIC:
                raise FileNotFoundError
        key = Key(key_id=self.key_id, kind=KeyKind.FILE, secret=self.opens)
        return scan(self.location, key=key, file_id=self.file_id, schema=schema)


@dataclass(frozen=True, slots=True, repr=False)
class PortableScan:
    """A source of Polars over some files; every call opens them where it is made."""

    files: tuple[PortableFile, ...]
    schema: pl.Schema

    def __call__(
        self, columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        """Yield the rows of each file; Polars says which columns and rows are wanted."""
        for file in self.files:
            try:
                rows = file.scan(self.schema)
                rows = rows if predicate is None else rows.filter(predicate)
                rows = rows if columns is None else rows.select(columns)
                yield (rows if n_rows is None else rows.head(n_rows)).collect(engine="streaming")
            except OSError:
                raise RuntimeError(REFUSED) from None
            except pl.exceptions.ComputeError as fault:
                raise (RuntimeError(REFUSED) if is_refusal(fault) else fault) from None


def carried(lake: Lake, file: CatalogueFile, key: Key) -> PortableFile:
    """Take along what opens one file."""
    return PortableFile(lake.files.location(name_of(file.table, file.file_id)), file.file_id, key.key_id, key.secret[:])


def portable(files: tuple[PortableFile, ...], schema: pl.Schema) -> pl.LazyFrame:
    """Return files as one frame that can be pickled."""
    if not files:
        return schema.to_frame(eager=False)
    return register_io_source(PortableScan(files, schema), schema=schema, is_pure=True)
