"""Which machine is due when, and which of them one visit can serve.

A machine is due by the earliest of three:

- *failing*: an alert (`SURELY`); due by the day on which the chance that it has failed reaches `TOLERATED`, if the
  chance of the next 30 days is spread evenly over them: 30 ln(1 - tolerated) / ln(1 - p);
- *service*: its own rhythm of planned service has passed since the last one;
- *warranty*: it ends within the plan and the machine was not served for half a year: what it pays for is done before.

Machines of one owner with one service window that are due within `BUNDLED` days of each other share a visit, on the day
on which the first of them is due, or the last one before it that the window allows and that is no holiday. Each
machine may be served up to `BUNDLED` days early; with the visit always as late as the first due day allows, no plan of
fewer visits is possible (interval point cover: Kleinberg & Tardos, Algorithm Design, exercise 4.6).
"""

import math
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Final

import polars as pl

from predict.service.declaration import SURELY

TOLERATED: Final = 0.25
BUNDLED: Final = 30
PLANNED: Final = 90
"""Days that a plan looks ahead."""
HORIZON: Final = 30
ANYTIME: Final = frozenset(range(1, 8))
WINDOWS: Final[Mapping[str, frozenset[int]]] = {
    "weekdays_08_16": frozenset(range(1, 6)),
    "nights": frozenset(range(1, 6)),
    "weekends": frozenset({6, 7}),
}
"""On which days of the week (1 = Monday) a service window lets us come; one that is not listed lets us come any day."""
_UNSERVED: Final = 182


def due(machines: pl.DataFrame) -> pl.DataFrame:
    """Add `due_days` and `because` to machines; who is not due within the plan is left out.

    Args:
        machines: `probability`, `low`, and of the view `days_per_planned_service`,
            `days_since_planned_service`, `days_since_service`, `warranty_days_left` (null: not known).
    """
    chance = pl.col("probability").clip(1e-6, 1 - 1e-6)
    failing = (HORIZON * math.log(1 - TOLERATED) / (1 - chance).log()).clip(upper_bound=HORIZON)
    ways = {
        "failing": pl.when(pl.col("low") >= SURELY).then(failing.floor()),
        "service": (pl.col("days_per_planned_service") - pl.col("days_since_planned_service")).clip(lower_bound=0),
        "warranty": pl.when(pl.col("warranty_days_left") >= 0, pl.col("days_since_service") >= _UNSERVED).then(
            pl.col("warranty_days_left")
        ),
    }
    told = machines.with_columns(way.cast(pl.Float64).alias(f"due_{name}") for name, way in ways.items())
    first = pl.min_horizontal(*(f"due_{name}" for name in ways))
    because = pl.coalesce(pl.when(pl.col(f"due_{name}") == first).then(pl.lit(name)) for name in ways)
    told = told.with_columns(due_days=first.cast(pl.Int64), because=because)
    return told.filter(pl.col("due_days") < PLANNED).drop(f"due_{name}" for name in ways)


def bundled(machines: pl.DataFrame, *, by: Collection[str]) -> pl.DataFrame:
    """Add `visit_days`, on which each machine is served with others of the same `by`: as few visits as can be."""
    keys, rest, done = list(by), machines.with_row_index("row"), []
    while rest.height:  # a round a visit, of all owners at once
        first = pl.col("due_days").min().over(keys)
        served = rest.with_columns(visit_days=first).filter(pl.col("due_days") - BUNDLED <= pl.col("visit_days"))
        done.append(served)
        rest = rest.join(served.select("row"), on="row", how="anti")
    empty = machines.with_row_index("row").with_columns(visit_days=pl.col("due_days")).head(0)
    return pl.concat([empty, *done]).sort("row").drop("row")


def placed(machines: pl.DataFrame, *, today: date, holidays: Collection[date]) -> pl.DataFrame:
    """Add `visit_on`: the last day up to `visit_days` on which the window lets us come, else the first one after."""
    wanted = machines.select("service_window", "visit_days").unique()
    days = [
        _day(today, ahead, WINDOWS.get(window or "", ANYTIME), frozenset(holidays))
        for window, ahead in wanted.iter_rows()  # a window and a day, not a machine
    ]
    found = wanted.with_columns(pl.Series("visit_on", days, dtype=pl.Date))
    keys = ["service_window", "visit_days"]
    return machines.join(found, on=keys, how="left", nulls_equal=True, maintain_order="left")


def visits(machines: pl.DataFrame, *, by: Collection[str]) -> pl.DataFrame:
    """Sum up visits: when, of how many machines, minutes, parts changed last and skills needed last, and why."""
    minutes = pl.col("service_minutes_mean")
    return (
        machines.group_by(*by, "visit_on", maintain_order=True)
        .agg(
            machines=pl.len(),
            failing=(pl.col("because") == "failing").sum(),
            minutes=minutes.fill_null(minutes.mean()).sum(),
            **{
                f"{name}s": pl.col(name).drop_nulls().unique().sort().str.join(", ")
                for name in ("last_part", "last_skill")
            },
            because=pl.col("because").unique().sort().str.join(", "),
        )
        .sort("visit_on", *by)
    )


def _day(today: date, ahead: int, allowed: frozenset[int], off: frozenset[date]) -> date:
    """Look back from the day to today, then forward."""
    tries = [*range(ahead, -1, -1), *range(ahead + 1, ahead + 60)]
    days = (today + timedelta(days=number) for number in tries)
    return next((day for day in days if day.isoweekday() in allowed and day not in off), today + timedelta(days=ahead))
