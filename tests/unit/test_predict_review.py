"""Every past alert beside what happened, against the figure that was promised."""

import json
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predict.review import review
from predict.shares import in_words, told_share

SCHEMA = {
    "pseudonym": pl.Binary, "as_of": pl.Datetime("us", "UTC"), "probability": pl.Float64, "band": pl.String,
    "outcome": pl.Boolean, "acted": pl.Boolean, "promised": pl.Float64,
}  # fmt: skip


def row(number, **other):
    one = {"month": 1, "band": "high", "outcome": False, "acted": False, "promised": 0.5} | other
    at = datetime(2026, one["month"], 1, tzinfo=UTC)
    return (number.to_bytes(16, "big"), at, 0.5, one["band"], one["outcome"], one["acted"], one["promised"])


def told(rows):
    return review(pl.DataFrame(rows, schema=SCHEMA, orient="row"))


def test_hits_misses_and_false_alarms_are_told_month_by_month():
    rows = [
        row(1, outcome=True),
        row(2),
        row(3, band="low", outcome=True),
        row(4, acted=True),
        row(5, month=2, outcome=True),
    ]
    found = told(rows)
    first, second = found["months"]
    assert (first["month"], second["month"]) == ("2026-01", "2026-02")
    counts = ("customers", "outcomes", "alerts", "hits", "misses", "false_alarms", "acted_on", "acted_on_and_averted")
    assert [first[name] for name in counts] == [4, 2, 3, 1, 1, 1, 1, 1]
    assert first["precision"]["figure"] == pytest.approx(1 / 3)
    assert first["precision_where_nobody_acted"]["figure"] == pytest.approx(1 / 2)
    assert found["all"]["hits"] == 2


def test_a_promise_is_broken_only_where_so_many_alerts_can_tell():
    few = told([row(number) for number in range(3)])["all"]
    assert (few["kept"], few["precision"]["of"]) == ("as promised", 3)
    many = told([row(number) for number in range(60)])["all"]
    assert many["kept"] == "worse than promised"
    assert told([row(number, outcome=True) for number in range(60)])["all"]["kept"] == "better than promised"
    assert told([row(1, promised=None)])["all"]["kept"] == "not promised"
    assert told([row(1, band="low")])["all"]["kept"] == "no alert"


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from(["high", "medium", "low"]), st.booleans(), st.booleans()),
        max_size=40,
    )
)
def test_every_customer_is_counted_once(parts):
    rows = [row(n, month=m, band=band, outcome=out, acted=act) for n, (m, band, out, act) in enumerate(parts)]
    found = told(rows)
    for one in [found["all"], *found["months"]]:
        assert one["hits"] + one["misses"] == one["outcomes"]
        assert one["hits"] + one["false_alarms"] + one["acted_on_and_averted"] == one["alerts"]
    for name in ("customers", "alerts", "outcomes", "misses"):
        assert sum(one[name] for one in found["months"]) == found["all"][name]
    json.dumps(found, allow_nan=False)


@given(st.integers(0, 500), st.integers(1, 500))
def test_a_share_lies_within_its_interval_and_that_within_nothing_and_all(part, whole):
    found = told_share(min(part, whole), whole)
    assert 0 <= found["low"] <= found["figure"] <= found["high"] <= 1


def test_a_share_in_words_has_its_n():
    assert in_words(told_share(31, 50)) == "62% (48 to 74 %, of 50)"
    assert in_words(told_share(0, 0)) == "unknown (of none)"
