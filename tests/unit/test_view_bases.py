"""A figure is of nobody or of k customers, each of whom counts once, in totals, too."""

from typing import Any

import polars as pl

from hub.views.cells import Table, table_of
from hub.views.figure import figures_frame
from hub.views.folding import SUBJECT
from hub.views.load import load_spec
from hub.views.summary import CELL
from privacy.withholding import Because
from tests.integration.figures_desk import view_text
from tests.unit.test_view_summary import BY_SEGMENT, GROUP, summary_view

AMOUNT = {"op": "mean", "table": "orders", "column": "item_count", "window_days": 28}
ONCE = {"op": "count", "table": "orders", "window_days": 28, "top_code": 1}
CUSTOMERS = {"customers": {"op": "count"}}


def table(measures: dict[str, Any], define: dict[str, Any], *groups: list[float | None]) -> Table:
    """Put customers with these values into three groups, ten of a group being enough."""
    features = {"group": {**GROUP, "levels": ["a", "b", "c"]}, "amount": define, "base": ONCE}
    summary = {"by": BY_SEGMENT, "measures": {**CUSTOMERS, **measures}, "min_staff": 0}
    spec = load_spec(summary_view(summary, features, k=10))
    values = [(name, each) for name, group in zip("abc", groups, strict=True) for each in group]
    rows = pl.DataFrame(values, schema={"group": pl.String, "amount": pl.Float64}, orient="row")
    rows = rows.with_row_index(SUBJECT).with_columns(base=pl.lit(1.0), __cell=pl.lit(0))
    return table_of(spec, spec.summary, rows, as_of=None)


def test_a_sum_or_a_mean_of_three_customers_of_twenty_is_withheld() -> None:
    for op in ("sum", "mean"):
        for others in (None, 0.0):
            groups = [100.0] * 3 + [others] * 17, [100.0] * 20, [100.0] * 30
            found = table({"spent": {"op": op, "of": "amount"}}, AMOUNT, *groups).withheld
            assert found == {(0,): Because.TOO_FEW, (1,): Because.COMPLEMENTARY}


def test_a_count_of_customers_by_a_sum_is_of_none_or_of_enough() -> None:
    told = {"buyers": {"op": "sum", "of": "amount"}}
    found = table(told, ONCE, [1.0] + [0.0] * 11, [1.0] * 12 + [0.0] * 8, [0.0] * 30).withheld
    assert found == {(0,): Because.TOO_FEW, (1,): Because.COMPLEMENTARY}


def test_the_first_side_of_a_ratio_and_a_share_may_be_of_few() -> None:
    """So the guide says: a rate of rare things would hardly ever leave."""
    for measure in ({"op": "ratio", "of": "amount", "to": "base"}, {"op": "share", "of": "amount"}):
        groups = [1.0] * 2 + [0.0] * 998, [1.0] * 500 + [0.0] * 500, [0.0] * 300
        assert not table({"rate": measure}, ONCE, *groups).withheld


def in_two_teams(measures: dict[str, Any], define: dict[str, Any]) -> Table:
    """Put each of ten customers into both teams, with none in the first and 4 in the second."""
    spec = load_spec(view_text("teams", {"measures": {**CUSTOMERS, **measures}}, features={"cases": define}))
    rows = pl.DataFrame(
        [(n, cell, 4 * cell, [b"%d" % (n % 6)]) for n in range(10) for cell in (0, 1)],
        schema={SUBJECT: pl.UInt32, CELL: pl.Int64, "cases": pl.Int64, "__staff": pl.List(pl.Binary)},
        orient="row",
    )
    return table_of(spec, spec.summary, rows.with_columns(pl.col("__staff").alias("__staff:cases")), as_of=None)


def test_in_a_total_a_customer_of_two_cells_is_one_with_what_is_in_both() -> None:
    define = {"op": "count", "table": "tickets", "window_days": 28, "top_code": 20}
    measures = {
        "each": {"op": "mean", "of": "cases"},
        "usual": {"op": "median", "of": "cases", "round_to": 1},
        "any": {"op": "share", "of": "cases"},
    }
    spec = load_spec(view_text("teams", {"measures": {**CUSTOMERS, **measures}}, features={"cases": define}))
    frame = figures_frame(spec.summary, in_two_teams(measures, define))
    told = {row[0]: row[1:-1] for row in frame.rows()}
    assert told == {"north": (10, 0.0, 0.0, 0.0), "south": (10, 4.0, 4.0, 1.0), "all": (10, 4.0, 4.0, 1.0)}


def test_somebody_who_leads_the_total_of_a_frequency_leads_it() -> None:
    """One a cell tells of nobody's amount; one in each of many cells does."""
    spec = load_spec(
        view_text(
            "weeks",
            {"by": {"week": {"bucket_days": 7}}, "measures": {"rate": {"op": "ratio", "of": "cases", "to": "minutes"}}},
            features={
                "cases": {"op": "count", "table": "tickets", "window_days": 28, "top_code": 1},
                "minutes": {"op": "count", "table": "tickets", "window_days": 28},
            },
        )
    )
    everybody = [(n, week, int(n == 0), 1, [b"%d" % (n % 6)]) for n in range(10) for week in range(4)]
    columns = {
        SUBJECT: pl.UInt32,
        CELL: pl.Int64,
        "cases": pl.Int64,
        "minutes": pl.Int64,
        "__staff": pl.List(pl.Binary),
    }
    rows = pl.DataFrame(everybody, schema=columns, orient="row")
    found = table_of(spec, spec.summary, rows.with_columns(pl.col("__staff").alias("__staff:minutes")), as_of=None)
    assert found.withheld[4,] is Because.DOMINANCE
