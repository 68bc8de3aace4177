"""Average linkage of many small parts at once: those of one size as one block of numbers, a step of each at a time.

Nearly all parts of a graph of records are two, three or four rows; in a loop over their edges a million records take
minutes. The result is that of the loop in `ingest.match.linkage`, to the last bit: the same sums in the same order.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

_CELLS_AT_ONCE: Final = 4_000_000
"""Numbers in one block, 32 MB."""

MERGES: Final = {"at": pl.Float64, "kept": pl.Int64, "gone": pl.Int64, "pairs": pl.Int64, "expected": pl.Float64}
"""Columns of merges, as `ingest.match.linkage.Merge` explains them."""

Rows = npt.NDArray[np.int64]
Sums = npt.NDArray[np.float64]


@dataclass(slots=True)
class Joined:
    """The merges of small parts, columns in pieces, and how many times two numbers forbade one."""

    at: list[Sums] = field(default_factory=list)
    kept: list[Rows] = field(default_factory=list)
    gone: list[Rows] = field(default_factory=list)
    pairs: list[Rows] = field(default_factory=list)
    expected: list[Sums] = field(default_factory=list)
    refused: int = 0

    def frame(self) -> pl.DataFrame:
        """Return the merges as columns, in no order that means something."""
        pieces = {name: getattr(self, name) for name in MERGES}
        return pl.DataFrame({name: np.concatenate(told) if told else [] for name, told in pieces.items()}, MERGES)


def join_small(edges: pl.DataFrame, parts: Rows, numbers: Rows, *, least: float) -> Joined:
    """Join the rows of the parts that have edges.

    Args:
        edges: left, right, probability: all those inside these parts.
        parts: the part of each row.
        numbers: the number of each row, 0 where it has none.
        least: the mean below which nothing is joined.

    """
    joined = Joined()
    left, right = (edges[end].to_numpy().astype(np.int64) for end in ("left", "right"))
    sizes, probability = np.bincount(parts), edges["probability"].to_numpy()
    order = np.argsort(parts, kind="stable")
    starts = np.cumsum(sizes) - sizes
    place = np.empty_like(order)
    place[order] = np.arange(order.size) - starts[parts[order]]
    of_edges = parts[left]
    for size in np.unique(sizes[of_edges]):
        chosen = np.flatnonzero(sizes[of_edges] == size)
        several = np.unique(of_edges[chosen])
        for wanted in np.array_split(several, several.size * int(size) ** 2 // _CELLS_AT_ONCE + 1):
            rows = order[starts[wanted][:, None] + np.arange(size)]
            mine = chosen[np.isin(of_edges[chosen], wanted)]
            part, one, other = np.searchsorted(wanted, of_edges[mine]), place[left[mine]], place[right[mine]]
            sums = np.zeros((wanted.size, size, size))
            sums[part, one, other] = sums[part, other, one] = probability[mine]
            _join(_Block(rows, sums, np.ones_like(rows), numbers[rows]), joined, least)
    return joined


@dataclass(slots=True)
class _Block:
    """Parts of one size: their rows, sums of probabilities between clusters, and each cluster's size and number.

    A cluster is at the place of its least row; where one has gone the sums are 0.
    """

    rows: Rows
    sums: Sums
    sizes: Rows
    numbers: Rows

    def likeliest(self) -> tuple[Rows, Rows, Sums]:
        """Return for each part the two clusters of the highest mean, of equals the first, and that mean."""
        means = np.triu(self.sums / (self.sizes[:, :, None] * self.sizes[:, None, :]), 1).reshape(len(self.rows), -1)
        best = means.argmax(axis=1)
        one, other = np.divmod(best, self.rows.shape[1])
        return one, other, means[np.arange(best.size), best]

    def only(self, of: npt.NDArray[np.bool_]) -> "_Block":
        """Go on with some parts."""
        return _Block(self.rows[of], self.sums[of], self.sizes[of], self.numbers[of])


def _join(block: _Block, joined: Joined, least: float) -> None:
    """Take a step in every part until nothing is likely enough in any."""
    while len(block.rows):
        one, other, mean = block.likeliest()
        going = mean >= least
        if not going.all():
            block = block.only(going)
            one, other, mean = one[going], other[going], mean[going]
        part = np.arange(mean.size)
        mine, theirs = block.numbers[part, one], block.numbers[part, other]
        refused = (mine > 0) & (theirs > 0) & (mine != theirs)
        joined.refused += int(refused.sum())
        block.sums[part[refused], one[refused], other[refused]] = 0
        block.sums[part[refused], other[refused], one[refused]] = 0
        _merge(block, joined, (part[~refused], one[~refused], other[~refused], mean[~refused]))


def _merge(block: _Block, joined: Joined, step: tuple[Rows, Rows, Rows, Sums]) -> None:
    part, one, other, mean = step
    joined.at.append(mean)
    joined.kept.append(block.rows[part, one])
    joined.gone.append(block.rows[part, other])
    joined.pairs.append(block.sizes[part, one] * block.sizes[part, other])
    joined.expected.append(block.sums[part, one, other])
    between = block.sums[part, one] + block.sums[part, other]
    block.sums[part, other] = 0
    block.sums[part, :, other] = 0
    between[np.arange(part.size), one] = between[np.arange(part.size), other] = 0
    block.sums[part, one] = between
    block.sums[part, :, one] = between
    block.sizes[part, one] += block.sizes[part, other]
    block.numbers[part, one] = np.maximum(block.numbers[part, one], block.numbers[part, other])
