"""Running contracts in the catalogue: nobody who has one is a former customer, a lost one, or counted twice."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from hub.views.compile import compile_training, compile_view
from hub.views.folding import Permitted
from hub.views.load import catalogue_spec
from hub.views.spec import ViewSpec
from tests.oracle.catalogue_cases import as_of
from tests.oracle.view_cases import frame_of

ANNA = b"\1" * 16
Drawn = tuple[str, dict[str, Any]]


PERMITTED = Permitted(
    pl.LazyFrame({"record": [ANNA], "subject": [0]}, schema={"record": pl.Binary, "subject": pl.UInt32})
)


def parts(drawn: Sequence[Drawn]) -> dict[str, list[pl.LazyFrame]]:
    return {
        table: [frame_of(table, [{"person": ANNA, **event} for name, event in drawn if name == table])]
        for table in dict(drawn)
    }


def rows(spec: ViewSpec, *drawn: Drawn) -> pl.DataFrame:
    """Return the view's rows of one customer."""
    return compile_view(spec, parts(drawn), PERMITTED, as_of=as_of(spec)).collect()


def taught(spec: ViewSpec, *drawn: Drawn) -> list[bool]:
    """Return the labels of one customer."""
    assert spec.label is not None
    at = as_of(spec)
    until = at + timedelta(days=spec.label.horizon_days)
    frame = compile_training(spec, parts(drawn), PERMITTED, cuts=[at], known_until=until).collect()
    return frame[spec.label.name].to_list()


def ago(spec: ViewSpec, days: float) -> datetime:
    return as_of(spec) - timedelta(days=days)


def change(spec: ViewSpec, days: float, kind: str, left: float | None = None, **keys: Any) -> Drawn:
    """Write a change of a contract some days ago; its term runs out `left` days after as_of."""
    ends_at = None if left is None else ago(spec, -left)
    return "subscriptions", {"event_time": ago(spec, days), "kind": kind, "ends_at": ends_at, **keys}


def of_other(spec: ViewSpec, days: float, kind: str, left: float | None = None) -> Drawn:
    """Write a change of another contract."""
    return change(spec, days, kind, left, subscription_ref=2)


def order(spec: ViewSpec, days: float) -> Drawn:
    return "orders", {"event_time": ago(spec, days), "status": "placed"}


OVER: list[tuple[int, str, int | None]] = [(700, "started", -335), (699, "upgraded", -335)]
WINBACK: dict[str, tuple[str, list[tuple[int, str, int | None]], int]] = {
    "a contract that runs 165 more days": ("winback_scoring", [(200, "started", 165)], 0),
    "a contract without an end": ("winback_scoring", [(1000, "started", None)], 0),
    "no contract": ("winback_scoring", [], 1),
    "a contract that ended": ("winback_contracts_scoring", [*OVER, (200, "ended", None)], 1),
    "an end of more than a year ago": ("winback_contracts_scoring", [*OVER, (366, "ended", None)], 0),
    "notice, and the term runs on": ("winback_contracts_scoring", [(700, "started", 30), (200, "cancelled", None)], 0),
    "an end, and a new beginning": (
        "winback_contracts_scoring",
        [*OVER, (300, "ended", None), (250, "started", 115)],
        0,
    ),
    "a contract that runs": ("winback_contracts_scoring", [(200, "started", 165)], 0),
}


@pytest.mark.parametrize("case", WINBACK)
def test_nobody_with_a_running_contract_is_won_back(case: str) -> None:
    name, changes, expected = WINBACK[case]
    spec = catalogue_spec(name)
    drawn = [change(spec, *each) for each in changes]
    assert rows(spec, order(spec, 400), *drawn).height == expected
    assert rows(spec, order(spec, 100), *drawn).height == 0, "who still orders is no former customer"


def test_a_contract_alone_teaches_no_silence_and_a_renewal_is_a_sign_of_life() -> None:
    spec = catalogue_spec("churn_training")
    assert taught(spec, change(spec, 30, "started", 700)) == [], "no order and no use: not in it"
    assert taught(spec, order(spec, 30)) == [True]
    assert taught(spec, order(spec, 30), change(spec, -89, "renewed", 454)) == [False]
    assert taught(spec, order(spec, 30), change(spec, -90, "renewed", 455)) == [True], "too late to be in the horizon"
    assert taught(spec, order(spec, 30), order(spec, -5), change(spec, -6, "ended")) == [True]


SILENT: dict[str, tuple[list[tuple[Any, ...]], bool]] = {
    "a contract that runs on beyond the horizon": ([(change, 300, "started", 91)], False),
    "a term that is over on the last day": ([(change, 300, "started", 90)], True),
    "a term that ran out and was renewed": ([(change, 300, "started", 10), (change, -9, "renewed", 375)], False),
    "a contract without an end": ([(change, 2000, "started", None)], False),
    "notice long ago": ([(change, 300, "started", 500), (change, 200, "cancelled", 500)], True),
    "another contract that runs": ([(change, 400, "ended"), (of_other, 500, "upgraded", 500)], False),
    "an end and a beginning at one instant": ([(change, -5, "ended"), (change, -5, "renewed", 360)], False),
}


@pytest.mark.parametrize("case", SILENT)
@pytest.mark.parametrize("name", ["churn_training", "churn_signals"])
def test_who_is_silent_under_a_contract_that_runs_has_not_left(name: str, case: str) -> None:
    changes, expected = SILENT[case]
    spec = catalogue_spec(name)
    drawn = [write(spec, *each) for write, *each in changes]
    assert taught(spec, order(spec, 30), *drawn) in ([expected], []), "or is in the view no more, after notice"


GIVEN_UP: dict[str, tuple[list[tuple[Any, ...]], bool]] = {
    "notice": ([(change, -10, "cancelled", 200)], True),
    "an end": ([(change, -10, "ended", None)], True),
    "an end after the horizon": ([(change, -90, "ended", None)], False),
    "notice that was taken back": ([(change, -10, "cancelled", 200), (change, -20, "renewed", 400)], False),
    "one of two contracts": ([(of_other, 100, "started", 500), (change, -10, "ended", None)], False),
    "both contracts": ([(of_other, 100, "started", 500), (change, -10, "ended"), (of_other, -9, "ended")], True),
    "a change of the plan": ([(change, -10, "downgraded", 200)], False),
    "a term that runs out": ([(change, 1, "downgraded", 89)], True),
}


@pytest.mark.parametrize("case", GIVEN_UP)
def test_a_contract_is_over_by_notice_end_or_a_term_that_nobody_renewed(case: str) -> None:
    changes, expected = GIVEN_UP[case]
    spec = catalogue_spec("churn_contracts_training")
    drawn = [write(spec, *each) for write, *each in changes]
    assert taught(spec, change(spec, 500, "started", 300), *drawn) == [expected]


def test_who_came_back_by_a_new_contract_may_leave_again() -> None:
    spec = catalogue_spec("churn_contracts_training")
    back = [change(spec, 900, "ended"), of_other(spec, 500, "started", 300)]
    assert taught(spec, *back) == [False]
    assert taught(spec, *back, of_other(spec, -1, "ended")) == [True]
    assert taught(spec, change(spec, 900, "started", -10)) == [], "its term was over before: no contract to leave"


SEATS: dict[str, tuple[list[tuple[int, str, int]], int | None]] = {
    "a smaller plan in the year": ([(700, "started", 10), (100, "downgraded", 5)], -5),
    "exactly a year ago is in the year": ([(700, "started", 10), (365, "upgraded", 20), (30, "upgraded", 30)], 20),
    "nothing changed": ([(700, "started", 10)], 0),
    "changed before the year": ([(700, "started", 10), (366, "upgraded", 12), (10, "renewed", 12)], 0),
    "a customer of less than a year": ([(300, "started", 10), (100, "upgraded", 15)], None),
}


@pytest.mark.parametrize("case", SEATS)
def test_seats_are_compared_with_those_of_a_year_ago(case: str) -> None:
    changes, expected = SEATS[case]
    spec = catalogue_spec("churn_scoring")
    drawn = [change(spec, days, kind, seats=seats) for days, kind, seats in changes]
    assert rows(spec, order(spec, 30), *drawn)["seats_change_365d"].to_list() == [expected]


def test_operating_hours_are_compared_with_those_of_ninety_days_ago() -> None:
    spec = catalogue_spec("service_machines_scoring")
    machine = {"person": None, "organisation": ANNA, "asset_ref": 1}
    readings = [(200, 1000.0), (91, 1900.0), (80, 2000.0), (1, 2500.0)]
    drawn: list[Drawn] = [
        ("asset_readings", {**machine, "event_time": ago(spec, days), "metric": "operating_hours", "value": value})
        for days, value in readings
    ]
    drawn.append(("assets", {**machine, "event_time": ago(spec, 900)}))
    assert rows(spec, *drawn)["operating_hours_90d"].to_list() == [600]
