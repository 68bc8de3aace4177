"""What a machine's readings did, apart from what those of all machines did: a warm month is no wear.

A column named `..._change_<days>d` tells how far a reading moved against the months before. In spring every machine
grows warmer; a model of a year or two takes that for wear, warns of too many in summer and of too few in autumn. So
each such column is told less the median of all machines at the same instant: difference in differences, robust to the
few that fail. The season needs not to be known, and the first year is corrected as well as the tenth.
"""

from typing import Final

import polars as pl
import polars.selectors as cs

from predict.explain import REASONS
from predict.frames import AS_OF

MOVED: Final = r"_change_\d+d$"
FLEET: Final = 20
"""Of fewer machines with a reading the median says little of the season, and of one machine it is its own."""


def beside_the_fleet(frame: pl.DataFrame) -> pl.DataFrame:
    """Tell how far each machine's readings moved beyond those of all machines at the same instant."""
    return frame.with_columns(pl.col(name) - _usual(name) for name in _moved(frame))


def as_read(scores: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Give reasons their values back as they were read; what they are compared with is the fleet at that instant."""
    usual = frame.select(AS_OF, *(_usual(name).alias(name) for name in _moved(frame))).unique(subset=AS_OF)
    told = scores.select(AS_OF).join(usual, on=AS_OF, how="left", maintain_order="left").drop(AS_OF)
    columns = []
    for place in range(1, REASONS + 1):
        reason, added = scores[f"reason_{place}"].str.replace(r"\.[^.]*$", ""), pl.lit(0.0)
        for name in told.columns:
            added = pl.when(pl.lit(reason) == name).then(pl.lit(told[name])).otherwise(added)
        columns += [(pl.col(f"{kind}_{place}") + added).alias(f"{kind}_{place}") for kind in ("value", "usual")]
    return scores.with_columns(columns)


def _moved(frame: pl.DataFrame) -> list[str]:
    """Name the columns; a frame that does not say when it was seen has none, and is refused where it is learned."""
    return list(cs.expand_selector(frame, cs.matches(MOVED) & cs.float())) if AS_OF in frame.columns else []


def _usual(name: str) -> pl.Expr:
    """Give the median of all machines at the same instant, 0 where too few were read."""
    read = pl.col(name)
    return pl.when(read.count().over(AS_OF) >= FLEET).then(read.median().over(AS_OF)).otherwise(0.0)
