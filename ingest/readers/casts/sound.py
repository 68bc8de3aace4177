"""Text columns of few values, proven sound on the values themselves: then no row of them needs a look.

A column of kinds or states repeats a handful of codes over millions of rows. Where none of them has blanks around it,
is empty, holds NUL or is over-long, trimming and checking each row changes nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from ingest.prepass.limit import FIELD_BYTES

Sound = Mapping[str, frozenset[str]]
"""By source column: all values of a chunk, null left out, each of them sound as it stands."""

_PROBED: Final = 10_000
_FEW: Final = 256
"""A column that has more values than that in a chunk is judged row by row."""


def sound_columns(frame: pl.DataFrame, columns: Iterable[str]) -> Sound:
    """Return the sound text columns of a chunk with their values."""
    found = {name: _values(frame[name]) for name in columns if frame.schema[name] == pl.String}
    return {name: values for name, values in found.items() if values is not None}


def _values(column: pl.Series) -> frozenset[str] | None:
    """Return the distinct values of a column if they are few and all are sound."""
    if column.head(_PROBED).n_unique() > _FEW:
        return None
    distinct = column.unique().drop_nulls()
    if len(distinct) > _FEW:
        return None
    size = distinct.str.len_bytes()
    bad = (distinct.str.strip_chars() != distinct) | ~size.is_between(1, FIELD_BYTES)
    if (bad | distinct.str.contains("\0", literal=True)).any():
        return None
    return frozenset(distinct)
