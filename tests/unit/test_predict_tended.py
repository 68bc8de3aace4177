"""After the training: drift is seen and not imagined, probabilities follow what happened, two models are told apart."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predict.artefact import pack_artefact, unpack_artefact
from predict.calibrate import CalibrationKind, Calibrator, expit, logit
from predict.card import card, markdown
from predict.churn.declaration import CHURN
from predict.churn.module import MODULES
from predict.drift import bin_columns, binned_of, calibration_shift, shift_of
from predict.errors import TooFewCustomers
from predict.feature import features_of
from predict.likelihood.score import score
from predict.likelihood.tended import calibration, compare, drift, later, recalibrate
from predict.likelihood.train import train
from predict.module import Brief, Tended
from predict.readiness import Light
from predict.recalibrate import Recalibrated, recalibrated
from predict.telling.teller import teller_of
from tests.unit.predict_builders import DESCRIBED, FEW, HORIZON_DAYS, customers, month

WORDS = teller_of(CHURN)

FEATURES = features_of([str(one["name"]) for one in DESCRIBED], DESCRIBED)
LAST = 8
FAMILIES = {
    "recency_days": ("orders",), "days_per_order": ("orders",), "orders_365d": ("orders",), "newsletter": ("contacts",),
    "tickets_30d": ("tickets",),
}  # fmt: skip


@pytest.fixture(scope="module")
def frame():
    return customers(cuts=15, each=400).with_columns(tickets_30d=pl.lit(None, dtype=pl.Float64))


@pytest.fixture(scope="module")
def taught(frame):
    return frame.filter(pl.col("as_of") <= month(LAST))


@pytest.fixture(scope="module")
def artefact(taught):
    stages = taught.select("pseudonym", "as_of", stage=pl.when(pl.col("orders_365d") > 12).then(pl.lit("established")))
    brief = Brief(horizon_days=HORIZON_DAYS, features=FEATURES, seed=3, families=FAMILIES, segments=stages)
    return train(taught, FEW, brief)


def test_only_cuts_at_which_all_that_was_taught_was_known_may_judge(artefact, frame):
    judging = later(artefact, frame)["as_of"].unique().sort().to_list()
    assert judging == [month(number) for number in range(LAST + 3, 16)], "ninety days after the first of August"


def test_customers_who_did_not_change_have_not_drifted(artefact, frame):
    told = drift(artefact, frame.filter(pl.col("as_of") == month(15)))
    assert (told["light"], told["customers"]) == ("green", 400)
    assert calibration(artefact, FEW, frame)["light"] == "green"


def test_a_planted_shift_is_seen_in_its_column_and_in_the_score(artefact, frame):
    moved = frame.filter(pl.col("as_of") == month(15)).with_columns(pl.col("recency_days") * 4)
    told = drift(artefact, moved)
    assert told["light"] == "red"
    assert (told["inputs"][0]["name"], told["inputs"][0]["light"]) == ("recency_days", "red")
    assert told["score"]["light"] == "red"
    assert next(one for one in told["inputs"] if one["name"] == "newsletter")["light"] == "green"


@given(st.integers(0, 10_000), st.integers(30, 400))
def test_few_customers_of_the_same_kind_are_no_shift(seed, count):
    rng = np.random.default_rng(seed)
    (then,) = bin_columns(rng.normal(size=(500, 1)), ("x",))
    found = shift_of(binned_of(then.as_mapping()), rng.normal(size=count))
    assert found.psi < found.by_chance * 1.5
    assert found.light is not Light.RED or found.psi > found.by_chance


def test_psi_is_that_of_its_formula():
    (then,) = bin_columns(np.repeat([0.0, 1.0], [600, 400])[:, None], ("flag",))
    found = shift_of(then, np.repeat([0.0, 1.0], [400, 600]))
    assert found.psi == pytest.approx(0.2 * np.log(0.6 / 0.4) * 2)
    assert found.light is Light.AMBER


@given(st.floats(-2, 2), st.integers(0, 99))
def test_recalibration_moves_the_level_and_never_the_order(shift, seed):
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1, 1, 4000)
    outcome = (rng.random(4000) < expit(odds + shift)).astype(np.float64)
    as_was = Calibrator(CalibrationKind.PLATT, (1.0,), (0.0,), 1000)
    curve = recalibrated(as_was, [(as_was.probability(odds), outcome)])
    assert isinstance(curve, Recalibrated)
    assert curve.probability(odds).mean() == pytest.approx(outcome.mean(), abs=0.005)
    assert (np.diff(curve.probability(np.sort(odds))) > 0).all()
    again = recalibrated(curve, [(curve.probability(odds), outcome)])
    assert isinstance(again, Recalibrated)
    assert again.base is as_was, "a line over a line is a line"
    assert np.allclose(logit(again.probability(odds)), logit(curve.probability(odds)), atol=0.02)


def test_a_curve_that_no_line_betters_on_the_newest_cut_is_kept():
    rng = np.random.default_rng(5)
    odds = rng.normal(-1, 1, (2, 3000))
    as_was = Calibrator(CalibrationKind.PLATT, (1.0,), (0.0,), 1000)
    seasonal = (rng.random(3000) < expit(odds[0] + 1.5)).astype(np.float64)
    usual = (rng.random(3000) < expit(odds[1])).astype(np.float64)
    forecasts = [(as_was.probability(odds[0]), seasonal), (as_was.probability(odds[1]), usual)]
    assert recalibrated(as_was, forecasts) is as_was


def test_probabilities_follow_a_world_in_which_more_leave(artefact, frame):
    rng = np.random.default_rng(1)
    worse = frame.with_columns(churned=pl.col("churned") | (pl.Series(rng.random(frame.height)) < 0.3))
    assert calibration(artefact, FEW, worse)["light"] == "amber"
    packed = MODULES["churn"].recalibrate(pack_artefact(artefact), worse)
    fitted = unpack_artefact(packed, module="churn")
    assert fitted.model == artefact.model
    judged = later(artefact, worse)
    assert score(fitted, judged)["probability"].mean() == pytest.approx(judged["churned"].mean(), abs=0.01)
    assert calibration(fitted, FEW, worse) is None, "what it was fitted to cannot judge it"
    last = frame.filter(pl.col("as_of") == month(15))
    assert score(fitted, last)["probability"].mean() > score(artefact, last)["probability"].mean() + 0.1


def test_without_a_cut_that_the_model_was_not_taught_nothing_is_fitted_or_compared(artefact, taught):
    with pytest.raises(TooFewCustomers, match="wait"):
        recalibrate(artefact, FEW, taught)
    with pytest.raises(TooFewCustomers, match="--until"):
        compare((artefact, artefact), FEW, taught, seed=1)


def test_a_model_is_not_better_than_itself_and_is_than_one_that_learned_noise(artefact, frame, taught):
    same = compare((artefact, artefact), FEW, frame, seed=1)
    assert same["auc_gained"]["figure"] == 0
    assert same["verdict"].startswith("no evidence")
    rng = np.random.default_rng(2)
    noise = taught.with_columns(churned=pl.Series(rng.random(taught.height) < 0.4))
    blind = train(noise, FEW, Brief(horizon_days=HORIZON_DAYS, features=FEATURES, seed=3))
    told = compare((blind, artefact), FEW, frame, seed=1)
    assert told["verdict"] == "the challenger is clearly better"
    assert told["customers"] == 5 * 400


def test_each_source_is_worth_what_is_lost_without_it(artefact):
    families = {one["family"]: one for one in artefact.figures["families"]}
    assert families["orders"]["auc_lost"]["low"] > 0.1
    assert families["contacts"]["auc_lost"]["low"] <= 0 <= families["contacts"]["auc_lost"]["high"]
    assert families["tickets"]["missing"] == ["tickets_30d"]
    assert "auc_lost" not in families["tickets"], "what was never there cannot be taken away"
    assert artefact.figures["families"][0]["family"] == "orders"


def test_figures_by_segment_add_up_and_small_groups_are_not_judged(artefact, taught):
    found = artefact.figures["segments"]
    assert {one["segment"] for one in found} == {"stage"}
    assert {one["level"] for one in found} == {"established", "not told"}
    assert sum(one["customers"] for one in found) == 400
    assert sum(one["outcomes"] for one in found) == taught.filter(pl.col("as_of") == month(LAST))["churned"].sum()
    for one in found:
        assert one["share"]["low"] <= one["share"]["figure"] <= one["share"]["high"]


def test_a_group_that_the_model_serves_worse_is_named():
    plain = customers(cuts=8, each=900, strength=3.0)
    is_new = pl.col("pseudonym").bin.encode("hex").str.ends_with("3")
    drawn = pl.Series(np.random.default_rng(4).exponential(20, plain.height))
    blind = plain.with_columns(
        stage=pl.when(is_new).then(pl.lit("new")).otherwise(pl.lit("old")),
        recency_days=pl.when(is_new).then(drawn).otherwise("recency_days"),
    )
    stages = blind.select("pseudonym", "as_of", "stage")
    brief = Brief(horizon_days=HORIZON_DAYS, features=FEATURES, seed=3, segments=stages, capacity=400)
    figures = train(blind.drop("stage"), FEW, brief).figures
    assert any("stage is new" in WORDS.tell(remark) for remark in figures["remarks"])
    assert not any("stage is old" in WORDS.tell(remark) for remark in figures["remarks"])


def test_the_report_shows_segments_sources_and_their_intervals(artefact):
    told = MODULES["churn"].report(pack_artefact(artefact))
    for page in (told.markdown, told.html):
        assert "stage: established" in page
        assert "AUC lost without it" in page
        assert "tickets_30d" in page


def test_the_card_has_every_section_and_says_for_what_never(artefact):
    told = card(
        MODULES["churn"].report(pack_artefact(artefact)).values,
        {"purpose": "churn", "prohibited_uses": ["credit"]},
        WORDS,
    )
    assert list(told) == [
        "model_details", "intended_use", "factors", "metrics", "evaluation_data", "training_data",
        "quantitative_analyses", "ethical_considerations", "caveats",
    ]  # fmt: skip
    text = markdown(told, WORDS)
    assert "Article 22" in text
    assert "credit" in text
    assert "stage" in text
    assert json.loads(json.dumps(told))["training_data"]["missing_signals"] == ["tickets_30d"]


def test_churn_can_be_looked_after():
    assert isinstance(MODULES["churn"], Tended)


def test_calibration_of_a_true_model_is_green_and_of_a_false_one_is_not():
    rng = np.random.default_rng(0)
    probability = rng.random(3000)
    outcome = (rng.random(3000) < probability).astype(np.float64)
    assert calibration_shift(outcome, probability)["light"] == "green"
    assert calibration_shift(outcome, probability / 2)["light"] == "amber"


def test_a_rule_has_a_profile_too():
    few = customers(cuts=6, each=100)
    ruled = train(few, FEW, Brief(horizon_days=HORIZON_DAYS, features=FEATURES, seed=3))
    assert ruled.family == "rule"
    assert drift(ruled, few.filter(pl.col("as_of") == month(6)))["light"] == "green"
    assert drift(replace(ruled, profile={}), few)["score"] is None
