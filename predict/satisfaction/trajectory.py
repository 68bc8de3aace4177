"""How the tone of a thread goes: from its first message of the customer to the last.

`direction` compares the mean lean of the later half with that of the earlier one; steps below `STEADY` are none, since
single judgements err by that much. Threads of one message have none.
"""

from typing import Final

import polars as pl

THREAD, AT, LEAN = "thread", "at", "lean"
STEADY: Final = 0.25
WORSE, STAYS, BETTER = "worse", "steady", "better"


def trajectories(messages: pl.DataFrame) -> pl.DataFrame:
    """Sum up threads (columns thread, at, lean): thread, messages, first, last, change, direction; sorted by thread.

    `change` is the later half's mean lean less the earlier half's (-2..2); null, as `direction`, for a single message.
    """
    place = pl.int_range(pl.len()).over(THREAD)
    later = place >= pl.len().over(THREAD) / 2
    told = (
        messages.sort(THREAD, AT)
        .with_columns(later=later)
        .group_by(THREAD, maintain_order=True)
        .agg(
            messages=pl.len(),
            first=pl.col(LEAN).first(),
            last=pl.col(LEAN).last(),
            change=pl.col(LEAN).filter("later").mean() - pl.col(LEAN).filter(~pl.col("later")).mean(),
        )
    )
    change = pl.col("change")
    direction = pl.when(change < -STEADY).then(pl.lit(WORSE)).when(change > STEADY).then(pl.lit(BETTER))
    return told.with_columns(pl.when(change.is_not_null()).then(direction.otherwise(pl.lit(STAYS))).alias("direction"))
