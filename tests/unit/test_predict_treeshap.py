"""What features add to small trees: looked up as LightGBM walks it, for every kind of split and missing value."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from predict.boosting import Boosting, fit_boosting
from predict.explain import FAINT, REASONS, strongest
from predict.frames import Columns
from predict.treeshap import trees_of

NAMES = ("full", "holed", "bent", "kind")


def drawn(rows: int, *, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=(rows, len(NAMES)))
    raw[:, 3] = rng.integers(0, 6, rows)
    raw[rng.random(rows) < 0.2, 1] = np.nan
    raw[rng.random(rows) < 0.1, 3] = np.nan
    return raw


@pytest.fixture(scope="module")
def boosting() -> Boosting:
    raw = drawn(3000, seed=1)
    odds = (
        raw[:, 0] * (np.nan_to_num(raw[:, 1]) > 0) + np.isnan(raw[:, 1]) + raw[:, 2] ** 2 + np.isin(raw[:, 3], [1, 4])
    )
    outcome = (np.random.default_rng(2).random(3000) < 1 / (1 + np.exp(1 - odds))).astype(np.float64)
    return fit_boosting(raw, outcome, Columns(NAMES, {"kind": tuple("abcdef")}), seed=0)


def test_the_tables_say_what_lightgbm_says(boosting: Boosting) -> None:
    raw = drawn(2000, seed=3)
    raw[:50] = np.nan  # what was never missing at training, too
    raw[50:90, 3] = -1.0  # a level that was never seen
    raw[90:130, 3] = 99.0
    raw[130:160] = 0.0
    oracle = boosting.booster.predict(raw, pred_contrib=True, num_threads=1)
    parts = trees_of(boosting.booster).parts(raw)
    assert parts == pytest.approx(oracle[:, :-1], abs=1e-9)
    assert parts.sum(axis=1) + oracle[0, -1] == pytest.approx(boosting.log_odds(raw), abs=1e-9)
    kinds = {(bool(one.levels), one.missing_left, one.missing_is_zero) for one in trees_of(boosting.booster).asked}
    assert len(kinds) >= 3, "the oracle met every kind of split"


FLOATS = st.sampled_from([-1.0, 0.0, FAINT, 0.1, 0.1000001, 2.0])


@settings(max_examples=30)
@given(arrays(np.float64, (5, 4), elements=FLOATS), arrays(np.bool_, (5, 4)))
def test_the_strongest_are_those_that_sorting_each_row_would_find(parts: np.ndarray, absent: np.ndarray) -> None:
    chosen, sizes = strongest(parts, absent)
    for row in range(parts.shape[0]):
        raising = [at for at in range(parts.shape[1]) if parts[row, at] > FAINT]
        raising.sort(key=lambda at: (bool(absent[row, at]), -parts[row, at], at))
        expected = [*raising[:REASONS], *([-1] * REASONS)][:REASONS]
        assert chosen[row].tolist() == expected
        assert sizes[row].tolist() == [0.0 if at < 0 else parts[row, at] for at in expected]
