"""Who was in a release, as a set of ordinals: a Roaring bitmap, about one bit a member or less.

A set has no order, so neither the rows' nor the records' order can be read from it. The bytes are the portable format
of the Roaring specification (https://github.com/RoaringBitmap/RoaringFormatSpec), which libraries of many languages
read; Lemire et al., "Roaring bitmaps: implementation of an optimized software library", 2018.
"""

from array import array
from collections.abc import Collection

import numpy as np
import polars as pl
from pyroaring import BitMap


def packed(ordinals: pl.Series) -> bytes:
    """Pack ordinals (whole numbers from 0, no nulls, any order, repeated or not) into a bitmap."""
    if ordinals.is_empty():
        return BitMap().serialize()
    numbers = ordinals.to_numpy()
    present = np.zeros(int(numbers.max()) + 1, dtype=np.bool_)
    present[numbers] = True  # sorts and removes doubles in one pass; a hundred million take 100 MB for a moment
    bitmap = BitMap(array("I", np.flatnonzero(present).astype(np.uint32).tobytes()))
    bitmap.run_optimize()
    return bitmap.serialize()


def united(members: bytes, others: bytes) -> bytes:
    """Return the set of all members of both."""
    return (BitMap.deserialize(members) | BitMap.deserialize(others)).serialize()


def holds_any(members: bytes, ordinals: Collection[int]) -> bool:
    """Say whether one of the ordinals is a member."""
    return bool(BitMap.deserialize(members).intersect(BitMap(ordinals)))


def those_in(members: bytes, ordinals: Collection[int]) -> set[int]:
    """Return those of the ordinals that are members."""
    return set(BitMap.deserialize(members) & BitMap(ordinals))


def only_in(members: bytes, ordinals: pl.Series) -> pl.Series:
    """Say of each ordinal (UInt32, nulls are none) whether it is a member: many at once, as truths."""
    wanted = pl.Series(BitMap.deserialize(members).to_array(), dtype=pl.UInt32)
    return ordinals.is_in(wanted.implode()).fill_null(value=False)


def count_of(members: bytes) -> int:
    """Count the members."""
    return len(BitMap.deserialize(members))
