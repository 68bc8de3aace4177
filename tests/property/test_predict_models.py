import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from predict.calibrate import (
    CalibrationKind,
    calibrator_of,
    expit,
    fit_calibrator,
    fit_line,
    fit_on_cuts,
    logit,
    wilson,
)
from predict.choose import Ridge
from predict.evaluate import auc, auc_low, interval
from predict.explain import FAINT, strongest
from predict.frames import Columns
from predict.logistic import fit_logistic, fit_penalties, logistic_of


def table(seed, rows=400):
    rng = np.random.default_rng(seed)
    raw = np.column_stack([rng.lognormal(3, 1, rows), rng.normal(size=rows), rng.random(rows) < 0.3])
    outcome = (rng.random(rows) < expit(0.8 * (np.log1p(raw[:, 0]) - 3) + raw[:, 1])).astype(float)
    raw[rng.random(rows) < 0.1, 1] = np.nan
    return raw, outcome


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_contributions_of_logistic_add_up_to_the_distance_from_the_reference_customer(seed):
    raw, outcome = table(seed)
    model = fit_logistic(raw, outcome, ("a", "b", "c"), penalty=0.01)
    reference = model.log_odds(model.medians[None, :])[0]
    for groups in (((0,), (1,), (2,)), ((0, 2), (1,)), ((0, 1, 2),)):
        parts = model.contributions(raw, groups)
        assert parts.sum(axis=1) == pytest.approx(model.log_odds(raw) - reference, abs=1e-9)
    assert model.contributions(model.medians[None, :], ((0,), (1,), (2,))) == pytest.approx(np.zeros((1, 3)))


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from([0.1, 0.01, 0.0001]))
def test_a_logistic_model_stands_at_the_bottom_of_its_own_loss(seed, penalty):
    raw, outcome = table(seed)
    model = fit_logistic(raw, outcome, ("a", "b", "c"), penalty=penalty)
    error = expit(model.log_odds(raw)) - outcome
    slope = model.preparation.apply(raw).T @ error / outcome.size + penalty * np.asarray(model.coefficients)
    assert slope == pytest.approx(np.zeros(slope.size), abs=2e-4)
    assert error.mean() == pytest.approx(0, abs=2e-4)


def test_penalties_fitted_together_are_those_fitted_alone():
    raw, outcome = table(4)
    together = fit_penalties(raw, outcome, Columns(("a", "b", "c")), penalties=(0.1, 0.001))
    for penalty, model in together.items():
        alone = fit_logistic(raw, outcome, ("a", "b", "c"), penalty=penalty)
        assert model.coefficients == pytest.approx(alone.coefficients, abs=1e-4)
    assert together[0.1] != together[0.001]


def test_a_logistic_model_survives_its_json():
    raw, outcome = table(1)
    model = fit_logistic(raw, outcome, ("a", "b", "c"), penalty=0.01)
    assert logistic_of(model.as_mapping()) == model
    assert model.preparation.logged == (True, False, False)
    assert model.preparation.indicated == (False, True, False)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([150, 6000]))
def test_calibration_never_changes_who_comes_before_whom(seed, rows):
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(0.5, 1.5, rows)
    outcome = (rng.random(rows) < expit(0.5 * log_odds - 0.4)).astype(float)
    curve = fit_calibrator(log_odds, outcome)
    assert curve.kind is (CalibrationKind.PLATT if rows == 150 else CalibrationKind.ISOTONIC)
    probability = curve.probability(np.sort(log_odds))
    assert (np.diff(probability) >= 0).all()
    assert ((probability > 0) & (probability < 1)).all()
    assert roc_auc_score(outcome, curve.probability(log_odds)) == pytest.approx(
        roc_auc_score(outcome, log_odds), abs=2e-3
    )
    assert calibrator_of(curve.as_mapping()) == curve


def test_calibration_mends_an_overconfident_score():
    rng = np.random.default_rng(5)
    log_odds = rng.normal(0, 3, 20_000)
    outcome = (rng.random(log_odds.size) < expit(log_odds / 3)).astype(float)
    for curve in (fit_calibrator(log_odds[:500], outcome[:500]), fit_calibrator(log_odds, outcome)):
        error = np.abs(curve.probability(log_odds) - expit(log_odds / 3))
        assert error.mean() < 0.05
        assert np.abs(expit(log_odds) - expit(log_odds / 3)).mean() > 0.15


def test_a_bend_that_the_last_cut_does_not_show_is_not_kept():
    rng = np.random.default_rng(2)

    def cut(truth):
        log_odds = rng.normal(0, 2, 4000)
        return log_odds, (rng.random(4000) < truth(log_odds)).astype(float)

    bent = [cut(lambda x: np.where(x > 0, 0.9, 0.3)) for _ in range(2)]
    assert fit_on_cuts(bent).kind is CalibrationKind.ISOTONIC
    assert fit_on_cuts([*bent, cut(expit)]).kind is CalibrationKind.PLATT


@given(st.floats(0, 1), st.integers(1, 100_000))
def test_an_interval_holds_its_figure_and_narrows_with_more_customers(probability, customers):
    value = np.array([probability])
    low, high = wilson(value, customers)
    assert 0 <= low[0] <= probability <= high[0] <= 1
    narrower = wilson(value, customers * 4)
    assert narrower[1][0] - narrower[0][0] < high[0] - low[0]


@given(st.floats(1e-6, 1 - 1e-6))
def test_log_odds_and_probability_undo_each_other(probability):
    assert expit(logit(np.array([probability])))[0] == pytest.approx(probability)


GROUP = st.tuples(st.floats(-3, 3), st.booleans())  # what it adds, and whether its value is missing


@given(st.lists(st.lists(GROUP, min_size=5, max_size=5), min_size=1, max_size=8))
def test_reasons_only_raise_and_come_in_order_of_size_what_is_missing_last(rows):
    parts = np.array([[part for part, _ in row] for row in rows])
    absent = np.array([[missing for _, missing in row] for row in rows])
    chosen, sizes = strongest(parts, absent)
    for row, places, found in zip(rows, chosen, sizes, strict=True):
        told = [row[place] for place in places if place >= 0]
        raising = [one for one in row if one[0] > FAINT]
        assert [one[0] for one in told] == [one[0] for one in sorted(raising, key=lambda one: (one[1], -one[0]))[:3]]
        assert [one[0] for one in told] == [one for one in found if one > 0]


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.floats(0.05, 5.0), st.floats(-4.0, 4.0))
def test_a_line_by_newtons_method_is_the_one_that_scikit_learn_finds(seed, spread, level):
    rng = np.random.default_rng(seed)
    odds = rng.normal(size=300)
    outcome = (rng.random(300) < expit(spread * odds + level)).astype(float)
    events = outcome.sum()
    target = np.where(outcome == 1, (events + 1) / (events + 2), 1 / (300 - events + 2))
    twice, kinds = np.tile(odds, 2)[:, None], np.repeat([1.0, 0.0], 300)
    weights = np.concatenate([target, 1 - target])
    oracle = LogisticRegression(C=np.inf, tol=1e-9).fit(twice, kinds, sample_weight=weights)
    line = fit_line(odds, outcome)
    assert line.ys[0] == pytest.approx(oracle.intercept_[0], abs=1e-3)
    assert line.xs[0] == pytest.approx(max(oracle.coef_[0, 0], 1e-6), abs=1e-3)


def test_scores_that_are_all_alike_have_a_level_and_no_spread():
    outcome = np.repeat([1.0, 0.0], [30, 70])
    assert fit_line(np.full(100, 2.0), outcome).probability(np.array([2.0])) == pytest.approx(0.3, abs=0.01)


def test_a_penalty_is_one_belief_however_many_teach():
    few, many = np.repeat([1.0, 0.0], [50, 100]), np.repeat([1.0, 0.0], [2000, 400])
    ridge = Ridge(0.03, taught=100.0)
    assert [ridge.penalty_of(each) for each in (few, many)] == pytest.approx([0.06, 0.0075])
    assert ridge.penalty_of(np.zeros(10)) == pytest.approx(3.0)


def test_the_lower_bound_of_an_auc_in_closed_form_is_near_that_of_a_bootstrap():
    rng = np.random.default_rng(5)
    outcome = (rng.random(2000) < 0.2).astype(float)
    for apart in (0.0, 0.5, 1.5):
        score = rng.normal(size=2000) + apart * outcome
        assert auc_low(outcome, score) == pytest.approx(interval(auc, outcome, score, seed=1).low, abs=0.015)
