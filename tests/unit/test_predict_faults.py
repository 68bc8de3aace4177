"""Faults counted chunk by chunk are those of the whole; noise is called noise before anybody learns from it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predict.faults import Faults, Told
from predict.likelihood.noise import CHANCE, by_chance
from predict.likelihood.train import readiness, train
from predict.module import Brief
from predict.quality import (
    blank_numbers,
    exact_duplicates,
    findings_of,
    outside_contract,
    overlapping_extracts,
    returns,
    without_customer,
)
from predict.telling.teller import plain
from tests.unit.predict_builders import FEW, customers
from tests.unit.test_predict_quality import _real, told

ROWS = st.lists(
    st.tuples(st.sampled_from(["1", "2", " "]), st.sampled_from(["a", None]), st.sampled_from([-1, 2])), max_size=12
)
SCHEMA = {"paid": pl.String, "who": pl.String, "pieces": pl.Int64}
TOLD = Told(customers=("who",), amounts=("pieces",))


def counted(rows, size=5):
    faults = Faults(TOLD)
    for start in range(0, rows.height, size):
        faults.add(rows[start : start + size])
    return faults


@settings(max_examples=20)
@given(ROWS, ROWS)
def test_chunks_are_counted_as_a_whole_is(first, second):
    rows, others = (pl.DataFrame(each, schema=SCHEMA, orient="row") for each in (first, second))
    whole = [*exact_duplicates(rows), *blank_numbers(rows), *without_customer(rows, "who"), *returns(rows, "pieces")]
    faults = counted(rows)
    assert told(faults.findings()) == told(whole)
    assert told(faults.overlap(counted(others))) == told(overlapping_extracts(rows, others))


def doubts(frame, brief):
    return {one.name: one for one in readiness(frame, FEW, brief).findings}


@pytest.mark.parametrize(("strength", "light"), [(1.0, "green"), (0.0, "amber")])
def test_readiness_tells_noise_from_what_can_be_learned(strength, light):
    frame = customers(cuts=8, each=300, seed=2, strength=strength)
    found = doubts(frame, Brief(horizon_days=30, features=(), seed=1))
    ranking = next(one for name, one in found.items() if name.startswith("ranking"))
    assert ranking.light.value == light
    assert (ranking.have > CHANCE) == (light == "green")


@pytest.mark.real_data
def test_readiness_says_that_a_twelfth_of_iranian_churn_repeats_itself():
    rows = pl.read_csv(_real("iranian_churn", "Customer_Churn.csv"))
    frame = rows.select(pl.exclude("Churn").cast(pl.Float64), churned=pl.col("Churn") == 1).with_columns(
        pseudonym=pl.Series([number.to_bytes(16, "big") for number in range(rows.height)]),
        as_of=pl.lit(datetime(2020, 1, 1, tzinfo=UTC)),
    )
    repeated = doubts(frame, Brief(horizon_days=30, features=()))["rows that repeat another"]
    assert 200 < repeated.have <= 300


@pytest.mark.real_data
def test_ravenstack_is_called_noise_by_readiness_and_a_model_of_it_does_not_leak():
    read, frame = ravenstack()
    contracts = read["subscriptions"].select("subscription_id", start="start_date", end="end_date")
    usage = read["feature_usage"].select("subscription_id", at="usage_date")
    faults = findings_of([one.as_mapping() for one in outside_contract(usage, contracts, on="subscription_id")])
    brief = Brief(horizon_days=90, features=(), seed=1, faults=faults)
    assert "not fit to learn from: event_before_start" in plain().tell(doubts(frame, brief)["sources"].advice)
    figures = train(frame, FEW, brief).figures
    assert figures["model"]["auc"]["figure"] < 0.7
    told = " ".join(plain().tell(one) for one in figures["remarks"])
    assert "not fit to learn from: event_before_start" in told
    assert "no better than drawing lots" in told
    ranking = doubts(frame, replace(brief, faults=()))["ranking by a plain model, lower bound of its AUC"]
    assert (ranking.light, "no better than drawing lots" in plain().tell(ranking.advice)) == ("amber", True)


def ravenstack():
    """Lay out what was known of each account at monthly cuts, and whether it was said to leave in the 90 days after."""
    read = {
        name: pl.read_csv(_real("ravenstack_saas", f"ravenstack_{name}.csv"), try_parse_dates=True)
        for name in ("accounts", "subscriptions", "feature_usage", "churn_events", "support_tickets")
    }
    used = read["feature_usage"].join(
        read["subscriptions"].select("subscription_id", "account_id"), on="subscription_id"
    )
    cuts = [datetime(2023 + month // 12, month % 12 + 1, 1, tzinfo=UTC).date() for month in range(6, 21)]
    return read, pl.concat([_known_at(read, used, cut) for cut in cuts])


def _known_at(read, used, cut):
    accounts = read["accounts"].filter(pl.col("signup_date") < cut)
    month = timedelta(days=90)
    before = used.filter(pl.col("usage_date") < cut)
    recent = before.filter(pl.col("usage_date") >= cut - month)
    plans = read["subscriptions"].filter(pl.col("start_date") < cut)
    tickets = read["support_tickets"].filter(pl.col("submitted_at").cast(pl.Date) < cut)
    by = [
        before.group_by("account_id").agg(used=pl.col("usage_count").sum(), errors=pl.col("error_count").sum()),
        recent.group_by("account_id").agg(used_90d=pl.col("usage_count").sum()),
        plans.group_by("account_id").agg(plans=pl.len(), amount=pl.col("mrr_amount").sum()),
        tickets.group_by("account_id").agg(tickets=pl.len()),
    ]
    for one in by:
        accounts = accounts.join(one, on="account_id", how="left")
    later = read["churn_events"].filter(pl.col("churn_date").is_between(cut, cut + month, closed="left"))["account_id"]
    numbers = ("used", "errors", "used_90d", "plans", "amount", "tickets", "seats")
    return accounts.select(
        pl.col("account_id").cast(pl.Binary).alias("pseudonym"),
        pl.lit(datetime(cut.year, cut.month, 1, tzinfo=UTC)).alias("as_of"),
        pl.col("account_id").is_in(later.implode()).alias("churned"),
        *(pl.col(name).cast(pl.Float64).fill_null(0.0) for name in numbers),
        tenure=(pl.lit(cut) - pl.col("signup_date")).dt.total_days().cast(pl.Float64),
    )


def test_a_cut_at_which_nothing_happened_says_nothing_of_ranking() -> None:
    rng = np.random.default_rng(3)
    outcome = (rng.random(400) < 0.3).astype(float)
    nothing = (rng.normal(size=50), np.zeros(50))
    assert not by_chance([nothing])
    assert not by_chance([nothing, (outcome + rng.normal(size=400), outcome)])
    assert by_chance([nothing, (rng.normal(size=400), outcome)])
