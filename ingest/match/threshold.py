"""Where to stop joining: chosen from the data, without knowing who is who.

Joining two clusters is worth it for pairwise F1 as long as the mean probability between them is above half of the F1
that can be reached (Lipton, Elkan and Narayanaswamy 2014, Optimal Thresholding of Classifiers to Maximize F1). Both
sides follow from the probabilities: the expected matches among what is joined, and those among all pairs compared. So a
set where records tell a person clearly is cut high and one of poor records low, with one configuration.
"""

from dataclasses import dataclass

from ingest.match.linkage import Linkage


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
        joined = [merge for merge in linkage.merges if merge.at >= at]
        whole = sum(merge.pairs for merge in joined) + expected_matches
        return Threshold(at, 2 * sum(merge.expected for merge in joined) / whole if whole else 0.0)
    best, pairs, expected = Threshold(1.0, 0.0), 0, 0.0
    for merge in sorted(linkage.merges, key=lambda each: -each.at):
        pairs += merge.pairs
        expected += merge.expected
        reached = 2 * expected / (pairs + expected_matches)
        if reached > best.expected_f1:
            best = Threshold(merge.at, reached)
    return best
