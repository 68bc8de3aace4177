"""Who carries which token, as two arrays of one length: what a store packs into blocks, and reads back by block.

Tokens are digests, so their first bits spread them evenly: they name the block that a token stands in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from ingest.match.keys import TOKEN_BITS

RECORD_BYTES: Final = 16
IN_A_BLOCK: Final = 512
"""Entries that a block aims at: who is erased costs a block of 12 KB for each key, and a look-up reads as much."""
_FEW: Final = 4096
"""Entries that are sorted in less time than a frame of them is made."""
_NUMBER: Final = "<i8"
_RECORD: Final = np.dtype([("high", "<u8"), ("low", "<u8")])

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Entries:
    """Tokens (int64) and, for each, the record that carries it (two unsigned 64-bit halves)."""

    tokens: Numbers
    records: npt.NDArray[np.void]

    @classmethod
    def of(cls, tokens: Sequence[int] | Numbers, records: Sequence[bytes]) -> Self:
        """Pair tokens with records."""
        return cls(np.asarray(tokens, dtype=np.int64), np.frombuffer(b"".join(records), dtype=_RECORD))

    @classmethod
    def unpacked(cls, tokens: Sequence[bytes], records: Sequence[bytes]) -> Self:
        """Read the columns of blocks, one block after another."""
        numbers = np.frombuffer(b"".join(tokens), dtype=_NUMBER).astype(np.int64, copy=False)
        return cls(numbers, np.frombuffer(b"".join(records), dtype=_RECORD))

    @classmethod
    def together(cls, parts: Sequence["Entries"]) -> Self:
        """Put entries one after another."""
        if not parts:
            return cls.of([], [])
        return cls(np.concatenate([part.tokens for part in parts]), np.concatenate([part.records for part in parts]))

    def __len__(self) -> int:
        return self.tokens.size

    def packed(self) -> tuple[bytes, bytes]:
        """Return tokens and records as a block holds them."""
        return self.tokens.astype(_NUMBER).tobytes(), self.records.astype(_RECORD).tobytes()

    def ids(self) -> list[bytes]:
        """Return the records."""
        whole = self.records.astype(_RECORD).tobytes()  # joined arrays are in the order of this machine
        return [whole[start : start + RECORD_BYTES] for start in range(0, len(whole), RECORD_BYTES)]

    def only(self, which: npt.NDArray[np.bool_] | Numbers) -> "Entries":
        """Return the entries of a mask, or at some places."""
        return Entries(self.tokens[which], self.records[which])

    def ordered(self) -> "Entries":
        """Sort by token, then record, each once."""
        order = np.lexsort((self.records["low"], self.records["high"], self.tokens))
        entries = self.only(order)
        if len(entries) < 2:  # noqa: PLR2004 - nothing to be found twice
            return entries
        same = (entries.tokens[1:] == entries.tokens[:-1]) & (entries.records[1:] == entries.records[:-1])
        return entries.only(np.append(True, ~same))

    def among(self, others: "Entries") -> npt.NDArray[np.bool_]:
        """Say of each entry whether it is one of some others."""
        found = np.isin(self.tokens, others.tokens)  # whole entries are compared of few
        several = Entries.together([self.only(found), others])
        pairs = np.empty(len(several), dtype=[("token", np.int64), ("high", np.uint64), ("low", np.uint64)])
        pairs["token"], pairs["high"], pairs["low"] = several.tokens, several.records["high"], several.records["low"]
        mine = len(several) - len(others)
        found[found] = np.isin(pairs[:mine], pairs[mine:])
        return found

    def once(self) -> "Entries":
        """Leave out entries that stand there already, in no order."""
        if len(self) < _FEW:
            return self.ordered()
        columns = {"token": self.tokens, "high": self.records["high"], "low": self.records["low"]}
        distinct = pl.DataFrame(columns).unique()
        records = np.empty(distinct.height, dtype=_RECORD)
        records["high"], records["low"] = distinct["high"].to_numpy(), distinct["low"].to_numpy()
        return Entries(distinct["token"].to_numpy(), records)

    def blocks_of(self, bits: int) -> Numbers:
        """Return the number of the block that each entry stands in."""
        return block_of(self.tokens, bits)

    def blocks(self, bits: int) -> Iterator[tuple[int, "Entries"]]:
        """Cut ordered entries into blocks: the block's number and its entries."""
        numbers = block_of(self.tokens, bits)
        ends = np.flatnonzero(np.append(numbers[1:] != numbers[:-1], np.ones(min(len(self), 1), bool))) + 1
        for start, end in pairwise([0, *ends.tolist()]):
            yield int(numbers[start]), Entries(self.tokens[start:end], self.records[start:end])


def bits_for(entries: int) -> int:
    """Say how many bits name a block, so that blocks hold about `IN_A_BLOCK` entries."""
    return max(entries - 1, 0).bit_length() - IN_A_BLOCK.bit_length() + 1 if entries > IN_A_BLOCK else 0


def block_of(tokens: Numbers, bits: int) -> Numbers:
    """Return the number of the block that each token stands in."""
    return tokens >> np.int64(TOKEN_BITS - bits)
