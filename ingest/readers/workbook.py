"""XLSX: one sheet, first row is the header; loaded whole, so its unpacked size is bounded first."""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import fastexcel
import polars as pl

from ingest.contract.model import Contract
from ingest.errors import FileRefused
from ingest.prepass.container import WORKBOOK_PART
from ingest.prepass.header import header_names, verify_columns
from ingest.prepass.limit import IN_MEMORY_BYTES, RATIO, RATIO_AFTER_BYTES
from ingest.readers.chunk import RawChunk

_FIRST_ROW = 2  # below the header, counted from 1 as the sheet shows it


def workbook_chunks(contract: Contract, source: Path | bytes, *, rows: int) -> Iterator[RawChunk]:
    """Read a sheet in chunks of at most `rows` rows; `_line` is the sheet's own row number.

    Raises:
        FileRefused: no workbook, no such sheet, out of proportion, or other columns than declared.

    """
    _verify_package(contract, source)
    frame = _sheet(contract, source)
    if not frame.height:
        raise FileRefused(contract.name, "holds a header and no rows", "deliver at least one row", line=1)
    for first in range(0, frame.height, rows):
        yield RawChunk(frame.slice(first, rows))


def _verify_package(contract: Contract, source: Path | bytes) -> None:
    """Unpack every part once, counting: sizes in a zip's directory are what its writer claims."""
    packed = len(source) if isinstance(source, bytes) else source.stat().st_size
    try:
        with zipfile.ZipFile(BytesIO(source) if isinstance(source, bytes) else source) as package:
            if WORKBOOK_PART not in package.namelist():
                raise FileRefused(contract.name, "is a zip and no workbook", "save it as .xlsx")
            claimed = sum(part.file_size for part in package.infolist())
            out_of_proportion = claimed > RATIO_AFTER_BYTES and claimed > RATIO * packed
            if claimed > IN_MEMORY_BYTES or out_of_proportion:
                raise FileRefused(contract.name, "unpacks to too much", "deliver it as CSV or Parquet")
            # A part that unpacks to more than it claims fails its checksum here, before the workbook reader sees it.
            damaged = package.testzip() is not None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        damaged = True
    if damaged:
        raise FileRefused(contract.name, "is damaged, encrypted or no workbook", "save it as .xlsx without a password")


def _sheet(contract: Contract, source: Path | bytes) -> pl.DataFrame:
    """Load the sheet with declared names and row numbers; empty rows are no rows."""
    try:
        book = fastexcel.read_excel(source if isinstance(source, bytes) else str(source))
        sheet = contract.format.sheet
        if sheet is not None and sheet not in book.sheet_names:
            raise FileRefused(contract.name, "the declared sheet is missing", "correct `sheet` in the contract")
        which: str | int = sheet if sheet is not None else 0
        head = book.load_sheet(which, header_row=None, skip_rows=0, n_rows=1, dtypes="string").to_polars()
        names = header_names([str(name or "") for name in (head.row(0) if head.height else ())])
        verify_columns(names, contract)
        body = book.load_sheet(which, header_row=None, skip_rows=1, schema_sample_rows=None).to_polars()
    except fastexcel.FastExcelError:
        # Not chained: the reader's message may hold the path.
        raise FileRefused(contract.name, "the sheet cannot be read", "save it again as .xlsx") from None
    return _named(body, names)


def _named(body: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Name the columns, number the rows as the sheet does, and drop empty ones."""
    named = body.rename(dict(zip(body.columns, names, strict=False)))
    filled = pl.any_horizontal(pl.all().is_not_null())
    numbered = named.with_row_index("_line", offset=_FIRST_ROW).with_columns(pl.col("_line").cast(pl.Int64))
    return numbered.filter(named.select(filled).to_series()) if named.height else numbered
