"""The difference of shares over strata: the plain one where there is one stratum, and an interval that holds."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predict.next_need.hits import risk_difference


def counts(x1: object, n1: object, x0: object, n0: object) -> pl.DataFrame:
    return pl.DataFrame({"x1": x1, "n1": n1, "x0": x0, "n0": n0})


@given(st.integers(1, 500), st.integers(1, 500), st.floats(0, 1), st.floats(0, 1))
def test_of_one_stratum_it_is_the_plain_difference(n1: int, n0: int, p1: float, p0: float) -> None:
    x1, x0 = round(p1 * n1), round(p0 * n0)
    found = risk_difference(counts([x1], [n1], [x0], [n0]))
    assert found.figure == pytest.approx(x1 / n1 - x0 / n0)
    assert found.low <= found.figure <= found.high


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=9))
def test_a_stratum_without_one_side_says_nothing(others: list[tuple[int, int]]) -> None:
    alone = counts([3], [10], [1], [20])
    beside = counts([0] * len(others), [0] * len(others), [min(one) for one in others], [max(one) for one in others])
    assert risk_difference(pl.concat([alone, beside])) == risk_difference(alone)


@pytest.mark.parametrize(("strata", "named"), [(4, 50), (60, 3)])
def test_the_interval_holds_the_truth_as_often_as_it_says(strata: int, named: int) -> None:
    """Few large strata and many small ones, as Sato's variance promises; 1,000 draws."""
    rng = np.random.default_rng(5)
    base = rng.uniform(0.05, 0.4, strata)
    held = 0
    for _ in range(1_000):
        x1, x0 = rng.binomial(named, base + 0.1), rng.binomial(4 * named, base)
        found = risk_difference(counts(x1, np.full(strata, named), x0, np.full(strata, 4 * named)))
        held += found.low <= 0.1 <= found.high
    assert 0.93 <= held / 1_000 <= 0.97
