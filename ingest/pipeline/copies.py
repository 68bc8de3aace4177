"""Copies across mailboxes: one mail to two addresses of ours, or to a person and a list, is one message.

A copy has the same sender, direction and text of at least 20 characters, and was sent within two minutes of the other.
The first stays; who says the same every minute for an hour is heard every two minutes.
Copies are found within a delivery: bring the mailboxes' exports as one file, or under one contract
whose key is the mail's own id (`Message-ID`): it is the same in every mailbox and counts once over all deliveries.
"""

from typing import Final

import polars as pl

TABLE: Final = "messages"
WITHIN_SECONDS: Final = 120
SHORTEST: Final = 20
_TIME: Final = pl.Datetime("us", "UTC")
_SEEN: Final = pl.Schema({"alike": pl.UInt64(), "event_time": _TIME})


class Copies:
    """The messages of one delivery so far: 16 bytes each."""

    def __init__(self) -> None:
        self._seen = pl.DataFrame(schema=_SEEN)

    def first_ones(self, rows: pl.DataFrame) -> pl.Series:
        """Say which rows (person, direction, event_time, text) are no copies of one before (Boolean)."""
        now = rows.select(
            pl.col("event_time").cast(_TIME),
            alike=pl.struct("person", "direction", "text").hash(),
            row=pl.int_range(pl.len()),
            may=pl.col("person").is_not_null() & (pl.col("text").str.len_chars() >= SHORTEST),
        )
        chosen = now.filter(pl.col("may").fill_null(value=False)).drop("may")
        both = pl.concat([self._seen, chosen], how="diagonal_relaxed").sort("alike", "event_time", "row")
        begins = (pl.col("event_time").diff().over("alike").dt.total_seconds() > WITHIN_SECONDS).fill_null(value=True)
        timed = both.with_columns(run=begins.cum_sum())
        since = (pl.col("event_time") - pl.col("event_time").first().over("run")).dt.total_seconds()
        at_once = timed.with_columns(turn=since // (WITHIN_SECONDS + 1))
        copies = at_once.filter(~pl.struct("run", "turn").is_first_distinct() & pl.col("row").is_not_null())["row"]
        self._seen = both.select(_SEEN.names())
        return ~now["row"].is_in(copies.implode())
