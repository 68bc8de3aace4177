"""How common values are: counted in the records at hand, drawn towards what is usual where there are few of them.

Two records that share a value are two of its carriers, so among ten records nothing looks rare. A thousand records
more, with the value as common as values of its column usually are, are counted in: they weigh nothing in a million and
nearly everything in ten. And a value that usually is one's own (`OWN`) and that fewer than `LEAST_CARRIERS` carry is
never more common than is usual: these few may all be one, and their number says nothing of how many others there are in
the world. It is not so of names: two who share one in a small home, and nothing else, may well be two.

Of some columns (`crowds` of a spec) a value counts only where it is no key any more, so many share it; the others say
what the model says. Which values those are is found in the records.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from ingest.match.candidates import LARGEST_BLOCK
from ingest.match.model import Model
from ingest.match.spec import Spec

LEAST_FREQUENCY: Final = 1e-7
"""No value counts as rarer than one in ten million: beyond that it is an accident of the sample."""
LEAST_CARRIERS: Final = 5
"""Records from which on a value counts as common, because of that many some are likely not one."""
OWN: Final = 1e-4
"""A column whose values usually have at most this share tells one from others by itself: numbers, addresses, e-mail."""
_COUNTED_IN: Final = 1000


@dataclass(frozen=True, slots=True)
class Usual:
    """How common the values of a column usually are, and how many records must share one that it counts at all."""

    share: float
    least: int = 1

    @property
    def most(self) -> float:
        """Return the share above which no value is that few carry: all of it where values are shared by many."""
        return self.share if self.share <= OWN else 1.0


def usual_shares(spec: Spec, model: Model) -> Mapping[str, Usual]:
    """Return for each column whose rarity counts how common its values usually are: u of the level that compares it."""
    return {
        level.frequency: Usual(
            float(model.u[comparison.name][comparison.size - 1 - place]),
            LARGEST_BLOCK + 1 if level.frequency in spec.crowds else 1,
        )
        for comparison in spec.comparisons
        if comparison.name in model.u
        for place, level in enumerate(comparison.levels)
        if level.frequency is not None
    }


def frequencies(frame: pl.DataFrame, usual: Mapping[str, Usual]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield each column with those of its values that count and their share, `tf_COLUMN`, as Splink reads it."""
    for column, known in usual.items():
        told = frame.select(column).drop_nulls()
        counts = told.group_by(column).len().filter(pl.col("len") >= known.least).sort(column)
        counted = (pl.col("len") + _COUNTED_IN * known.share) / (told.height + _COUNTED_IN)
        common = pl.when(pl.col("len") >= LEAST_CARRIERS).then(counted).otherwise(counted.clip(upper_bound=known.most))
        yield column, counts.select(column, common.alias(f"tf_{column}"))


def rarities(frame: pl.DataFrame, usual: Mapping[str, Usual]) -> dict[str, pl.Series]:
    """Return of each column how rare each record's value is (Float32, -log2 of its share), null where none counts."""
    found = {}
    for column, shares in frequencies(frame, usual):
        rare = shares.select(column, rare=-pl.col(f"tf_{column}").clip(LEAST_FREQUENCY).log(2).cast(pl.Float32))
        found[column] = frame.select(column).join(rare, on=column, how="left", maintain_order="left")["rare"]
    return found
