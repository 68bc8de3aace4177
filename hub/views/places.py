"""Where rows lie: from ids to places by two columns of numbers, so that a million ids are no million objects.

An id of 16 bytes is two numbers of 64 bits, which sort as its bytes do. Ids are random: hardly two share the first.
"""

from collections.abc import Iterable
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl

_HALF: Final = 8
Numbers = npt.NDArray[np.uint64]


class Places:
    """Sorted ids, and the place of the row that each leads to."""

    __slots__ = ("_first", "_places", "_second")

    def __init__(self, first: Numbers, second: Numbers, places: npt.NDArray[np.uint32]) -> None:
        self._first, self._second, self._places = first, second, places

    @classmethod
    def of(cls, ids: pl.Series, places: pl.Series) -> Self:
        """Lead from each id (Binary, 16 bytes) to its place; one id may lead to several."""
        halves = [ids.bin.slice(start, _HALF).bin.reinterpret(dtype=pl.UInt64, endianness="big") for start in (0, 8)]
        first, second = (half.to_numpy() for half in halves)
        order = np.lexsort((second, first))
        return cls(first[order], second[order], places.cast(pl.UInt32).to_numpy()[order])

    def find(self, sought: bytes) -> int | None:
        """Return the place of an id."""
        return next(iter(self.find_all(sought)), None)

    def find_all(self, sought: bytes) -> list[int]:
        """Return every place of an id: two rows' customers may have become one."""
        first, second = (int.from_bytes(sought[start : start + _HALF]) for start in (0, _HALF))
        at = int(self._first.searchsorted(np.uint64(first)))
        found = []
        while at < len(self._first) and int(self._first[at]) == first:
            if int(self._second[at]) == second:
                found.append(int(self._places[at]))
            at += 1
        return found

    def find_each(self, sought: Iterable[bytes]) -> set[int]:
        """Return every place of any of some ids."""
        return {place for each in sought for place in self.find_all(each)}

    @property
    def size_bytes(self) -> int:
        """Return how much memory it takes."""
        return self._first.nbytes + self._second.nbytes + self._places.nbytes
