"""Which margin counts for which customer; apart from what settings read, which must not load a frame's library."""

import numpy as np
import polars as pl

from predict.frames import Vector
from predict.value.margins import Margins


def shares_of(rows: pl.DataFrame, margins: Margins) -> Vector:
    """Give each row's margin; a level without one, and a frame without the column, has that of all."""
    if margins.by not in rows.columns:
        return np.full(rows.height, margins.margin)
    level = rows[margins.by].cast(pl.String)
    own = level.replace_strict(dict(margins.levels), default=margins.margin, return_dtype=pl.Float64)
    return np.asarray(own.fill_null(margins.margin).to_numpy(), dtype=np.float64)


def unknown_levels(rows: pl.DataFrame, margins: Margins) -> tuple[str, ...]:
    """Name the levels that a margin was said of and no row has, in order: a word mistyped, or nobody's."""
    there = set(rows[margins.by].cast(pl.String).unique()) if margins.by in rows.columns else set()
    return tuple(sorted(set(margins.levels) - there))
