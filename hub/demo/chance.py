"""Seeded chance: one stream of random numbers per concern, so that a change in one leaves the others as they were."""

import zlib

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def stream(seed: int, concern: str) -> np.random.Generator:
    """Return the generator of one named concern; the same seed and name give the same numbers for ever."""
    return np.random.default_rng([seed, zlib.crc32(concern.encode())])


def flags(rng: np.random.Generator, count: int, share: float) -> Flags:
    """Draw `count` independent yes/no answers of which `share` are yes on average."""
    return rng.random(count) < share


def ranked(rng: np.random.Generator, pool: int, count: int) -> Ints:
    """Draw indexes into a pool of `pool` entries; the first are a few times as common as the last, as names are."""
    weights = 1.0 / (np.arange(pool) + 12.0)
    return np.asarray(rng.choice(pool, size=count, p=weights / weights.sum()), dtype=np.int64)
