"""Where to stop joining: chosen from the data, without knowing who is who.

Joining two clusters is worth it for pairwise F1 as long as the mean probability between them is above half of the F1
that can be reached (Lipton, Elkan and Narayanaswamy 2014, Optimal Thresholding of Classifiers to Maximize F1). Both
sides follow from the probabilities: the expected matches among what is joined, and those among all pairs compared. So a
set where records tell a person clearly is cut high and one of poor records low, with one configuration. No F1 is above
one, so it is never worth it to stop above one half: where nothing lies between a half and the last joining, the half is
what is kept, or a handful of clear pairs would teach a home to join nothing less clear.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from ingest.match.linkage import Linkage

_JUST_BELOW: Final = 1 - 1e-5
"""A model is saved with rounded shares; what was joined last when it was trained must be joined by it too."""
_HIGHEST: Final = 0.5
"""Half of the best F1 that there can be."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The mean probability at which joining stops, and the pairwise F1 that the model expects of it."""

    at: float
    expected_f1: float


def choose(linkage: Linkage, expected_matches: float, *, at: float | None = None) -> Threshold:
    """Return the threshold of the highest expected F1, of equals the highest; with `at` given that one.

    `expected_matches` is the sum of probabilities over all pairs that were compared.
    """
    if at is not None:
        joined = linkage.joined.filter(pl.col("at") >= at)
        whole = int(joined["pairs"].sum()) + expected_matches
        return Threshold(at, 2 * float(joined["expected"].sum()) / whole if whole else 0.0)
    if linkage.joined.is_empty():
        return Threshold(_HIGHEST, 0.0)
    reached = linkage.joined.select(
        "at", f1=2 * pl.col("expected").cum_sum() / (pl.col("pairs").cum_sum() + expected_matches)
    )
    best = reached.row(reached["f1"].arg_max() or 0, named=True)
    return Threshold(min(best["at"] * _JUST_BELOW, _HIGHEST), best["f1"])
