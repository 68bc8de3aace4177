"""How common values are in the whole hub, read once for as long as no delivery adds to it: counts by keyed token alone.

For whoever asks of one record at a time; a batch reads the counts anew. They are of the state of the crosswalk that
the same transaction reads, never of an age.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from sqlmodel import Session

from ingest.match.condition import Row
from ingest.match.pooled import rarity_of
from ingest.match.rarity import Usual
from ingest.match.scorer import Weights
from ingest.pipeline.ports import Indexes
from ingest.store import identity
from ingest.store.match_frequency import POOLED, frequencies


@dataclass(frozen=True, slots=True)
class _Column:
    """Carriers of each common value, by token; how many values few carry, and how many carriers all those have.

    `name` is what indexes and counts know the column by.
    """

    name: str
    common: Mapping[bytes, int]
    told: int
    values: int
    carriers: int

    def with_one_more(self, value: str | None) -> "_Column":
        """Count in one record that says something."""
        return self if value is None else replace(self, values=self.values + 1, carriers=self.carriers + 1)


@dataclass(frozen=True, slots=True)
class Commonness:
    """The counts of some columns at one version of the crosswalk."""

    version: tuple[int, int]
    columns: Mapping[str, _Column]

    def rarities(
        self, rows: Sequence[Row], arriving: Row, indexes: Indexes, usual: Mapping[str, Usual]
    ) -> dict[str, Weights]:
        """Return of each column how rare the values of a few records are, `arriving` counted in with the others.

        NaN where a value is missing or does not count. As a delivery would count it: one record by itself has no common
        value, so it is pooled.
        """
        return {
            name: _rare(column.with_one_more(arriving[name]), [row[name] for row in rows], indexes, usual[name])
            for name, column in self.columns.items()
        }


def commonness_of(session: Session, names: Mapping[str, str], known: Commonness | None) -> Commonness:
    """Return the counts as this transaction sees them; those that are known if nothing was counted since.

    `names` says of each column what counts know it by.
    """
    version = identity.crosswalk_version(session)
    if known is not None and known.version == version:
        return known
    counts = frequencies(session, list(names.values()))
    return Commonness(version, {column: _column(counts, name) for column, name in names.items()})


def _column(every: pl.DataFrame, name: str) -> _Column:
    counts = every.filter(pl.col("column") == name)
    common, pooled = counts.filter(pl.col("token") != POOLED), counts.filter(pl.col("token") == POOLED)
    by_token = dict(zip(common["token"], common["carriers"], strict=True))
    return _Column(name, by_token, sum(by_token.values()), int(pooled["values"].sum()), int(pooled["carriers"].sum()))


def _rare(column: _Column, values: Sequence[str | None], indexes: Indexes, usual: Usual) -> Weights:
    distinct = list(dict.fromkeys(value for value in values if value is not None))
    tokens = indexes.frequency(column.name).tokens_of(distinct) if column.common else [b""] * len(distinct)
    carriers = {value: column.common.get(token) for value, token in zip(distinct, tokens, strict=True)}
    told, uncommon = column.told + column.carriers, column.carriers / column.values if column.values else 1.0
    rare = {value: rarity_of(carriers[value], told, uncommon, usual) for value in distinct}
    found = [None if value is None else rare[value] for value in values]
    return np.array([np.nan if each is None else each for each in found], dtype=np.float32)
