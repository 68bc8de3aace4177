import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predict.uplift.qini import qini, qini_curve, qini_gain, qini_interval
from tests.oracle import qini_oracle


@st.composite
def campaigns(draw):
    """Small campaigns with both arms, all outcomes and many ties."""
    size = draw(st.integers(4, 40))
    treated = np.array(draw(st.lists(st.sampled_from([0, 1]), min_size=size, max_size=size)))
    responded = np.array(draw(st.lists(st.sampled_from([0, 1]), min_size=size, max_size=size)))
    treated[:4], responded[:4] = [0, 0, 1, 1], [0, 1, 0, 1]
    score = np.array(draw(st.lists(st.integers(0, 6), min_size=size, max_size=size)))
    return score.astype(float), treated.astype(float), responded.astype(float)


@given(campaigns())
def test_q_agrees_with_the_definition_gone_through_by_hand(campaign):
    score, treated, responded = campaign
    expected = qini_oracle.q(score.tolist(), treated.astype(int).tolist(), responded.astype(int).tolist())
    assert qini(score, treated, responded) == pytest.approx(expected)


@given(campaigns(), st.integers(0, 1000))
def test_q_depends_neither_on_the_order_of_rows_nor_on_the_scale_of_scores(campaign, seed):
    score, treated, responded = campaign
    moved = np.random.default_rng(seed).permutation(score.size)
    figure = qini(score, treated, responded)
    assert qini(score[moved], treated[moved], responded[moved]) == pytest.approx(figure)
    assert qini(np.exp(3 * score) - 7, treated, responded) == pytest.approx(figure)


@given(campaigns())
def test_no_order_beats_the_optimum_and_no_order_at_all_is_random(campaign):
    score, treated, responded = campaign
    assert qini(score, treated, responded) <= 1 + 1e-9
    assert qini(treated * responded * 2 - responded, treated, responded) <= 1 + 1e-9
    assert qini(np.zeros(score.size), treated, responded) == pytest.approx(0)


@given(campaigns())
def test_the_curve_ends_at_the_effect_of_contacting_everybody(campaign):
    score, treated, responded = campaign
    across, up = qini_curve(score, treated, responded)
    effect = responded[treated == 1].mean() - responded[treated == 0].mean()
    assert (across[0], up[0], across[-1]) == (0, 0, 1)
    assert up[-1] == pytest.approx(effect)


def test_a_campaign_that_tells_nobody_apart_has_no_q():
    nobody = np.zeros(10)
    treated = np.array([0.0, 1.0] * 5)
    assert np.isnan(qini(np.arange(10.0), treated, nobody))
    assert np.isnan(qini_interval(np.arange(10.0), (treated, nobody), seed=0).low)


def test_intervals_repeat_with_the_seed_and_a_score_gains_nothing_on_itself():
    rng = np.random.default_rng(2)
    treated = (rng.random(600) < 0.5).astype(float)
    score = rng.normal(size=600)
    responded = (rng.random(600) < 0.2 + 0.3 * treated * (score > 0)).astype(float)
    found = qini_interval(score, (treated, responded), seed=4)
    assert found == qini_interval(score, (treated, responded), seed=4)
    assert 0 < found.low < found.figure < found.high
    gain = qini_gain((score, score), (treated, responded), seed=4)
    assert (gain.low, gain.figure, gain.high) == (0, 0, 0)
    assert qini_gain((score, -score), (treated, responded), seed=4).low > 0
