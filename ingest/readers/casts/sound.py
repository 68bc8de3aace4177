"""Text columns that are sound as a whole: then no row of them needs trimming or a second look.

Sound is a column in which no value has blanks around it, is empty, holds NUL or is over-long. A column of kinds or
states repeats a handful of codes over millions of rows: it is proven on those. Any other is proven in one pass over its
rows, which costs less than half of trimming and checking each.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from ingest.prepass.limit import FIELD_BYTES

Sound = Mapping[str, frozenset[str] | None]
"""By source column that is sound in a chunk: its values without null where they are few, else None."""

_PROBED: Final = 10_000
_FEW: Final = 256
"""A column that has more values than that in a chunk is judged row by row."""
_UNTRIMMED: Final = r"^\s|\s$|\x00"


def sound_columns(frame: pl.DataFrame, columns: Iterable[str]) -> Sound:
    """Return the sound text columns of a chunk."""
    texts = [name for name in columns if frame.schema[name] == pl.String]
    codes = {name: frame[name].unique().drop_nulls() for name in texts if _has_few(frame[name])}
    sound = [name for name in texts if _is_sound(codes.get(name, frame[name]))]
    return {name: _few(codes.get(name)) for name in sound}


def _has_few(column: pl.Series) -> bool:
    """Say whether a column looks like one of few values."""
    return column.head(_PROBED).n_unique() <= _FEW


def _few(codes: pl.Series | None) -> frozenset[str] | None:
    return None if codes is None or len(codes) > _FEW else frozenset(codes)


def _is_sound(values: pl.Series) -> bool:
    """Say whether all values are sound; null is."""
    size = values.str.len_bytes()
    return bool(size.is_between(1, FIELD_BYTES).all()) and not values.str.contains(_UNTRIMMED).any()
