"""Two domains know the same people: no attack on the keys alone does better than chance, and each finds its leak."""

import hashlib
from collections.abc import Callable

import numpy as np
import pytest

from privacy.pseudonym import PseudonymisationDomain, pseudonym_of
from privacy.terms import DomainName, EntityId
from tests.linkage import ATTACKS, findings, right_pairs, sigmas

PEOPLE = 250
SEEDS = range(12)
Pseudonymise = Callable[[bytes], bytes]


def release(ids: list[bytes], pseudonymise: Pseudonymise) -> list[bytes]:
    """Release the people of some ids in the order of their keys, as the gateway does."""
    return sorted(pseudonymise(one) for one in ids)


def ids_of(seed: int) -> list[bytes]:
    rng = np.random.default_rng(seed)
    return [rng.bytes(16) for _ in range(PEOPLE)]


def domain(seed: int) -> Pseudonymise:
    made = PseudonymisationDomain(DomainName("d"), 1, np.random.default_rng(1000 + seed).bytes(32))
    return lambda one: pseudonym_of(made, EntityId(one))


@pytest.mark.parametrize("seed", SEEDS)
def test_keys_of_two_domains_match_no_better_than_by_chance(seed: int) -> None:
    ids, ours, theirs = ids_of(seed), domain(2 * seed), domain(2 * seed + 1)
    truth = {ours(one): theirs(one) for one in ids}
    assert findings(release(ids, ours), release(ids, theirs), truth) == {}
    to_ids = {ours(one): one for one in ids}  # nor with the random ids that rest in the control database
    assert findings(release(ids, ours), ids, to_ids) == {}


def test_chance_is_one_right_pair_on_average() -> None:
    """The measure itself: over all seeds and attacks about one pair is right, neither none nor many."""
    scores = []
    for seed in SEEDS:
        ids, ours, theirs = ids_of(seed), domain(2 * seed), domain(2 * seed + 1)
        truth = {ours(one): theirs(one) for one in ids}
        matched = [attack(release(ids, ours), release(ids, theirs)) for attack in ATTACKS[:8]]
        scores += [right_pairs(each, truth) for each in matched]
    assert 0.6 < sum(scores) / len(scores) < 1.5


def masked(mask: int) -> Pseudonymise:
    return lambda one: bytes(byte ^ mask for byte in one)


def shifted(by: int) -> Pseudonymise:
    return lambda one: ((int.from_bytes(one, "big") + by) % (1 << 128)).to_bytes(16, "big")


def half_hashed(salt: bytes) -> Pseudonymise:
    return lambda one: hashlib.sha256(one).digest()[:8] + hashlib.sha256(salt + one).digest()[:8]


def nibble_kept(salt: bytes) -> Pseudonymise:
    """Two bytes are the same in every domain, the rest is not."""
    return lambda one: hashlib.sha256(salt + one).digest()[:7] + one[3:5] + hashlib.sha256(salt * 2 + one).digest()[:7]


def order_kept(salt: bytes) -> Pseudonymise:
    return lambda one: one[:6] + hashlib.sha256(salt + one).digest()[:10]


LEAKS: dict[str, tuple[Pseudonymise, Pseudonymise]] = {
    "one key for both": (domain(1), domain(1)),
    "masks instead of keys": (masked(0x5A), masked(0xC3)),
    "offsets instead of keys": (shifted(77), shifted(1 << 90)),
    "a shared half": (half_hashed(b"a"), half_hashed(b"b")),
    "a shared byte pair": (nibble_kept(b"a"), nibble_kept(b"b")),
    "the order kept": (order_kept(b"a"), order_kept(b"b")),
    "turned to its opposite": (masked(0), masked(0xFF)),
    "the id itself in one": (lambda one: one, masked(0x01)),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_found(leak: str) -> None:
    ids, (ours, theirs) = ids_of(3), LEAKS[leak]
    truth = {ours(one): theirs(one) for one in ids}
    assert findings(release(ids, ours), release(ids, theirs), truth)


def test_an_order_that_is_kept_shows_as_a_correlation() -> None:
    ids = ids_of(5)
    places = list(range(PEOPLE))
    assert sigmas(sorted(ids), places) > 15
    assert sigmas(ids, places) < 5
