"""Copies across mailboxes: one mail to two addresses of ours, or to a person and a list, is one message.

A copy has the same sender, direction, thread and text of at least 20 characters, and was sent within two minutes of the
other. The first that came stays; who says the same every minute for an hour is heard every two minutes.
A message is known again by a keyed digest of those four (`copy_ref`), which the lake keeps with it: mailboxes may come
in one file or in many, and exports may overlap. Not known again is what came in before the lake kept the digest, and
what a delivery of another contract is bringing in at the same time.
"""

from collections.abc import Callable
from typing import Final

import polars as pl

from privacy.blind_index import BlindIndex, reference_of

TABLE: Final = "messages"
WITHIN_SECONDS: Final = 120
SHORTEST: Final = 20
_TIME: Final = pl.Datetime("us", "UTC")
_SEEN: Final = pl.Schema({"copy_ref": pl.Int64(), "event_time": _TIME, "stays": pl.Boolean()})

Known = Callable[[pl.Series], pl.DataFrame]
"""Tells of digests which messages of earlier deliveries have them: copy_ref, event_time."""


def copy_refs(rows: pl.DataFrame, index: BlindIndex) -> pl.Series:
    """Digest what makes a message: person (Binary), direction, thread_ref (may be absent) and text.

    Null where nobody is known or the text is short: then it is no copy of anything.
    """
    thread = pl.col("thread_ref").cast(pl.String) if "thread_ref" in rows.columns else pl.lit("")
    said = rows.select(
        pl.when(pl.col("text").str.len_chars() >= SHORTEST).then(
            # The cleaned text has no control characters: what is joined by one comes apart in one way only.
            pl.concat_str(
                pl.col("person").bin.encode("hex"), "direction", thread.fill_null(""), "text", separator="\x00"
            )
        )
    ).to_series()
    distinct = said.drop_nulls().unique()
    answers = pl.Series(reference_of(index.tokens_of(distinct)), dtype=pl.Int64)
    known = pl.DataFrame({"said": distinct, "copy_ref": answers})
    return said.alias("said").to_frame().join(known, on="said", how="left", maintain_order="left")["copy_ref"]


class Copies:
    """The messages of one delivery so far, 17 bytes each, and those of earlier ones where a digest is met again."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._seen = pl.DataFrame(schema=_SEEN)

    def first_ones(self, rows: pl.DataFrame) -> pl.Series:
        """Say which rows (copy_ref, event_time) are no copies of one before (Boolean)."""
        now = rows.select("copy_ref", pl.col("event_time").cast(_TIME), row=pl.int_range(pl.len()))
        chosen = now.drop_nulls("copy_ref").with_columns(stays=pl.lit(value=False))
        known = self._known(chosen["copy_ref"].unique()).with_columns(stays=pl.lit(value=True))
        copies = _copies(pl.concat([self._seen, known.select(_SEEN.names()).cast(_SEEN), chosen], how="diagonal"))
        seen = chosen.with_columns(stays=~pl.col("row").is_in(copies.implode()))
        self._seen = pl.concat([self._seen, seen.select(_SEEN.names())])
        return ~now["row"].is_in(copies.implode())


def _copies(messages: pl.DataFrame) -> pl.Series:
    """Return the new ones (those with a row) that repeat another.

    One that `stays` already goes before all others, one that was a copy itself behind them: it is not there to be
    repeated, and an earlier message may have come in meanwhile that puts it beside a new one.
    """
    timed = messages.sort("copy_ref", "event_time", "row", nulls_last=False)
    pause = pl.col("event_time").diff().over("copy_ref").dt.total_seconds()
    runs = timed.with_columns(run=(pause > WITHIN_SECONDS).fill_null(value=True).cum_sum())
    since = (pl.col("event_time") - pl.col("event_time").first().over("run")).dt.total_seconds()
    place = pl.when("stays").then(0).when(pl.col("row").is_not_null()).then(1).otherwise(2)
    at_once = runs.with_columns(turn=since // (WITHIN_SECONDS + 1)).sort("run", "turn", place, maintain_order=True)
    return at_once.filter(~pl.struct("run", "turn").is_first_distinct() & pl.col("row").is_not_null())["row"]
