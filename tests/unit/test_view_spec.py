"""A view is read strictly and may not ask for what no approval could make lawful."""

import json
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
import yaml

from hub.views.errors import SpecRefused
from hub.views.feature import Staged
from hub.views.load import catalogue_spec, catalogue_text, load_spec
from hub.views.spec import LANGUAGES, header_of
from ingest.canonical.catalogue import TABLES
from ingest.canonical.table import Column
from privacy.terms import DataCategory

WORDS = dict.fromkeys(LANGUAGES, "Number of orders")


def view(**changes: Any) -> str:
    """Write a small valid view with changes at its top level."""
    content: dict[str, Any] = {
        "name": "small",
        "version": 1,
        "grain": "person",
        "purpose": "churn",
        "consumer": "tests",
        "description": "Orders of a customer.",
        "as_of_grid": "month",
        "expires_days": 30,
        "quasi_identifiers": [],
        "k": 1,
        "population": {"any_of": {"table": "orders", "window_days": 180}},
        "features": {"f": {"op": "count", "table": "orders"}},
        "texts": {"f": WORDS},
    }
    return yaml.safe_dump({**content, **changes}, sort_keys=False)


def feature(**keys: Any) -> str:
    return view(features={"f": keys})


def keyed(table: str, keys: dict[str, Any] | None = None, **changes: Any) -> str:
    """Write a view over one table whose row is less than a customer."""
    return view(population={}, features={"f": {"op": "count", "table": table, **(keys or {})}}, **changes)


def derived(*, sides: bool = True, **keys: Any) -> str:
    """Write a view whose column is made of an inner count `g`, level `h` or quasi-identifier `q`."""
    inner = {
        "g": {"op": "count", "table": "orders", "released": False},
        "h": {"op": "last", "table": "orders", "column": "channel", "levels": ["web"], "released": False},
        "q": {"op": "last", "table": "profiles", "column": "contract_length_months", "released": False},
    }
    return view(features={**inner, "f": {**({"left": "g", "right": "g"} if sides else {}), **keys}})


def stage(*cases: dict[str, Any], **keys: Any) -> str:
    return derived(op="stage", cases=list(cases), otherwise="a", sides=False, **keys)


REFUSED = {
    "identifier of the lake": (feature(op="distinct", table="orders", column="person"), "identifier"),
    "event id": (feature(op="max", table="orders", column="event_id"), "identifier"),
    "sum of references": (feature(op="last", table="orders", column="order_ref"), "identifier"),
    "filter on a reference": (feature(op="count", table="orders", filter={"order_ref": 7}), "identifier"),
    "redacted text": (feature(op="count", table="messages", column="text_redacted"), "redacted_text"),
    "filter on redacted text": (
        feature(op="count", table="messages", filter={"text_redacted": {"not_null": True}}),
        "redacted_text",
    ),
    "employee": (feature(op="distinct", table="tickets", column="employee"), "employee"),
    "filter on an employee": (feature(op="count", table="messages", filter={"employee": {"null": True}}), "employee"),
    "unknown table": (feature(op="count", table="payroll"), "unknown_table"),
    "identity table": (feature(op="count", table="people"), "unknown_table"),
    "table about nobody": (feature(op="count", table="calendar"), "about_no_customer"),
    "unknown column": (feature(op="sum", table="orders", column="email"), "unknown_column"),
    "unknown filter column": (feature(op="count", table="orders", filter={"email": "x"}), "unknown_column"),
    "unknown operation": (feature(op="median", table="orders"), "unknown_op"),
    "unknown value": (feature(op="count", table="orders", filter={"status": "lost"}), "unknown_value"),
    "unknown comparison": (
        feature(op="count", table="orders", filter={"channel": {"like": "w"}}),
        "unknown_comparison",
    ),
    "window after as_of": (feature(op="count", table="orders", window_days=30, offset_days=-1), "future_window"),
    "no window": (feature(op="count", table="orders", window_days=0), "empty_window"),
    "misspelt key": (feature(op="count", table="orders", windowdays=30), "unknown_key"),
    "sum of text": (feature(op="sum", table="orders", column="channel"), "op_column_mismatch"),
    "sum of nothing": (feature(op="sum", table="orders"), "op_column_mismatch"),
    "exact instant": (feature(op="max", table="tickets", column="resolved_at"), "op_column_mismatch"),
    "share without part": (feature(op="share", table="orders"), "op_column_mismatch"),
    "text against a number": (feature(op="count", table="orders", filter={"channel": 3}), "op_column_mismatch"),
    "text without levels": (feature(op="last", table="orders", column="channel"), "levels_required"),
    "rate without a window": (feature(op="rate", table="orders", per_days=7), "window_required"),
    "rate of nothing": (feature(op="rate", table="orders", window_days=30), "op_column_mismatch"),
    "trend without a window": (feature(op="trend", table="orders"), "window_required"),
    "trend of a median": (feature(op="trend", table="orders", window_days=30, of="median"), "unknown_measure"),
    "trend of a sum of texts": (
        feature(op="trend", table="orders", window_days=30, of="sum", column="channel"),
        "op_column_mismatch",
    ),
    "trend of a sum of references": (
        feature(op="trend", table="orders", window_days=30, of="sum", column="order_ref"),
        "identifier",
    ),
    "count of an earlier window": (
        feature(op="count", table="orders", window_days=30, earlier_days=30),
        "op_column_mismatch",
    ),
    "streak of no period": (feature(op="streak_longest", table="orders"), "op_column_mismatch"),
    "rare numbers": (feature(op="count", table="orders", rare_below=5), "op_column_mismatch"),
    "rare below one": (
        feature(op="last", table="orders", column="channel", levels=["web"], rare_below=1),
        "bad_shape",
    ),
    "asset of a table without machines": (view(grain="asset"), "table_without_key"),
    "product of a table without products": (
        view(grain="customer_product", key="product_code", k=2),
        "table_without_key",
    ),
    "product that one customer has": (keyed("order_lines", grain="customer_product", key="product_code"), "bad_k"),
    "product that is a reference": (keyed("order_lines", grain="customer_product", key="order_ref", k=2), "key_column"),
    "message of two tables": (
        view(
            grain="message",
            population={},
            features={"f": {"op": "count", "table": "messages"}, "g": {"op": "count", "table": "tickets"}},
            texts={"f": WORDS, "g": WORDS},
        ),
        "message_of_one_table",
    ),
    "groups of rows that are no customers": (
        keyed("tickets", {"op": "last", "column": "channel", "levels": ["chat"], "rare_below": 5}, grain="message"),
        "groups_count_customers",
    ),
    "bucket of a day": (keyed("usage", {"window_days": 28}, grain="time_bucket", bucket_days=1), "bucket_too_fine"),
    "bucket that a window cuts": (
        keyed("usage", {"window_days": 30}, grain="time_bucket", bucket_days=7),
        "bucket_cut",
    ),
    "recency of a bucket": (
        keyed("usage", {"op": "days_since", "window_days": 28}, grain="time_bucket", bucket_days=7),
        "op_not_of_bucket",
    ),
    "label of a bucket": (
        keyed(
            "usage",
            {"window_days": 28},
            grain="time_bucket",
            bucket_days=7,
            label={"name": "l", "horizon_days": 9, "any_of": {"any_within": {"table": "usage"}}},
        ),
        "label_of_bucket",
    ),
    "redacted text by person": (feature(op="text", table="messages", column="text_redacted"), "redacted_text"),
    "text that is none": (
        keyed("messages", {"op": "text", "column": "channel"}, grain="message"),
        "op_column_mismatch",
    ),
    "key of a person": (view(key="product_code"), "unknown_key"),
    "feature named as a key": (view(features={"asset": {"op": "count", "table": "orders"}}), "bad_name"),
    "undeclared quasi-identifier": (
        feature(op="last", table="profiles", column="country", levels=["NO"]),
        "undeclared_quasi_identifier",
    ),
    "quasi-identifier by filter": (
        feature(op="count", table="profiles", filter={"country": "NO"}),
        "undeclared_quasi_identifier",
    ),
    "group of one": (
        view(
            features={"f": {"op": "last", "table": "profiles", "column": "country", "levels": ["NO"]}},
            quasi_identifiers=["f"],
        ),
        "bad_k",
    ),
    "label before as_of": (
        view(label={"name": "l", "horizon_days": 9, "starts_days": -1, "any_of": {"any_within": {"table": "orders"}}}),
        "label_before_as_of",
    ),
    "label with its own window": (
        view(label={"name": "l", "horizon_days": 9, "any_of": {"any_within": {"table": "orders", "window_days": 1}}}),
        "unknown_key",
    ),
    "derived of what stands below": (
        view(features={"f": {"op": "ratio", "left": "g", "right": "g"}, "g": {"op": "count", "table": "orders"}}),
        "unknown_feature",
    ),
    "derived undoes rounding": (
        view(
            features={
                "g": {"op": "sum", "table": "orders", "column": "amount_minor", "round_to": 1000, "released": False},
                "h": {"op": "count", "table": "orders", "released": False},
                "f": {"op": "ratio", "left": "g", "right": "h"},
            }
        ),
        "derived_undoes_generalisation",
    ),
    "while without a bound": (derived(op="while"), "op_column_mismatch"),
    "bound of a ratio": (derived(op="ratio", at_most=3), "op_column_mismatch"),
    "stage without cases": (derived(op="stage", otherwise="a", sides=False), "missing_key"),
    "stage of everybody": (stage({"level": "b", "when": {}}), "missing_key"),
    "stage of what stands below": (stage({"level": "b", "when": {"f": {"gt": 1}}}), "unknown_feature"),
    "stage of one number": (stage({"level": "b", "when": {"g": 3}}), "op_column_mismatch"),
    "stage of levels": (stage({"level": "b", "when": {"h": {"gt": 1}}}), "op_column_mismatch"),
    "rounded stage": (stage({"level": "b", "when": {"g": {"gt": 1}}}, round_to=5), "bad_shape"),
    "misspelt case": (stage({"level": "b", "where": {"g": {"gt": 1}}}), "unknown_key"),
    "stage of an undeclared quasi-identifier": (
        stage({"level": "b", "when": {"q": {"gt": 1}}}),
        "undeclared_quasi_identifier",
    ),
    "rationale of nothing": (view(rationales={"g": "because"}), "unknown_feature"),
    "falling bands": (feature(op="count", table="orders", bands=[9, 3]), "bad_shape"),
    "column named as the key": (view(features={"pseudonym": {"op": "count", "table": "orders"}}), "bad_name"),
    "missing language": (view(texts={"f": {"nb": "x"}}), "missing_key"),
    "missing text": (view(texts={}), "missing_text"),
    "unknown grid": (view(as_of_grid="hour"), "unknown_grid"),
    "no purpose": (view(purpose=""), "wrong_type"),
    "no YAML": ("name: [", "not_yaml"),
    "a list": ("- 1", "wrong_type"),
    "unknown text": (view(texts={"f": WORDS, "g": WORDS}), "unknown_feature"),
    "nothing released": (
        view(features={"f": {"op": "count", "table": "orders", "released": False}}, texts={}),
        "missing_key",
    ),
    "bad view name": (view(name="Orders!"), "bad_name"),
    "version 0": (view(version=0), "bad_number"),
    "version as text": (view(version="1"), "wrong_type"),
    "released as text": (feature(op="count", table="orders", released="no"), "wrong_type"),
    "step as text": (feature(op="count", table="orders", round_to="5"), "wrong_type"),
    "bands as a number": (feature(op="count", table="orders", bands=5), "wrong_type"),
    "bands of text": (feature(op="count", table="orders", bands=["a"]), "wrong_type"),
    "quasi-identifiers as text": (view(quasi_identifiers="f"), "wrong_type"),
    "numbers as keys": (view(population={1: 2}), "wrong_type"),
    "bound as text": (feature(op="count", table="orders", filter={"item_count": {"ge": "3"}}), "wrong_type"),
    "null as a number": (feature(op="count", table="orders", filter={"item_count": {"null": 1}}), "wrong_type"),
    "no values": (feature(op="count", table="orders", filter={"channel": []}), "wrong_type"),
    "values of two types": (feature(op="count", table="orders", filter={"channel": ["a", 1]}), "wrong_type"),
    "ordered text": (feature(op="count", table="orders", filter={"channel": {"ge": 3}}), "op_column_mismatch"),
    "instant against a number": (feature(op="count", table="tickets", filter={"resolved_at": 3}), "op_column_mismatch"),
    "unknown role": (feature(op="count", table="orders", role="king"), "unknown_role"),
    "label without outcome": (view(label={"name": "l", "horizon_days": 9}), "missing_key"),
    "label without horizon": (view(label={"name": "l", "horizon_days": 0, "any_of": []}), "empty_window"),
    "outcome without events": (view(label={"name": "l", "horizon_days": 9, "any_of": [{}]}), "missing_key"),
    "difference of levels": (
        view(
            features={
                "g": {"op": "last", "table": "orders", "column": "channel", "levels": ["web"], "released": False},
                "f": {"op": "difference", "left": "g", "right": "g"},
            }
        ),
        "op_column_mismatch",
    ),
    "derived of a quasi-identifier": (
        view(
            features={
                "g": {"op": "max", "table": "profiles", "column": "contract_length_months", "released": False},
                "f": {"op": "total", "left": "g", "right": "g"},
            }
        ),
        "undeclared_quasi_identifier",
    ),
    "unknown base": ("extends: nothing", "unknown_view"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_the_rule_that_says_so(case: str) -> None:
    text, rule = REFUSED[case]
    with pytest.raises(SpecRefused) as refusal:
        load_spec(text)
    assert refusal.value.rule == rule
    assert refusal.value.where
    assert refusal.value.remedy


@pytest.mark.parametrize("category", [DataCategory.SPECIAL, DataCategory.FREE_TEXT, DataCategory.IDENTIFIER])
def test_a_column_of_a_forbidden_category_is_refused(category: DataCategory, monkeypatch: pytest.MonkeyPatch) -> None:
    column = Column("secret", pl.Int32(), category, "", "")
    monkeypatch.setitem(TABLES, "diary", replace(TABLES["orders"], name="diary", columns=(column,)))
    hidden = {"table": "diary", "filter": {"secret": 1}}
    for text in (
        feature(op="sum", table="diary", column="secret"),
        feature(op="distinct", table="diary", column="secret"),
        feature(op="count", **hidden),
        feature(op="share", table="diary", part={"secret": 1}),
        view(population={"none_of": {"table": "diary", "filter": {"secret": {"null": True}}}}),
        view(label={"name": "l", "horizon_days": 1, "any_of": {"any_within": hidden}}),
    ):
        with pytest.raises(SpecRefused) as refusal:
            load_spec(text)
        assert refusal.value.rule == category.value.replace("special", "special_category")


def test_two_features_of_one_role_are_refused() -> None:
    days = {"op": "days_since", "table": "orders", "role": "recency"}
    with pytest.raises(SpecRefused, match="duplicate_role"):
        load_spec(view(features={"f": days, "g": days}, texts={"f": WORDS, "g": WORDS}))


def test_order_of_keys_and_of_filter_values_does_not_change_the_hash() -> None:
    one = {"op": "count", "table": "orders", "filter": {"status": ["placed", "returned"], "channel": "web"}}
    other = {"filter": {"channel": ["web"], "status": ["returned", "placed"]}, "table": "orders", "op": "count"}
    assert load_spec(feature(**one)).hash == load_spec(feature(**other)).hash


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"purpose": "winback"},
        {"expires_days": 31},
        {"k": 2},
        {"grain": "organisation"},
        {"population": {"any_of": {"table": "orders", "window_days": 181}}},
        {"features": {"f": {"op": "count", "table": "orders", "window_days": 90}}},
        {"features": {"f": {"op": "count", "table": "orders", "filter": {"status": "placed"}}}},
        {"features": {"f": {"op": "count", "table": "orders", "round_to": 5}}},
        {"description": "Something else."},
    ],
)
def test_any_rule_of_the_view_changes_its_hash(change: dict[str, Any]) -> None:
    assert load_spec(view(**change)).hash != load_spec(view()).hash


def test_a_stage_says_its_levels_and_what_decides_them() -> None:
    case = {"level": "b", "when": {"g": {"gt": 1, "le": 3}}}
    spec = load_spec(stage(case, {**case, "level": "a"}, {**case, "level": "c"}))
    staged = spec.features[-1]
    assert isinstance(staged, Staged)
    assert (staged.levels, staged.reads) == (("b", "a", "c"), ("g",))
    assert ("orders", "event_time") in spec.sources


def test_a_rationale_is_read_and_changes_no_rule() -> None:
    spec = load_spec(view(rationales={"f": "Needed."}))
    assert spec.rationales == {"f": "Needed."}
    assert (spec.hash, spec.texts_hash) == (load_spec(view()).hash, load_spec(view()).texts_hash)


def test_words_are_versioned_apart_from_rules() -> None:
    plain, other = load_spec(view()), load_spec(view(texts={"f": {**WORDS, "en": "Orders"}}))
    assert plain.hash == other.hash
    assert plain.texts_hash != other.texts_hash


def test_canonical_json_is_json_with_sorted_keys() -> None:
    text = load_spec(view()).canonical_json()
    assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")) == text


def test_lineage_names_every_column_that_is_read() -> None:
    spec = load_spec(
        view(
            features={
                "f": {"op": "share", "table": "tickets", "part": {"escalated": True}, "filter": {"channel": "chat"}}
            },
            label={
                "name": "gone",
                "horizon_days": 30,
                "any_of": {"none_within": {"table": "usage", "filter": {"kind": "login"}}},
            },
        )
    )
    assert spec.tables == ("orders", "tickets", "usage")
    assert set(spec.sources) == {
        *((table, "event_time") for table in spec.tables),
        ("tickets", "escalated"),
        ("tickets", "channel"),
        ("usage", "kind"),
    }


def test_header_tells_a_model_names_and_words_only() -> None:
    spec = catalogue_spec("churn_signals")
    header = header_of(spec)
    assert [entry["name"] for entry in header] == [each.name for each in spec.released]
    assert all(set(entry) == {"name", "role", "unit", "labels"} for entry in header)
    assert all(set(LANGUAGES) == set(each) for each in spec.texts.values())


def test_a_view_may_extend_one_of_the_catalogue() -> None:
    spec = load_spec("extends: churn_signals\nname: mine\nexpires_days: 7\n")
    assert (spec.name, spec.expires_days) == ("mine", 7)
    assert spec.features == load_spec(catalogue_text("churn_signals")).features
