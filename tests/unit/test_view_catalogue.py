"""The default catalogue: every view loads, says why it needs each column, and keeps the hash that was approved."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from hub.inspection.lineage import Thread, unheard
from hub.policy.pack import default_pack, pack_of
from hub.views.column_rules import categories_of
from hub.views.compile import compile_view
from hub.views.errors import SpecRefused
from hub.views.folding import Permitted
from hub.views.load import catalogue_names, catalogue_text, load_spec
from hub.views.load import catalogue_spec as read_spec
from hub.views.signal import signals
from hub.views.spec import LANGUAGES, Grid
from privacy.policy import policy_of
from privacy.terms import DataCategory
from tests.oracle.view_cases import frame_of
from tests.unit.catalogue_page import PAGE, written

catalogue_spec = cache(read_spec)
NAMES = catalogue_names()
SMALL = ("churn_signals", "churn_signals_lines", "churn_signals_org")
PAIRS = [(name.replace("_training", "_scoring"), name) for name in NAMES if name.endswith("_training")]
LEAST_REASON = 20
AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
ANNA = b"\1" * 16

RECENCY = {"churn_signals_lines": "days_since_last_order"}


@pytest.mark.parametrize("name", SMALL)
def test_the_small_views_teach_churn(name: str) -> None:
    spec = catalogue_spec(name)
    assert spec.recency == RECENCY.get(name, "days_since_last_activity")
    assert spec.label is not None
    assert spec.label.name == "churned"


@pytest.mark.parametrize("name", sorted({*SMALL} - {"churn_signals_lines"}))
def test_the_small_views_fold_in_one_pass_unless_orders_must_be_told_apart_by_number(name: str) -> None:
    assert all(aggregate.folds for aggregate in catalogue_spec(name).aggregates)


OLD_TEXTS = Path(__file__).resolve().parents[1] / "vectors" / "views"
HASHES = {
    "churn_signals_1": "f3c592eb4086697158881fd7a9de2f7f82018ebc3adaa1ad19d6d7a2786c98dd",
    "churn_signals_lines_1": "4400e50254a380e5e91cbca91975c16a137bdb367c8af174602ab4df94199fc7",
}


@pytest.mark.parametrize(("name", "hashed"), HASHES.items())
def test_a_view_of_an_earlier_release_keeps_the_hash_that_was_approved(name: str, hashed: str) -> None:
    """An approval binds the hash: a key or a rule that a later release adds must not close what stood before."""
    assert load_spec((OLD_TEXTS / f"{name}.yaml").read_text(encoding="utf-8")).hash.hex() == hashed


@pytest.mark.parametrize("name", NAMES)
def test_every_column_says_why_this_purpose_needs_it_and_why_not_less(name: str) -> None:
    spec = catalogue_spec(name)
    assert spec.name == name
    assert set(spec.rationales) == set(spec.columns)
    assert len({*spec.rationales.values()}) == len(spec.rationales), "one reason for two columns is none for either"
    for column, reason in spec.rationales.items():
        assert len(reason) >= LEAST_REASON
        assert reason.rstrip(".") != spec.texts[column]["en"]


@pytest.mark.parametrize("name", NAMES)
def test_a_view_asks_no_more_than_its_purpose_lists(name: str) -> None:
    spec = catalogue_spec(name)
    purpose = policy_of(pack_of(default_pack())).purpose(spec.purpose)
    assert set(spec.tables) <= purpose.tables
    assert categories_of(spec) <= purpose.data_categories
    told = {DataCategory.BEHAVIOUR}
    texts = {"satisfaction_messages", "satisfaction_exchanges", "satisfaction_alerts", "satisfaction_causes"}
    told |= {DataCategory.REDACTED_TEXT} if name in texts else set()
    told |= {DataCategory.QUASI_IDENTIFIER} if spec.quasi_identifiers or "profiles" in spec.tables else set()
    assert categories_of(spec) == told
    assert spec.summary is not None or bool(spec.quasi_identifiers) == ("profiles" in spec.tables)
    assert spec.reads is not None or name in SMALL or spec.grid is Grid.ARRIVAL
    assert spec.expires_days <= (35 if spec.summary is None else purpose.retention_days)


@pytest.mark.parametrize(("scoring", "training"), PAIRS)
def test_a_training_view_has_the_columns_of_its_scoring_view_and_a_label_after_as_of(
    scoring: str, training: str
) -> None:
    taught, used = catalogue_spec(training), catalogue_spec(scoring)
    assert taught.features == used.features
    assert (taught.population, taught.texts, taught.rationales) == (used.population, used.texts, used.rationales)
    assert (taught.grain, taught.key, taught.purpose, taught.k) == (used.grain, used.key, used.purpose, used.k)
    assert used.label is None
    assert taught.label is not None
    assert taught.label.starts_days >= 0
    # what followed a suggestion is read at its week, and so is what followed an alert
    weekly = taught.purpose == "churn" or (taught.purpose == "next_need" and taught.key is None)
    assert taught.grid.value == ("week" if weekly else "month"), "cuts of a training are the first of months"


@pytest.mark.parametrize("name", sorted({*NAMES} - {*SMALL}))
def test_what_is_printed_stands_alone(name: str) -> None:
    """An approved text must not change its meaning with a later release."""
    content = yaml.safe_load(catalogue_text(name))
    assert {"extends", "take", "without"}.isdisjoint(content)
    assert catalogue_text(name).startswith("#")
    assert load_spec(catalogue_text(name)) == catalogue_spec(name)


def test_every_shared_column_is_used_and_has_words_where_it_may_be_taken() -> None:
    used = {feature.name for name in NAMES for feature in catalogue_spec(name).features}
    assert set(signals()) <= used, "what nobody counts is not kept"
    for name, each in signals().items():
        assert set(each) in ({"define"}, {"signal", "define", "texts"}), name
        assert set(each.get("texts", LANGUAGES)) == set(LANGUAGES), name


def taking(columns: dict[str, str], **changes: Any) -> str:
    return yaml.safe_dump(
        {
            "name": "mine",
            "version": 1,
            "grain": "person",
            "purpose": "churn",
            "consumer": "tests",
            "description": "Shared columns.",
            "as_of_grid": "month",
            "expires_days": 30,
            "k": 1,
            "population": {"any_of": [{"table": "orders"}, {"table": "usage"}]},
            "take": columns,
            **changes,
        },
        sort_keys=False,
    )


def test_a_view_takes_a_shared_column_with_all_that_it_is_made_of() -> None:
    spec = load_spec(taking({"overdue_ratio": "Needed."}))
    assert [each.name for each in spec.released] == ["overdue_ratio"]
    assert {"days_since_last_activity", "days_since_last_order", "orders_all"} <= {each.name for each in spec.features}
    assert spec.rationales == {"overdue_ratio": "Needed."}
    own = {"mine": {"op": "difference", "left": "tickets_90d", "right": "tickets_30d", "round_to": 1}}
    words = {"mine": dict.fromkeys(LANGUAGES, "Earlier tickets")}
    both = load_spec(taking({"tickets_90d": "a", "tickets_30d": "b"}, features=own, texts=words))
    assert [each.name for each in both.released] == ["tickets_90d", "tickets_30d", "mine"]


def test_a_view_may_take_more_than_the_one_it_extends() -> None:
    spec = load_spec("extends: service_scoring\nname: mine\ntake: {upgrades_365d: Needed here.}\n")
    assert [each.name for each in spec.released][-1] == "upgrades_365d"
    assert len(spec.released) == 1 + len(catalogue_spec("service_scoring").released)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (taking({"shoe_size": "Needed."}), "unknown_signal"),
        (taking({"orders_365d": ""}), "wrong_type"),
        (taking({"orders_365d": "x"}, features={"orders_365d": {"op": "count", "table": "orders"}}), "duplicate_name"),
    ],
)
def test_what_cannot_be_taken_is_refused(text: str, rule: str) -> None:
    with pytest.raises(SpecRefused, match=rule):
        load_spec(text)


@pytest.mark.parametrize("name", ["churn_training", "next_need_training"])
def test_a_source_family_that_nobody_delivers_is_left_out_by_one_line(name: str) -> None:
    whole = catalogue_spec(name)
    for table in whole.tables:
        spec = load_spec(f"extends: {name}\nname: mine\nwithout: [{table}]\n")
        assert table not in spec.tables
        assert set(spec.rationales) == {each.name for each in spec.released} < set(whole.rationales) | {""}
        assert spec.label is not None
        assert spec.label.outcomes


def test_a_label_of_a_source_that_nobody_delivers_is_no_label() -> None:
    with pytest.raises(SpecRefused, match="missing_key"):
        load_spec("extends: satisfaction_training\nname: mine\nwithout: [feedback]\n")


def test_silence_is_measured_by_the_source_that_is_left() -> None:
    spec = load_spec(taking({"overdue_ratio": "Needed.", "orders_365d": "Needed."}, without=["orders"]))
    assert [each.name for each in spec.released] == ["overdue_ratio"]
    assert spec.tables == ("usage",)
    logins = [{"person": ANNA, "event_time": AS_OF - timedelta(days=day), "kind": "login"} for day in (10, 30)]
    frame = compile_view(spec, {"usage": [frame_of("usage", logins)]}, permitted(), as_of=AS_OF).collect()
    assert frame["overdue_ratio"].to_list() == [0.7], "10 days of silence, 30 days in two logins"


def permitted() -> Permitted:
    schema = {"record": pl.Binary, "subject": pl.UInt32}
    return Permitted(pl.LazyFrame({"record": [ANNA], "subject": [0]}, schema=schema))


def order(day: int) -> tuple[str, dict[str, Any]]:
    return "orders", {"status": "placed", "event_time": AS_OF - timedelta(days=day)}


def change(day: int, kind: str, ends: int | None = None) -> tuple[str, dict[str, Any]]:
    """Write a change of a contract that runs out `ends` days after as_of."""
    ends_at = None if ends is None else AS_OF + timedelta(days=ends)
    return "subscriptions", {"kind": kind, "event_time": AS_OF - timedelta(days=day), "ends_at": ends_at}


STAGES = {
    "nothing yet": ([], "new"),
    "first order a month ago": ([order(30)], "new"),
    "first order before that": ([order(31)], "onboarding"),
    "first order 90 days ago": ([order(90), order(3)], "onboarding"),
    "longer a customer": ([order(91)], "established"),
    "silent for a year": ([order(366)], "former"),
    "silent for a year, and a contract runs": ([change(400, "started", 700)], "established"),
    "silent for a year, and a contract ends soon": ([change(400, "started", 90)], "before_renewal"),
    "silent for a year, and a contract ran out": ([change(400, "started", -1)], "former"),
    "contract of a year that ends in 90 days": ([change(275, "started", 90)], "before_renewal"),
    "contract that ends in 91 days": ([change(275, "started", 91)], "established"),
    "contract that was ended": ([change(300, "started", -5), change(5, "ended")], "former"),
    "contract that was cancelled, and runs on": (
        [change(300, "started", 60), change(5, "cancelled")],
        "before_renewal",
    ),
    "contract that was ended, and an order since": (
        [change(300, "started", -9), change(9, "ended"), order(2)],
        "established",
    ),
    "contract without an end that was ended": ([change(300, "started"), change(5, "ended")], "former"),
    "an end of which no beginning is known": ([change(5, "ended")], "former"),
    "back again": ([change(300, "started", -9), change(9, "ended"), change(2, "started", 363)], "established"),
}


@pytest.mark.parametrize("case", STAGES)
def test_the_life_cycle_stage_is_what_a_person_would_say(case: str) -> None:
    drawn, stage = STAGES[case]
    spec = load_spec(taking({"life_cycle_stage": "Needed."}, population={}))
    tables = {
        table: [frame_of(table, [{"person": ANNA, **event} for name, event in drawn if name == table])]
        for table in ("orders", "subscriptions")
    }
    frame = compile_view(spec, tables, permitted(), as_of=AS_OF).collect()
    assert frame["life_cycle_stage"].to_list() == [stage]


def test_columns_that_say_nothing_for_want_of_a_source_are_named() -> None:
    keys = {"used_by": (), "unused_by": (), "recipients": ()}
    both = ("orders.event_time", "orders.status", "usage.event_time")
    threads = [
        Thread(column="silence", sources=both, **keys),
        Thread(column="logins", sources=("usage.event_time", "usage.kind"), **keys),
    ]
    assert unheard(threads, ["usage", "tickets"]) == {"usage": ("silence", "logins")}
    assert unheard(threads, []) == {}


def test_the_guide_lists_every_view_and_column_as_they_are() -> None:
    """Mend it by `python -m tests.unit.catalogue_page`."""
    assert PAGE.read_text(encoding="utf-8") == written()
