"""Whether approvers read what they approve: shares by person, with intervals, and no verdict on anybody.

The *approval frame* has one row an approval: `by` (String, a person of the controller), `shown_at` and `approved_at`
(Datetime), `characters` (Int64, length of the text), `edited` (Boolean: somebody changed the draft before it). A fast
reader's 400 words a minute are `READ_PER_SECOND` characters; an approval sooner than that, of a text that nobody
touched, is a rubber stamp.
"""

import polars as pl

from predict.shares import share

READ_PER_SECOND = 40.0
COLUMNS = ("by", "shown_at", "approved_at", "characters", "edited")


def rubber_stamps(approvals: pl.DataFrame) -> pl.DataFrame:
    """Give by person, sorted: approvals, unedited (share), stamped (share) with low and high, median_seconds."""
    seconds = (pl.col("approved_at") - pl.col("shown_at")).dt.total_milliseconds() / 1000
    rows = approvals.select(*COLUMNS, seconds=seconds)
    unread = pl.col("seconds") < pl.col("characters") / READ_PER_SECOND
    counted = (
        rows.group_by("by")
        .agg(
            approvals=pl.len(),
            unedited=(~pl.col("edited")).mean(),
            stamps=(unread & ~pl.col("edited")).sum(),
            median_seconds=pl.col("seconds").median(),
        )
        .sort("by")
    )
    found = [share(*pair) for pair in counted.select("stamps", "approvals").iter_rows()]  # per person, not per row
    bounds = {
        "stamped": [one.figure for one in found],
        "low": [one.low for one in found],
        "high": [one.high for one in found],
    }
    columns = [pl.Series(name, values, dtype=pl.Float64) for name, values in bounds.items()]
    return counted.with_columns(columns).select("by", "approvals", "unedited", *bounds, "median_seconds")
