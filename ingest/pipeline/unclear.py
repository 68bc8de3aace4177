"""Rows that share no more than an address with an erased person: put aside until a person says whose they are."""

from typing import Final

import polars as pl

from ingest.contract.model import Contract
from ingest.readers.chunk import REJECTED, Chunk
from ingest.readers.typed import rows_as_text
from privacy.suppression import ADDRESSES

UNCLEAR: Final = "suppressed_unclear"
_REMEDY: Final = (
    "an erased person had this address: say whose row it is with `varde suppression decide SOURCE:KEY`, then retry"
)


def put_aside(chunk: Chunk, lines: pl.Series, contract: Contract) -> pl.DataFrame:
    """Return some lines of a chunk as refused rows: sealed until somebody says whose they are."""
    mapped = [contract.mapping_to(attribute.value) for attribute in sorted(ADDRESSES)]
    column = next((mapping.column for mapping in mapped if mapping is not None), contract.key[0])
    raw = chunk.source.filter(pl.col("_line").is_in(lines.implode()))
    rows = raw.select("_line").with_columns(raw=rows_as_text(raw)).join(chunk.frame.select("_line", "_key"), on="_line")
    return rows.select(
        line="_line",
        column=pl.lit(column),
        rule=pl.lit(UNCLEAR),
        remedy=pl.lit(_REMEDY),
        raw="raw",
        subject="_key",
    ).cast(REJECTED)
