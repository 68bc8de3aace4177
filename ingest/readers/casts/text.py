"""Source values as text: keys, codes and attributes, whatever type a file gave them."""

from typing import Final

import polars as pl

from ingest.prepass.limit import FIELD_BYTES
from ingest.prepass.records import LONG_FIELD, NUL
from ingest.readers.casts.check import Cast, Check, source_of, unreadable

_FRACTION: Final = ("is neither text nor a whole number", "deliver the column as text")


def text_of(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return a source column as text; whole floats lose their `.0`, other floats are null.

    Spreadsheets and data frames turn a column of numbers with gaps into floats: 17850.0 means 17850.
    """
    source = source_of(column)
    if dtype == pl.String:
        return source
    if dtype.is_float():
        whole = source.cast(pl.Int64, strict=False)
        return pl.when(whole.cast(dtype) == source).then(whole.cast(pl.String))
    if isinstance(dtype, pl.Datetime):
        return source.dt.to_string("iso:strict")
    return source.cast(pl.String)


def text_cast(column: str, dtype: pl.DataType, output: str) -> Cast:
    """Pass text on."""
    checks = (unreadable(column, output, *_FRACTION),) if dtype.is_float() else ()
    return Cast(text_of(column, dtype).alias(output), checks)


def joined_text(columns: tuple[str, ...], dtypes: dict[str, pl.DataType], output: str) -> Cast:
    """Put texts together with a space between: a street and its number; what is missing is left out."""
    parts = [text_of(column, dtypes[column]) for column in columns]
    told = pl.any_horizontal(part.is_not_null() for part in parts)
    whole = pl.when(told).then(pl.concat_str(parts, separator=" ", ignore_nulls=True))
    return Cast(whole.alias(output), fraction_checks(columns, dtypes))


def joined_key(columns: tuple[str, ...], dtypes: dict[str, pl.DataType]) -> pl.Expr:
    """Join key columns unambiguously: one as it is, several each led by its length in bytes and a colon.

    Without the lengths ("a", "bc") and ("ab", "c") would be one key. Null where any part is null.
    """
    parts = [text_of(column, dtypes[column]) for column in columns]
    if len(parts) == 1:
        return parts[0]
    sized = [pl.concat_str(part.str.len_bytes().cast(pl.String), pl.lit(":"), part) for part in parts]
    return pl.concat_str(sized)


def fraction_checks(columns: tuple[str, ...], dtypes: dict[str, pl.DataType]) -> tuple[Check, ...]:
    """Refuse keys that are fractions: read as missing, a row would silently lose its customer."""
    return tuple(
        Check(column, *_FRACTION, source_of(column).is_not_null() & text_of(column, dtypes[column]).is_null())
        for column in columns
        if dtypes[column].is_float()
    )


def unfit_text(column: str) -> tuple[Check, ...]:
    """Refuse texts that the byte pre-pass would have: JSON, Parquet and workbooks reach here without it."""
    source = source_of(column)
    return (
        Check(column, *LONG_FIELD, source.str.len_bytes() > FIELD_BYTES),
        Check(column, *NUL, source.str.contains("\0", literal=True)),
    )
