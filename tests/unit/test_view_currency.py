"""Money of a view is of one currency, said once or filter by filter."""

from typing import Any

import pytest

from hub.views.currency import check_currency, with_currency
from hub.views.errors import SpecRefused
from hub.views.feature import Condition
from hub.views.load import catalogue_names, catalogue_spec, catalogue_text, draft_text, load_spec
from hub.views.spec import ViewSpec
from tests.unit.test_view_spec import WORDS, feature, view

PAID: dict[str, Any] = {"op": "sum", "table": "orders", "column": "amount_minor"}
LARGE: dict[str, Any] = {"table": "orders", "filter": {"amount_minor": {"ge": 100_000}}}
ENDED = {"name": "l", "horizon_days": 9, "any_of": {"none_within": {"table": "usage"}, "any_within": LARGE}}
REFUSED: dict[str, str] = {
    "a sum": feature(**PAID),
    "a mean of two currencies": feature(**PAID | {"op": "mean", "filter": {"currency": ["NOK", "SEK"]}}),
    "a trend": feature(**PAID | {"op": "trend", "of": "sum", "window_days": 28}),
    "an inner column": view(
        features={"g": {**PAID, "released": False}, "f": {"op": "ratio", "left": "g", "right": "g"}}
    ),
    "a count of large amounts": feature(op="count", **LARGE),
    "a share of large amounts": feature(op="share", table="orders", part=LARGE["filter"]),
    "a population of large amounts": view(population={"any_of": LARGE}),
    "a label of large amounts": view(label=ENDED),
}


def currencies(spec: ViewSpec) -> list[tuple[Condition, ...]]:
    return [tuple(each for each in rows.conditions if each.column == "currency") for rows in spec.rows]


@pytest.mark.parametrize("case", REFUSED)
def test_an_amount_of_any_currency_is_refused_and_one_line_mends_it(case: str) -> None:
    with pytest.raises(SpecRefused, match="currencies_added"):
        check_currency(load_spec(REFUSED[case]))
    if "two currencies" not in case:
        check_currency(load_spec(REFUSED[case] + "currency: NOK\n"))


@pytest.mark.parametrize(
    "keys", [{"op": "count"}, {"op": "distinct"}, {"op": "count", "filter": {"amount_minor": {"null": True}}}]
)
def test_how_often_something_was_paid_is_of_no_currency(keys: dict[str, Any]) -> None:
    check_currency(load_spec(feature(**PAID | keys)))


def test_the_line_fills_in_what_says_nothing_and_leaves_what_does() -> None:
    features = {
        "f": PAID,
        "g": {**PAID, "filter": {"currency": "SEK", "status": "placed"}},
        "h": {"op": "count", "table": "orders"},
    }
    spec = load_spec(view(features=features, texts=dict.fromkeys("fgh", WORDS), currency="NOK"))
    filled = load_spec(
        view(features=features | {"f": {**PAID, "filter": {"currency": "NOK"}}}, texts=dict.fromkeys("fgh", WORDS))
    )
    assert spec.hash == filled.hash, "the line is short for filters, and nothing else"
    assert [tuple(each.values for each in some) for some in currencies(spec)] == [(), (("NOK",),), (("SEK",),), ()]


def test_a_label_of_amounts_is_filled_in_to_its_last_part() -> None:
    spec = load_spec(view(label=ENDED, currency="NOK"))
    assert spec.label is not None
    silent, large = spec.label.outcomes[0].parts
    assert not silent.rows[0].conditions
    assert [each.column for each in large.rows[0].conditions] == ["amount_minor", "currency"]


@pytest.mark.parametrize("currency", ["kroner", "nok", ""])
def test_what_is_no_code_is_refused(currency: str) -> None:
    with pytest.raises(SpecRefused):
        load_spec(view(currency=currency))


@pytest.mark.parametrize("name", catalogue_names())
def test_views_of_the_catalogue_keep_the_rule_and_change_their_currency_by_one_line(name: str) -> None:
    check_currency(catalogue_spec(name))
    text = catalogue_text(name)
    if "currency: NOK" in text and not name.startswith("kpi_"):
        other = load_spec(with_currency(name, text, "GBP"))
        assert {each.values for some in currencies(other) for each in some} == {("GBP",)}


def test_a_draft_keeps_the_rule_and_takes_another_currency() -> None:
    check_currency(load_spec(draft_text("mine")))
    assert "\ncurrency: SEK  " in with_currency("mine", draft_text("mine"), "SEK")


@pytest.mark.parametrize(
    ("currency", "text", "rule"), [("kr", "currency: NOK\n", "bad_currency"), ("SEK", "k: 1\n", "no_amounts")]
)
def test_a_currency_is_written_where_there_is_one(currency: str, text: str, rule: str) -> None:
    with pytest.raises(SpecRefused, match=rule):
        with_currency("mine", text, currency)
