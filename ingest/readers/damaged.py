"""Refused rows: whose they are, and what they say that must count all the same.

A row whose customer cannot be told is found by no erasure, so nothing of it may be kept; a no must count whatever else
is wrong with its row, and where it cannot be read that must be said.
"""

from typing import Final

import polars as pl

from ingest.contract.model import Contract
from ingest.prepass.limit import FIELD_BYTES
from ingest.readers.casts.check import source_of
from ingest.readers.casts.plan import Dtypes, withheld_acts
from ingest.readers.casts.text import text_of

NOBODY: Final = ""


def key_column(contract: Contract) -> str | None:
    """Name the source column that tells whose row it is: the record's own key, or the customer's; None without one."""
    if contract.is_identity:
        return contract.key[0]
    reference = contract.person or contract.organisation
    return reference.column if reference else None


def subject_of(contract: Contract, dtypes: Dtypes) -> pl.Expr:
    """Read the key of the customer whose row it is: "" if an event names none, null if the key cannot be read."""
    column = key_column(contract)
    if column is None:
        return pl.lit(NOBODY).alias("subject")
    key = text_of(column, dtypes[column])
    sound = (key.str.len_bytes() <= FIELD_BYTES) & ~key.str.contains("\0", literal=True)
    named = pl.when(sound).then(key).alias("subject")
    if contract.is_identity:
        return named
    return pl.when(source_of(column).is_null()).then(pl.lit(NOBODY)).otherwise(named).alias("subject")


def restrictive_of(contract: Contract, rows: pl.DataFrame, dtypes: Dtypes) -> pl.DataFrame:
    """Pick the acts that take permission away out of refused rows, with `_line` and `_key`."""
    if not contract.consent:
        return pl.DataFrame()
    acts = [pl.col(f"_consent_{number}").is_not_null() for number in range(len(contract.consent))]
    kept = rows.select("_line", *withheld_acts(contract, dtypes))
    return kept.filter(pl.col("_key").is_not_null() & pl.any_horizontal(acts))


def with_subjects(
    contract: Contract, rejected: pl.DataFrame, cells: pl.DataFrame, source: pl.DataFrame
) -> pl.DataFrame:
    """Say of rows refused before they were split whose they are, where the cell of the key is sound.

    `cells` are their fields as they stand, `source` the same rows trimmed and renamed.
    """
    column = key_column(contract)
    if source.is_empty():
        return rejected
    told = source.select(line="_line", subject=subject_of(contract, _all_text(contract)))
    if column is not None:
        told = told.filter(cells[column].is_not_null())
    joined = rejected.drop("subject").join(told, on="line", how="left", maintain_order="left")
    return joined.select(rejected.columns)


def unheard(contract: Contract, rejected: pl.DataFrame, cells: pl.DataFrame) -> int:
    """Count the rows refused before they were split whose key or consent cannot be read."""
    if not contract.consent:
        return 0
    needed = [*contract.key, *(consent.column for consent in contract.consent)]
    heard = 0 if cells.is_empty() else cells.select(pl.all_horizontal(pl.col(needed).is_not_null()).sum()).item()
    return rejected.height - int(heard)


def heard(contract: Contract, source: pl.DataFrame) -> pl.DataFrame:
    """Pick the restrictive acts out of rows refused before they were split."""
    return pl.DataFrame() if source.is_empty() else restrictive_of(contract, source, _all_text(contract))


def _all_text(contract: Contract) -> Dtypes:
    return dict.fromkeys(contract.declared_columns, pl.String())
