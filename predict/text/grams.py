"""Texts as hashed runs of characters and words, weighed by how rare they are: TF-IDF, without a vocabulary.

Rules kept:
- two blocks side by side: runs of 2 to 5 characters within a word and its edges, and runs of one or two words; each
  block of a text has length one, counts are damped (1 + ln), rarity is ln((1 + texts) / (1 + texts with it)) + 1;
- runs are numbered by a polynomial hash over 64 bits (Karp & Rabin, 1987) that is the same on every machine, so that
  no word is stored; figures count as one figure, since an order's number says nothing and names somebody;
- a run that fewer than `SEEN_BY` texts hold weighs nothing: what one person wrote is in no model;
- one buffer holds all texts: no loop over texts or words.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import polars as pl
from scipy import sparse

from predict.text.feeling import Table, Values
from predict.text.words import TEXT, folded

SHORTEST, LONGEST = 2, 5
BITS: Final = 16
WIDTH: Final = 1 << BITS
"""How many numbers there are in each of the two blocks."""
SEEN_BY: Final = 3  # texts
BATCH: Final = 20_000  # texts: bounds the buffers, not the result
_SPACE: Final = 32
_LONGEST_TEXT: Final = 20_000  # characters: what follows says nothing new
_BASE: Final = np.uint64(0x9E3779B97F4A7C15)  # odd: it has an inverse modulo 2^64
_INVERSE: Final = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_MIXER: Final = np.uint64(0xD6E8FEB86659FD93)
_SHIFT: Final = np.uint64(32)
Hashes = np.ndarray[tuple[int], np.dtype[np.uint64]]
Places = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Grams:
    """How rare each number is, for both blocks; 0: too few texts hold it."""

    rarity: Values

    @classmethod
    def fit(cls, counts: sparse.csr_matrix) -> Self:
        """Count in how many texts each number is."""
        held = np.bincount(counts.indices, minlength=counts.shape[1])
        rarity = np.log((1 + counts.shape[0]) / (1 + held)) + 1
        return cls(np.where(held < SEEN_BY, 0.0, rarity))

    def weigh(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        """Turn counts into weights of length one a block and text."""
        damped = counts.astype(np.float64)
        damped.data = (1 + np.log(damped.data)) * self.rarity[damped.indices]
        blocks = [_of_length_one(damped[:, start : start + WIDTH]) for start in (0, WIDTH)]
        return sparse.hstack(blocks, format="csr")


def counts_of(texts: pl.DataFrame) -> sparse.csr_matrix:
    """Count the runs of each text (column text): a row a text, `2 * WIDTH` columns, characters first."""
    pieces = [_counted(texts[start : start + BATCH]) for start in range(0, max(1, texts.height), BATCH)]
    return sparse.vstack(pieces, format="csr")


def dense(matrix: Table) -> sparse.csr_matrix:
    """Lay numbers beside hashed runs."""
    return sparse.csr_matrix(matrix)


def _counted(texts: pl.DataFrame) -> sparse.csr_matrix:
    codes, rows = _buffer(texts)
    pieces = [*_runs_of_characters(codes, rows), *_runs_of_words(codes, rows)]
    row = np.concatenate([each[0] for each in pieces])
    column = np.concatenate([each[1] for each in pieces])
    ones = np.ones(row.size, dtype=np.float32)
    return sparse.coo_matrix((ones, (row, column)), shape=(texts.height, 2 * WIDTH)).tocsr()


def _buffer(texts: pl.DataFrame) -> tuple[Hashes, Places]:
    """Write all texts one after the other, a space around every word: code points, and the text of each."""
    plain = folded(pl.col(TEXT).str.head(_LONGEST_TEXT)).str.replace_all(r"\d+", "0")
    plain = plain.str.replace_all(r"([!?])", " $1 ").str.replace_all(r"[^\p{L}\p{N}!?\[\]]+", " ")
    lines = texts.select(pl.concat_str(pl.lit(" "), plain.str.strip_chars(), pl.lit(" "))).to_series()
    rows = np.repeat(np.arange(texts.height), lines.str.len_chars().to_numpy())
    codes = np.frombuffer("".join(lines.to_list()).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    return codes, rows


def _runs_of_characters(codes: Hashes, rows: Places) -> list[tuple[Places, Places]]:
    """Give a number to every run within a word, with the space before and after it."""
    space = np.concatenate([[0], np.cumsum(codes == _SPACE)])
    found, running = [], codes.copy()
    for size in range(2, LONGEST + 1):
        if codes.size < size:
            break
        count = codes.size - size + 1
        running = running[:count] * _BASE + codes[size - 1 :]
        inner = space[size - 1 : size - 1 + count] - space[1 : 1 + count]  # spaces that are neither first nor last
        kept = (inner == 0) & (rows[:count] == rows[size - 1 :])
        if size == SHORTEST:
            kept &= ~((codes[:count] == _SPACE) & (codes[1 : 1 + count] == _SPACE))
        found.append((rows[:count][kept], _numbered(running[kept] + np.uint64(size), 0)))
    return found


def _runs_of_words(codes: Hashes, rows: Places) -> list[tuple[Places, Places]]:
    """Give a number to every word, and every two that stand side by side in a text."""
    letter = codes != _SPACE
    edges = np.diff(np.concatenate([[0], letter.view(np.int8), [0]]))
    start, end = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    powers = _powers(_BASE, codes.size)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(codes * powers, dtype=np.uint64)])
    words = (sums[end] - sums[start]) * _powers(_INVERSE, codes.size + 1)[start]
    of = rows[start] if start.size else np.zeros(0, np.int64)
    pairs = of[1:] == of[:-1]
    two = (words[:-1] * _MIXER + words[1:])[pairs]
    return [(of, _numbered(words, WIDTH)), (of[1:][pairs], _numbered(two, WIDTH))]


def _powers(base: np.uint64, count: int) -> Hashes:
    factors = np.full(max(1, count), base, dtype=np.uint64)
    factors[0] = 1
    return np.multiply.accumulate(factors)[:count]


def _numbered(hashes: Hashes, first: int) -> Places:
    """Mix a hash (finaliser after Stafford, 2011) and take its upper bits."""
    mixed = (hashes ^ (hashes >> _SHIFT)) * _MIXER
    mixed = (mixed ^ (mixed >> _SHIFT)) * _MIXER
    return (mixed >> np.uint64(64 - BITS)).astype(np.int64) + first


def _of_length_one(block: sparse.csr_matrix) -> sparse.csr_matrix:
    length = np.sqrt(block.multiply(block).sum(axis=1)).A1 if block.nnz else np.ones(block.shape[0])
    return sparse.diags(1 / np.where(length > 0, length, 1.0)) @ block
