"""Candidate pairs: which records are compared at all (blocking).

A value shared by more than `LARGEST_BLOCK` records makes no candidates by itself: that is found from the data, never
from a list of values, and it bounds the work whatever a source delivers (a value of 100,000 records would make five
thousand million pairs).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

LARGEST_BLOCK: Final = 60
"""Records that may share a key, which makes 1,770 pairs; a larger block is a place or a default, not a person."""
_LARGEST_CIRCLE: Final = 40
"""Links of a record beyond which its neighbours are not put side by side."""
_SEPARATOR: Final = "\x1f"


def candidate_pairs(frame: pl.DataFrame, keys: Sequence[Sequence[str]]) -> pl.DataFrame:
    """Return columns left, right (UInt32 rows of `frame`, left first), each pair once, in order."""
    rows = frame.with_row_index("row")
    found = [_of_key(rows, key) for key in keys if all(frame[column].null_count() < frame.height for column in key)]
    if not found:
        return pl.DataFrame(schema={"left": pl.UInt32, "right": pl.UInt32})
    return pl.concat(found).unique().sort("left", "right")


def _of_key(rows: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    named = rows.select("row", key=pl.concat_str(key, separator=_SEPARATOR)).drop_nulls()
    block = named.filter(pl.len().over("key").is_between(2, LARGEST_BLOCK))
    pairs = block.join(block, on="key").filter(pl.col("row") < pl.col("row_right"))
    return pairs.select(left="row", right="row_right")


def closing_pairs(linked: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return pairs that are not known yet and have a neighbour in common: left, right, in order.

    Whoever is linked to both A and B asks how A and B stand to one another: a chain must not stand unseen.
    """
    both = pl.concat([linked.select("left", "right"), linked.select(left="right", right="left")])
    near = both.filter(pl.len().over("left") <= _LARGEST_CIRCLE)
    two_steps = near.join(near.rename({"right": "other"}), on="left").filter(pl.col("right") < pl.col("other"))
    pairs = two_steps.select(left="right", right="other").unique()
    return pairs.join(known, on=["left", "right"], how="anti").sort("left", "right")


def random_pairs(records: int, pairs: int) -> pl.DataFrame:
    """Draw pairs of two different rows, the same ones for as many records: left, right, in order, each once."""
    generator = np.random.default_rng(0)  # a sample, not a secret: it must be the same in every run
    drawn = generator.integers(0, records, size=(pairs, 2), dtype=np.uint32)
    frame = pl.DataFrame({"left": drawn.min(axis=1), "right": drawn.max(axis=1)})
    return frame.filter(pl.col("left") < pl.col("right")).unique().sort("left", "right")
