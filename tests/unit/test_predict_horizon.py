"""The horizon follows the customers' own rhythm, and a silence that is shorter than it is not called churn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predict.horizon import CHOICES, MISTAKEN, advice, by_rhythm, finding, proposed
from predict.telling.teller import plain


def gaps(days):
    return np.full(200, float(days))


@given(days=st.floats(1, 400), factor=st.floats(1.1, 3))
def test_rarer_customers_are_given_more_time(days, factor):
    first, second = (proposed(gaps(one), horizon_days=30, base_rate=0.5) for one in (days, days * factor))
    assert first["proposed_days"] <= second["proposed_days"]
    silent = by_rhythm(gaps(days), first["proposed_days"])
    assert silent <= MISTAKEN or first["proposed_days"] == CHOICES[-1]


def test_a_share_is_that_of_purchases_at_random_times():
    rng = np.random.default_rng(4)
    own = rng.lognormal(3.5, 0.7, 400)
    silent = rng.exponential(own[:, None], (400, 500)) > 60
    assert by_rhythm(own, 60) == pytest.approx(silent.mean(), abs=0.005)


def test_thirty_days_are_no_churn_for_who_buys_each_second_month_and_are_for_who_comes_daily():
    slow = proposed(gaps(60), horizon_days=30, base_rate=0.7)
    assert slow["too_short"]
    assert slow["proposed_days"] == 120
    assert "30 days is not yet churn" in plain().tell(advice(slow))
    assert finding(slow)[0].light.value == "amber"
    quick = proposed(gaps(2), horizon_days=30, base_rate=0.1)
    assert (advice(quick), finding(quick)[0].light.value) == (None, "green")


def test_contracts_that_end_are_no_silence_and_who_has_no_rhythm_gives_no_advice():
    assert advice(proposed(gaps(60), horizon_days=30, base_rate=0.05)) is None
    assert proposed(np.full(200, np.nan), horizon_days=30, base_rate=0.5) == {}
    assert finding(proposed(gaps(60), horizon_days=30, base_rate=0.05)) == []
    assert finding({}) == []
