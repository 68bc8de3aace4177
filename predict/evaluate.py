"""How good is a probability? Ranking, accuracy of the figure itself, and usefulness at a capacity.

`outcome` is 1.0 where the event happened; `score` any real number, higher = likelier; `probability` in [0, 1].
All functions are pure and invariant under the order of rows; tied scores count as drawn at random among themselves
(expected value), so that a score that says nothing gets exactly what chance gets.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from predict.frames import Vector

ECE_BINS = 10
INTERVAL_LEVEL = 0.95
NORMAL_Z = 1.959963984540054  # two-sided 95 %
DRAWN = 20_000  # customers a draw, at most


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the bounds of its bootstrap interval."""

    figure: float
    low: float
    high: float


def auc(outcome: Vector, score: Vector) -> float:
    """Area under the ROC curve: chance that a random event outranks a random non-event; ties count half.

    Mann-Whitney form (Hanley & McNeil, Radiology 143, 1982). NaN if only one kind of outcome is present.
    """
    events = float(outcome.sum())
    others = outcome.size - events
    if events == 0 or others == 0:
        return float("nan")
    return float((midranks(score) @ outcome - events * (events + 1) / 2) / (events * others))


def auc_low(outcome: Vector, score: Vector) -> float:
    """Lower bound of the 95 % interval of an AUC in closed form (Hanley & McNeil, Radiology 143, 1982)."""
    figure, events = auc(outcome, score), float(outcome.sum())
    others = outcome.size - events
    above, below = figure / (2 - figure), 2 * figure**2 / (1 + figure)
    spread = figure * (1 - figure) + (events - 1) * (above - figure**2) + (others - 1) * (below - figure**2)
    return float(figure - NORMAL_Z * np.sqrt(max(0.0, spread) / (events * others)))


def midranks(score: Vector) -> Vector:
    """Rank from 1, tied values sharing the mean of their ranks."""
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)


def brier(outcome: Vector, probability: Vector) -> float:
    """Mean squared error of the probability (Brier, Monthly Weather Review 78, 1950); lower is better."""
    return float(np.mean((probability - outcome) ** 2))


def ece(outcome: Vector, probability: Vector) -> float:
    """Give the expected calibration error over `ECE_BINS` bins of equal size (Naeini et al., AAAI 2015)."""
    bins = calibration_bins(outcome, probability)
    return float(sum(count * abs(mean - share) for count, mean, share in bins) / outcome.size)


def calibration_bins(outcome: Vector, probability: Vector) -> list[tuple[int, float, float]]:
    """Cut the customers into ten equal groups by probability: (count, mean probability, share of events).

    Ties are settled by giving every tied row the mean outcome of its tie: row order cannot matter.
    """
    order = np.argsort(probability, kind="stable")
    expected = _expected_outcome(outcome, probability)[order]
    parts = zip(np.array_split(probability[order], ECE_BINS), np.array_split(expected, ECE_BINS), strict=True)
    return [(len(p), float(p.mean()), float(o.mean())) for p, o in parts if len(p)]


def average_precision(outcome: Vector, score: Vector) -> float:
    """Area under the precision-recall curve by steps at distinct scores (sklearn's definition)."""
    precision, recall = precision_recall(outcome, score)
    return float(np.sum(np.diff(np.concatenate([[0.0], recall])) * precision))


def precision_recall(outcome: Vector, score: Vector) -> tuple[Vector, Vector]:
    """Precision and recall at each distinct score taken as threshold, from the highest down."""
    distinct, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    events = np.bincount(inverse, weights=outcome, minlength=distinct.size)[::-1].cumsum()
    flagged = counts[::-1].cumsum()
    total = outcome.sum()
    recall = events / total if total else np.zeros_like(events)
    return np.asarray(events / flagged, dtype=np.float64), np.asarray(recall, dtype=np.float64)


def found_at(outcome: Vector, score: Vector, capacity: int) -> float:
    """Count the expected events among the `capacity` highest scores; of those tied at the edge a share counts."""
    used = min(max(0, capacity), outcome.size)
    if not used:
        return 0.0
    least = np.partition(score, outcome.size - used)[outcome.size - used]
    above, tied = score > least, score == least
    return float(outcome[above].sum() + (used - above.sum()) * outcome[tied].mean())


def precision_at(outcome: Vector, score: Vector, capacity: int) -> float:
    """Share of events among the `capacity` highest scores."""
    used = min(capacity, outcome.size)
    return found_at(outcome, score, used) / used if used else float("nan")


def recall_at(outcome: Vector, score: Vector, capacity: int) -> float:
    """Share of all events that are among the `capacity` highest scores."""
    total = float(outcome.sum())
    return found_at(outcome, score, capacity) / total if total else float("nan")


def lift_at(outcome: Vector, score: Vector, share: float) -> float:
    """Precision among the top `share` of customers divided by the base rate; 1 = no better than chance."""
    base = float(outcome.mean())
    return precision_at(outcome, score, max(1, round(outcome.size * share))) / base if base else float("nan")


def interval(
    figure: Callable[[Vector, Vector], float], outcome: Vector, score: Vector, *, seed: int, draws: int = 200
) -> Interval:
    """Percentile bootstrap of a figure over customers (Efron & Tibshirani 1993, ch. 13).

    Of more than `DRAWN` customers only so many are drawn each time, and what the figure moves is scaled to as many as
    there are (m out of n: Bickel, Goetze & van Zwet, Statistica Sinica 7, 1997).
    """
    values = [figure(outcome[rows], score[rows]) for rows in _draws(outcome.size, seed, draws)]
    return _percentiles(figure(outcome, score), values, outcome.size)


def difference(
    figure: Callable[[Vector, Vector], float],
    outcome: Vector,
    scores: tuple[Vector, Vector],
    *,
    seed: int,
    draws: int = 200,
) -> Interval:
    """Bootstrap the figure of the first score minus that of the second on the same customers (paired)."""
    first, second = scores
    values = [
        figure(outcome[rows], first[rows]) - figure(outcome[rows], second[rows])
        for rows in _draws(outcome.size, seed, draws)
    ]
    return _percentiles(figure(outcome, first) - figure(outcome, second), values, outcome.size)


def _draws(customers: int, seed: int, draws: int) -> Iterator[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    rng = np.random.default_rng(seed)
    return (rng.integers(0, customers, min(customers, DRAWN)) for _ in range(draws))


def _percentiles(figure: float, values: list[float], customers: int) -> Interval:
    tail = (1 - INTERVAL_LEVEL) / 2
    usable = np.asarray(values)[np.isfinite(values)]
    if not usable.size:
        return Interval(figure, float("nan"), float("nan"))
    if customers > DRAWN:
        usable = figure + (usable - figure) * np.sqrt(DRAWN / customers)
    low, high = np.quantile(usable, [tail, 1 - tail])
    return Interval(figure, float(low), float(high))


def _expected_outcome(outcome: Vector, score: Vector) -> Vector:
    """Replace each outcome by the mean outcome of all rows with the same score."""
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    means = np.bincount(inverse, weights=outcome, minlength=counts.size) / counts
    return np.asarray(means[inverse], dtype=np.float64)
