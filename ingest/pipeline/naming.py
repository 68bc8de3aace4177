"""Source keys to record ids: one HMAC per distinct key, one look-up per batch of keys, unknown keys are named."""

from typing import Final

import polars as pl

from ingest.pipeline.ports import Ports
from ingest.store.record import KeySpace, find_records, name_records, records_of_source

_NAMED: Final = {"key": pl.String, "record": pl.Binary, "key_index": pl.Binary}
_NAMED_AT_ONCE: Final = 250  # measured: 25 ms of processor time; a lock may last 50
_MANY: Final = 20_000
"""From so many keys on, reading all names of the source costs less than looking each one up."""


class Namer:
    """Remembers the names of one key space while a batch comes in: a customer of many events is looked up once."""

    def __init__(self, space: KeySpace, ports: Ports) -> None:
        self._space = space
        self._ports = ports
        self._known = pl.DataFrame(schema=_NAMED)

    def named(self, frame: pl.DataFrame, key: str, column: str) -> pl.DataFrame:
        """Put the record id (`column`, Binary) that a source key (`key`, String) names into each row.

        Null stays null.

        Known keys cost one join; only what the join did not find is made distinct and looked up.
        """
        joined = self._joined(frame, key, column)
        missing = joined.filter(pl.col(column).is_null() & pl.col(key).is_not_null())[key].unique()
        if missing.is_empty():
            return joined
        self._known = pl.concat([self._known, records_of_keys(missing, self._space, self._ports)])
        return self._joined(frame, key, column)

    def _joined(self, frame: pl.DataFrame, key: str, column: str) -> pl.DataFrame:
        names = self._known.select(pl.col("key").alias(key), pl.col("record").alias(column))
        return frame.join(names, on=key, how="left", maintain_order="left")


def records_of_keys(keys: pl.Series, space: KeySpace, ports: Ports) -> pl.DataFrame:
    """Return the record id of each distinct source key: columns key (String), record (Binary), key_index (Binary).

    A key that nobody has delivered a profile for yet gets its record now: the profile may arrive later.
    """
    distinct = keys.drop_nulls().unique().sort()
    indexes = ports.indexes.source_key(space.source, space.kind).tokens_of(distinct.to_list())
    with ports.read_only() as session:
        many = len(indexes) >= _MANY
        found = records_of_source(session, indexes, space) if many else find_records(session, indexes)
    unknown = sorted(index for index in indexes if index not in found)
    for start in range(0, len(unknown), _NAMED_AT_ONCE):
        chunk = unknown[start : start + _NAMED_AT_ONCE]
        with ports.unit_of_work() as session:
            found.update(name_records(session, chunk, space, at=ports.clock()))
        ports.reached("named")
    return pl.DataFrame(
        {"key": distinct, "record": [found[index] for index in indexes], "key_index": indexes},
        schema=_NAMED,
    )
