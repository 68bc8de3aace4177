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


def put_aside(chunk: Chunk, unclear: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Return lines of a chunk (`_line`, `agrees`) as refused rows: sealed until it is said whose they are."""
    raw = chunk.source.filter(pl.col("_line").is_in(unclear["_line"].implode()))
    rows = raw.select("_line").with_columns(raw=rows_as_text(raw)).join(chunk.frame.select("_line", "_key"), on="_line")
    return (
        rows.join(unclear, on="_line")
        .select(
            line="_line",
            column=_agreeing_column(contract),
            rule=pl.lit(UNCLEAR),
            remedy=pl.lit(_REMEDY),
            raw="raw",
            subject="_key",
        )
        .cast(REJECTED)
    )


def _agreeing_column(contract: Contract) -> pl.Expr:
    """Name the file's column of the address that a row has in common with somebody erased."""
    mapped = {attribute.value: contract.mapping_to(attribute.value) for attribute in sorted(ADDRESSES)}
    named = [
        pl.when(pl.col("agrees").list.contains(attribute)).then(pl.lit(mapping.column))
        for attribute, mapping in mapped.items()
        if mapping is not None
    ]
    return pl.coalesce([*named, pl.lit(contract.key[0])])
