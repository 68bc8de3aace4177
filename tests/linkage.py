"""Attacks that match the rows of two releases by their keys alone, and what they may score by chance.

An attack is given two columns of keys, each in the order of its release, and scored by the truth. `n` keys matched at
random give one right pair on average (Poisson), and rank correlations of about 1/sqrt(n).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

Keys = Sequence[bytes]
Truth = Mapping[bytes, bytes]  # key of one release to the key of the same person in the other

MOST_BY_CHANCE = 8  # right pairs: more has a probability below 1e-6 where one is expected
MOST_SIGMAS = 5.0  # of a rank correlation under independence: beyond has a probability below 1e-6


def by_position(ours: Keys, theirs: Keys) -> dict[bytes, bytes]:
    """The n-th row of one is the n-th row of the other."""
    return dict(zip(ours, theirs, strict=True))


def by_rank(ours: Keys, theirs: Keys) -> dict[bytes, bytes]:
    return dict(zip(sorted(ours), sorted(theirs), strict=True))


def by_reversed_rank(ours: Keys, theirs: Keys) -> dict[bytes, bytes]:
    return dict(zip(sorted(ours), sorted(theirs, reverse=True), strict=True))


def by_rank_of_mirrored_bytes(ours: Keys, theirs: Keys) -> dict[bytes, bytes]:
    def mirrored(keys: Keys) -> list[bytes]:
        return sorted(keys, key=lambda key: key[::-1])

    return dict(zip(mirrored(ours), mirrored(theirs), strict=True))


def by_fewest_differing_bits(ours: Keys, theirs: Keys) -> dict[bytes, bytes]:
    distances = np.bitwise_count(_matrix(ours)[:, None, :] ^ _matrix(theirs)[None, :, :]).sum(axis=2)
    return {ours[row]: theirs[column] for row, column in enumerate(distances.argmin(axis=1))}


def by_most_differing_bits(ours: Keys, theirs: Keys) -> dict[bytes, bytes]:
    distances = np.bitwise_count(_matrix(ours)[:, None, :] ^ _matrix(theirs)[None, :, :]).sum(axis=2)
    return {ours[row]: theirs[column] for row, column in enumerate(distances.argmax(axis=1))}


def by_equal_bytes(ours: Keys, theirs: Keys) -> dict[bytes, bytes]:
    """Most bytes alike, wherever they stand in the key."""
    alike = (_matrix(ours)[:, None, :] == _matrix(theirs)[None, :, :]).sum(axis=2)
    return {ours[row]: theirs[column] for row, column in enumerate(alike.argmax(axis=1))}


def by_longest_prefix(ours: Keys, theirs: Keys) -> dict[bytes, bytes]:
    equal = _matrix(ours)[:, None, :] == _matrix(theirs)[None, :, :]
    lengths = np.logical_and.accumulate(equal, axis=2).sum(axis=2)
    return {ours[row]: theirs[column] for row, column in enumerate(lengths.argmax(axis=1))}


def by_one_mask(ours: Keys, theirs: Keys) -> dict[bytes, bytes]:
    """One mask turns ours into theirs: the difference (XOR) that most pairs share."""
    differences = _matrix(ours)[:, None, :] ^ _matrix(theirs)[None, :, :]
    return _by_most_frequent(ours, theirs, lambda row, column: differences[row, column].tobytes())


def by_one_offset(ours: Keys, theirs: Keys) -> dict[bytes, bytes]:
    """One number added turns ours into theirs."""
    numbers, others = ([int.from_bytes(key, "big") for key in keys] for keys in (ours, theirs))
    return _by_most_frequent(ours, theirs, lambda row, column: (others[column] - numbers[row]) % (1 << 128))


def by_shared_half(ours: Keys, theirs: Keys) -> dict[bytes, bytes]:
    """Half of a key, first or last, is half of the other."""
    halves = {half: key for key in theirs for half in (key[:8], key[8:])}
    return {key: halves.get(key[:8]) or halves.get(key[8:]) or b"" for key in ours}


ATTACKS: tuple[Callable[[Keys, Keys], dict[bytes, bytes]], ...] = (
    *(by_position, by_rank, by_reversed_rank, by_rank_of_mirrored_bytes),
    *(by_fewest_differing_bits, by_most_differing_bits, by_equal_bytes, by_longest_prefix),
    *(by_one_mask, by_one_offset, by_shared_half),
)


def right_pairs(matched: Mapping[bytes, bytes], truth: Truth) -> int:
    """Count the rows that an attack matched with the row of the same person."""
    return sum(truth.get(ours) == theirs for ours, theirs in matched.items())


def sigmas(ours: Sequence[bytes] | Sequence[int], theirs: Sequence[bytes] | Sequence[int]) -> float:
    """Return Spearman's rank correlation of two orders of the same people, in standard deviations of chance."""
    ranks = [
        np.argsort(np.argsort(np.array([_number(each) for each in side], dtype=object))) for side in (ours, theirs)
    ]
    rho = float(np.corrcoef(ranks[0].astype(float), ranks[1].astype(float))[0, 1])
    return abs(rho) * float(np.sqrt(len(ours) - 1))


def findings(ours: Keys, theirs: Keys, truth: Truth) -> dict[str, float]:
    """Return the attacks that score beyond chance, by name: none is what a domain promises."""
    scored = {attack.__name__: right_pairs(attack(ours, theirs), truth) for attack in ATTACKS}
    found: dict[str, float] = {name: pairs for name, pairs in scored.items() if pairs > MOST_BY_CHANCE}
    order = sigmas(ours, [truth[key] for key in ours])
    return found | ({"order": order} if order > MOST_SIGMAS else {})


def _matrix(keys: Keys) -> np.ndarray:
    return np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(len(keys), 16)


def _number(each: bytes | int) -> int:
    return int.from_bytes(each, "big") if isinstance(each, bytes) else each


def _by_most_frequent(ours: Keys, theirs: Keys, difference: Callable[[int, int], object]) -> dict[bytes, bytes]:
    pairs = [(row, column) for row in range(len(ours)) for column in range(len(theirs))]
    counts = Counter(difference(row, column) for row, column in pairs)
    (most, _), *_ = counts.most_common(1)
    return {ours[row]: theirs[column] for row, column in pairs if difference(row, column) == most}
