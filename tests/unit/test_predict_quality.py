"""Planted errors are found and counted, none where none are; and those of the real sets."""

import os
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from predict.quality import (
    blank_numbers,
    contradicting_flags,
    exact_duplicates,
    outside_contract,
    overlapping_extracts,
    returns,
    verdict,
    without_customer,
)

CORPORA = Path(os.environ.get("VARDE_CORPORA", Path(__file__).resolve().parents[3] / "shared" / "data" / "predict"))


def told(findings):
    return {one.rule: (one.rows, one.of) for one in findings}


def days(*numbers):
    return [date(2025, 1, number) for number in numbers]


def test_planted_errors_of_rows_are_found_and_clean_rows_are_not():
    rows = pl.DataFrame({"who": ["a", "b", "b", None], "paid": ["1.5", " ", " ", "3"], "pieces": [1, 2, 2, -1]})
    many = pl.concat([rows, pl.DataFrame({"who": ["x"] * 40, "paid": [str(n) for n in range(40)], "pieces": [1] * 40})])
    assert told(exact_duplicates(many)) == {"exact_duplicate": (1, 44)}
    assert told(blank_numbers(many)) == {"blank_number": (2, 44)}
    assert told(without_customer(many, "who")) == {"no_customer": (1, 44)}
    assert told(returns(many, "pieces")) == {"below_zero": (1, 44)}
    clean = many.tail(40)
    for found in (
        exact_duplicates(clean),
        blank_numbers(clean),
        without_customer(clean, "who"),
        returns(clean, "pieces"),
    ):
        assert found == []


def test_a_column_of_words_has_no_blank_numbers():
    assert blank_numbers(pl.DataFrame({"note": ["call", "", "7"], "none": ["", "", ""]})) == []


def test_what_stands_in_two_extracts_is_counted_once_per_row_of_the_second():
    first = pl.DataFrame({"order": [1, 2, 3], "who": ["a", None, "c"]})
    assert told(overlapping_extracts(first, pl.DataFrame({"order": [2, 3, 4], "who": [None, "c", "d"]}))) == {
        "overlapping_extract": (2, 3)
    }
    assert overlapping_extracts(first, pl.DataFrame({"order": [4], "who": ["a"]})) == []


def test_use_outside_a_contract_is_found_at_both_ends_and_its_days_belong_to_it():
    contracts = pl.DataFrame({"contract": [1, 2], "start": days(5, 5), "end": [date(2025, 1, 10), None]})
    events = pl.DataFrame({"contract": [1, 1, 1, 1, 2, 2, 9], "at": days(4, 5, 10, 11, 3, 30, 1)})
    found = outside_contract(events, contracts, on="contract")
    assert told(found) == {"event_before_start": (2, 6), "event_after_end": (1, 6)}
    assert "not fit" in verdict(found)
    inside = outside_contract(events.filter(pl.col("at").is_between(*days(5, 10))), contracts, on="contract")
    assert inside == []
    assert "not fit" not in verdict(inside)


def test_flags_and_events_that_contradict_each_other_are_counted_apart():
    customers = pl.DataFrame({"who": [1, 2, 3, 4], "left": [True, True, False, None]})
    found = contradicting_flags(customers, pl.DataFrame({"who": [2, 3, 3, 4]}), on="who", flag="left")
    assert told(found) == {"flag_without_event": (1, 4), "event_without_flag": (2, 4)}
    assert all(isinstance(one.as_mapping()["share"], float) for one in found)


def _real(*names):
    path = CORPORA.joinpath(*names)
    if not path.exists():
        pytest.skip(f"{names[0]} is absent: set VARDE_CORPORA to the folder that holds it")
    return path


@pytest.mark.real_data
def test_telco_has_eleven_blank_totals_and_iranian_churn_three_hundred_duplicates():
    telco = pl.read_csv(_real("telco_ibm", "Telco-Customer-Churn.csv"), infer_schema=False)
    assert {one.column: one.rows for one in blank_numbers(telco)} == {"TotalCharges": 11}
    assert exact_duplicates(telco) == []
    assert told(exact_duplicates(pl.read_csv(_real("iranian_churn", "Customer_Churn.csv")))) == {
        "exact_duplicate": (300, 3150)
    }


@pytest.mark.real_data
def test_online_retail_has_lines_of_nobody_and_returns():
    lines = pl.read_parquet(
        _real("online_retail_ii", "online_retail_ii_to_2011_06.parquet"), columns=["CustomerID", "Quantity"]
    )
    assert told(without_customer(lines, "CustomerID")) == {"no_customer": (169_221, 748_841)}
    assert returns(lines, "Quantity")[0].rows > 10_000


@pytest.mark.real_data
def test_ravenstack_is_called_noise():
    folder = _real("ravenstack_saas")
    read = {name: pl.read_csv(folder / f"ravenstack_{name}.csv", try_parse_dates=True) for name in RAVENSTACK}
    contracts = read["subscriptions"].select("subscription_id", start="start_date", end="end_date")
    usage = read["feature_usage"].select("subscription_id", at="usage_date")
    found = outside_contract(usage, contracts, on="subscription_id")
    flags = contradicting_flags(read["accounts"], read["churn_events"], on="account_id", flag="churn_flag")
    assert found[0].rule == "event_before_start"
    assert found[0].share == pytest.approx(0.766, abs=0.002)
    assert told(flags) == {"flag_without_event": (35, 500), "event_without_flag": (277, 500)}
    assert "not fit to learn from: event_before_start, event_without_flag" in verdict([*found, *flags])


RAVENSTACK = ("accounts", "subscriptions", "feature_usage", "churn_events")
