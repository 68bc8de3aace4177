"""CLV against published figures, and against simulated markets whose truth is known."""

import os
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from predict.errors import FrameRefused, TooFewCustomers
from predict.value.figures import recovered, returns, value_at_risk
from predict.value.history import History, history_of
from predict.value.lifetime import Terms, with_contract, without_contract
from predict.value.purchases import Purchasing, fit_purchasing, log_likelihood
from predict.value.spend import Spending, dependence, fit_spending

CORPORA = Path(os.environ.get("VARDE_CORPORA", Path(__file__).resolve().parents[3] / "shared" / "data" / "predict"))
SAMPLE = CORPORA / "cdnow" / "CDNOW_sample.txt"
PUBLISHED = Purchasing(0.243, 4.414, 0.793, 2.426)
SPENT = Spending(6.25, 3.74, 1544.0)
TERMS = Terms(months=12, yearly_discount=0.1, margin=0.4, unit_days=7)


@pytest.fixture(scope="module")
def simulated():
    """Buy for 52 weeks, then for 26 more, as BG/NBD says; 4,000 customers, all observed from the first day."""
    rng = np.random.default_rng(3)
    rate, leave = rng.gamma(0.8, 1 / 6.0, 4000), rng.beta(0.8, 2.5, 4000)
    times = np.cumsum(rng.exponential(1 / rate[:, None], (4000, 400)), axis=1)
    made = (np.arange(400) < rng.geometric(leave)[:, None]) & (times < 78)
    known = made & (times < 52)
    repeats = known.sum(axis=1).astype(float)
    last = np.where(known, times, 0.0).max(axis=1)
    mean = rng.gamma(6.0 * np.maximum(repeats, 1)) / np.maximum(repeats, 1) / rng.gamma(4.0, 1 / 1500, 4000)
    history = History(repeats, last, np.full(4000, 52.0), np.where(repeats > 0, mean, np.nan))
    return history, (made & (times >= 52)).sum(axis=1)


@pytest.fixture(scope="module")
def market(simulated):
    return fit_purchasing(simulated[0]), fit_spending(simulated[0])


def test_what_was_simulated_is_found(simulated, market):
    history, later = simulated
    purchasing = market[0]
    assert (purchasing.r, purchasing.alpha) == (pytest.approx(0.8, rel=0.15), pytest.approx(6.0, rel=0.2))
    assert purchasing.a / (purchasing.a + purchasing.b) == pytest.approx(0.8 / 3.3, rel=0.15)
    assert purchasing.expected(history, 26).sum() == pytest.approx(later.sum(), rel=0.06)
    assert purchasing.silent(history, 26).mean() == pytest.approx((later == 0).mean(), abs=0.02)
    assert market[1].p == pytest.approx(6.0, rel=0.15)
    assert abs(dependence(history)) < 0.1


def test_futures_drawn_agree_with_the_equation_and_their_bounds_hold_what_comes(simulated, market):
    history, later = simulated
    half_year = Terms(months=6, yearly_discount=0.0, unit_days=7)
    plain = (market[0], Spending(1e6, 1e6, 1e6 * 100 / 1e6 * (1 - 1e-6)))  # every purchase is worth 100
    flat = History(history.repeats, history.last, history.observed, np.where(history.repeats > 0, 100.0, np.nan))
    value = without_contract(flat, plain, half_year, seed=1)
    assert value.expected.sum() / 100 == pytest.approx(later.sum(), rel=0.07)
    held = (value.low <= later * 100 * 1.01) & (later * 100 * 0.99 <= value.high)
    assert held.mean() > 0.88


def test_value_repeats_with_the_seed_and_lies_within_its_bounds_on_average(simulated, market):
    history = simulated[0]
    first, again = (without_contract(history, market, TERMS, seed=5, draws=50) for _ in range(2))
    assert np.array_equal(first.high, again.high)
    assert (first.low <= first.high).all()
    assert first.low.mean() < first.expected.mean() < first.high.mean()


def test_a_new_customer_is_alive_and_one_who_is_overdue_is_doubted():
    nan = np.nan
    history = History(np.array([0.0, 20, 20]), np.array([0.0, 38, 20]), np.full(3, 39.0), np.array([nan, 1, 1]))
    alive = PUBLISHED.alive(history)
    assert alive[0] == 1.0
    assert alive[1] > 0.9
    assert alive[2] < 0.05


def test_a_contract_is_worth_margin_times_survival():
    chance = np.array([0.0, 0.19])
    value = with_contract(
        np.array([100.0, 100.0]), (chance, chance * 0.5, chance * 2), 90, Terms(months=2, yearly_discount=0)
    )
    survival = 0.81 ** (30.4375 / 90)
    assert value.expected == pytest.approx([200.0, 100 * (survival**0.5 + survival**1.5)])
    assert value.low[1] < value.expected[1] < value.high[1]


def test_figures_show_their_inputs_and_say_nothing_of_a_share_of_nothing():
    value = np.array([1000.0, 3000.0])
    risk = value_at_risk(np.array([0.5, 0.1]), value)
    assert (risk.figure, risk.inputs["value_minor"]) == (800.0, 4000.0)
    won = recovered(0.1, 2, value)
    assert won.figure == pytest.approx(400.0)
    assert returns(400.0, 100.0).figure == pytest.approx(3.0)
    assert returns(400.0, 0.0).figure is None


def test_purchases_of_a_day_are_one_and_what_is_later_is_not_seen():
    rows = [(b"a", 1, 10.0), (b"a", 8, 20.0), (b"a", 8, 30.0), (b"a", 20, 99.0), (b"b", 3, 5.0)]
    frame = pl.DataFrame(
        [(who, date(2025, 1, day), paid) for who, day, paid in rows], ["pseudonym", "day", "amount"], orient="row"
    )
    who, history = history_of(frame, until=date(2025, 1, 15), unit_days=7)
    assert who.to_list() == [b"a", b"b"]
    assert (history.repeats.tolist(), history.last.tolist(), history.observed.tolist()) == ([1, 0], [1, 0], [2, 12 / 7])
    assert history.mean_spend[0] == 50.0


def test_a_history_that_cannot_have_been_is_refused_and_too_little_is_told():
    one = np.ones(1)
    with pytest.raises(FrameRefused, match="last"):
        History(one, one * 3, one * 2, one)
    with pytest.raises(FrameRefused, match="repeats"):
        History(one * 0, one, one * 2, one)
    with pytest.raises(TooFewCustomers, match="second purchase"):
        fit_purchasing(History(one, one, one * 2, one))


@pytest.mark.real_data
def test_cdnow_gives_the_published_figures():
    """Fader, Hardie & Lee 2005 (table 2) for BG/NBD, 2013 for Gamma-Gamma: 2,357 customers, 39 weeks."""
    if not SAMPLE.exists():
        pytest.skip("CDNOW is absent: set VARDE_CORPORA to the folder that holds cdnow/")
    lines = pl.read_csv(SAMPLE, has_header=False, new_columns=["line"])["line"].str.extract_all(r"\S+")
    frame = lines.to_frame().select(
        pseudonym=pl.col("line").list.get(0),
        day=pl.col("line").list.get(2).str.to_date("%Y%m%d"),
        amount=pl.col("line").list.get(4).cast(pl.Float64) * 100,
    )
    _, history = history_of(frame, until=date(1997, 10, 1), unit_days=7)
    counted = np.maximum(history.observed - 1 / 7, history.last)  # the paper counts to the last day, we to its end
    history = History(history.repeats, history.last, counted, history.mean_spend)
    found = fit_purchasing(history)
    assert history.repeats.size == 2357
    assert [found.r, found.alpha, found.a, found.b] == pytest.approx([0.243, 4.414, 0.793, 2.426], abs=0.001)
    assert log_likelihood(found, history) == pytest.approx(-9582.4, abs=0.05)
    spending = fit_spending(history)
    assert [spending.p, spending.q, spending.gamma / 100] == pytest.approx([6.25, 3.74, 15.44], abs=0.01)


MARKETS = st.tuples(st.floats(-1, 1), st.floats(-1, 2.5), st.floats(-7, 7), st.floats(-7, 10))


@given(MARKETS, st.integers(0, 60), st.floats(1, 365))
@example((-0.31, 1.39, -19.0, 10.08), 4, 300.0)  # a shop where nobody left: each was worth millions below nothing
def test_purchases_to_come_are_never_below_nothing_nor_above_those_of_who_stays(logs, repeats, observed):
    market = Purchasing(*(10.0**each for each in logs))
    last = observed / 2 if repeats else 0.0
    history = History(np.array([float(repeats)]), np.array([last]), np.array([observed]), np.array([1.0]))
    (found,) = market.expected(history, 365.0)
    assert -1e-9 <= found <= (market.r + repeats) * 365 / (market.alpha + observed) * (1 + 1e-6)
