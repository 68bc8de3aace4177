"""Candidate pairs: which records are compared at all (blocking).

A value shared by more than `LARGEST_BLOCK` records makes no candidates by itself: that is found from the data, never
from a list of values, and it bounds the work whatever a source delivers (a value of 100,000 records would make five
thousand million pairs).

A pair is one number here, left * 2**32 + right, so that a sort orders pairs and finds those found twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from ingest.match.keys import Alone, name_of

LARGEST_BLOCK: Final = 60
"""Records that may share a key, which makes 1,770 pairs; a larger block is a place or a default, not a person."""
_LARGEST_CIRCLE: Final = 40
"""Links of a record beyond which its neighbours are not put side by side."""
_HALF: Final = 32
_LOW: Final = (1 << _HALF) - 1

_MIXING: Final = np.uint64(0x9E3779B97F4A7C15)
"""The golden ratio of 64 bits (Knuth, multiplicative hashing): it sets the columns of a key apart."""

Pairs = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]
Carriers = npt.NDArray[np.uint8]
_Hashes = Mapping[str, tuple[Pairs, npt.NDArray[np.bool_]]]
_NONE: Final = np.empty(0, dtype=np.uint64)
NO_BOUND: Final[Alone] = MappingProxyType({})


def candidate_pairs(frame: pl.DataFrame, keys: Sequence[Sequence[str]], alone: Alone = NO_BOUND) -> pl.DataFrame:
    """Return columns left, right (UInt32 rows of `frame`, left first), each pair once, in order.

    A key that more rows share than it counts `alone` with makes no pair of two rows that share no other.
    """
    strong, faint = [_NONE], [_NONE]
    for name, pairs, carriers in pairs_of_keys(frame, keys):
        crowded = carriers > alone.get(name, LARGEST_BLOCK)
        strong.append(pairs[~crowded])
        faint.append(pairs[crowded])
    twice = np.sort(np.concatenate(faint))
    return _frame(_once(np.concatenate([*strong, twice[1:][twice[1:] == twice[:-1]]])))


def pairs_of_keys(frame: pl.DataFrame, keys: Sequence[Sequence[str]]) -> Iterator[tuple[str, Pairs, Carriers]]:
    """Yield each key, once, with the pairs that share it and how many rows share it with them.

    A pair is a number, left in its upper half.
    """
    hashes = {column: _hashed(frame, column) for column in {column for key in keys for column in key}}
    for key in dict.fromkeys(tuple(key) for key in keys):
        yield name_of(key), *_within(*_blocks(hashes, key))


def block_of(frame: pl.DataFrame, key: Sequence[str]) -> pl.Series:
    """Return for each row a number of its block by a key; null where it shares the key with none or with too many."""
    rows, last, _ = _blocks({column: _hashed(frame, column) for column in key}, key)
    numbers = np.full(frame.height, -1, dtype=np.int64)
    numbers[rows] = last
    return pl.Series("block", numbers).replace(-1, None)


def _hashed(frame: pl.DataFrame, column: str) -> tuple[Pairs, npt.NDArray[np.bool_]]:
    """Return 64-bit hashes of values, and where there are any: of a million, two meet by chance once in 30 million."""
    return frame[column].hash().to_numpy(), frame[column].is_not_null().to_numpy()


def _blocks(hashes: _Hashes, key: Sequence[str]) -> tuple[Rows, Rows, Carriers]:
    """Return the rows that share a key with some others, block by block.

    Beside each stand the place of its block's last and the size of the block.
    """
    told = np.logical_and.reduce([hashes[column][1] for column in key])
    rows = np.flatnonzero(told)
    value = np.zeros(rows.size, dtype=np.uint64)
    for column in key:
        value = (value ^ hashes[column][0][rows]) * _MIXING
        value ^= value >> np.uint64(29)
    order = np.argsort(value)
    rows, value = rows[order], value[order]
    sizes = np.diff(np.flatnonzero(np.append(value[1:] != value[:-1], np.ones(min(value.size, 1), bool))), prepend=-1)
    kept = (sizes > 1) & (sizes <= LARGEST_BLOCK)
    last = np.cumsum(sizes[kept]) - 1
    few = sizes[kept]
    return rows[np.repeat(kept, sizes)], np.repeat(last, few), np.repeat(few.astype(np.uint8), few)


def _within(rows: Rows, last: Rows, size: Carriers) -> tuple[Pairs, Carriers]:
    """Return the pairs of rows that share a block: neighbours in order of blocks, then those two apart, and so on.

    Beside each stands the size of its block.
    """
    behind, found, sizes = last - np.arange(rows.size), [_NONE], [size[:0]]
    place = np.flatnonzero(behind >= 1)
    for apart in range(1, LARGEST_BLOCK):
        one, other = rows[place].astype(np.uint64), rows[place + apart].astype(np.uint64)
        found.append(packed(np.minimum(one, other), np.maximum(one, other)))
        sizes.append(size[place])
        place = place[behind[place] > apart]
    return np.concatenate(found), np.concatenate(sizes)


def closing_pairs(linked: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return pairs that are not known yet and have a neighbour in common: left, right, in order.

    Whoever is linked to both A and B asks how A and B stand to one another: a chain must not stand unseen.
    """
    both = pl.concat([linked.select("left", "right"), linked.select(left="right", right="left")])
    near = both.filter(pl.len().over("left") <= _LARGEST_CIRCLE)
    two_steps = near.join(near.rename({"right": "other"}), on="left").filter(pl.col("right") < pl.col("other"))
    pairs = _once(_packed(two_steps.select(left="right", right="other")))
    return _frame(pairs[~_among(pairs, _packed(known))])


def random_pairs(records: int, pairs: int) -> pl.DataFrame:
    """Draw pairs of two different rows, the same ones for as many records: left, right, in order, each once."""
    generator = np.random.default_rng(0)  # a sample, not a secret: it must be the same in every run
    drawn = generator.integers(0, records, size=(pairs, 2), dtype=np.uint32)
    frame = pl.DataFrame({"left": drawn.min(axis=1), "right": drawn.max(axis=1)})
    return frame.filter(pl.col("left") < pl.col("right")).unique().sort("left", "right")


def packed(left: Pairs, right: Pairs) -> Pairs:
    """Write pairs of rows as a number each."""
    return (left << np.uint64(_HALF)) | right


def _packed(pairs: pl.DataFrame) -> Pairs:
    return packed(*(pairs[end].to_numpy().astype(np.uint64) for end in ("left", "right")))


def _frame(pairs: Pairs) -> pl.DataFrame:
    left, right = pairs >> np.uint64(_HALF), pairs & np.uint64(_LOW)
    return pl.DataFrame({"left": left.astype(np.uint32), "right": right.astype(np.uint32)})


def _once(pairs: Pairs) -> Pairs:
    """Sort pairs in place and leave out those that stand there twice."""
    pairs.sort()
    return pairs[np.append(True, pairs[1:] != pairs[:-1])] if pairs.size else pairs  # a mask's first


def _among(pairs: Pairs, known: Pairs) -> npt.NDArray[np.bool_]:
    """Say which pairs are known; `known` is in order."""
    if not known.size:
        return np.zeros(pairs.size, dtype=np.bool_)
    place = np.minimum(np.searchsorted(known, pairs), known.size - 1)
    return np.asarray(known[place] == pairs, dtype=np.bool_)
