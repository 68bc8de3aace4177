"""What is at risk is the chance of leaving times the one value, with a contract or without."""

import numpy as np
import polars as pl
import pytest

from predict.churn.declaration import CHURN
from predict.churn.module import Churn
from predict.churn.worth import COLUMNS, Worth, learn_worth, valued, worth_of
from predict.errors import RuleRefused
from predict.likelihood.report import markdown
from predict.module import Brief
from predict.telling.teller import teller_of
from predict.value.lifetime import Terms, with_contract
from predict.value.margins import Margins, margins_of
from tests.unit.predict_builders import FEW, customers

WORDS = teller_of(CHURN)
TERMS = Terms(months=12, yearly_discount=0.1)


def chance(*figures):
    middle = np.array(figures)
    return middle, middle * 0.8, np.minimum(middle * 1.2, 1.0)


def bought(number=1500, seed=2):
    """Buy for a year at a rate of one's own; some stop."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(1.2, 8, number)
    stops = np.where(rng.random(number) < 0.3, rng.uniform(30, 365, number), 365)
    orders = rng.poisson(rate * stops / 365) + 1
    silent = 365 - stops + rng.exponential(365 / (rate + 1))
    return pl.DataFrame(
        {
            "orders_365d": orders,
            "amount_365d": orders * rng.gamma(6, 5000, number),
            "days_since_first_order": np.full(number, 360),
            "days_since_last_order": np.minimum(silent, 359),
        }
    )


def test_a_contract_is_worth_margin_times_survival_and_what_is_at_risk_that_of_a_usual_customer():
    rows = pl.DataFrame({"monthly_amount": [10_000.0, 10_000.0, None, 0.0]})
    worth = Worth(margins=Margins(), usual=0.1)
    found = valued(rows, chance(0.1, 0.5, 0.5, 0.5), worth, horizon_days=90)
    usual = with_contract(np.array([10_000.0]), (np.array([0.1]),) * 3, 90, TERMS).expected[0]
    assert found["value_minor"][0] == pytest.approx(usual)
    assert found["value_at_risk_minor"].to_list()[:2] == pytest.approx([0.1 * usual, 0.5 * usual])
    assert found["value_minor"][1] < found["value_minor"][0]
    assert found["value_low_minor"][1] < found["value_minor"][1] < found["value_high_minor"][1]
    assert found.tail(2).null_count().row(0) == (2,) * len(COLUMNS), "nothing is known of who pays nothing"


def test_a_margin_by_a_column_that_the_view_lacks_is_not_told_as_counted():
    margins = Margins(margin=0.4, by="segmnet", levels={"smb": 0.1})
    worth = learn_worth(pl.DataFrame({"monthly_amount": [10_000.0]}), margins, usual=0.1)
    assert worth.margins == Margins(margin=0.4)


def test_without_a_contract_value_is_that_of_purchases_to_come():
    rows = bought()
    worth = learn_worth(rows, Margins(), usual=0.3)
    assert worth_of(worth.as_mapping()) == worth
    found = valued(rows, chance(*np.full(rows.height, 0.4)), worth, horizon_days=90)
    paid, known = rows["amount_365d"], found["value_minor"].is_not_null()
    assert known.mean() > 0.8
    ratio = found["value_minor"].filter(known).sum() / paid.filter(known).sum()
    assert 0.4 < ratio < 1.1, "a year to come is like the year before, less who left"
    both = found.drop_nulls()
    assert (both["value_low_minor"] <= both["value_high_minor"]).all()
    assert (both["value_at_risk_minor"] >= 0.39 * both["value_minor"]).all(), "who is still there is worth more"


def test_scores_and_report_tell_what_is_at_risk_and_say_nothing_where_nothing_is_known():
    module = Churn(FEW)
    frame = customers(cuts=6, each=300, seed=3).with_columns(monthly_amount=pl.lit(9_900.0))
    packed = module.train(frame, Brief(horizon_days=90, features=()))
    scores = module.score(packed, frame.filter(pl.col("as_of") == frame["as_of"].max()), capacity=None)
    told = module.open(packed).figures["at_risk"]
    assert told["figure"] == pytest.approx(scores["value_at_risk_minor"].sum())
    assert told["customers"] == scores.height
    opened = module.open(packed)
    assert "Value at risk" in markdown(opened, WORDS, module.sections(opened, WORDS))
    plain = frame.drop("monthly_amount")
    without = module.train(plain, Brief(horizon_days=90, features=()))
    assert "at_risk" not in module.open(without).figures
    assert module.sections(module.open(without), WORDS) == ()


def test_a_margin_is_applied_to_each_customer_by_his_group_and_shown_among_the_inputs():
    rows = bought(400).with_columns(plan=pl.Series(["basic", "pro", None, "new"] * 100))
    rows = rows.with_columns(monthly_amount=pl.when(pl.int_range(400) < 8).then(9_900.0))
    plain = learn_worth(rows, Margins(), usual=0.3)
    asked = chance(*np.full(400, 0.4))
    whole = valued(rows, asked, plain, horizon_days=90)
    said = margins_of({"margin": 0.5, "by": "plan", "margins": {"basic": 0.2, "pro": 0.4}})
    own = valued(rows, asked, Worth(margins=said, usual=0.3, market=plain.market), horizon_days=90)
    expected = np.tile([0.2, 0.4, 0.5, 0.5], 100)
    for name in COLUMNS:
        known = (whole[name].fill_null(0.0) > 0).to_numpy()
        assert (own[name].to_numpy()[known] / whole[name].to_numpy()[known]) == pytest.approx(expected[known])
    module, frame = Churn(FEW), customers(cuts=5, each=250, seed=3)
    frame = frame.with_columns(monthly_amount=pl.lit(9_900.0), plan=pl.lit("pro", dtype=pl.Enum(["pro"])))
    opened = module.open(module.train(frame, Brief(horizon_days=90, features=(), margins=said)))
    (shown,) = module.sections(opened, WORDS)
    assert {("margin", "50% of what is paid"), ("margin, plan pro", "40% of what is paid")} <= set(shown.lines)
    assert dict(shown.lines)["margin, plan basic"].startswith("unknown: no customer has this name"), "nobody has it"
    assert worth_of(opened.figures["worth"]).margins == said


@pytest.mark.parametrize(
    ("said", "entry"),
    [
        ({"margin": 35}, "margin"),
        ({"margin": True}, "margin"),
        ({"months": 0}, "months"),
        ({"yearly_discount": "10 %"}, "yearly_discount"),
        ({"margins": {"pro": 0.3}}, "by"),
        ({"by": "plan", "margins": {"pro": -0.1}}, "pro"),
        ({"marign": 0.3}, "marign"),
    ],
)
def test_a_margin_without_sense_is_refused_by_its_name(said, entry):
    with pytest.raises(RuleRefused) as refused:
        margins_of(said)
    assert refused.value.entry == entry
    assert refused.value.remedy
