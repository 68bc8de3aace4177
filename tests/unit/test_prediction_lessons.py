"""From when on a module may be taught: silence before anything was told is ignorance."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import polars as pl
import pytest

from hub.predictions import lessons
from hub.views.load import catalogue_spec

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SINCE = {
    "subscriptions": datetime(2020, 1, 1, tzinfo=UTC),
    "usage": datetime(2023, 1, 1, tzinfo=UTC),
    "tickets": datetime(2024, 1, 1, tzinfo=UTC),
    "orders": datetime(2019, 1, 1, tzinfo=UTC),
}


class Somewhere:
    """A hub whose lake has files of these tables."""

    @contextmanager
    def reading(self) -> Iterator[None]:
        yield None

    def clock(self) -> datetime:
        return NOW


@pytest.fixture(autouse=True)
def files(monkeypatch: pytest.MonkeyPatch) -> None:
    def of(_session: None, *, table: str, states: object) -> list[SimpleNamespace]:
        return [SimpleNamespace(min_event_at=SINCE[table])] if states and table in SINCE else []

    monkeypatch.setattr(lessons, "files_of", of)


@pytest.mark.parametrize(
    ("view", "first"),
    [
        ("service_training", SINCE["tickets"]),  # contracts are older, but before tickets nobody could have asked
        ("service_scoring", SINCE["subscriptions"]),
        ("churn_training", SINCE["orders"]),
        ("service_machines_training", NOW),  # nobody delivers machines
    ],
)
def test_teaching_begins_where_customers_and_their_outcome_are_told(view: str, first: datetime) -> None:
    assert lessons.known_since(Somewhere(), catalogue_spec(view)) == first


def test_a_mistyped_year_does_not_begin_everybodys_history() -> None:
    cuts = [datetime(2024, month, 1, tzinfo=UTC) for month in range(1, 7)]
    rows = [1, 0, 5, 500, 3, 400]  # one mistyped year, then a small beginning
    frame = pl.DataFrame({"as_of": [cut for cut, many in zip(cuts, rows, strict=True) for _ in range(many)]})
    assert lessons.well_filled(frame, cuts) == cuts[2:], "thin months within history stay"
    assert lessons.well_filled(frame.clear(), cuts) == cuts
