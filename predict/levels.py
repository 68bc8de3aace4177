"""Columns whose values are names of a kind, not figures: which levels a model knows, and how they become numbers.

Only what the view declares is a level: a column of Polars type Enum, or a text column that the brief gives the role
LEVEL. Levels that fewer than `RARE_BELOW` rows share are pooled as `OTHER`, and so are those after the `MOST_LEVELS`
most frequent: an artefact names no level that only a few customers have, and a coefficient of a handful is noise.

In a matrix a level is its position, most frequent first; NaN is not known. A level that was never seen counts as
`OTHER` where that was taught, else it is `UNSEEN`: it moves the score in no direction and is no reason.
"""

from collections.abc import Iterable

import numpy as np
import polars as pl

OTHER = "other"
UNSEEN = -1.0
RARE_BELOW = 50
MOST_LEVELS = 30
TEXTS = (pl.String, pl.Categorical, pl.Enum)

Levels = tuple[str, ...]
Codes = np.ndarray[tuple[int], np.dtype[np.float64]]


def is_level(dtype: pl.DataType) -> bool:
    """Say whether a type can hold levels."""
    return isinstance(dtype, TEXTS)


def levels_of(frame: pl.DataFrame, names: Iterable[str]) -> dict[str, Levels]:
    """Learn the levels of those of the columns that hold any: most frequent first, ties by name, `OTHER` last."""
    return {name: _levels(frame[name].cast(pl.String)) for name in names if is_level(frame.schema[name])}


def codes_of(column: pl.Series, levels: Levels) -> Codes:
    """Give each row the position of its level among `levels`, `UNSEEN` or NaN."""
    known = {level: float(at) for at, level in enumerate(levels)}
    beyond = known.get(OTHER, UNSEEN)
    text = column.cast(pl.String)
    coded = text.replace_strict(known, default=beyond, return_dtype=pl.Float64)
    return np.asarray(pl.select(pl.when(text.is_not_null()).then(coded)).to_series().to_numpy(), dtype=np.float64)


def most_frequent(codes: Codes) -> float:
    """Give the level of the reference customer; 0 where none is known."""
    known = codes[codes >= 0].astype(np.int64)
    return float(np.bincount(known).argmax()) if known.size else 0.0


def _levels(column: pl.Series) -> Levels:
    counted = column.drop_nulls().value_counts().rename({column.name: "level"})
    ranked = counted.sort(pl.col("count"), "level", descending=[True, False])
    common = ranked.filter(pl.col("count") >= RARE_BELOW, pl.col("level") != OTHER).head(MOST_LEVELS)
    kept = tuple(common["level"].to_list())
    return kept if len(kept) == ranked.height else (*kept, OTHER)
