"""What noise is scaled to is what one customer can change, whoever the customer and whoever the others are."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.views.cells import coded_rows
from hub.views.folding import SUBJECT
from hub.views.load import load_spec
from hub.views.noise import _bounded, _drawn, _vectors, noisy_table
from hub.views.spec import ViewSpec
from hub.views.summary import CELL
from tests.integration.figures_desk import BY_CHANNEL, FEATURES, WINDOW, view_text

MEASURES = {
    "customers": {"op": "count"},
    "mean": {"op": "mean", "of": "minutes"},
    "often": {"op": "share", "of": "cases"},
    "each": {"op": "ratio", "of": "minutes", "to": "cases"},
    "hours": {"op": "mean", "of": "hours"},
}
PRIVATE = {"epsilon": 1, "budget": 1, "cells_per_customer": 2}
HOURS = {"op": "sum", "column": "resolved_at", "minus": "event_time", **WINDOW, "top_code": 0.7}
AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
NOISY = {"by": BY_CHANNEL, "min_staff": 0, "privacy": PRIVATE, "measures": MEASURES}
SPEC = load_spec(view_text("noisy", NOISY, features={**FEATURES, "hours": HOURS}))
ROW = st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(-10, 999), st.integers(0, 99) | st.none())


def frame_of(rows: list[tuple[int, int, int, int | None]]) -> pl.DataFrame:
    columns = {SUBJECT: pl.UInt32, CELL: pl.Int64, "minutes": pl.Int64, "cases": pl.Int64}
    return pl.DataFrame(rows, schema=columns, orient="row").with_columns(hours=pl.col("minutes") / 500)


def vectors_of(rows: list[tuple[int, int, int, int | None]], spec: ViewSpec = SPEC):
    coded = _bounded(spec, spec.summary, spec.summary.budget, coded_rows(spec, spec.summary, frame_of(rows)))
    return _vectors(spec, spec.summary, coded, (4,))


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


@pytest.mark.parametrize("bound", [79, 23.7, 0.3])
def test_a_fraction_reaches_its_bound_exactly(bound: float) -> None:
    """A bound divided by a ten thousandth of itself is not always ten thousand to the machine."""
    spec = load_spec(view_text("noisy", NOISY, features={**FEATURES, "hours": {**HOURS, "top_code": bound}}))
    vector = vectors_of([(0, 0, 500_000, 1)], spec)["sum:hours"]
    assert vector.values.sum() == vector.most == 10_000


def test_a_count_that_noise_takes_below_nothing_is_told_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    far_below = lambda vectors, *_: {  # noqa: E731 - noise as it may come
        name: vector.values - (0.0 if name == "customers" else 1e6) for name, vector in vectors.items()
    }
    monkeypatch.setattr("hub.views.noise._drawn", far_below)
    rows = frame_of([(n, n % 4, 100, 1) for n in range(40)])
    figures = noisy_table(SPEC, SPEC.summary, SPEC.summary.budget, rows, AS_OF).figures
    assert all((figures[name] == 0).all() for name in ("sum:cases", "who:cases", "some:cases", "who:minutes"))
    assert (figures["sum:minutes"] < 0).all(), "an amount may be below 0"


def test_what_noise_leaves_below_k_is_withheld_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = np.array([12.0, 4.0, -3.0, 0.0])
    monkeypatch.setattr("hub.views.noise._drawn", lambda vectors, *_: dict.fromkeys(vectors, counts))
    table = noisy_table(SPEC, SPEC.summary, SPEC.summary.budget, frame_of([(0, 0, 1, 1)]), AS_OF)
    assert set(table.withheld) == {(1,), (2,), (3,)}
