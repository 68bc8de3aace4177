"""Parquet: streamed in batches by the engine's own reader; only the columns that the contract uses are decoded."""

import io
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from ingest.contract.model import Contract
from ingest.errors import FileRefused
from ingest.prepass.header import header_names, verify_columns
from ingest.readers.chunk import RawChunk


def parquet_chunks(contract: Contract, source: Path | bytes, *, rows: int) -> Iterator[RawChunk]:
    """Read Parquet in chunks of about `rows` rows; `_line` is the record's number.

    Raises:
        FileRefused: not Parquet, damaged, or other columns than declared.

    """
    read = 0
    try:
        for batch in _scanned(contract, source).collect_batches(chunk_size=rows, maintain_order=True):
            read += batch.height
            if batch.height:
                yield RawChunk(batch)
    except (pl.exceptions.PolarsError, OSError):
        # Not chained: the engine's message holds the path, and a file's name may be a person's.
        raise FileRefused(contract.name, "is damaged or no Parquet file", "deliver it again") from None
    if read == 0:
        raise FileRefused(contract.name, "holds columns and no rows", "deliver at least one row")


def _scanned(contract: Contract, source: Path | bytes) -> pl.LazyFrame:
    """Scan the used columns under their declared names."""
    opened = io.BytesIO(source) if isinstance(source, bytes) else source
    frame = pl.scan_parquet(opened, glob=False, hive_partitioning=False)
    names = frame.collect_schema().names()
    declared = header_names(names)
    verify_columns(declared, contract)
    used = [
        pl.col(name).alias(known) for name, known in zip(names, declared, strict=True) if known not in contract.ignore
    ]
    return frame.with_row_index("_line", offset=1).select(pl.col("_line").cast(pl.Int64), *used)
