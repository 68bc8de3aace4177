"""Which machine is due and which visit serves it: as few as can be, inside windows, on no holiday."""

from datetime import date
from itertools import combinations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from predict.service.visits import BUNDLED, PLANNED, bundled, due, placed, visits

TODAY = date(2026, 3, 2)  # a Monday
ROW = {
    "probability": 0.01,
    "low": 0.0,
    "days_per_planned_service": 300.0,
    "days_since_planned_service": 10.0,
    "days_since_service": 10.0,
    "warranty_days_left": None,
}


def machine(**changed: float | None) -> pl.DataFrame:
    return pl.DataFrame([ROW | changed], schema=dict.fromkeys(ROW, pl.Float64))


def told(**changed: float | None) -> tuple[int, str] | None:
    found = due(machine(**changed))
    return found.select("due_days", "because").row(0) if found.height else None


def test_a_machine_is_due_by_the_earliest_reason() -> None:
    assert told() is None
    assert told(probability=0.97, low=0.9) == (2, "failing")
    assert told(probability=0.6, low=0.45) is None, "no alert where the low end says rather not"
    assert told(days_since_planned_service=280.0) == (20, "service")
    assert told(days_since_planned_service=400.0) == (0, "service")
    assert told(warranty_days_left=31.0, days_since_service=200.0) == (31, "warranty")
    assert told(warranty_days_left=31.0, days_since_service=20.0) is None
    assert told(warranty_days_left=-1.0, days_since_service=400.0) is None
    assert told(days_since_planned_service=280.0, probability=0.97, low=0.9) == (2, "failing")
    assert told(days_per_planned_service=None, days_since_planned_service=None) is None


OWNED = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, PLANNED)), max_size=7)


@given(OWNED)
def test_no_plan_of_fewer_visits_serves_every_machine_in_time(owned: list[tuple[str, int]]) -> None:
    frame = pl.DataFrame(owned, schema={"owner": pl.String, "due_days": pl.Int64}, orient="row")
    found = bundled(frame, by=["owner"])
    assert found.select("owner", "due_days").equals(frame)
    assert found.select((pl.col("visit_days") <= pl.col("due_days")).all()).item()
    assert found.select((pl.col("visit_days") >= pl.col("due_days") - BUNDLED).all()).item()
    planned = found.select("owner", "visit_days").n_unique() if found.height else 0
    assert planned == sum(fewest([day for whose, day in owned if whose == owner]) for owner in "ab")


def fewest(days: list[int]) -> int:
    """Try all plans: it is enough to come on days on which a machine is due."""
    for size in range(len(days) + 1):
        for plan in combinations(sorted(set(days)), size):
            if all(any(day - BUNDLED <= visit <= day for visit in plan) for day in days):
                return size
    raise AssertionError("each machine on its own day serves all")


def test_a_visit_lies_inside_the_window_and_on_no_holiday() -> None:
    asked = [("weekdays_08_16", 5), ("weekdays_08_16", 4), ("weekends", 9), ("weekends", 1), ("whenever", 6), (None, 6)]
    frame = pl.DataFrame(asked, schema={"service_window": pl.String, "visit_days": pl.Int64}, orient="row")
    days = placed(frame, today=TODAY, holidays=[date(2026, 3, 6)])["visit_on"].to_list()
    assert days[0] == days[1] == date(2026, 3, 5), "Saturday and the holiday before it are none"
    assert days[2] == date(2026, 3, 8)
    assert days[3] == date(2026, 3, 7), "no such day is left before: the first one after"
    assert days[4] == days[5] == date(2026, 3, 8)


def test_a_visit_is_told_with_what_to_bring() -> None:
    frame = pl.DataFrame(
        {
            "owner": ["a", "a"],
            "visit_on": [TODAY, TODAY],
            "because": ["service", "failing"],
            "service_minutes_mean": [60.0, None],
            "last_part": ["belt", None],
            "last_skill": ["mechanic", "mechanic"],
        }
    )
    (row,) = visits(frame, by=["owner"]).iter_rows(named=True)
    assert (row["machines"], row["failing"], row["minutes"]) == (2, 1, 120.0)
    assert (row["last_parts"], row["last_skills"], row["because"]) == ("belt", "mechanic", "failing, service")
