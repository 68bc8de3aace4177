"""Probabilities that mean what they say: measured on clusters, without a label.

A model takes columns to be independent, and they are not: its odds are too bold where columns repeat each other and too
timid where records are poor. Clusters know more than pairs do: whom several others vouch for is in a cluster although
its own pair says little. So the share of pairs of a weight that clusters put together is how likely that weight is, and
with it records are clustered again.
"""

from dataclasses import dataclass
from math import exp2
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

ROUNDS: Final = 2
"""Times that clusters are measured and made again; a third changes less than one pair in a thousand."""
_WIDEST: Final = 12
"""Weights (log2 odds) beyond which nothing is in doubt."""
_PSEUDO_PAIRS: Final = 5
"""Pairs that the model's own word counts for in each bin."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Probability by weight: straight between whole weights, never falling."""

    weights: tuple[float, ...]
    probabilities: tuple[float, ...]

    def probability(self, weights: pl.Series) -> pl.Series:
        """Return probabilities of weights."""
        read: npt.NDArray[np.float64] = np.interp(weights.to_numpy(), self.weights, self.probabilities)
        return pl.Series("probability", read)

    def completed(self) -> "Curve":
        """Return the curve with the model's own word beyond the weights that were seen.

        A few clear pairs say nothing of doubtful ones: their probability would be that of the last weight seen.
        """
        lowest, highest = self.weights[0], self.weights[-1]
        below = [float(w) for w in range(-_WIDEST, _WIDEST + 1) if w < lowest]
        above = [float(w) for w in range(-_WIDEST, _WIDEST + 1) if w > highest]
        least, most = self.probabilities[0], self.probabilities[-1]
        likely = [min(_believed(w), least) for w in below], [max(_believed(w), most) for w in above]
        return Curve((*below, *self.weights, *above), (*likely[0], *self.probabilities, *likely[1]))


def _believed(weight: float) -> float:
    """Return how likely a pair is by its odds alone."""
    return 1 / (1 + exp2(-weight))


def curve_of(edges: pl.DataFrame, clusters: pl.Series) -> Curve:
    """Measure the shares of pairs within one cluster by weight.

    Args:
        edges: left, right (rows), weight (log2 odds).
        clusters: the cluster of each row.

    """
    if edges.is_empty():
        return Curve((0.0,), (0.5,))
    bins = (
        edges.select(
            together=clusters.gather(edges["left"]) == clusters.gather(edges["right"]),
            weight=pl.col("weight").clip(-_WIDEST, _WIDEST).round(),
            believed=1 / (1 + 2.0 ** -pl.col("weight").clip(-60, 60)),
        )
        .group_by("weight")
        .agg(share=(pl.col("together").sum() + _PSEUDO_PAIRS * pl.col("believed").mean()) / (pl.len() + _PSEUDO_PAIRS))
        .sort("weight")
        .with_columns(pl.col("share").cum_max())
    )
    return Curve(tuple(bins["weight"]), tuple(bins["share"]))
