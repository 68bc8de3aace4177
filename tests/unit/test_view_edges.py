"""Edges of a compiled view that a reader should find written down: instants, absent tables, ties, cuts."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from hub.views.compile import check_grid, compile_training, compile_view
from hub.views.errors import CutRefused
from hub.views.feature import Aggregate, Derived, DerivedOp, Measure, Op, Rows, Shape
from hub.views.folding import Permitted
from hub.views.load import catalogue_spec
from hub.views.release import few_grouped, rare_grouped
from hub.views.spec import Label, Outcome, ViewSpec
from ingest.canonical.catalogue import TABLES
from privacy.terms import EntityKind
from tests.oracle.view_cases import AS_OF, frame_of, view

ANNA, BO, FIRM = b"a" * 16, b"b" * 16, b"f" * 16
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)


def permitted(*records: bytes) -> Permitted:
    """Permit records, each its own subject."""
    schema = {"record": pl.Binary, "subject": pl.UInt32}
    return Permitted(pl.LazyFrame({"record": records, "subject": range(len(records))}, schema=schema))


def order(at: datetime, amount: int | None = 100, **other: Any) -> dict[str, Any]:
    return {"person": ANNA, "organisation": None, "event_time": at, "status": "placed", "amount_minor": amount, **other}


def only_row(spec: ViewSpec, events: list[dict[str, Any]]) -> dict[str, Any]:
    frame = compile_view(spec, {"orders": [frame_of("orders", events)]}, permitted(ANNA), as_of=AS_OF).collect()
    (row,) = frame.drop("subject").to_dicts()
    return row


def orders(name: str, op: Op, **keys: Any) -> Aggregate:
    """Describe a feature over orders."""
    rows = Rows(table="orders", window_days=keys.pop("window_days", None), offset_days=keys.pop("offset_days", 0))
    return Aggregate(name=name, op=op, rows=rows, **keys)


def test_a_window_begins_with_its_first_instant_and_ends_before_its_last() -> None:
    spec = view(
        [orders("recent", Op.COUNT, window_days=30), orders("before", Op.COUNT, window_days=30, offset_days=30)]
    )
    edges = [AS_OF, AS_OF - MICROSECOND, AS_OF - 30 * DAY, AS_OF - 30 * DAY - MICROSECOND, AS_OF - 60 * DAY]
    assert only_row(spec, [order(at) for at in edges]) == {"recent": 2, "before": 2}


def test_days_are_whole_so_that_no_exact_instant_leaves() -> None:
    spec = view([orders("days", Op.DAYS_SINCE), orders("first", Op.DAYS_SINCE_FIRST)])
    events = [order(AS_OF - 2 * DAY + MICROSECOND), order(AS_OF - 9 * DAY)]
    assert only_row(spec, events) == {"days": 1, "first": 9}


def test_of_several_values_at_the_latest_instant_the_greatest_is_last() -> None:
    spec = view([orders("last", Op.LAST, column="amount_minor"), orders("first", Op.FIRST, column="amount_minor")])
    events = [order(AS_OF - DAY, amount) for amount in (-5, 7, 3, None)] + [order(AS_OF - MICROSECOND, None)]
    assert only_row(spec, events) == {"last": 7, "first": -5}


def test_periods_are_counted_back_from_as_of_and_hold_their_first_instant() -> None:
    weeks = orders("weeks", Op.DISTINCT, column="event_time", every_days=7)
    spec = view([weeks, orders("gap", Op.GAP_MEAN)])
    events = [order(AS_OF - MICROSECOND), order(AS_OF - 7 * DAY), order(AS_OF - 7 * DAY - MICROSECOND)]
    assert only_row(spec, events) == {"weeks": 2, "gap": 3.5}


def test_the_order_of_fractions_is_that_of_numbers() -> None:
    rows = Rows(table="feedback")
    last = Aggregate(name="last", op=Op.LAST, rows=rows, column="score")
    first = Aggregate(name="first", op=Op.FIRST, rows=rows, column="score")
    scores = [-2.5, -0.25, -1.0, -1e9, float("nan")]
    events = [{"person": ANNA, "event_time": AS_OF - DAY, "kind": "nps", "score": score} for score in scores]
    tables = {"feedback": [frame_of("feedback", events)]}
    frame = compile_view(view([last, first]), tables, permitted(ANNA), as_of=AS_OF).collect()
    assert frame.rows() == [(0, -0.25, -1e9)]


def test_a_customer_without_events_has_counts_of_nothing_and_unknown_days() -> None:
    kept = [orders("n", Op.COUNT), orders("total", Op.SUM, column="amount_minor"), orders("days", Op.DAYS_SINCE)]
    filled = orders("filled", Op.DAYS_SINCE, shape=Shape(fill=999))
    ratio = Derived(name="ratio", op=DerivedOp.RATIO, left="total", right="n")
    row = only_row(view([*kept, filled, ratio]), [])
    assert row == {"n": 0, "total": 0, "days": None, "filled": 999, "ratio": None}


def test_values_are_top_coded_rounded_and_banded() -> None:
    banded = orders("band", Op.SUM, column="amount_minor", shape=Shape(bands=(0, 100, 1000)))
    rounded = orders("rounded", Op.SUM, column="amount_minor", shape=Shape(round_to=100))
    topped = orders("topped", Op.SUM, column="amount_minor", shape=Shape(top_code=200))
    row = only_row(view([banded, rounded, topped]), [order(AS_OF - DAY, 250)])
    assert row == {"band": 100, "rounded": 300, "topped": 200}


def test_an_act_of_a_person_who_is_not_permitted_does_not_count_towards_the_organisation() -> None:
    spec = view([orders("n", Op.COUNT)], grain=EntityKind.ORGANISATION)
    events = [order(AS_OF - DAY, person=who, organisation=FIRM) for who in (ANNA, BO, None)]
    persons = pl.LazyFrame({"record": [ANNA]}, schema={"record": pl.Binary})
    scope = Permitted(permitted(FIRM).subjects, persons)
    frame = compile_view(spec, {"orders": [frame_of("orders", events)]}, scope, as_of=AS_OF).collect()
    assert frame["n"].to_list() == [2]


@pytest.mark.parametrize("name", ["churn_signals", "churn_signals_org"])
def test_catalogue_views_work_on_orders_alone_and_on_nothing(name: str) -> None:
    spec = catalogue_spec(name)
    owner = spec.grain.value
    events = [frame_of("orders", [{**order(AS_OF - 10 * DAY), "person": None, owner: FIRM}])]
    frame = compile_view(spec, {"orders": events}, permitted(FIRM, BO), as_of=AS_OF).collect()
    assert frame.select("subject", "orders_365d", "tickets_365d", "logins_180d", "days_since_last_login").rows() == [
        (0, 1, 0, 0, None)
    ]
    assert set(frame.drop("subject", "life_cycle_stage").dtypes) <= {pl.Int64(), pl.Float64(), pl.Boolean()}
    assert compile_view(spec, {}, permitted(FIRM), as_of=AS_OF).collect().is_empty()


def label(**keys: Any) -> Label:
    gone = Outcome(rows=(Rows(table="orders"),), wanted=False)
    return Label(**{"name": "churned", "horizon_days": 30, "starts_days": 0, "outcomes": (gone,), **keys})


@pytest.mark.parametrize(
    ("at", "churned"),
    [(AS_OF - MICROSECOND, True), (AS_OF, False), (AS_OF + 30 * DAY - MICROSECOND, False), (AS_OF + 30 * DAY, True)],
)
def test_an_event_is_a_feature_or_a_label_and_never_both(at: datetime, churned: bool) -> None:  # noqa: FBT001 - a case's answer
    spec = view([orders("n", Op.COUNT)], label=label())
    frame = compile_training(
        spec, {"orders": [frame_of("orders", [order(at)])]}, permitted(ANNA), cuts=[AS_OF], known_until=AS_OF + 31 * DAY
    ).collect()
    assert frame.rows() == [(0, AS_OF, int(at < AS_OF), churned)]
    assert frame.schema["as_of"] == pl.Datetime("us", "UTC")


def test_a_cut_whose_label_is_not_known_yet_is_refused() -> None:
    spec = view([orders("n", Op.COUNT)], label=label(starts_days=1))
    cuts, tables = [AS_OF - 60 * DAY, AS_OF], {"orders": [TABLES["orders"].schema.to_frame(eager=False)]}
    compile_training(spec, tables, permitted(ANNA), cuts=cuts, known_until=AS_OF + 31 * DAY)
    with pytest.raises(CutRefused, match="label_unknown"):
        compile_training(spec, tables, permitted(ANNA), cuts=cuts, known_until=AS_OF + 31 * DAY - MICROSECOND)
    with pytest.raises(CutRefused, match="no_cut"):
        compile_training(spec, tables, permitted(ANNA), cuts=[], known_until=AS_OF)
    with pytest.raises(CutRefused, match="no_label"):
        compile_training(view([orders("n", Op.COUNT)]), tables, permitted(ANNA), cuts=cuts, known_until=AS_OF)


@pytest.mark.parametrize(
    "at",
    [
        datetime(2025, 6, 2, tzinfo=UTC),
        datetime(2025, 6, 1, 1, tzinfo=UTC),
        datetime(2025, 6, 1),  # noqa: DTZ001 - the missing zone is the case
    ],
)
def test_a_free_choice_of_instant_is_refused(at: datetime) -> None:
    spec = catalogue_spec("churn_signals")
    check_grid(spec, datetime(2025, 6, 1, tzinfo=UTC))
    with pytest.raises(CutRefused):
        compile_view(spec, {}, permitted(ANNA), as_of=at)


LEVELS = [
    ({"a": 5, "b": 5}, {"a": 5, "b": 5}),
    ({"a": 5, "b": 2}, {"other": 7}),  # two alone would be known by being other: a is the next smallest
    ({"a": 5, "b": 2, "c": 2}, {"a": 5, "other": 4}),
    ({"a": 5, "other": 3}, {"a": 5, "other": 3}),
    ({"a": 5, "b": 3, "other": 1}, {"a": 5, "other": 4}),
    ({"a": 2}, {"other": 2}),
    ({None: 1, "a": 3}, {None: 1, "a": 3}),  # who has no level shares none
]


@pytest.mark.parametrize(("shared", "expected"), LEVELS)
def test_a_level_that_few_share_is_released_as_other(shared: dict[Any, int], expected: dict[Any, int]) -> None:
    levels = [level for level, count in shared.items() for _ in range(count)]
    frame = pl.LazyFrame({"level": levels}, schema={"level": pl.String})
    grouped = rare_grouped(frame, "level", below=3).collect()["level"]
    assert Counter(grouped) == expected


TEAMS = [
    ({"a": "12345", "b": "6789"}, {"a": 5, "other": 4}),
    ({"a": "1111122223", "b": "12345"}, {"other": 10, "b": 5}),  # many rows of three people are three people
    ({"a": "1234 ", "b": "12345"}, {"other": 5, "b": 5}),  # nobody knows who: that is nobody
    ({"other": "1", None: "12345", "b": "12345"}, {"other": 1, None: 5, "b": 5}),
]


@pytest.mark.parametrize(("people", "expected"), TEAMS)
def test_a_team_of_fewer_than_five_people_is_released_as_other(
    people: dict[str | None, str], expected: dict[str | None, int]
) -> None:
    rows = [(team, [] if one == " " else [one.encode()]) for team, crew in people.items() for one in crew]
    schema = {"team": pl.String, "crew": pl.List(pl.Binary)}
    grouped = few_grouped(pl.LazyFrame(rows, schema=schema, orient="row"), "team", "crew").collect()
    assert grouped.columns == ["team"]
    assert Counter(grouped["team"]) == expected


def test_a_season_takes_a_customers_own_last_year_off() -> None:
    """Twice as many as in the month before is no news, where it was so a year ago: the summer is over."""
    spec = view(
        [
            orders("trend", Op.TREND, window_days=30, of=Measure.COUNT),
            orders("seasonal", Op.SEASONAL_TREND, window_days=30, of=Measure.COUNT),
            orders("difference", Op.SEASONAL_DIFFERENCE, window_days=30, of=Measure.COUNT),
        ]
    )
    days = [1, 2, 31, 365, 366, 367, 368, 395, 396]
    row = only_row(spec, [order(AS_OF - day * DAY + MICROSECOND) for day in days])
    assert row == {"trend": 1.0, "seasonal": 0.0, "difference": -1.0}


def test_a_streak_breaks_with_a_period_without_an_event() -> None:
    spec = view([orders(op, op, every_days=7) for op in (Op.STREAK_LONGEST, Op.STREAK_CURRENT)])
    days = [1, 6, 8, 22, 29, 36, 40]
    assert only_row(spec, [order(AS_OF - day * DAY) for day in days]) == {"streak_longest": 3, "streak_current": 2}
    assert only_row(spec, [order(AS_OF - 8 * DAY)]) == {"streak_longest": 1, "streak_current": 0}
    assert only_row(spec, []) == {"streak_longest": 0, "streak_current": 0}
