"""What stands is asked of things that a source numbers, at an instant, and said in plain words."""

from typing import Any

import pytest

from hub.inspection.diff import changes
from hub.inspection.reason import outcome_in_words, selection_in_words
from hub.views.errors import SpecRefused
from hub.views.load import load_spec
from tests.unit.test_view_spec import feature, keyed, view

RUNNING: dict[str, Any] = {
    "table": "subscriptions",
    "filter": {"kind": ["started", "renewed"]},
    "latest_of": "subscription_ref",
    "until": "ends_at",
}
SILENT = {"none_within": {"table": "orders"}}
BUCKETS = {"grain": "time_bucket", "bucket_days": 7}


def label(*outcomes: dict[str, Any]) -> dict[str, Any]:
    return {"name": "l", "horizon_days": 9, "any_of": [*outcomes]}


REFUSED: dict[str, tuple[str, str]] = {
    "an end without a thing": (feature(op="count", table="subscriptions", until="ends_at"), "missing_key"),
    "a thing that is no number": (feature(op="count", table="subscriptions", latest_of="plan"), "key_column"),
    "a table without numbers": (feature(op="count", table="usage", latest_of="feature"), "key_column"),
    "an end that was not agreed": (
        feature(op="count", table="tickets", latest_of="ticket_ref", until="resolved_at"),
        "unknown_column",
    ),
    "an end of another table": (
        feature(op="count", table="orders", latest_of="order_ref", until="due_at"),
        "unknown_column",
    ),
    "a sum": (
        feature(op="sum", table="subscriptions", column="seats", latest_of="subscription_ref"),
        "op_column_mismatch",
    ),
    "what stands in a week": (
        keyed("subscriptions", {"latest_of": "subscription_ref", "window_days": 7}, **BUCKETS),
        "standing_of_part",
    ),
    "a label of nothing numbered": (view(label=label({"none_standing": {"table": "subscriptions"}})), "missing_key"),
    "a label of a window": (view(label=label({"any_within": RUNNING})), "unknown_key"),
    "a label of nothing": (view(label=label({"any_standing": []})), "missing_key"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_asked_is_refused_with_its_rule(case: str) -> None:
    text, rule = REFUSED[case]
    with pytest.raises(SpecRefused) as refusal:
        load_spec(text)
    assert refusal.value.rule == rule


def test_parts_of_an_outcome_are_kept_told_and_part_of_the_lineage() -> None:
    spec = load_spec(view(label=label({**SILENT, "none_standing": RUNNING})))
    assert spec.label is not None
    silent, over = spec.label.outcomes[0].parts
    assert (silent.wanted, over.wanted) == (False, False)
    assert {("subscriptions", "subscription_ref"), ("subscriptions", "ends_at")} <= set(spec.sources)
    assert outcome_in_words(spec.label.outcomes[0]) == (
        "no event in orders and nothing standing at the end of subscriptions (kind is renewed or started)"
        " as the latest of its subscription_ref, ends_at not past"
    )
    alone = load_spec(view(label=label(SILENT)))
    assert any("was true of no event in orders" in each for each in changes(alone, spec))
    assert alone.hash != spec.hash


def test_a_selection_of_what_stood_says_when() -> None:
    spec = load_spec(view(population={"any_of": {**RUNNING, "offset_days": 365}}))
    (rows,) = spec.population.any_of
    assert selection_in_words(rows).endswith("ends_at not past at any time before, ending 365 days before")


def test_without_its_table_nothing_stands() -> None:
    wanted = {"any_within": {"table": "orders"}, "any_standing": RUNNING}
    spec = load_spec(view(label=label({**SILENT, "none_standing": RUNNING}, wanted), without=["subscriptions"]))
    assert spec.label is not None
    (silent,) = spec.label.outcomes
    assert silent.also is None
