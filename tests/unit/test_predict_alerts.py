"""Alerts over months are raised once a spell, judged by departures and their instants, and worth nothing by chance."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predict.alerts import Watch, departures_of, least_for, raised, told
from predict.likelihood.train import train
from predict.module import Brief
from tests.unit.predict_builders import FEW, customers

START = datetime(2025, 1, 1, tzinfo=UTC)
WATCH = Watch(until=START + timedelta(days=400), within_days=90)
CUTS = [START + timedelta(days=30 * number) for number in range(10)]
AT = pl.Datetime("us", "UTC")


def scored(*rows):
    return pl.DataFrame(
        [(bytes([who]), CUTS[cut], figure) for who, cut, figure in rows],
        schema={"pseudonym": pl.Binary, "as_of": AT, "probability": pl.Float64},
        orient="row",
    )


def left(*rows):
    return pl.DataFrame(
        [(bytes([who]), START + timedelta(days=days)) for who, days in rows],
        schema={"pseudonym": pl.Binary, "left_at": AT},
        orient="row",
    )


def by_hand(scores, least, capacity):
    """Raise alerts one by one."""
    alerted = []
    for cut in sorted(set(scores["as_of"])):
        rows = [row for row in scores.iter_rows() if row[1] == cut and row[2] >= least]
        rows = [row for row in rows if not any(who == row[0] and at + timedelta(days=90) > cut for who, at in alerted)]
        rows.sort(key=lambda row: (-row[2], row[0]))
        alerted += [(who, at) for who, at, _ in rows[:capacity]]
    return set(alerted)


def test_room_is_filled_also_by_log_odds_below_zero():
    scores = scored((1, 0, -2.0), (2, 0, -1.0), (3, 0, -4.0))
    assert set(raised(scores, WATCH, capacity=2)["pseudonym"]) == {bytes([1]), bytes([2])}


@settings(max_examples=12)
@given(
    figures=st.lists(st.lists(st.sampled_from([0.1, 0.4, 0.6, 0.9]), min_size=6, max_size=6), min_size=1, max_size=4),
    least=st.sampled_from([0.0, 0.5, 1.0]),
    capacity=st.one_of(st.none(), st.integers(1, 3)),
)
def test_each_customer_is_warned_of_once_a_spell_and_no_more_than_there_is_room_for(figures, least, capacity):
    scores = scored(*[(who, cut, figure) for who, row in enumerate(figures) for cut, figure in enumerate(row)])
    alerts = raised(scores, WATCH, least=least, capacity=capacity)
    assert set(alerts.select("pseudonym", "as_of").iter_rows()) == by_hand(scores, least, capacity)


@settings(max_examples=8)
@given(most=st.integers(0, 8))
def test_the_lowest_figure_raises_as_many_as_are_allowed_and_no_more(most):
    scores = scored(*[(who, cut, (7 * who + cut) % 13 / 13) for who in range(3) for cut in range(7)])
    least = least_for(scores, WATCH, most=most)
    below = max([figure for figure in scores["probability"] if figure < least], default=None)
    assert raised(scores, WATCH, least=least).height <= most
    assert below is None or raised(scores, WATCH, least=below).height > most


def test_an_alert_is_right_late_or_false_and_a_lead_is_counted_from_the_first_of_the_spell():
    scores = scored((1, 0, 0.9), (1, 1, 0.9), (2, 0, 0.9), (3, 4, 0.9), (4, 0, 0.1))
    found = told(raised(scores, WATCH, least=0.5), scores, left((1, 50), (3, 100), (4, 40)), WATCH)
    assert (found["alerts"], found["right"], found["late"]) == (3, 1, 1)
    assert found["departures"] == 3
    assert found["found"]["figure"] == pytest.approx(1 / 3)
    assert found["median_lead_days"] == 50
    assert [found["warned_ahead"][days]["figure"] > 0 for days in ("30", "45", "60")] == [True, True, False]


def test_a_cut_whose_window_is_not_over_is_neither_raised_nor_judged():
    scores = scored((1, 0, 0.9), (2, 9, 0.9))
    assert raised(scores, Watch(until=START + timedelta(days=100), within_days=90)).height == 1
    assert told(scores, scores, left((1, 5)), Watch(until=START, within_days=90)) == {}


def test_a_departure_is_dated_by_what_the_first_window_that_holds_it_adds():
    rows = [(1, 0, False), (1, 1, True), (1, 2, True), (1, 6, False), (1, 7, True), (2, 3, True)]
    labelled = pl.DataFrame(
        [(bytes([who]), CUTS[cut], churned) for who, cut, churned in rows],
        schema={"pseudonym": pl.Binary, "as_of": AT, "churned": pl.Boolean},
        orient="row",
    )
    found = departures_of(labelled, "churned", horizon_days=90)
    # whose window held it at once can have left on its first day
    assert found.equals(left((1, 90), (2, 90), (1, 270)))


@pytest.mark.parametrize(("strength", "better"), [(1.0, True), (0.0, False)])
def test_a_report_tells_of_alerts_over_months_what_was_planted_and_nothing_by_chance(strength, better):
    frame = customers(cuts=14, each=250, seed=5, strength=strength)
    artefact = train(frame, FEW, Brief(horizon_days=30, features=(), seed=3))
    figures = artefact.figures["warnings"]["at_departures"]
    assert figures["alerts"] <= figures["a_cut"] * figures["cuts"]
    assert (figures["precision"]["low"] > figures["by_lot"]) == better
    assert np.isfinite(figures["median_lead_days"])
