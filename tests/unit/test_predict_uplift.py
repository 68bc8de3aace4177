import json

import numpy as np
import polars as pl
import pytest

from predict.errors import FrameRefused, TooFewCustomers
from predict.evaluate import Interval
from predict.uplift.crossfit import unseen_scores
from predict.uplift.evidence import Verdict, _above_zero, slope_of, uplift_in
from predict.uplift.learners import Learner, learn, transformed, uplift_of
from predict.uplift.model import learn_uplift, uplift_model_of
from predict.uplift.trial import Trial, imbalance, trial_of
from tests.trial_builders import campaign


@pytest.fixture(scope="module")
def planted():
    return trial_of(campaign(3000))


@pytest.fixture(scope="module")
def learnt(planted):
    return learn_uplift(planted, seed=3, deals=1)


def test_the_persuaded_are_found_and_the_response_model_is_beaten(learnt):
    evidence = learnt.evidence
    assert evidence.verdict is Verdict.TARGET
    assert evidence.q.low > 0
    assert evidence.gain.low > 0
    assert evidence.upper_share > 0.6
    assert evidence.effect.low < 0.1 < evidence.effect.high
    assert evidence.groups[0][1].low > evidence.groups[-1][1].figure
    assert set(learnt.learners_q) == set(Learner)


def test_nothing_is_found_where_nothing_was_planted():
    found = learn_uplift(trial_of(campaign(3000, persuaded=0.0, seed=1)), seed=3, deals=1)
    assert found.evidence.verdict is Verdict.NOBODY
    assert found.evidence.q.low < 0 < found.evidence.q.high
    assert found.model.slope == 0
    assert np.ptp(found.model.score(trial_of(campaign(500)).raw)) == 0


def test_an_effect_on_everybody_alike_is_no_reason_to_aim():
    found = learn_uplift(trial_of(campaign(3000, persuaded=0.0, effect=0.15, seed=2)), seed=3, deals=1)
    assert found.evidence.verdict is Verdict.EVERYBODY
    assert str(found.evidence.verdict) == "no evidence that targeting beats treating everybody"


def test_shuffled_contacts_have_no_uplift(planted):
    shuffled = np.random.default_rng(0).permutation(planted.treated)
    trial = Trial(planted.raw, planted.names, shuffled, planted.responded)
    evidence = learn_uplift(trial, seed=3, deals=1).evidence
    assert evidence.verdict is not Verdict.TARGET
    assert evidence.q.low < 0 < evidence.q.high


def test_every_learner_finds_who_is_persuaded_and_comes_back_from_json(planted):
    visits = planted.raw[:, planted.names.index("visits")]
    for learner in Learner:
        model = learn(learner, planted)
        again = uplift_of(json.loads(json.dumps(model.as_mapping())))
        assert np.array_equal(again.uplift(planted.raw), model.uplift(planted.raw))
        assert np.corrcoef(model.uplift(planted.raw), visits)[0, 1] > 0.7


def test_a_model_comes_back_from_json_and_predicts_the_mean_effect_on_average(planted, learnt):
    again = uplift_model_of(json.loads(json.dumps(learnt.model.as_mapping())))
    assert np.array_equal(again.score(planted.raw), learnt.model.score(planted.raw))
    assert learnt.model.score(planted.raw).mean() == pytest.approx(learnt.evidence.effect.figure, abs=0.01)


def test_the_transformed_response_has_the_effect_as_its_mean():
    trial = trial_of(campaign(3000, share=0.8, seed=4))
    assert transformed(trial).mean() == pytest.approx(uplift_in(trial, np.arange(3000)).figure)


def test_nobody_is_scored_by_a_model_that_saw_him(planted):
    """A scorer that knows its teachers by heart says so; no customer may be among them."""
    numbered = Trial(np.arange(3000.0)[:, None], ("number",), planted.treated, planted.responded)

    def by_heart(trial):
        return lambda raw: np.isin(raw[:, 0], trial.raw[:, 0]).astype(float)

    assert unseen_scores(numbered, by_heart, seed=1).max() == 0


def test_the_slope_says_how_much_of_a_predicted_difference_is_real(planted):
    visits = planted.raw[:, planted.names.index("visits")]
    truth = 0.3 * (visits > 0.43)
    fair, boasting = slope_of(planted, truth), slope_of(planted, 4 * truth)
    assert fair.low < 1 < fair.high
    assert boasting.figure == pytest.approx(fair.figure / 4)
    assert slope_of(planted, np.ones(3000)).high == float("inf")


def test_contacts_that_were_chosen_are_told_from_contacts_that_were_drawn(planted):
    assert imbalance(planted) > 0.001
    chosen = campaign(1000).with_columns(treated=pl.col("wealth") > 0.2)
    found = learn_uplift(trial_of(chosen), seed=0, deals=1)
    assert any("draw" in remark for remark in found.remarks)


def test_a_half_must_hold_clearly_more_than_its_share():
    wide, narrow = Interval(0.08, 0.02, 0.14), Interval(0.08, 0.075, 0.085)
    assert not _above_zero((0.45, 0.55), wide, Interval(0.02, 0.0, 0.04))
    assert _above_zero((0.45, 0.55), narrow, Interval(0.02, 0.01, 0.03))
    assert not _above_zero((0.45, 0.55), narrow, narrow)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda frame: frame.drop("treated"), FrameRefused),
        (lambda frame: frame.with_columns(responded=pl.lit(None, dtype=pl.Boolean)), FrameRefused),
        (lambda frame: frame.with_columns(treated=pl.lit(1)), FrameRefused),
        (lambda frame: frame.select("pseudonym", "as_of", "treated", "responded", one=pl.lit(1.0)), FrameRefused),
        (lambda frame: frame.with_columns(treated=pl.lit(value=True)), TooFewCustomers),
        (lambda frame: frame.with_columns(responded=pl.lit(value=False)), TooFewCustomers),
        (lambda frame: frame.head(300), TooFewCustomers),
    ],
)
def test_a_trial_that_cannot_teach_is_refused(change, refusal):
    with pytest.raises(refusal):
        trial_of(change(campaign(1000)))
