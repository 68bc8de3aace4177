"""How far two namings of the same customers agree beyond chance: Cohen's kappa, with an interval."""

import numpy as np

from predict.evaluate import Interval

DRAWS = 400
LEVEL = 0.95

Names = np.ndarray[tuple[int], np.dtype[np.str_]]
Integers = np.ndarray[tuple[int], np.dtype[np.int64]]


def kappa(first: Names, second: Names) -> float:
    """Give (agreement - chance) / (1 - chance) (Cohen, Educ. Psychol. Meas. 20, 1960): 1 = always, 0 = as by chance.

    NaN where both give everybody one and the same name: there is nothing to agree about.
    """
    _, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    return _kappa(codes[: first.size], codes[first.size :], int(codes.max(initial=0)) + 1)


def kappa_interval(first: Names, second: Names, *, seed: int) -> Interval:
    """Percentile bootstrap of kappa over customers."""
    _, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    one, other, names = codes[: first.size], codes[first.size :], int(codes.max(initial=0)) + 1
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(0, first.size, first.size) for _ in range(DRAWS)]
    values = np.asarray([_kappa(one[rows], other[rows], names) for rows in drawn])
    usable = values[np.isfinite(values)]
    if not usable.size:
        return Interval(float("nan"), float("nan"), float("nan"))
    low, high = np.quantile(usable, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(_kappa(one, other, names), float(low), float(high))


def _kappa(one: Integers, other: Integers, names: int) -> float:
    agreed = float(np.mean(one == other))
    shares = [np.bincount(codes, minlength=names) / codes.size for codes in (one, other)]
    chance = float(shares[0] @ shares[1])
    return (agreed - chance) / (1 - chance) if chance < 1 else float("nan")
