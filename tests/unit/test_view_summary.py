"""A summary is read strictly: its cells are known beforehand, and no figure of one person can be asked for."""

from typing import Any

import pytest
import yaml

from hub.views.dimension import labels_of
from hub.views.errors import SpecRefused
from hub.views.load import load_spec
from hub.views.spec import LANGUAGES
from hub.views.staff import EMPLOYEE

WORDS = dict.fromkeys(LANGUAGES, "words")
CASES = {"op": "count", "table": "tickets", "window_days": 28, "top_code": 20}
BY_TEAM = {"team": {"column": "team", "levels": ["north", "south"]}}
BY_SEGMENT = {"segment": {"feature": "group"}}
GROUP = {"op": "last", "table": "profiles", "column": "segment", "levels": ["a", "b"]}
CUSTOMERS = {"customers": {"op": "count"}}
PAID: dict[str, Any] = {"op": "sum", "table": "orders", "column": "amount_minor"}


def summary_view(summary: dict[str, Any], features: dict[str, Any] | None = None, **changes: Any) -> str:
    """Write a small valid view of figures with changes at its top level."""
    content: dict[str, Any] = {
        "name": "figures",
        "version": 1,
        "grain": "person",
        "purpose": "service",
        "consumer": "tests",
        "description": "Figures of many.",
        "as_of_grid": "week",
        "reads": {"per": "week", "at_most": 2},
        "expires_days": 30,
        "k": 5,
        "population": {},
        "features": {"cases": CASES, **(features or {})},
        "summary": {"measures": CUSTOMERS, **summary},
        "texts": dict.fromkeys([*summary.get("by", {}), *summary.get("measures", CUSTOMERS)], WORDS),
    }
    return yaml.safe_dump({**content, **changes}, sort_keys=False)


def by_segment(features: dict[str, Any] | None = None, summary: dict[str, Any] | None = None, **changes: Any) -> str:
    return summary_view({"by": BY_SEGMENT, **(summary or {})}, {"group": GROUP, **(features or {})}, **changes)


def measured(**measures: Any) -> str:
    return by_segment(summary={"measures": measures})


TWENTY = [f"c{number}" for number in range(20)]
PRIVATE = {"epsilon": 1, "budget": 3}
REFUSED = {
    "group of four": (by_segment(k=4), "bad_k"),
    "quasi-identifiers": (by_segment(quasi_identifiers=["segment"]), "summary_alone"),
    "rare levels": (by_segment({"group": {**GROUP, "rare_below": 5}}), "summary_alone"),
    "rows of products": (
        summary_view({"by": BY_TEAM}, grain="customer_product", key="channel", reads={"per": "day", "at_most": 1}),
        "summary_alone",
    ),
    "label": (
        by_segment(label={"name": "l", "horizon_days": 9, "any_of": {"any_within": {"table": "orders"}}}),
        "summary_alone",
    ),
    "no dimension": (summary_view({"by": {}}), "bad_dimension"),
    "four dimensions": (
        summary_view({"by": {f"d{n}": {"column": "channel", "levels": ["a"]} for n in range(4)}}),
        "bad_dimension",
    ),
    "dimension of two kinds": (summary_view({"by": {"d": {"column": "channel", "feature": "cases"}}}), "bad_dimension"),
    "dimension without levels": (summary_view({"by": {"d": {"column": "channel"}}}), "bad_levels"),
    "level of the hub's own": (summary_view({"by": {"d": {"column": "channel", "levels": ["all"]}}}), "bad_levels"),
    "exact values as levels": (summary_view({"by": {"d": {"feature": "cases"}}}), "dimension_open"),
    "unknown dimension": (summary_view({"by": {"d": {"feature": "none"}}}), "unknown_feature"),
    "by employee": (summary_view({"by": {"d": {"column": "employee", "levels": ["a"]}}}), "employee"),
    "by reference": (summary_view({"by": {"d": {"column": "ticket_ref", "levels": ["a"]}}}), "key_column"),
    "by a column of another table": (
        summary_view({"by": {"d": {"column": "plan", "levels": ["a"]}}}),
        "table_without_key",
    ),
    "by words of a person": (
        summary_view(
            {"by": {"d": {"column": "text_redacted", "levels": ["a"]}}}, {"cases": {**CASES, "table": "messages"}}
        ),
        "redacted_text",
    ),
    "day by day": (summary_view({"by": {"d": {"bucket_days": 1}}}), "bucket_too_fine"),
    "bucket that a window cuts": (summary_view({"by": {"d": {"bucket_days": 9}}}), "bucket_cut"),
    "recency of a bucket": (
        summary_view(
            {"by": {"d": {"bucket_days": 7}}}, {"since": {"op": "days_since", "table": "tickets", "window_days": 28}}
        ),
        "op_not_of_bucket",
    ),
    "too many cells": (
        summary_view({"by": {f"d{n}": {"column": "channel", "levels": TWENTY} for n in range(3)}}),
        "too_many_cells",
    ),
    "count of a feature": (measured(m={"op": "count", "of": "cases"}), "op_column_mismatch"),
    "ratio of one": (measured(m={"op": "ratio", "of": "cases"}), "op_column_mismatch"),
    "figure of a level": (measured(m={"op": "mean", "of": "group"}), "feature_twice"),
    "figure of nothing": (measured(m={"op": "mean", "of": "none"}), "unknown_feature"),
    "somebody's own value": (measured(m={"op": "median", "of": "cases"}), "median_unrounded"),
    "median of a millionth": (measured(m={"op": "median", "of": "cases", "round_to": 0.000001}), "median_unrounded"),
    "median of no bound": (
        by_segment(
            {"free": {"op": "count", "table": "tickets"}},
            {"measures": {"m": {"op": "median", "of": "free", "round_to": 5}}},
        ),
        "median_unrounded",
    ),
    "largest": (measured(m={"op": "max", "of": "cases"}), "unknown_op"),
    "step of nothing": (measured(m={"op": "sum", "of": "cases", "round_to": 0}), "bad_number"),
    "no measure": (measured(), "missing_key"),
    "one name for two": (by_segment(summary={"measures": {"segment": {"op": "count"}}}), "duplicate_name"),
    "name of the flag": (measured(withheld={"op": "count"}), "bad_name"),
    "dominance of nothing": (by_segment(summary={"dominance": 0}), "bad_number"),
    "team of four": (summary_view({"by": BY_TEAM, "min_staff": 4}), "bad_staff"),
    "team uncounted": (summary_view({"by": BY_TEAM, "min_staff": 0}), "bad_staff"),
    "one team by filter": (
        by_segment({"cases": {**CASES, "filter": {"team": "north"}}}, {"min_staff": 0}),
        "bad_staff",
    ),
    "team that nobody is in": (
        summary_view(
            {"by": BY_TEAM, "min_staff": 5}, {"cases": {"op": "count", "table": "journey_steps", "window_days": 28}}
        ),
        "staff_unknown",
    ),
    "staff of orders": (
        by_segment({"cases": {"op": "count", "table": "orders"}}, {"min_staff": 5}),
        "staff_unknown",
    ),
    "sum of any currency": (by_segment({"paid": PAID}), "currencies_added"),
    "sum of two currencies": (
        by_segment({"paid": PAID | {"filter": {"currency": ["NOK", "EUR"]}}}),
        "currencies_added",
    ),
    "all but one currency": (
        by_segment({"paid": PAID | {"filter": {"currency": {"not_in": ["NOK"]}}}}),
        "currencies_added",
    ),
    "last price of any currency": (
        by_segment({"paid": {"op": "last", "table": "subscriptions", "column": "monthly_amount_minor"}}),
        "currencies_added",
    ),
    "trend of any currency": (
        by_segment({"paid": PAID | {"op": "trend_difference", "of": "mean", "window_days": 28}}),
        "currencies_added",
    ),
    "more than the budget": (by_segment(summary={"privacy": {"epsilon": 4, "budget": 3}}), "bad_budget"),
    "no noise": (by_segment(summary={"privacy": {"epsilon": 0, "budget": 3}}), "bad_budget"),
    "noise and staff": (by_segment(summary={"privacy": PRIVATE}), "staff_not_private"),
    "noise and teams": (summary_view({"by": BY_TEAM, "privacy": PRIVATE}), "staff_not_private"),
    "unbounded": (
        by_segment(
            {"free": {"op": "count", "table": "tickets"}},
            {"privacy": PRIVATE, "min_staff": 0, "measures": {"m": {"op": "sum", "of": "free"}}},
        ),
        "unbounded",
    ),
    "median with noise": (
        by_segment(
            summary={
                "privacy": PRIVATE,
                "min_staff": 0,
                "measures": {"m": {"op": "median", "of": "cases", "round_to": 1}},
            }
        ),
        "median_not_private",
    ),
    "in time of nothing": (by_segment({"cases": {**CASES, "at_most": 4}}), "op_column_mismatch"),
    "misspelt": (by_segment(summary={"dominanz": 5}), "unknown_key"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_the_rule_that_says_so(case: str) -> None:
    text, rule = REFUSED[case]
    with pytest.raises(SpecRefused) as refusal:
        load_spec(text)
    assert refusal.value.rule == rule
    assert refusal.value.where
    assert refusal.value.remedy


def test_a_view_of_figures_says_how_often_it_is_read() -> None:
    text = yaml.safe_load(by_segment())
    del text["reads"]
    with pytest.raises(SpecRefused, match="reads_required"):
        load_spec(yaml.safe_dump(text))


def test_staff_are_counted_where_a_table_names_them_unless_the_text_says_not_to() -> None:
    assert load_spec(by_segment()).summary.min_staff == 5
    assert ("tickets", EMPLOYEE) in load_spec(by_segment()).sources
    uncounted = load_spec(by_segment(summary={"min_staff": 0}))
    assert ("tickets", EMPLOYEE) not in uncounted.sources
    assert load_spec(by_segment({"cases": {"op": "count", "table": "orders"}})).summary.min_staff == 0


def test_levels_are_known_before_anything_is_read() -> None:
    banded = {"size": {"op": "sum", "table": "orders", "column": "item_count", "bands": [0, 10]}}
    by = {"size": {"feature": "size"}, **BY_TEAM, "week": {"bucket_days": 14}}
    spec = load_spec(summary_view({"by": by}, banded))
    assert [labels_of(spec, each) for each in spec.summary.by] == [
        ("0", "10", "unknown"),
        ("north", "south", "other", "unknown"),
        ("0", "1"),
    ]


def test_what_leaves_are_levels_and_figures() -> None:
    spec = load_spec(by_segment())
    assert spec.columns == ("segment", "customers")
    assert spec.groups_rows


def test_money_of_one_currency_is_a_figure_and_so_is_how_often_it_was_paid() -> None:
    for paid in (PAID | {"filter": {"currency": "NOK"}}, PAID | {"op": "count"}):
        assert "paid" in {each.name for each in load_spec(by_segment({"paid": paid})).features}
