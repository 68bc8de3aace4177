from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from predict.churn.label import eligible, label, seen
from predict.errors import LabelNotYetKnown

CUT = datetime(2025, 4, 1, tzinfo=UTC)
HORIZON = timedelta(days=90)
TICK = timedelta(microseconds=1)
EVENTS = {"pseudonym": pl.Binary, "at": pl.Datetime("us", "UTC")}


def events(*instants):
    return pl.DataFrame({"pseudonym": [b"a"] * len(instants), "at": list(instants)}, schema=EVENTS)


def churned(activity, ends=None, known_until=CUT + HORIZON):
    customers = pl.DataFrame({"pseudonym": [b"a"]}, schema={"pseudonym": pl.Binary})
    ends = events() if ends is None else ends
    return label(customers, activity, ends, window=(CUT, HORIZON), known_until=known_until)["churned"].item()


@pytest.mark.parametrize(
    ("at", "expected"),
    [(CUT - TICK, True), (CUT, False), (CUT + HORIZON - TICK, False), (CUT + HORIZON, True)],
)
def test_activity_counts_from_the_cut_until_before_the_end_of_the_window(at, expected):
    assert churned(events(at)) is expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [(CUT - TICK, False), (CUT, True), (CUT + HORIZON - TICK, True), (CUT + HORIZON, False)],
)
def test_a_contract_that_ends_in_the_window_is_churn_even_of_an_active_customer(at, expected):
    assert churned(events(CUT + timedelta(days=1)), events(at)) is expected


def test_silence_after_the_end_of_the_records_is_not_called_churn():
    with pytest.raises(LabelNotYetKnown):
        churned(events(), known_until=CUT + HORIZON - TICK)


def test_features_see_nothing_at_or_after_the_cut():
    assert seen(events(CUT - TICK, CUT, CUT + TICK), as_of=CUT)["at"].to_list() == [CUT - TICK]


@pytest.mark.parametrize(
    ("at", "expected"),
    [(CUT - 2 * HORIZON - TICK, 0), (CUT - 2 * HORIZON, 1), (CUT - TICK, 1), (CUT, 0)],
)
def test_only_who_was_active_within_two_horizons_can_still_leave(at, expected):
    assert eligible(events(at), as_of=CUT, horizon=HORIZON).height == expected
