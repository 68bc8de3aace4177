"""Made-up events of every source family, for the views of the default catalogue: each column of each table is drawn."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Final

import polars as pl

from hub.views.spec import Grid, ViewSpec
from hub.views.staff import is_staffed
from ingest.canonical.catalogue import TABLES
from ingest.canonical.table import Column, ColumnKind
from privacy.terms import EntityKind
from tests.oracle.view_oracle import Event, World

PERSONS: Final = [bytes([number]) * 16 for number in range(1, 15)]
ORGANISATIONS: Final = [bytes([number]) * 16 for number in range(101, 108)]
_MONDAY: Final = datetime(2025, 6, 2, tzinfo=UTC)
_AT: Final = {Grid.MONTH: datetime(2025, 6, 1, tzinfo=UTC)}
_EDGES: Final = (365, 364, 180, 90, 90, 30, 28, 7, 1, 0, 0, -30, -60)
_LAST: Final = 95
_CODES: Final = {
    "channel": ("email", "chat", "letter", "web"),
    "kind": ("planned", "repair", "lost", "won_back", "inspection"),
    "reason_code": ("price", "service", "weather"),
    "metric": ("operating_hours", "temperature", "error_count", "pressure"),
    "product_category": ("services", "desks", "chairs"),
    "company_size_band": ("1-9", "10-49", "huge"),
    "language": ("nb", "no", "fr"),
    "team": ("first_line", "billing"),
    "priority": ("high", "low"),
    "step": ("quote", "delivery"),
    "product": ("mobile", "desks", "lamps"),
    "segment": ("business", "consumer"),
}


def as_of(spec: ViewSpec) -> datetime:
    """Return an instant of the view's grid."""
    return _AT.get(spec.grid, _MONDAY)


def world_of(rng: Random, spec: ViewSpec, tables: Iterable[str]) -> World:
    """Draw events of some tables; two persons are not permitted, and two records are of one customer."""
    chosen = list(tables)
    people = rng.sample(PERSONS, len(PERSONS) - 2)
    records = people if spec.grain is EntityKind.PERSON else ORGANISATIONS
    return World(
        tables={table: events(rng, table, as_of(spec), count=240 // max(2, len(chosen))) for table in chosen},
        subjects={record: max(number, 1) for number, record in enumerate(records)},
        persons=frozenset(people),
    )


_CREW: Final = (None, *(f"agent {number}".encode() for number in range(8)))


def events(rng: Random, table: str, at: datetime, *, first: int = 800, count: int = 60) -> list[Event]:
    """Draw events of one table from `first` days before an instant to `_LAST` days after it."""
    drawn: list[Event] = []
    for number in range(count):
        event = {column.name: _value(rng, column, at, first) for column in TABLES[table].columns}
        if is_staffed(table):
            event |= {"employee": _CREW[number % len(_CREW)]}
        event |= {"person": rng.choice([None, *PERSONS, *PERSONS]), "organisation": rng.choice([None, *ORGANISATIONS])}
        drawn.append({**event, "event_time": _instant(rng, at, first, _LAST), "event_id": 1000 + number})
    return drawn


def _instant(rng: Random, at: datetime, first: int, last: int) -> datetime:
    near = rng.randint(-last, last) if rng.random() < 0.4 else rng.randint(-last, first)
    days = rng.choice(_EDGES) if rng.random() < 0.3 else near
    days = min(max(days, -last), first)
    return at - timedelta(days=days, microseconds=rng.choice([0, 0, 1, -1, 3_600_000_000]) if days > 0 else 0)


def _value(rng: Random, column: Column, at: datetime, first: int) -> Any:
    if column.kind is ColumnKind.EMPLOYEE or (not column.required and rng.random() < 0.15):
        return None
    if column.allowed:
        return rng.choice(column.allowed)
    return _DRAWS[type(column.dtype)](rng, column, at, first)


def _number(rng: Random, column: Column, _at: datetime, _first: int) -> int:
    if column.kind is ColumnKind.REFERENCE:
        return rng.randint(1, 4)
    return rng.randint(1, 3) if column.kind is ColumnKind.REDACTION else rng.choice([0, 1, 2, 3, 9, 40, 700, 25_000])


_DRAWS: Final[dict[type, Callable[[Random, Column, datetime, int], Any]]] = {
    pl.String: lambda rng, column, _at, _first: rng.choice(_CODES.get(column.name, ("a", "b", "c"))),
    pl.Int32: _number,
    pl.Int64: _number,
    pl.Float64: lambda rng, *_: rng.choice([0.0, 1.0, 2.0, 3.5, 6.0, 7.25, 10.0, rng.uniform(-40, 4000)]),
    pl.Boolean: lambda rng, *_: rng.random() < 0.5,
    pl.Datetime: lambda rng, _column, at, first: _instant(rng, at, first, 200),
    pl.Date: lambda rng, *_: date(2024, rng.randint(1, 12), 1),
}
