"""Each key figure of the catalogue against numbers worked out by hand, on a few customers; and what is never shown."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from hub.views.folding import Permitted
from hub.views.load import catalogue_names, catalogue_spec
from hub.views.spec import ViewSpec
from hub.views.staff import EMPLOYEE
from hub.views.summary_rows import compile_rows
from hub.views.summed import summed
from privacy.terms import EntityKind
from tests.oracle.catalogue_cases import as_of
from tests.oracle.view_cases import frame_of

KPIS = tuple(name for name in catalogue_names() if name.startswith("kpi_"))
HOUR = timedelta(hours=1)
NOK = {"currency": "NOK"}
Event = dict[str, Any]
Events = dict[str, list[Event]]


def who(number: int) -> bytes:
    return bytes([1, number]) * 8


def figures(name: str, tables: Events, *, k: int = 5) -> dict[str, dict[str, Any]]:
    """Compute a key figure's view for all customers of some events; return its cells by level."""
    spec = replace(catalogue_spec(name), k=k)
    owner = "person" if spec.grain is EntityKind.PERSON else "organisation"
    people = sorted({event["who"] for events in tables.values() for event in events})
    subjects = {"record": people, "subject": range(len(people))}
    permitted = Permitted(pl.LazyFrame(subjects, schema={"record": pl.Binary, "subject": pl.UInt32}))
    parts = {
        table: [frame_of(table, [{**event, owner: event["who"]} for event in events])]
        for table, events in tables.items()
    }
    assert spec.summary is not None
    rows = compile_rows(spec, parts, permitted, as_of=as_of(spec)).collect()
    frame = summed(spec, spec.summary, rows, as_of=as_of(spec)).frame
    return {row.pop(spec.summary.by[0].name): row for row in frame.to_dicts()}


def ago(spec: ViewSpec, days: float) -> datetime:
    return as_of(spec) - timedelta(days=days)


def ticket(number: int, *, hours: float | None, answered: float | None, **keys: Any) -> Event:
    """Write a case of ten days ago: solved and answered after so many hours, by one of six employees."""
    at = ago(catalogue_spec("kpi_support"), 10)
    return {
        "who": who(number),
        "event_time": at,
        "resolved_at": None if hours is None else at + hours * HOUR,
        "first_response_at": None if answered is None else at + answered * HOUR,
        "team": "first_line",
        "priority": "high",
        "escalated": False,
        "reopened": False,
        EMPLOYEE: bytes([number % 6]) * 16,
        **keys,
    }


def test_support_is_what_was_worked_out_by_hand() -> None:
    cases = [ticket(n, hours=10, answered=0.5, handling_minutes=20) for n in range(6)]
    cases += [ticket(n, hours=20, answered=3, handling_minutes=40, escalated=True) for n in range(2)]
    cases += [ticket(2, hours=30, answered=30, handling_minutes=40, reopened=True)]
    cases += [ticket(3, hours=None, answered=None)]  # still open, nobody wrote down minutes
    row = figures("kpi_support", {"tickets": cases})["first_line"]
    assert row == {
        "customers": 5,  # six, in steps of five
        "handling_minutes": 27,  # 6 x 20 + 3 x 40 = 240 minutes of 9 cases: 26.7
        "cost_per_case": 29_300,  # 240 x 11.00 / 9 = 293.33
        "cases_per_agent_hour": 2.3,  # 9 x 60 / 240 = 2.25
        "hours_to_resolution": 14,  # (6 x 10 + 2 x 20 + 30) / 9 = 14.4
        "escalation_rate": 0.33,  # 2 of 6 customers
        "withheld": False,
    }


def test_first_contact_is_what_was_worked_out_by_hand_and_no_case_counts_that_may_come_back() -> None:
    def opened(number: int, days: float, hours: float | None, **keys: Any) -> Event:
        at = ago(catalogue_spec("kpi_first_contact"), days)
        closed = None if hours is None else at + hours * HOUR
        return ticket(number, hours=1, answered=1, **{"event_time": at, "resolved_at": closed, **keys})

    cases = [opened(n, 60, 10) for n in range(6)]
    cases += [opened(0, 60, 10, reopened=True), opened(1, 60, 10, escalated=True)]
    cases += [opened(2, 44.01, 336), opened(3, 44.01, 337)]  # closed 30 days ago; a moment later
    cases += [opened(4, 60, None), opened(5, 44, 1), opened(5, 10, 1), opened(5, 129, 1)]  # open, or in no window
    row = figures("kpi_first_contact", {"tickets": cases})["first_line"]
    assert row == {"customers": 5, "first_contact_resolution": 0.7, "withheld": False}  # 7 of 10 closed


def test_a_team_of_fewer_than_five_people_is_not_shown_however_many_customers_it_has() -> None:
    cases = [ticket(n, hours=10, answered=1, handling_minutes=20) for n in range(20)]
    few = [{**case, "team": "billing", EMPLOYEE: bytes([n % 4]) * 16} for n, case in enumerate(cases)]
    cells = figures("kpi_support", {"tickets": [*cases, *few]})
    assert cells["billing"]["withheld"]
    assert {value for key, value in cells["billing"].items() if key != "withheld"} == {None}
    assert not cells["all"]["withheld"] or not cells["first_line"]["withheld"]


def test_service_level_is_what_was_worked_out_by_hand() -> None:
    cases = [ticket(n, hours=50, answered=hours) for n, hours in enumerate([0.5, 0.5, 1, 3, 4, 4, 20, 24, 40, None])]
    row = figures("kpi_service_level", {"tickets": cases})["high"]
    assert row["hours_to_answer"] == 11  # 97 / 9 = 10.8
    assert (row["answered_in_1h"], row["answered_in_4h"], row["answered_in_24h"]) == (0.3, 0.6, 0.8)


@pytest.mark.parametrize(
    ("name", "kind", "scores", "expected"),
    [
        ("kpi_nps", "nps", [10, 9, 9, 8, 7, 6, 0, 10], 25),  # (4 - 2) of 8
        ("kpi_nps", "nps", [0, 6, 7, 8, 3], -60),
        ("kpi_csat", "csat", [5, 4, 3, 1, 5], 0.6),
        ("kpi_ces", "ces", [7, 6, 1, 2, 6], 4.4),
    ],
)
def test_scores_are_what_was_worked_out_by_hand(name: str, kind: str, scores: Sequence[float], expected: float) -> None:
    spec = catalogue_spec(name)
    given = [
        {"who": who(n), "event_time": ago(spec, 30), "kind": kind, "score": score} for n, score in enumerate(scores)
    ]
    later = [{**each, "event_time": ago(spec, 1), "kind": "stars"} for each in given]
    cells = figures(name, {"feedback": [*given, *later]})
    period = f"{ago(spec, 56):%Y-%m-%d}"
    assert cells[period][kind] == expected == cells["all"][kind]
    assert cells[f"{ago(spec, 28):%Y-%m-%d}"]["customers"] == 0, "another scale is another figure"


def custom(name: str, orders: Sequence[tuple[int, float, int]]) -> Events:
    """Write orders (who, days ago, amount in whole units) of consumers."""
    spec = catalogue_spec(name)
    placed: list[Event] = [
        {"who": who(n), "event_time": ago(spec, days), "status": "placed", "amount_minor": amount * 100} | NOK
        for n, days, amount in orders
    ]
    people = sorted({event["who"] for event in placed})
    known = [{"who": each, "event_time": ago(spec, 900), "segment": "consumer"} for each in people]
    return {"orders": placed, "profiles": known}


def test_churn_of_customers_is_what_was_worked_out_by_hand() -> None:
    orders = [(n, 400.0, 10) for n in range(8)] + [(n, 100.0, 10) for n in range(6)]
    orders += [(20, 100.0, 10)]  # new: not there the year before, in no figure
    orders += [(21, 800.0, 10)]  # gone before that year
    tables = custom("kpi_churn", orders)
    at = catalogue_spec("kpi_churn")
    tables["usage"] = [{"who": who(7), "event_time": ago(at, 3), "kind": "login"}]  # bought no more, but is there
    row = figures("kpi_churn", tables)["consumer"]
    assert row == {"customers": 10, "churn_12m": 0.13, "retention_12m": 0.88, "withheld": False}  # 1 and 7 of 8


def test_a_contract_that_runs_is_no_churn_of_silent_customers() -> None:
    spec = catalogue_spec("kpi_churn")
    tables = custom("kpi_churn", [(n, 400.0, 10) for n in range(10)] + [(n, 100.0, 10) for n in range(4)])
    ends = as_of(spec) + timedelta(days=700)
    contracts = [*((n, 400) for n in range(4, 10)), *((n, 200) for n in (20, 21))]  # two began in the last year
    tables["orders"] += [{**tables["orders"][0], "who": who(n)} for n in (20, 21)]
    tables["subscriptions"] = [
        {"who": who(n), "event_time": ago(spec, days), "kind": "started", "ends_at": ends} for n, days in contracts
    ]
    tables["profiles"] += [{**tables["profiles"][0], "who": who(n)} for n in (20, 21)]
    row = figures("kpi_churn", tables)["consumer"]
    assert (row["churn_12m"], row["retention_12m"]) == (
        0,
        1,
    )  # four bought again, two began a contract; six are elsewhere
    tables["subscriptions"] = [each for each in tables["subscriptions"] if each["who"] in {who(20), who(21)}]
    assert figures("kpi_churn", tables)["consumer"]["churn_12m"] == 0.5  # six of twelve who had no contract


def test_the_year_of_churn_begins_and_ends_at_as_of() -> None:
    edges = [(n, 365.0, 10) for n in range(5)] + [(n, 364.99, 10) for n in range(2)]
    row = figures("kpi_churn", custom("kpi_churn", edges))["consumer"]
    assert row["customers"] == 0, "exactly 365 days ago is the last year: nobody of these was there before"
    before = [(n, 365.01, 10) for n in range(5)] + [(n, 365.0, 10) for n in range(2)]
    row = figures("kpi_churn", custom("kpi_churn", before))["consumer"]
    assert (row["churn_12m"], row["retention_12m"]) == (0.6, 0.4)


def test_churn_of_organisations_is_what_was_worked_out_by_hand() -> None:
    tables = custom("kpi_churn_organisations", [(n, 400.0, 10) for n in range(10)] + [(n, 9.0, 10) for n in range(5)])
    tables["profiles"] = [{**each, "company_size_band": "10-49"} for each in tables["profiles"]]
    cells = figures("kpi_churn_organisations", tables)
    assert cells["10-49"]["churn_12m"] == cells["all"]["retention_12m"] == 0.5


def test_churn_of_revenue_is_what_was_worked_out_by_hand() -> None:
    orders = [(n, 400.0, 100) for n in range(9)] + [(n, 10.0, 50) for n in range(6)]
    row = figures("kpi_revenue_churn", custom("kpi_revenue_churn", orders))["consumer"]
    assert (row["revenue_churn_12m"], row["revenue_kept_12m"]) == (0.33, 0.33)  # 300 of 900 lost, 300 bought


def test_a_customer_who_dominates_revenue_hides_the_figure() -> None:
    orders = [(n, 400.0, 1) for n in range(9)] + [(9, 400.0, 10_000)] + [(n, 10.0, 1) for n in range(6)]
    assert figures("kpi_revenue_churn", custom("kpi_revenue_churn", orders))["consumer"]["withheld"]


def test_renewal_and_upsell_are_what_was_worked_out_by_hand() -> None:
    spec = catalogue_spec("kpi_renewal")
    changes = [(n, 500, "started") for n in range(10)] + [(n, 100, "renewed") for n in range(6)]
    changes += [(6, 90, "ended"), (7, 120, "cancelled"), (7, 60, "ended"), (8, 9, "cancelled")]  # two ended, one will
    changes += [(n, 40, "upgraded") for n in (0, 0, 1, 7)]
    tables = {
        "subscriptions": [{"who": who(n), "event_time": ago(spec, days), "kind": kind} for n, days, kind in changes],
        "profiles": [{"who": who(n), "event_time": ago(spec, 900), "segment": "business"} for n in range(10)],
    }
    row = figures("kpi_renewal", tables)["business"]
    assert (row["renewal_rate"], row["upsell_rate"]) == (0.75, 0.25)  # 6 of 8 terms; 2 of 8 whose contract runs


def test_churn_of_contracts_is_what_was_worked_out_by_hand() -> None:
    spec = catalogue_spec("kpi_contract_churn")
    changes = [(n, 900, "started", 100) for n in range(6)] + [(n, 400, "upgraded", 200) for n in range(2)]
    changes += [(n, 500, "started", 100) for n in (6, 7, 8)]
    changes += [(0, 30, "cancelled", 200), (6, 364, "ended", 100), (7, 10, "ended", 100)]
    changes += [(20, 300, "started", 100), (20, 10, "ended", 100)]  # began later
    changes += [(21, 900, "started", 100), (21, 366, "ended", 100)]  # had ended by then
    tables = {
        "subscriptions": [
            {"who": who(n), "event_time": ago(spec, days), "kind": kind, "monthly_amount_minor": amount} | NOK
            for n, days, kind, amount in changes
        ],
        "profiles": [{"who": who(n), "event_time": ago(spec, 950), "segment": "business"} for n in (*range(9), 20, 21)],
    }
    row = figures("kpi_contract_churn", tables)["business"]
    assert row["churn_12m"] == 0.33  # 3 of 9
    assert row["revenue_churn_12m"] == 0.36  # 200 + 100 + 100 of 2 x 200 + 7 x 100


def test_sales_and_referrals_are_what_was_worked_out_by_hand() -> None:
    tables = custom("kpi_sales", [(n, 20.0, 100) for n in range(8)] + [(n, 30.0, 200) for n in range(4)])
    spec = catalogue_spec("kpi_sales")
    tables["outcomes"] = [
        {"who": who(n), "event_time": ago(spec, 5), "kind": kind}
        for n, kind in [(0, "referred"), (0, "referred"), (1, "referred"), (2, "kept")]
    ]
    row = figures("kpi_sales", tables)["consumer"]
    assert row["average_order"] == 13_300  # 1,600 of 12 orders: 133.33
    assert (row["orders_per_customer"], row["referral_rate"]) == (1.5, 0.25)  # 12 and 2 of 8


def test_amounts_of_another_currency_are_added_to_no_figure() -> None:
    tables = custom("kpi_sales", [(n, 20.0, 100) for n in range(20)])
    tables["orders"] += [{**each, "currency": "EUR", "amount_minor": 7_700} for each in tables["orders"]]
    row = figures("kpi_sales", tables)["consumer"]
    assert (row["customers"], row["average_order"], row["orders_per_customer"]) == (20, 10_000, 1)
    tables = custom("kpi_revenue_churn", [(n, 400.0, 100) for n in range(10)] + [(n, 10.0, 60) for n in range(6)])
    tables["orders"] += [{**each, "currency": "EUR"} for each in tables["orders"]]
    tables["orders"].append({**tables["orders"][-1], "who": who(7)})  # bought in another currency, but is there
    row = figures("kpi_revenue_churn", tables)["consumer"]
    assert (row["revenue_churn_12m"], row["revenue_kept_12m"]) == (0.3, 0.36)  # of 1,000 NOK 300 lost, 360 bought since


def test_the_journey_is_what_was_worked_out_by_hand() -> None:
    at = ago(catalogue_spec("kpi_journey"), 20)
    steps = [
        {"who": who(n), "event_time": at, "step": "quote", "ended_at": at + hours * HOUR if hours else None}
        for n, hours in enumerate([10, 20, 30, 40, 50, None, None, None])
    ]
    row = figures("kpi_journey", {"journey_steps": steps})["quote"]
    assert (row["hours_per_step"], row["unfinished_share"]) == (30, 0.38)


@pytest.mark.parametrize("name", KPIS)
def test_no_figure_is_of_fewer_than_ten_customers_and_no_employee_is_named(name: str) -> None:
    spec = catalogue_spec(name)
    assert spec.summary is not None
    assert spec.k >= 10
    assert all(dimension.column != EMPLOYEE for dimension in spec.summary.by)
    assert not any(EMPLOYEE in feature.columns for feature in spec.aggregates)
    assert spec.summary.min_staff >= 5 or "tickets" not in spec.tables
    assert all(measure.round_to for measure in spec.summary.measures), "exact figures are differenced"
    assert set(spec.rationales) == set(spec.columns)
