"""A number of both signs may bend at zero: a fall weighs what it weighs, and a rise is no fall turned round."""

import numpy as np

from predict.calibrate import expit
from predict.evaluate import auc
from predict.frames import Columns
from predict.logistic import fit_penalties, logistic_of
from predict.preparation import BOTH_SIDES, Lines, fit_preparation

ROWS = 4_000
ONE = Columns(("change",))


def drawn(seed):
    rng = np.random.default_rng(seed)
    change = rng.normal(size=(ROWS, 1))
    outcome = (rng.random(ROWS) < expit(2 * np.abs(change[:, 0]) - 2)).astype(float)
    return change, outcome


def fitted(lines):
    return fit_penalties(*drawn(1), ONE, penalties=(0.001,), lines=lines)[0.001]


def test_what_falls_and_what_rises_weigh_apart():
    change, outcome = drawn(2)
    straight, curved = (auc(outcome, fitted(lines).log_odds(change)) for lines in (Lines.STRAIGHT, Lines.CURVED))
    assert straight < 0.55
    assert curved > 0.7


def test_a_bent_model_is_read_back_and_its_parts_add_up():
    model, (change, _) = fitted(Lines.CURVED), drawn(3)
    again = logistic_of(model.as_mapping())
    assert np.array_equal(again.log_odds(change), model.log_odds(change))
    usual = model.log_odds(model.medians[None, :])
    assert np.allclose(again.contributions(change, ((0,),))[:, 0], model.log_odds(change) - usual)


def test_a_model_of_before_numbers_could_bend_is_read_still():
    stored = fitted(Lines.STRAIGHT).as_mapping()
    del stored["preparation"]["bent"]
    assert logistic_of(stored) == fitted(Lines.STRAIGHT)


def test_a_handful_below_zero_bends_nothing():
    change = np.abs(drawn(1)[0])
    few = int(ROWS * BOTH_SIDES) - 1
    change[:few] *= -1
    assert fit_preparation(change, ONE, lines=Lines.CURVED).bent == (False,)
    change[: few + 1] = -np.abs(change[: few + 1])
    assert fit_preparation(change, ONE, lines=Lines.CURVED).bent == (True,)
