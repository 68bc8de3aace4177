"""What a view with a row a message tells of contacts: when, through which channel, and whether they were answered.

The view names no campaign, and of an answer the day alone. So an answer is told of the newest message that was sent to
the same customer through the same channel by the end of that day, at most seven days before it. What was sent less than
eight days ago may be answered yet, and teaches nothing.
"""

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from predict.errors import FrameRefused
from predict.frames import PSEUDONYM

ANSWERED_WITHIN_DAYS: Final = 7
_ID: Final = "contact"
_OTHER: Final = "other"
_CHANNEL, _SENT, _ANSWERED = "contact_channel", "contact_sent_hours", "contact_answered_days"
_SAME: Final = [PSEUDONYM, "channel"]


def contacts_of(rows: pl.DataFrame, *, as_of: datetime) -> pl.DataFrame:
    """Lay out what was sent.

    Args:
        rows: pseudonym, contact_channel (a level), contact_sent_hours (null: nothing was sent), contact_answered_days
            (null: nothing was answered); hours and days before `as_of`, days rounded down.
        as_of: the instant that the rows are of.

    Returns:
        pseudonym, at (UTC), channel, answered, settled (no answer can come any more); levels that join several channels
        are left out.

    Raises:
        FrameRefused: a column is missing.
    """
    for name in (PSEUDONYM, _CHANNEL, _SENT, _ANSWERED):
        if name not in rows.columns:
            raise FrameRefused(name, "is missing", "read `next_need_contacts`")
    instant = pl.lit(as_of).cast(pl.Datetime("us", "UTC"))
    named = rows.with_columns(channel=pl.col(_CHANNEL).cast(pl.String)).filter(pl.col("channel") != _OTHER)
    ago = pl.duration(minutes=(60 * pl.col(_SENT)).round())
    sent = named.filter(pl.col(_SENT).is_not_null()).select(*_SAME, at=instant - ago).sort("at", *_SAME)
    numbered = sent.with_row_index(_ID)
    end = instant - pl.duration(days=pl.col(_ANSWERED)) - pl.duration(microseconds=1)
    answers = named.filter(pl.col(_ANSWERED).is_not_null()).select(*_SAME, at=end).sort("at", *_SAME)
    told = answers.join_asof(
        numbered,
        on="at",
        by=_SAME,
        strategy="backward",
        tolerance=timedelta(days=ANSWERED_WITHIN_DAYS + 1),
        check_sortedness=False,
    )
    known = told[_ID].drop_nulls().unique().implode()
    settled = pl.col("at") <= instant - timedelta(days=ANSWERED_WITHIN_DAYS + 1)
    return numbered.with_columns(answered=pl.col(_ID).is_in(known), settled=settled).drop(_ID)
