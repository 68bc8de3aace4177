"""Cases to come: what is planted is found, what was not seen is not told, and intervals hold what they say."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from predict.errors import TooFewCustomers
from predict.service import load, smoothing
from predict.service.calendar import calendar_means, seen
from predict.service.counts import LEVEL, interval, spread_of
from predict.service.load import forecast
from predict.service.past import Past

FIRST, UNTIL = date(2024, 1, 1), date(2025, 9, 1)
OFF = [date(year, month, day) for year in (2024, 2025) for month, day in ((1, 1), (5, 1), (5, 17), (12, 25), (12, 26))]
BUSY = np.array([1.4, 1.2, 1.1, 1.0, 0.9, 0.3, 0.2])


def lived(seed: int, *, height: int = (UNTIL - FIRST).days, mean: float = 12.0) -> pl.DataFrame:
    """Make cases of two topics up: a week, a season and holidays."""
    rng = np.random.default_rng(seed)
    days = [FIRST + timedelta(days=number) for number in range(height)]
    means = np.array([mean * BUSY[day.weekday()] * (0.1 if day in OFF else 1) for day in days])
    means *= 1 + 0.3 * np.sin(2 * np.pi * np.arange(height) / 365.25)
    counts = rng.poisson(means)
    rows = np.repeat(np.arange(height), counts)
    topic = np.where(rng.random(rows.size) < 0.7, "usability", "price")
    return pl.DataFrame({"day": np.array(days, dtype="datetime64[D]")[rows], "topic": topic})


@pytest.fixture
def calendar_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "is_there", lambda: False)


@pytest.mark.usefixtures("calendar_alone")
def test_weeks_seasons_and_holidays_are_told() -> None:
    found = forecast(lived(1), until=date(2025, 4, 14), ahead=35, holidays=OFF)
    total = found.rows.filter(topic="all")
    by_day = dict(zip(total["day"], total["expected"], strict=True))
    assert by_day[date(2025, 5, 1)] < 0.4 * by_day[date(2025, 4, 24)], "a holiday is no Thursday"
    assert by_day[date(2025, 4, 20)] < 0.4 * by_day[date(2025, 4, 21)]
    parts = found.rows.filter(pl.col("topic") != "all").group_by("day").agg(pl.col("expected").sum()).sort("day")
    assert parts["expected"].sum() == pytest.approx(total["expected"].sum(), rel=0.03)
    assert found.told["mase"] < 0.8 * found.told["naive_mase"]
    assert abs(found.told["covered"]["figure"] - LEVEL) < 0.06
    assert found.told["why"] == smoothing.ABSENT
    assert (found.rows["low"] <= found.rows["high"]).all()
    assert found.rows["day"].min() == date(2025, 4, 14)


def test_what_comes_after_changes_no_forecast() -> None:
    cases = lived(2)
    past = Past(
        first=FIRST, counts=np.bincount((cases["day"] - FIRST).dt.total_days()).astype(float), holidays=frozenset()
    )
    known = past.until(300)
    other = Past(first=FIRST, counts=np.concatenate([known.counts, np.full(30, 99.0)]), holidays=frozenset())
    assert np.array_equal(calendar_means(known, 28), calendar_means(other.until(300), 28))


@pytest.mark.skipif(not smoothing.is_there(), reason="the extra `forecast` is not installed")
def test_statsforecast_gives_holidays_back_after_smoothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = lived(3, height=115)
    past = Past(first=FIRST, counts=load._counted(cases, "all", FIRST, 115), holidays=frozenset(OFF))  # until 25 April
    means = smoothing.smoothed_means(past, 14)
    assert means.shape == (129,)
    assert means[121] < 0.5 * means[128], "the first of May is no Wednesday"
    assert past.counts.mean() * 0.5 < means[115:].mean() < past.counts.mean() * 1.5
    tried = {"calendar": 2.0, "statsforecast": 1.0}
    monkeypatch.setattr(load, "smoothed_means", lambda past, ahead: np.full(past.height + ahead, 1.0))
    monkeypatch.setattr(load, "_judged", lambda _past, means: judged(tried[means_name(means)]))
    found = forecast(cases, until=FIRST + timedelta(days=115), ahead=7, holidays=OFF)
    assert (found.told["way"], found.told["others"]) == ("statsforecast", {"calendar": 2.0})
    assert found.rows["expected"].to_list() == [1.0] * 21


def means_name(means: object) -> str:
    return "calendar" if means is calendar_means else "statsforecast"


def judged(error: float) -> dict[str, float]:
    return {"error": error, "mase": error, "naive_mase": 3.0, "held": 25.0, "days": 28.0}


@pytest.mark.usefixtures("calendar_alone")
def test_less_than_a_year_has_no_season_and_too_little_is_refused() -> None:
    assert seen([FIRST], frozenset(), yearly=False).shape[1] + 4 == seen([FIRST], frozenset(), yearly=True).shape[1]
    half = forecast(lived(4, height=180), until=FIRST + timedelta(days=180), ahead=7, holidays=[])
    assert not half.told["season_seen"]
    with pytest.raises(TooFewCustomers, match="days of cases"):
        forecast(lived(4, height=80), until=FIRST + timedelta(days=80), ahead=7, holidays=[])
    with pytest.raises(TooFewCustomers, match="too few cases"):
        forecast(lived(4).head(50), until=UNTIL, ahead=7, holidays=[])


@given(st.floats(0.05, 200), st.floats(1e-6, 1.0))
def test_an_interval_is_the_nearest_to_nine_in_ten(mean: float, spread: float) -> None:
    low, high = interval(np.array([mean]), spread)
    held = nbinom(1 / spread, 1 / (1 + spread * mean))
    central = held.ppf(0.95), held.ppf(0.05)
    inside = held.cdf(high[0]) - held.cdf(low[0] - 1)
    assert 0 <= low[0] <= high[0]
    assert abs(inside - LEVEL) <= abs(held.cdf(central[0]) - held.cdf(central[1] - 1) - LEVEL) + 1e-9


def test_dispersion_is_found_and_none_is_made_up() -> None:
    rng, means = np.random.default_rng(5), np.full(4_000, 9.0)
    assert spread_of(rng.poisson(means).astype(float), means, free=1) < 0.02
    wide = rng.negative_binomial(5, 5 / (5 + means)).astype(float)
    assert spread_of(wide, means, free=1) == pytest.approx(0.2, abs=0.04)
