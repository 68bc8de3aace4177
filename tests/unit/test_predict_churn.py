import json
from dataclasses import replace

import lightgbm
import numpy as np
import polars as pl
import pytest

from predict.artefact import pack_artefact, unpack_artefact
from predict.boosting import _lightgbm, fit_boosting, opened, text_of
from predict.calibrate import expit
from predict.choose import Table, _judge, _judge_challenger, is_clearly_better
from predict.churn.declaration import CHURN
from predict.churn.module import MODULES
from predict.errors import ArtefactRefused, FrameRefused, TooFewCustomers
from predict.feature import features_of
from predict.frames import Columns, labels_of, matrix_of, ordered
from predict.likelihood.page import html
from predict.likelihood.report import markdown, report
from predict.likelihood.score import score
from predict.likelihood.train import train
from predict.likelihood.waterfall import fall_of, picture
from predict.module import Brief, Module
from predict.split import Fold
from predict.telling.teller import teller_of
from tests.unit.predict_builders import DESCRIBED, FEW, HORIZON_DAYS, customers, month

WORDS = teller_of(CHURN)

BRIEF = Brief(
    horizon_days=HORIZON_DAYS, features=features_of([str(one["name"]) for one in DESCRIBED], DESCRIBED), seed=3
)


@pytest.fixture(scope="module")
def frame():
    return customers(cuts=9, each=400)


@pytest.fixture(scope="module")
def artefact(frame):
    return train(frame, FEW, BRIEF)


@pytest.fixture(scope="module")
def scores(frame, artefact):
    return score(artefact, frame.filter(pl.col("as_of") == month(9)).drop("churned"), capacity=50)


def test_the_planted_cause_is_found_and_beats_recency_alone(artefact):
    figures = artefact.figures
    assert figures["split"] == "temporal"
    assert figures["baseline"]["column"] == "recency_days"
    assert figures["baseline"]["gain"]["low"] > 0
    assert figures["model"]["brier"]["figure"] < figures["base_rate_brier"]
    assert figures["model"]["ece"] < 0.08  # 400 customers in ten bins: of perfect probabilities about .05 would show
    assert figures["suspects"] == []
    assert max(figures["importance"], key=figures["importance"].get) == "rhythm"


def test_a_machine_without_the_library_of_trees_has_a_model_and_is_told(frame, monkeypatch):
    def missing(_):
        raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr("predict.boosting.import_module", missing)
    _lightgbm.cache_clear()
    alone = train(frame.filter(pl.col("as_of") > month(5)), FEW, BRIEF)
    assert alone.family == "logistic"
    assert "libgomp1" in markdown(alone, WORDS)


def test_nothing_is_found_where_nothing_was_planted():
    nothing = train(customers(cuts=9, each=400, strength=0.0), FEW, BRIEF).figures
    assert nothing["model"]["auc"]["low"] < 0.5 < nothing["model"]["auc"]["high"]
    assert any("chance" in WORDS.tell(remark) for remark in nothing["remarks"])


def test_a_column_made_from_the_future_is_named(frame):
    leaked = frame.with_columns(oracle=pl.col("churned").cast(pl.Float64))
    figures = train(leaked, FEW, BRIEF).figures
    assert figures["suspects"] == ["oracle"]
    assert any("future" in WORDS.tell(remark) for remark in figures["remarks"])


def test_row_and_column_order_change_nothing(frame, artefact):
    moved = frame.sample(fraction=1.0, shuffle=True, seed=9).select(sorted(frame.columns, reverse=True))
    assert pack_artefact(train(moved, FEW, BRIEF)) == pack_artefact(artefact)


def test_scores_do_not_depend_on_who_else_is_scored(frame, artefact, scores):
    one = frame.filter(pl.col("as_of") == month(9), pl.col("pseudonym") == scores["pseudonym"][17])
    alone = score(artefact, one, capacity=1)
    told = ["reason_1", "reason_2", "reason_3"]
    assert alone["probability"].item() == pytest.approx(scores["probability"][17], abs=1e-12)
    assert alone.select(told).row(0) == scores.select(told).row(17)


def test_the_scores_frame_keeps_its_contract(scores):
    assert scores.height == 400
    assert scores["probability"].is_between(0, 1).all()
    assert (
        scores.select((pl.col("low") <= pl.col("probability")) & (pl.col("probability") <= pl.col("high")))
        .to_series()
        .all()
    )
    counts = dict(scores["band"].value_counts().iter_rows())
    assert counts == {"high": 50, "medium": 50, "low": 300}
    lowest_called = scores.filter(pl.col("band") == "high")["probability"].min()
    assert lowest_called >= scores.filter(pl.col("band") != "high")["probability"].max()


def test_nobody_to_score_gives_a_frame_with_the_same_columns(frame, artefact, scores):
    nobody = score(artefact, frame.clear())
    assert nobody.height == 0
    assert nobody.schema == scores.schema


def test_the_rhythm_is_said_with_the_customers_own_figures(frame, scores):
    own = frame.filter(pl.col("as_of") == month(9)).select("pseudonym", "recency_days", "days_per_order")
    overdue = scores.filter(pl.col("reason_1") == "rhythm.overdue").join(own, on="pseudonym")
    assert overdue.height > 20
    assert (overdue["value_1"] == overdue["recency_days"]).all()
    assert (overdue["usual_1"] == overdue["days_per_order"]).all()
    assert (overdue["value_1"] > overdue["usual_1"]).all()


def test_a_missing_feature_is_refused_and_an_unknown_value_is_not(frame, artefact):
    last = frame.filter(pl.col("as_of") == month(9))
    with pytest.raises(FrameRefused, match="days_per_order"):
        score(artefact, last.drop("days_per_order"))
    unknown = score(artefact, last.with_columns(recency_days=pl.lit(None, dtype=pl.Float64)))
    assert unknown["probability"].is_finite().all()


def test_a_value_that_is_missing_takes_no_place_from_a_fact():
    leaving = pl.col("churned") & (pl.col("orders_365d") % 4 > 0)
    frame = customers(cuts=6, each=300).with_columns(newsletter=pl.when(~leaving).then("newsletter"))
    scored = score(train(frame, FEW, BRIEF), frame.filter(pl.col("as_of") == month(6)))
    codes = scored.select(pl.concat_list("reason_1", "reason_2", "reason_3").list.drop_nulls()).to_series().to_list()
    absent = [[code == "newsletter.missing" for code in row] for row in codes]
    assert sum(row == [False, True] for row in absent) > 20
    assert all(row == sorted(row) for row in absent)


def test_too_few_customers_are_told_what_to_collect():
    with pytest.raises(TooFewCustomers, match="at least 50") as refused:
        train(customers(cuts=9, each=30), FEW, BRIEF)
    assert (refused.value.have, refused.value.need) == (30, 50)
    with pytest.raises(TooFewCustomers, match="a model needs 200 customers"):
        train(customers(cuts=1, each=5).clear(), FEW, BRIEF)


def test_a_single_cut_is_trained_and_labelled_as_no_forecast():
    figures = train(customers(cuts=1, each=900), FEW, BRIEF).figures
    assert "not a test of forecasting" in figures["split"]
    assert any("not fully temporal" in WORDS.tell(remark) for remark in figures["remarks"])


def test_the_challenger_must_win_on_every_fold_and_clearly():
    champion = [(0.70, 0.2), (0.70, 0.2)]
    assert is_clearly_better([(0.72, 0.19), (0.71, 0.2)], champion)
    assert not is_clearly_better([(0.705, 0.19), (0.705, 0.19)], champion)
    assert not is_clearly_better([(0.80, 0.19), (0.69, 0.19)], champion)
    assert not is_clearly_better([(0.72, 0.22), (0.72, 0.22)], champion)


def test_an_artefact_survives_its_bytes_and_notices_a_change(artefact):
    packed = pack_artefact(artefact)
    assert pack_artefact(unpack_artefact(packed, module="churn")) == packed
    envelope = json.loads(packed)
    envelope["body"]["model"]["intercept"] += 1
    for broken in (json.dumps(envelope).encode(), packed[:-9], b"{}", packed.replace(b'"version":3', b'"version":2')):
        with pytest.raises(ArtefactRefused):
            unpack_artefact(broken, module="churn")
    with pytest.raises(ArtefactRefused, match="winback"):
        unpack_artefact(packed, module="winback")


def test_a_challenger_is_given_up_at_the_first_fold_it_does_not_win(frame):
    table = Table(*_fittable(frame))
    folds = tuple(Fold(np.arange(400 * n), np.arange(400 * n, 400 * (n + 1))) for n in (4, 5, 6))
    taught = []

    def fit(rows):
        taught.append(rows.size)
        return fit_boosting(table.raw[rows], table.outcome[rows], table.columns, seed=0)

    beaten, _ = _judge_challenger(table, folds, fit, champion=[(0.0, 1.0), (1.0, 0.0), (0.0, 1.0)])
    assert taught == [2400, 2000]
    assert len(beaten) == 2
    assert not is_clearly_better(beaten, [(0.0, 1.0), (1.0, 0.0), (0.0, 1.0)])
    unbeaten, models = _judge_challenger(table, folds, fit, champion=[(0.0, 1.0)] * 3)
    assert taught[2:] == [2400, 2000, 1600]
    assert is_clearly_better(unbeaten, [(0.0, 1.0)] * 3)
    assert unbeaten == [_judge(table, fold, model) for fold, model in zip(folds, models, strict=True)]
    assert unbeaten == [_judge(table, fold, fit(fold.teach)) for fold in folds]


def _fittable(frame):
    rows = ordered(frame)
    return matrix_of(rows, ("recency_days",)), labels_of(rows, CHURN.label), Columns(("recency_days",))


def test_boosting_is_stored_scored_and_explained(frame, artefact):
    rng = np.random.default_rng(0)
    raw = np.column_stack([rng.normal(size=800), rng.normal(size=800), rng.random(800)])
    outcome = (rng.random(800) < expit(2 * raw[:, 0])).astype(float)
    model = fit_boosting(raw, outcome, Columns(("a", "b", "c")), seed=0)
    parts = model.contributions(raw, ((0,), (1,), (2,)))
    assert np.corrcoef(parts[:, 0], raw[:, 0])[0, 1] > 0.8
    assert np.abs(parts[:, 0]).mean() > 3 * np.abs(parts[:, 1:]).mean()
    assert parts.sum(axis=1) == pytest.approx(model.log_odds(raw) - model.log_odds(model.medians[None, :]))
    again = unpack_artefact(pack_artefact(replace(artefact, model=model)), module="churn")
    assert again.model.log_odds(raw) == pytest.approx(model.log_odds(raw))
    assert again.family == "boosting"


def test_trees_of_another_kind_or_of_nobody_are_refused():
    rng = np.random.default_rng(1)
    raw, outcome = rng.normal(size=(400, 2)), rng.random(400)
    squares = lightgbm.train({"verbosity": -1}, lightgbm.Dataset(raw, outcome), 2)
    for stranger in (squares.model_to_string(), "not a tree", ""):
        with pytest.raises(ArtefactRefused):
            opened(stranger)


def test_trees_hold_no_extreme_of_a_single_customer():
    rng = np.random.default_rng(2)
    raw = rng.normal(size=(800, 2))
    raw[7, 0] = 987654.5
    outcome = (rng.random(800) < expit(raw[:, 1])).astype(float)
    text = text_of(fit_boosting(raw, outcome, Columns(("a", "b")), seed=0).booster)
    assert "987654" not in text
    assert "feature_infos=none none\n" in text


def test_the_reports_name_the_figures_and_nobody(artefact, frame):
    page, text, values = (
        html(artefact, WORDS),
        markdown(artefact, WORDS),
        json.dumps(report(artefact, WORDS)),
    )
    auc = f"{artefact.figures['model']['auc']['figure']:.3f}"
    assert auc in page
    assert auc in text
    assert page.count("<svg") == 4
    for said in (page, text, values):
        assert not any(one.hex() in said for one in frame["pseudonym"].unique().head(50).to_list())


def test_the_waterfall_adds_up_and_invents_its_customer(artefact):
    fall = fall_of(artefact)
    odds = artefact.model.log_odds(artefact.model.medians[None, :])
    usual, end = artefact.calibrator.probability(np.append(odds, odds + sum(size for _, size in fall.parts)))
    assert (fall.usual, fall.chance) == (pytest.approx(usual), pytest.approx(end))
    assert fall.chance > fall.usual
    assert [size for _, size in fall.parts] == sorted((size for _, size in fall.parts), reverse=True)
    assert picture(fall, WORDS).count("<rect") == len(fall.parts)
    assert fall_of(replace(artefact, profile={})) is None


def test_churn_keeps_the_protocol_of_a_module(frame):
    module: Module = MODULES["churn"]
    packed = module.train(frame, BRIEF)
    told = module.score(packed, frame.filter(pl.col("as_of") == month(9)), capacity=None)
    assert dict(told["band"].value_counts().iter_rows())["high"] == 40
    assert module.reasons(told, packed, language="nb").height == 400
    assert module.report(packed).html.startswith("<!doctype html>")
