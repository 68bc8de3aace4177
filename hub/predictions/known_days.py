"""Days that are known in advance: public holidays at the controller's seat, and what the company put into its calendar.

The lake's table `calendar` is about nobody: no view has it, and a module is given it beside its rows.
"""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

import polars as pl

from hub.compose import Hub
from hub.lake.reading import reading

HOLIDAY: Final = "holiday"
TABLE: Final = "calendar"
_LONGEST_DAYS: Final = 92
"""An entry of the calendar counts for so many days at most: what lasts longer is no occasion but a state of affairs."""


def known_days(hub: Hub, *, holidays: Collection[date], zone: str) -> pl.DataFrame:
    """Return the days and what they are (`day`, `kind`), by the clock on the wall of a zone; several kinds a day."""
    off = pl.DataFrame({"day": sorted(holidays)}, schema={"day": pl.Date}).with_columns(kind=pl.lit(HOLIDAY))
    return pl.concat([off, _delivered(hub, zone)]).unique().sort("day", "kind")


def _delivered(hub: Hub, zone: str) -> pl.DataFrame:
    """Read the company's own entries, a row for each day from the first to the last."""
    with reading(hub.lake) as reader:
        found = reader.collect(reader.scan(TABLE).select("event_time", "ends_at", "kind"))
    first, last = (pl.col(name).dt.convert_time_zone(zone).dt.date() for name in ("event_time", "ends_at"))
    longest = first + timedelta(days=_LONGEST_DAYS - 1)
    until = pl.min_horizontal(pl.max_horizontal(first, last), longest)  # null is passed over: an instant is one day
    return found.select("kind", day=pl.date_ranges(first, until)).explode("day").select("day", "kind")
