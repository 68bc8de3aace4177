"""What became of customers since a campaign began, read through the gate each day while it runs.

The view tells whole days. Where a day decides whether to write, an event is taken for the end of its day, so that it
stops a sequence rather than not; where it is counted, for the beginning of its day.
"""

from datetime import UTC, datetime
from typing import Final

import polars as pl

from hub.compose import Hub
from hub.views.gateway import PSEUDONYM, Gateway, Released
from hub.views.intent import Reader
from hub.winback.people import PURPOSE

VIEW: Final = "winback_progress"
WINDOW_DAYS: Final = 90
"""How long a customer has for coming back: the window of the view's columns of returns."""
_RETURNS: Final = ("days_since_first_order_90d", "days_since_first_begun_90d")


def read_progress(hub: Hub, who: Reader, *, at: datetime) -> Released:
    """Read the view at the midnight (UTC) before an instant; raises as the gate does."""
    return Gateway(hub).read(who, VIEW, purpose=PURPOSE, as_of=midnight_of(at))


def midnight_of(at: datetime) -> datetime:
    """Return the midnight (UTC) at or before an instant: the grid of the view."""
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def events_of(progress: pl.DataFrame, *, as_of: datetime) -> pl.DataFrame:
    """Tell the latest events that stop a sequence: pseudonym, kind (a `predict` `Happened`), at."""
    told = [
        _event(progress, "purchase", pl.min_horizontal("days_since_last_order", *_RETURNS), as_of),
        _event(progress, "reply", pl.col("days_since_answer"), as_of),
        _event(progress.filter(pl.col("open_tickets") > 0), "complaint_opened", pl.col("days_since_last_case"), as_of),
    ]
    return pl.concat(told)


def returned_at(*, as_of: datetime) -> pl.Expr:
    """Give the day on which a customer came back first within the window that ends at `as_of`; null: not yet."""
    days = pl.max_horizontal(*_RETURNS).cast(pl.Int64)
    return pl.lit(as_of) - pl.duration(days=days + 1)


def left_again_at(*, as_of: datetime) -> pl.Expr:
    """Give the day on which the relation ended last, as far as anybody said so; null: it did not."""
    return pl.lit(as_of) - pl.duration(days=pl.col("days_since_lost").cast(pl.Int64) + 1)


def _event(rows: pl.DataFrame, kind: str, days: pl.Expr, as_of: datetime) -> pl.DataFrame:
    at = pl.lit(as_of) - pl.duration(days=days.cast(pl.Int64))
    return rows.select(PSEUDONYM, kind=pl.lit(kind), at=at).drop_nulls("at")
