"""What a reader gives: accepted rows, refused rows, and how many were read."""

from dataclasses import dataclass, field
from typing import Final

import polars as pl

REJECTED: Final = pl.Schema(
    {
        "line": pl.Int64(),
        "column": pl.String(),
        "rule": pl.String(),
        "remedy": pl.String(),
        "raw": pl.String(),
        "subject": pl.String(),
    }
)
"""One refused row: its physical line (record number for Parquet), the source column, the rule, the remedy, and the row
as JSON: an object of source columns, or {"_row": text} where it could not be split. `raw` must be sealed at once.
`subject` is the key of the customer whose row it is, empty where the row names none, null where it cannot be told."""


def no_rejects() -> pl.DataFrame:
    """Return an empty frame of refused rows."""
    return pl.DataFrame(schema=REJECTED)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some consecutive rows of a delivery: `frame.height + rejected.height == read`.

    `restrictive` holds the refusals, withdrawals, objections and restrictions of people whose row was refused for
    another fault (`_line`, `_key` and the consent columns): a typo in a birth date must not keep a "no" from counting.
    `source` are the rows as the source has them, with `_line`, of a contract of people or organisations.
    `unheard` counts the refused rows whose key or consent could not be read at all, if the contract has consent.
    """

    frame: pl.DataFrame
    rejected: pl.DataFrame
    read: int
    restrictive: pl.DataFrame = field(default_factory=pl.DataFrame)
    unheard: int = 0
    source: pl.DataFrame = field(default_factory=pl.DataFrame)


@dataclass(frozen=True, slots=True)
class RawChunk:
    """Rows as the source has them, with `_line`; `rejected` are rows that could not be split.

    `damaged` are those of the rejected whose fields could be told apart all the same: `_line` and the source columns as
    text, null where the damage is, empty where nothing stands.
    """

    frame: pl.DataFrame
    rejected: pl.DataFrame = field(default_factory=no_rejects)
    damaged: pl.DataFrame = field(default_factory=pl.DataFrame)
