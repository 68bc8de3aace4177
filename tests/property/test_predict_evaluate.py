import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from predict import evaluate


@st.composite
def judged(draw):
    """Outcomes of both kinds and scores with many ties."""
    size = draw(st.integers(4, 60))
    outcome = draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=size, max_size=size))
    outcome[:2] = [0.0, 1.0]
    score = draw(st.lists(st.integers(0, 8), min_size=size, max_size=size))
    return np.array(outcome), np.array(score) / 8


@given(judged())
def test_ranking_figures_agree_with_scikit_learn(case):
    outcome, score = case
    assert evaluate.auc(outcome, score) == pytest.approx(metrics.roc_auc_score(outcome, score))
    assert evaluate.average_precision(outcome, score) == pytest.approx(metrics.average_precision_score(outcome, score))
    assert evaluate.brier(outcome, score) == pytest.approx(metrics.brier_score_loss(outcome, score))


@given(judged(), st.integers(1, 70), st.integers(0, 1000))
def test_no_figure_depends_on_the_order_of_rows(case, capacity, seed):
    outcome, score = case
    moved = np.random.default_rng(seed).permutation(outcome.size)
    for figure in (evaluate.auc, evaluate.brier, evaluate.ece, evaluate.average_precision):
        assert figure(outcome[moved], score[moved]) == pytest.approx(figure(outcome, score))
    assert evaluate.precision_at(outcome[moved], score[moved], capacity) == pytest.approx(
        evaluate.precision_at(outcome, score, capacity)
    )


@given(judged())
def test_a_score_that_says_nothing_gets_what_chance_gets(case):
    outcome, _ = case
    nothing = np.full(outcome.size, 0.3)
    assert evaluate.auc(outcome, nothing) == pytest.approx(0.5)
    assert evaluate.lift_at(outcome, nothing, 0.1) == pytest.approx(1.0)
    assert evaluate.precision_at(outcome, nothing, 3) == pytest.approx(outcome.mean())


@given(judged(), st.integers(1, 70))
def test_precision_and_recall_count_the_same_hits(case, capacity):
    outcome, score = case
    used = min(capacity, outcome.size)
    hits = evaluate.found_at(outcome, score, capacity)
    assert evaluate.precision_at(outcome, score, capacity) * used == pytest.approx(hits)
    assert evaluate.recall_at(outcome, score, capacity) * outcome.sum() == pytest.approx(hits)
    assert 0 <= hits <= min(used, outcome.sum()) + 1e-9


def test_a_perfect_probability_has_no_calibration_error_and_a_constant_lie_has_all_of_it():
    rng = np.random.default_rng(3)
    truth = rng.random(20_000)
    outcome = (rng.random(truth.size) < truth).astype(float)
    assert evaluate.ece(outcome, truth) < 0.02
    assert evaluate.ece(outcome, np.full(truth.size, 0.9)) == pytest.approx(0.4, abs=0.02)


def test_bootstrap_intervals_repeat_with_the_seed_and_hold_the_figure():
    rng = np.random.default_rng(0)
    outcome = (rng.random(300) < 0.4).astype(float)
    score = outcome + rng.normal(size=300)
    first = evaluate.interval(evaluate.auc, outcome, score, seed=7)
    assert first == evaluate.interval(evaluate.auc, outcome, score, seed=7)
    assert first.low < first.figure < first.high
    gain = evaluate.difference(evaluate.auc, outcome, (score, rng.normal(size=300)), seed=7)
    assert gain.low > 0


def test_of_many_customers_fewer_are_drawn_and_the_interval_is_as_wide_as_it_should_be(monkeypatch):
    rng = np.random.default_rng(3)
    score = rng.random(4000)
    outcome = (rng.random(4000) < score).astype(float)
    every = evaluate.interval(evaluate.auc, outcome, score, seed=1)
    monkeypatch.setattr(evaluate, "DRAWN", 500)
    some = evaluate.interval(evaluate.auc, outcome, score, seed=1)
    assert some.figure == every.figure
    assert some.high - some.low == pytest.approx(every.high - every.low, rel=0.25)
