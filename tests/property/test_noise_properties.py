"""What noise is scaled to is what one customer can change, whoever the customer and whoever the others are."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.views.cells import coded_rows, staff_columns
from hub.views.folding import SUBJECT
from hub.views.load import load_spec
from hub.views.noise import _bounded, _drawn, _vectors
from hub.views.summary import CELL
from tests.integration.figures_desk import FEATURES, WINDOW, view_text

MEASURES = {
    "customers": {"op": "count"},
    "mean": {"op": "mean", "of": "minutes"},
    "often": {"op": "share", "of": "cases"},
    "each": {"op": "ratio", "of": "minutes", "to": "cases"},
    "hours": {"op": "mean", "of": "hours"},
}
PRIVATE = {"epsilon": 1, "budget": 1, "cells_per_customer": 2}
HOURS = {"op": "sum", "column": "resolved_at", "minus": "event_time", **WINDOW, "top_code": 0.7}
SPEC = load_spec(view_text("noisy", {"privacy": PRIVATE, "measures": MEASURES}, features={**FEATURES, "hours": HOURS}))
ROW = st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(-10, 999), st.integers(0, 99) | st.none())


def vectors_of(rows: list[tuple[int, int, int, int | None]]):
    frame = pl.DataFrame(
        rows, schema={SUBJECT: pl.UInt32, CELL: pl.Int64, "minutes": pl.Int64, "cases": pl.Int64}, orient="row"
    )
    summary = SPEC.summary
    frame = frame.with_columns(hours=pl.col("minutes") / 500)
    frame = frame.with_columns(pl.lit([], dtype=pl.List(pl.Binary)).alias(name) for name in staff_columns(summary))
    coded = _bounded(SPEC, summary, summary.budget, coded_rows(SPEC, summary, frame))
    return _vectors(SPEC, summary, coded, (4,))


@settings(max_examples=100, deadline=None)
@given(st.lists(ROW, max_size=30, unique_by=lambda row: row[:2]), st.integers(0, 5))
def test_no_customer_changes_a_vector_by_more_than_its_reach(rows: list, gone: int) -> None:
    everybody, others = vectors_of(rows), vectors_of([row for row in rows if row[0] != gone])
    for name, vector in everybody.items():
        changed = np.abs(vector.values - others[name].values).sum()
        assert changed <= vector.most * SPEC.summary.budget.cells_per_customer
        assert vector.most in (1, 20, 600, 10_000)


def test_noise_of_a_small_epsilon_hides_a_figure_and_of_a_large_one_does_not() -> None:
    vectors = vectors_of([(n, n % 4, 100, 1) for n in range(6)])
    close = _drawn(vectors, 2, 10_000.0)
    for name, vector in vectors.items():
        assert np.allclose(close[name], vector.values * vector.unit, atol=vector.most * vector.unit)
    far = [_drawn(vectors, 2, 0.001)["customers"] for _ in range(5)]
    assert len({values.tobytes() for values in far}) > 1


def test_a_mechanism_that_would_spend_more_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.views.noise._SLACK", -0.5)
    with pytest.raises(ArithmeticError):
        _drawn(vectors_of([(0, 0, 1, 1)]), 2, 1.0)
