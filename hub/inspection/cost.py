"""What one read of a view would scan, from the catalogue alone: no file is opened."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.lake.terms import CatalogueFile
from hub.views.feature import SEASONAL, Aggregate
from hub.views.spec import ViewSpec

_YEAR: Final = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Files of one table that a read opens, their rows and encrypted bytes: an upper bound, for columns are fewer."""

    table: str
    files: int
    rows: int
    size_bytes: int


def cost_of(spec: ViewSpec, files: Iterable[CatalogueFile], *, as_of: datetime) -> tuple[Cost, ...]:
    """Estimate a read at an instant; files outside every window of their table are not opened."""
    live, found = list(files), []
    for table in spec.tables:
        since = _since(spec, table, as_of)
        read = [each for each in live if each.table == table and _overlaps(each, since, as_of)]
        size = sum(each.size_bytes for each in read)
        found.append(Cost(table=table, files=len(read), rows=sum(each.rows for each in read), size_bytes=size))
    return tuple(found)


def _since(spec: ViewSpec, table: str, as_of: datetime) -> datetime | None:
    """Return the begin of the longest window over a table; None where one reaches back over all history."""
    selections = [(rows, 0) for rows in (*spec.population.any_of, *spec.population.none_of)]
    selections += [(each.rows, _earlier(each)) for each in spec.aggregates]
    windows = [(rows, earlier) for rows, earlier in selections if rows.table == table]
    days = [None if rows.window_days is None else rows.offset_days + rows.window_days + more for rows, more in windows]
    known = [each for each in days if each is not None]
    return None if len(known) < len(days) or not known else as_of - timedelta(days=max(known))


def _overlaps(file: CatalogueFile, since: datetime | None, until: datetime) -> bool:
    return file.min_event_at < until and (since is None or file.max_event_at >= since)


def _earlier(feature: Aggregate) -> int:
    """Return how far beyond its window a feature looks back: a trend compares, a season is a year ago."""
    compared = (feature.earlier_days or feature.rows.window_days or 0) if feature.op.compares else 0
    return compared + (_YEAR if feature.op in SEASONAL else 0)
