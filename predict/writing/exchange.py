"""Our own mails beside what the customer wrote before and after them.

| column | |
|---|---|
| pseudonym, thread | Binary; a mail of no thread has neither before nor after |
| direction | `in` the customer, `out` we |
| text, language, team | redacted; null where it was withheld |
| age_hours | before the instant of the view |

*After* is the customer's next message if nothing of ours stands between and it came within `SOON`; *before* the
latest one that the customer wrote earlier in the thread. The view tells quarters of an hour: which of two messages of
one quarter came first nobody knows, so a pair of which either side shares its quarter has no after (fast chats).
"""

from typing import Final

import polars as pl

from predict.errors import FrameRefused
from predict.satisfaction.packing import shipped
from predict.satisfaction.sentiment import judged
from predict.satisfaction.themes import Themes, told_themes
from predict.text.language import with_language
from predict.text.words import LANGUAGE, TEXT

CUSTOMER: Final = "pseudonym"
THREAD, TEAM, DIRECTION, AGE = "thread", "team", "direction", "age_hours"
BEFORE, AFTER, ABOUT = "lean_before", "lean_after", "about"
SOON: Final = 30 * 24.0  # hours: a message after a month is about something else
_NEEDED: Final = (CUSTOMER, THREAD, DIRECTION, AGE, TEXT)
_OURS: Final = pl.col(DIRECTION) == "out"


def verify_exchange(frame: pl.DataFrame) -> pl.DataFrame:
    """Give the frame with a team and a language, empty where the view has none.

    Raises:
        FrameRefused: another column is missing.
    """
    for name in _NEEDED:
        if name not in frame.columns:
            raise FrameRefused(name, "is missing", "read a view such as satisfaction_exchanges")
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in (TEAM, LANGUAGE) if name not in frame.columns]
    return frame.with_columns(absent)


def readable(frame: pl.DataFrame) -> pl.DataFrame:
    """Give the messages that may be read, with their language, oldest first in each thread.

    Raises:
        FrameRefused: a column is missing.
    """
    texts = verify_exchange(frame).filter(pl.col(TEXT).str.strip_chars().str.len_chars() > 0)
    return with_language(texts.sort(THREAD, AGE, CUSTOMER, TEXT, descending=[False, True, False, False]))


def mails(messages: pl.DataFrame) -> pl.DataFrame:
    """Give our own mails of `readable` messages: their columns, lean_before, lean_after (-1 to 1; null: none), about.

    `about` is what the message before is about (`predict.satisfaction.themes`).
    """
    numbered = messages.with_row_index("place")
    asked = numbered.filter(~_OURS)
    heard = pl.concat([judged(shipped(), asked).select("lean"), told_themes(asked, Themes.shipped())], how="horizontal")
    theirs = asked.select("place").hstack(heard.select("lean", pl.col("category").alias(ABOUT)))
    every = numbered.join(theirs, on="place", how="left", maintain_order="left").drop("place")
    here = pl.col(THREAD).is_not_null()
    theirs_here = pl.when(~_OURS)
    every = every.with_columns(alone=pl.len().over(THREAD, AGE) == 1)
    known = pl.col("alone") & pl.col("alone").shift(-1)
    known &= theirs_here.then(pl.col("alone")).forward_fill().fill_null(value=True)
    follows = known & (pl.col(DIRECTION).shift(-1) == "in") & (pl.col(AGE) - pl.col(AGE).shift(-1) <= SOON)
    return (
        every.with_columns(
            pl.when(here & follows.over(THREAD)).then(pl.col("lean").shift(-1).over(THREAD)).alias(AFTER),
            pl.when(here).then(theirs_here.then(pl.col("lean")).forward_fill().over(THREAD)).alias(BEFORE),
            pl.when(here).then(theirs_here.then(pl.col(ABOUT)).forward_fill().over(THREAD)).alias(ABOUT),
        )
        .filter(_OURS)
        .drop("lean", "alone")
    )
