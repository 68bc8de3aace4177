"""The digest of many rows from the digests of their pieces, so that whoever leaves has one piece digested anew.

Rows are in the order of their pseudonyms; a piece is those whose pseudonym begins with the same half byte. Each piece
that has rows is digested as an Arrow stream of its own, and the SHA-256 of these digests in their order is the digest
of all, the sum of their sizes the size. Whoever holds the rows can compute it again, and nothing else is needed.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from hub.views.wire import Left, arrow_pieces, left_of

_PIECES: Final = 16
_THREADS: Final = 2
Standing = npt.NDArray[np.bool_]


def digest_of_all(frame: pl.DataFrame) -> Left:
    """Return size and digest of rows (`pseudonym`, Binary, sorted, and features), piece by piece."""
    bounds = bounds_of(frame["pseudonym"])
    whole = [_digest(frame[start:end]) for start, end in pairwise(bounds) if end > start]
    return _together(whole)


def bounds_of(pseudonyms: pl.Series) -> list[int]:
    """Return where pieces of sorted pseudonyms begin, and at last where the last one ends."""
    halves = pseudonyms.bin.head(1).bin.reinterpret(dtype=pl.UInt8, endianness="big").to_numpy() >> 4
    return [int(each) for each in np.searchsorted(halves, np.arange(_PIECES + 1))]


@dataclass(slots=True)
class Piecemeal:
    """Rows in pieces, and of each what was digested last: of which of its rows, and what came of it."""

    rows: pl.DataFrame = field(repr=False)
    bounds: list[int]
    _known: dict[int, tuple[bytes, Left | None]] = field(default_factory=dict, repr=False)

    def standing(self, standing: Standing) -> pl.DataFrame:
        """Return the rows that stand; pieces in which all do are not copied."""
        if standing.all():
            return self.rows
        return pl.concat([self._piece(number, standing) for number in range(_PIECES)], rechunk=False)

    def digest(self, standing: Standing) -> Left:
        """Return size and digest of the rows that stand; only pieces in which others stand than before are digested."""
        with ThreadPoolExecutor(_THREADS) as pool:
            parts = list(pool.map(lambda number: self._digest_of(number, standing), range(_PIECES)))
        return _together([each for each in parts if each is not None])

    def _digest_of(self, number: int, standing: Standing) -> Left | None:
        start, end = self.bounds[number : number + 2]
        which = standing[start:end].tobytes()
        known = self._known.get(number)
        if known is None or known[0] != which:
            piece = self._piece(number, standing)
            known = self._known[number] = (which, _digest(piece) if piece.height else None)
        return known[1]

    def _piece(self, number: int, standing: Standing) -> pl.DataFrame:
        start, end = self.bounds[number : number + 2]
        piece, some = self.rows[start:end], standing[start:end]
        return piece if some.all() else piece.filter(pl.Series(some))


def _digest(piece: pl.DataFrame) -> Left:
    return left_of(arrow_pieces(piece, {}))


def _together(parts: list[Left]) -> Left:
    return Left(sum(each.size for each in parts), sha256(b"".join(each.sha256 for each in parts)).digest())
