from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predict.artefact import pack_artefact, unpack_artefact
from predict.churn.declaration import CHURN
from predict.churn.module import MODULES
from predict.declaration import Readiness
from predict.errors import TooFewCustomers
from predict.evaluate import auc
from predict.feature import features_of
from predict.frames import labels_of
from predict.likelihood.score import score
from predict.likelihood.train import readiness, train
from predict.module import Brief
from predict.readiness import Grade, Light, Material, judged
from predict.registry import DECLARED
from predict.rule import fit_rule
from predict.telling.teller import plain
from tests.unit.predict_builders import DESCRIBED, HORIZON_DAYS, customers, month

NEEDS = Readiness(months=18)
FEATURES = features_of([str(one["name"]) for one in DESCRIBED], DESCRIBED)
BRIEF = Brief(horizon_days=HORIZON_DAYS, features=FEATURES, seed=3, history_months=9.0)
PLENTY = Material(counted=5000, taught=500, judged=100, months=30)


def test_the_numbers_are_those_that_were_agreed():
    assert (CHURN.readiness.months, NEEDS.seasonal_months) == (18, 24)
    counted = {name: (one.readiness.least, one.readiness.ideal) for name, one in DECLARED.items()}
    assert counted.pop("maintenance") == (100, 500), "of machines: a fleet is smaller than its owners' customers"
    assert set(counted.values()) == {(1000, 5000)}
    assert all((one.cadence.recalibrate_days, one.cadence.retrain_days) == (30, 90) for one in DECLARED.values())


def test_plenty_is_green_throughout():
    verdict = judged(PLENTY, NEEDS)
    assert verdict.grade is Grade.MODEL
    assert {one.light for one in verdict.findings} == {Light.GREEN}


@given(
    st.builds(
        Material,
        counted=st.integers(0, 9000),
        taught=st.integers(0, 200),
        judged=st.integers(0, 50),
        months=st.none() | st.floats(0, 60),
        missing=st.sampled_from([(), ("logins",)]),
    )
)
def test_only_labels_and_numbers_take_the_model_away(material):
    verdict = judged(material, NEEDS)
    enough = material.taught >= NEEDS.outcomes and material.judged >= NEEDS.judged
    if material.counted < NEEDS.rule_from:
        assert verdict.grade is Grade.NOTHING
    else:
        assert (verdict.grade is Grade.MODEL) == (enough and material.counted >= NEEDS.least)
    history = [one for one in verdict.findings if "history" in one.name]
    assert len(history) == (0 if material.months is None else 2), "a cross-section is not asked for history"
    assert all(one.light is not Light.RED for one in history)
    assert all(one.advice for one in verdict.findings if one.light is not Light.GREEN), "each says what to collect"


@pytest.fixture(scope="module")
def few():
    return customers(cuts=6, each=200)


@pytest.fixture(scope="module")
def ruled(few):
    return train(few, CHURN, BRIEF)


def test_below_the_minimum_a_rule_stands_in_and_says_what_it_is(few, ruled):
    assert ruled.family == "rule"
    assert ruled.figures["readiness"]["grade"] == "rule, not a model"
    told = MODULES["churn"].report(pack_artefact(ruled))
    for said in (told.values["summary"], told.markdown, told.html):
        assert "not a model" in said
    assert "customers: 200 of 1000" in told.markdown
    assert unpack_artefact(pack_artefact(ruled), module="churn") == ruled


def test_the_rule_sorts_by_its_column_and_its_shares_are_those_that_happened(few, ruled):
    last = few.filter(pl.col("as_of") == month(6))
    scores = score(ruled, last)
    joined = scores.join(last, on=["pseudonym", "as_of"]).sort("recency_days")
    assert joined["probability"].is_sorted()
    assert joined["probability"].is_between(0.0, 1.0, closed="none").all()
    assert abs(score(ruled, few)["probability"].mean() - few["churned"].mean()) < 0.03
    assert auc(labels_of(joined, CHURN.label), joined["probability"].to_numpy()) > 0.6
    assert set(scores["reason_1"].drop_nulls()) <= {"rhythm.overdue", "rhythm.quiet", "rhythm.missing"}


def test_without_a_column_to_sort_by_everybody_has_the_base_rate(few):
    bare = few.drop("recency_days")
    artefact = train(bare, CHURN, replace(BRIEF, features=()))
    scores = score(artefact, bare.filter(pl.col("as_of") == month(6)))
    assert scores["probability"].n_unique() == 1
    assert scores["probability"][0] == pytest.approx(bare["churned"].mean(), abs=0.01)
    assert scores["reason_1"].null_count() == scores.height
    assert "base rate" in plain().tell(artefact.figures["remarks"][0])


def test_a_column_that_the_outcome_falls_with_is_not_sorted_by(few):
    turned = train(few.with_columns(~pl.col("churned")), CHURN, BRIEF)
    assert turned.model.names == ()
    assert "everybody the base rate" in plain().tell(turned.figures["remarks"][0])


def test_outcomes_of_one_kind_leave_a_rule_that_was_not_measured():
    stayed = customers(cuts=3, each=1200).with_columns(churned=pl.lit(value=False))
    artefact = train(stayed, CHURN, BRIEF)
    assert artefact.family == "rule"
    assert "model" not in artefact.figures
    told = MODULES["churn"].report(pack_artefact(artefact))
    assert "could not be measured" in told.values["summary"]
    assert told.html.startswith("<!doctype html>")


def test_below_fifty_there_is_nothing(few):
    with pytest.raises(TooFewCustomers, match="even a rule 50") as refused:
        train(few.filter(pl.col("pseudonym").rank("dense") <= 40), CHURN, BRIEF)
    assert (refused.value.have, refused.value.need) == (40, 50)
    assert readiness(few.clear(), CHURN, BRIEF).grade is Grade.NOTHING


def test_what_is_missing_is_named(few):
    blank = few.with_columns(logins=pl.lit(None, dtype=pl.Float64))
    verdict = readiness(blank, CHURN, BRIEF)
    finding = next(one for one in verdict.findings if one.name == "missing signals")
    assert (finding.light, "logins" in plain().tell(finding.advice)) == (Light.AMBER, True)


@given(
    st.lists(st.tuples(st.integers(-5, 40), st.booleans()), min_size=50, max_size=120),
    st.lists(st.floats(-100, 100), min_size=2, max_size=9),
)
def test_a_rule_never_falls_where_its_column_rises(rows, asked):
    column = np.array([float(value) for value, _ in rows])
    rule = fit_rule(column, np.array([float(happened) for _, happened in rows]), "days")
    odds = rule.log_odds(np.sort(np.array(asked))[:, None])
    assert (np.diff(odds) >= -1e-12).all()
    assert np.isfinite(rule.log_odds(np.array([[np.nan]]))).all()
