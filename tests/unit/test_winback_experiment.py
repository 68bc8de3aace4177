import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from predict.shares import difference, ratio, share
from predict.winback.experiment import CONTACT, HOLD_OUT, draw_arms, look, sample_size


def crowd(size):
    groups = ["a" if number % 3 else "b" for number in range(size)]
    return pl.DataFrame({"pseudonym": [number.to_bytes(16, "big") for number in range(size)], "reason": groups})


def test_arms_are_drawn_alike_within_each_reason_whatever_the_order_of_rows():
    drawn = draw_arms(crowd(300), hold_out=0.2, seed=4, within="reason")
    assert drawn.equals(draw_arms(crowd(300).reverse(), hold_out=0.2, seed=4, within="reason"))
    kept = drawn.join(crowd(300), on="pseudonym").group_by("reason").agg((pl.col("arm") == HOLD_OUT).sum())
    assert dict(kept.iter_rows()) == {"a": 40, "b": 20}
    assert set(drawn["arm"]) == {CONTACT, HOLD_OUT}
    assert not drawn.equals(draw_arms(crowd(300), hold_out=0.2, seed=5, within="reason"))


def test_small_groups_are_not_always_spared():
    kept = [(draw_arms(crowd(2), hold_out=0.25, seed=seed)["arm"] == HOLD_OUT).sum() for seed in range(200)]
    assert 0.35 < np.mean(kept) < 0.65


@pytest.mark.parametrize("hold_out", [0, 1, -0.1, 1.5])
def test_a_test_without_hold_out_is_none(hold_out):
    with pytest.raises(ValueError, match="share above 0"):
        draw_arms(crowd(10), hold_out=hold_out, seed=0)


def test_sample_sizes_are_those_of_the_tables():
    assert sample_size(0.10, 0.15) == 686
    assert sample_size(0.5, 0.6) == 388
    assert sample_size(0.10, 0.15, power=0.9) > sample_size(0.10, 0.15)
    with pytest.raises(ValueError, match="two different"):
        sample_size(0.1, 0.1)


def test_as_many_as_the_formula_asks_for_find_the_difference_as_often_as_it_says():
    size, rng = sample_size(0.10, 0.16), np.random.default_rng(0)
    one, other = rng.binomial(size, 0.16, 20_000) / size, rng.binomial(size, 0.10, 20_000) / size
    middle = (one + other) / 2
    found = np.abs(one - other) / np.sqrt(2 * middle * (1 - middle) / size) > stats.norm.ppf(0.975)
    assert found.mean() == pytest.approx(0.8, abs=0.015)


def peeked(rate, lifted, *, tests, seed):
    """Let tests run for 40 looks and say in how many of them a look ever stood, and an ordinary test would have."""
    rng = np.random.default_rng(seed)
    stood = naive = 0
    for _ in range(tests):
        contact, kept = rng.binomial(50, lifted, 40).cumsum(), rng.binomial(50, rate, 40).cumsum()
        sizes = 50 * np.arange(1, 41)
        stood += any(
            look((int(a), int(n)), (int(b), int(n)), worthwhile=0.05).p <= 0.05
            for a, b, n in zip(contact, kept, sizes, strict=True)
        )
        middle = (contact + kept) / (2 * sizes)
        z = (contact - kept) / sizes / np.sqrt(np.maximum(2 * middle * (1 - middle) / sizes, 1e-12))
        naive += bool((np.abs(z) > 1.96).any())
    return stood / tests, naive / tests


def test_looking_at_every_day_errs_no_more_often_than_promised():
    safe, ordinary = peeked(0.08, 0.08, tests=400, seed=1)
    assert safe <= 0.05
    assert ordinary > 0.15


def test_looking_at_every_day_finds_what_is_there():
    safe, _ = peeked(0.08, 0.14, tests=100, seed=2)
    assert safe > 0.85


@given(st.integers(0, 200), st.integers(200, 400), st.integers(0, 200), st.integers(200, 400))
def test_interval_and_p_say_the_same(a, n, b, m):
    found = look((a, n), (b, m), worthwhile=0.05)
    if abs(found.p - 0.05) > 1e-9:
        assert (found.p < 0.05) == (found.difference.low > 0 or found.difference.high < 0)


def test_a_few_customers_show_nothing():
    assert look((20, 20), (0, 20), worthwhile=0.05).p == 1


@given(st.integers(0, 50), st.integers(1, 50))
def test_a_share_lies_in_its_interval(events, size):
    events = min(events, size)
    found = share(events, size)
    assert -1e-12 <= found.low <= found.figure <= found.high <= 1 + 1e-12


def test_differences_and_ratios_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(3)
    drawn = list(zip(rng.binomial(150, 0.2, 400), rng.binomial(150, 0.1, 400), strict=True))
    gaps = [difference((a, 150), (b, 150)) for a, b in drawn]
    times = [ratio((a, 150), (b, 150)) for a, b in drawn]
    assert 0.92 < np.mean([one.low <= 0.1 <= one.high for one in gaps]) < 0.98
    assert 0.92 < np.mean([one.low <= 2.0 <= one.high for one in times]) < 0.98


def test_nobody_has_no_share():
    assert math.isnan(share(0, 0).figure)
    assert math.isnan(difference((1, 2), (0, 0)).low)
    assert math.isnan(ratio((1, 2), (0, 0)).high)
    assert ratio((5, 100), (0, 100)).figure == math.inf
    assert ratio((5, 100), (0, 100)).low > 0
