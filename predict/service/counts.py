"""What a count may come to: a negative binomial around its mean, and the whole numbers that hold nine in ten."""

from typing import Final

import numpy as np
from scipy.stats import nbinom

from predict.frames import Vector

LEVEL: Final = 0.9
_LEAST: Final = 1e-6
"""Dispersion below which a count is Poisson's."""


def spread_of(counts: Vector, means: Vector, *, free: int) -> float:
    """Estimate the dispersion a of Var = m + a m^2 by Pearson's moments (McCullagh & Nelder, 1989, section 6.2).

    `free` is how many numbers were fitted; never below Poisson's (0).
    """
    m = np.maximum(means, _LEAST)
    excess = (((counts - m) ** 2 - m).sum() + free * m.mean()) / (m**2).sum()
    return float(max(excess, _LEAST))


def interval(means: Vector, spread: float) -> tuple[Vector, Vector]:
    """Give the ends, both held, of the interval whose probability is nearest to nine in ten.

    Counts are whole, so no interval has exactly that: the central one always holds more, of few cases far more. Of the
    four that begin and end there or one further in, the nearest is taken; of equally near ones the wider.
    """
    size = 1.0 / max(spread, _LEAST)
    held = nbinom(size, size / (size + np.maximum(means, _LEAST)))
    first, last = held.ppf((1 - LEVEL) / 2), held.ppf((1 + LEVEL) / 2)
    ends = [(first, last), (first + 1, last), (first, last - 1), (first + 1, last - 1)]
    missed = np.stack([np.abs(held.cdf(high) - held.cdf(low - 1) - LEVEL) + 10 * (high < low) for low, high in ends])
    best = missed.argmin(axis=0)
    low, high = (np.choose(best, [pair[side] for pair in ends]) for side in (0, 1))
    return np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
