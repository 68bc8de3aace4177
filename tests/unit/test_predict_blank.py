"""Columns that say nothing of anybody: a table nobody delivered, a flag nobody has, a source that began late."""

import numpy as np
import polars as pl
import pytest

from predict.boosting import fit_boosting
from predict.churn.declaration import CHURN
from predict.errors import FrameRefused
from predict.feature import features_of
from predict.frames import Columns
from predict.likelihood.page import html
from predict.likelihood.report import markdown
from predict.likelihood.score import score
from predict.likelihood.train import train
from predict.module import Brief
from predict.telling.teller import teller_of
from tests.unit.predict_builders import DESCRIBED, FEW, HORIZON_DAYS, customers, month

WORDS = teller_of(CHURN)

BRIEF = Brief(
    horizon_days=HORIZON_DAYS, features=features_of([str(one["name"]) for one in DESCRIBED], DESCRIBED), seed=3
)
BLANK = {
    "never_delivered": pl.lit(None, dtype=pl.Float64),
    "not_a_number": pl.lit(float("nan")),
    "always_three": pl.lit(3, dtype=pl.Int64),
    "always_true": pl.lit(value=True),
}


@pytest.fixture(scope="module")
def frame():
    return customers(cuts=9, each=300)


@pytest.fixture(scope="module")
def blank(frame):
    return frame.with_columns(**BLANK)


def test_a_column_that_tells_nobody_apart_is_left_out_by_name_and_changes_nothing(frame, blank):
    plain, artefact = train(frame, FEW, BRIEF), train(blank, FEW, BRIEF)
    assert artefact.figures["left_out"] == sorted(BLANK)
    assert plain.figures["left_out"] == []
    assert artefact.model == plain.model
    assert artefact.figures["model"] == plain.figures["model"]
    for page in (markdown(artefact, WORDS), html(artefact, WORDS)):
        assert all(name in page for name in BLANK)
    assert "never_delivered" not in markdown(plain, WORDS)


def test_a_column_that_was_left_out_is_neither_needed_nor_weighed_at_scoring(frame, blank):
    artefact = train(blank, FEW, BRIEF)
    last = frame.filter(pl.col("as_of") == month(9))
    without = score(artefact, last)
    filled = score(artefact, last.with_columns(never_delivered=pl.lit(7.5), always_three=pl.lit(-4, dtype=pl.Int64)))
    assert without.equals(filled)


def test_a_column_with_one_value_or_none_keeps_what_is_missing(frame):
    rng = np.random.default_rng(2)
    told = pl.when(pl.Series(rng.random(frame.height) < 0.5)).then(1.0)
    assert train(frame.with_columns(told_once=told), FEW, BRIEF).figures["left_out"] == []


def test_a_source_that_began_late_does_not_stop_the_folds_before_it(frame):
    late = pl.when(pl.col("as_of") >= month(8)).then(pl.col("recency_days") / 2)
    artefact = train(frame.with_columns(late=late), FEW, BRIEF)
    assert artefact.figures["left_out"] == []
    assert artefact.figures["validation"]["boosting_auc"]


def test_boosting_ignores_a_column_it_never_saw_filled(frame):
    raw = frame.select(pl.col("recency_days"), pl.lit(None, dtype=pl.Float64).alias("never")).to_numpy()
    outcome = frame["churned"].cast(pl.Float64).to_numpy()
    model = fit_boosting(raw, outcome, Columns(("recency_days", "never")), seed=1)
    filled = raw.copy()
    filled[:, 1] = 9.0
    assert np.array_equal(model.log_odds(raw), model.log_odds(filled))


def test_a_frame_in_which_no_column_tells_anybody_apart_is_refused(blank):
    with pytest.raises(FrameRefused, match="tells customers apart"):
        train(blank.select("pseudonym", "as_of", "churned", *BLANK), FEW, BRIEF)
