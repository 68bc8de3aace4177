"""Figures of cells are those that somebody works out with loops, whatever the events and whoever the records."""

import math
from collections import defaultdict
from datetime import timedelta
from itertools import product
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.views.cells import CUSTOMERS, table_of
from hub.views.figure import figures_frame
from hub.views.folding import Permitted
from hub.views.load import load_spec
from hub.views.summary_rows import compile_rows
from tests.integration.figures_desk import BY_TEAM, FEATURES, view_text
from tests.integration.test_view_figures import AS_OF
from tests.oracle.view_cases import frame_of

MEASURES: dict[str, Any] = {
    "customers": {"op": "count"},
    "handled": {"op": "sum", "of": "cases"},
    "each": {"op": "mean", "of": "minutes"},
    "usual": {"op": "median", "of": "minutes", "round_to": 10},
    "some": {"op": "share", "of": "minutes"},
    "per_case": {"op": "ratio", "of": "minutes", "to": "cases", "times": 2},
}
SPEC = load_spec(
    view_text(
        "cells",
        {"by": {**BY_TEAM, "week": {"bucket_days": 14}}, "measures": MEASURES, "min_staff": 5},
        features=FEATURES,
    )
)
TEAMS = ("north", "south", "other", "unknown")


@st.composite
def events(draw: st.DrawFn) -> list[dict[str, Any]]:
    event = st.fixed_dictionaries(
        {
            "customer": st.integers(0, 6),
            "record": st.integers(0, 1),
            "day": st.integers(-30, 3),
            "team": st.sampled_from(["north", "south", "west", None]),
            "handling_minutes": st.integers(0, 400) | st.none(),
            "agent": st.integers(0, 6) | st.none(),
        }
    )
    return draw(st.lists(event, max_size=40))


def worked_out(found: list[dict[str, Any]]) -> dict[tuple[str, int], dict[str, float]]:
    """Work every cell out, totals included, from what each customer adds to each cell."""
    cases: dict[tuple[str, int, int], list[dict[str, Any]]] = defaultdict(list)
    for event in found:
        if -28 <= event["day"] < 0:
            team = event["team"] if event["team"] in TEAMS else "unknown" if event["team"] is None else "other"
            cases[team, 0 if event["day"] >= -14 else 1, event["customer"]].append(event)
    cells = {}
    for team, week in product([*TEAMS, "all"], [0, 1, 2]):
        rows = [(who, each) for (of, at, who), each in cases.items() if team in (of, "all") and week in (at, 2)]
        of_each: dict[int, int] = defaultdict(int)  # what a customer has in all of the cell
        for who, each in rows:
            of_each[who] += min(600, sum(event["handling_minutes"] or 0 for event in each))
        minutes = list(of_each.values())
        counts = [min(20, len(each)) for _, each in rows]
        cells[team, week] = {
            "customers": len({who for who, _ in rows}),
            "staff": len({event["agent"] for _, each in rows for event in each} - {None}),
            "handled": float(sum(counts)),
            "each": sum(minutes) / len(minutes) if minutes else math.nan,
            "usual": float(pl.Series(minutes, dtype=pl.Float64).median() or 0) if minutes else math.nan,
            "some": sum(each > 0 for each in minutes) / len(minutes) if minutes else math.nan,
            "per_case": 2 * sum(minutes) / sum(counts) if counts else math.nan,
        }
    return cells


@settings(max_examples=25, deadline=None)
@given(events())
def test_cells_are_what_loops_make_of_them(found: list[dict[str, Any]]) -> None:
    records = [bytes([customer, record]) * 8 for customer in range(7) for record in range(2)]
    subjects = pl.LazyFrame(
        {"record": records, "subject": [n // 2 for n in range(14)]}, schema={"record": pl.Binary, "subject": pl.UInt32}
    )
    tickets = [
        {
            "person": bytes([event["customer"], event["record"]]) * 8,
            "event_time": AS_OF + timedelta(days=event["day"], hours=1),
            "team": event["team"],
            "handling_minutes": event["handling_minutes"],
            "employee": None if event["agent"] is None else bytes([event["agent"]]) * 16,
        }
        for event in found
    ]
    rows = compile_rows(SPEC, {"tickets": [frame_of("tickets", tickets)]}, Permitted(subjects), as_of=AS_OF).collect()
    table, expected = table_of(SPEC, SPEC.summary, rows, as_of=AS_OF), worked_out(found)
    for (team, week), cell in expected.items():
        place = ([*TEAMS, "all"].index(team), week)
        assert table.figures[CUSTOMERS][place] == cell["customers"]
        assert table.figures["__staff"][place] == cell["staff"]
        if 0 < cell["customers"] < 5 or (cell["customers"] and cell["staff"] < 5):
            assert place in table.withheld
    frame = figures_frame(SPEC.summary, table)
    weeks = table.levels[1]
    for row in frame.filter(~pl.col("withheld")).rows(named=True):
        cell = expected[row["team"], weeks.index(row["week"])]
        for name in ("handled", "each", "some", "per_case"):
            told = math.nan if row[name] is None else row[name]
            assert math.isclose(told, cell[name], rel_tol=1e-9) or (math.isnan(told) and math.isnan(cell[name]))
        if row["usual"] is not None:
            assert abs(row["usual"] - cell["usual"]) <= 5
    assert frame.filter(pl.col("withheld")).select(list(MEASURES)).null_count().sum_horizontal().sum() == len(
        MEASURES
    ) * int(frame["withheld"].sum())
