"""Source keys to record ids: one HMAC per distinct key, one look-up per batch of keys, unknown keys are named."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from ingest.pipeline.ports import Ports
from ingest.store.record import NAMES, KeySpace, find_records, name_records, records_of_source

_NAMED: Final = ("key", "record", "key_index")
_KNOWN: Final = {"key": pl.String, "number": pl.UInt32, "hash": pl.UInt64}
_NAMED_AT_ONCE: Final = 250  # measured: 25 ms of processor time; a lock may last 50
_MANY: Final = 20_000
"""From so many keys on, reading all names of the source costs less than looking each one up."""


class Roster:
    """The records that a batch has met so far, numbered: a row then carries 4 bytes instead of 16."""

    def __init__(self) -> None:
        self.ids = pl.Series("record", [], dtype=pl.Binary)

    def add(self, records: pl.Series) -> pl.Series:
        """Give more records their numbers; return those (UInt32)."""
        first = len(self.ids)
        self.ids = pl.concat([self.ids, records])
        return pl.int_range(first, len(self.ids), dtype=pl.UInt32, eager=True)


class Namer:
    """Remembers the names of one key space while a batch comes in: a customer of many events is looked up once.

    Keys are matched by a 64-bit hash first and then compared: joining numbers takes half the processor time of joining
    text. A key that meets another's hash is not equal to it and takes the slow road, as an unknown one does.
    """

    def __init__(self, space: KeySpace, ports: Ports, roster: Roster) -> None:
        self._space = space
        self._ports = ports
        self._roster = roster
        self._known = pl.DataFrame(schema=_KNOWN)

    def numbered(self, keys: pl.Series) -> pl.Series:
        """Return each row's record as its number in the roster (UInt32); a null key has none."""
        numbers = self._matched(keys)
        strangers = keys.filter(numbers.is_null() & keys.is_not_null())
        if strangers.is_empty():
            return numbers
        self._meet(strangers.filter(strangers.hash().is_first_distinct()))
        numbers = self._matched(keys)
        if (numbers.is_null() & keys.is_not_null()).any():
            return self._compared(keys)
        return numbers

    def _compared(self, keys: pl.Series) -> pl.Series:
        """Match keys by their text: for a batch in which two keys share a hash."""
        self._meet(keys.drop_nulls().unique())
        known = self._known.select("key", "number")
        return keys.to_frame("key").join(known, on="key", how="left", maintain_order="left")["number"]

    def _meet(self, keys: pl.Series) -> None:
        """Look distinct keys up, or name them, and remember them; those that were met before stay what they are."""
        keys = keys.filter(~keys.is_in(self._known["key"].implode()))
        if keys.is_empty():
            return
        named = records_of_keys(keys, self._space, self._ports)
        met = named.select("key", number=self._roster.add(named["record"]), hash=pl.col("key").hash())
        self._known = pl.concat([self._known, met])

    def _matched(self, keys: pl.Series) -> pl.Series:
        """Match keys by their hash; null where that hash is not known, or another key's."""
        by_hash = self._known.select("hash", row=pl.int_range(pl.len(), dtype=pl.UInt32)).unique("hash", keep="first")
        hashes = keys.hash().to_frame("hash")
        rows = hashes.join(by_hash, on="hash", how="left", maintain_order="left")["row"]
        same = self._known["key"].gather(rows) == keys
        return pl.select(pl.when(same).then(self._known["number"].gather(rows))).to_series()


def records_of_keys(keys: pl.Series, space: KeySpace, ports: Ports) -> pl.DataFrame:
    """Return the record id of each distinct source key: columns key (String), record (Binary), key_index (Binary).

    A key that nobody has delivered a profile for yet gets its record now: the profile may arrive later.
    """
    distinct = keys.drop_nulls().unique().sort()
    tokens = ports.indexes.source_key(space.source, space.kind).tokens_of(distinct.to_list())
    asked = pl.DataFrame({"key": distinct, "key_index": tokens}, schema={"key": pl.String, "key_index": pl.Binary})
    with ports.read_only() as session:
        many = len(tokens) >= _MANY
        found = records_of_source(session, space) if many else _names(find_records(session, tokens))
    unknown = asked.join(found, on="key_index", how="anti")["key_index"].sort()
    for some in unknown.to_frame().iter_slices(_NAMED_AT_ONCE):
        with ports.unit_of_work() as session:
            named = name_records(session, some["key_index"].to_list(), space, at=ports.clock())
        found = pl.concat([found, _names(named)])
        ports.reached("named")
    return asked.join(found, on="key_index", how="left", maintain_order="left").select(_NAMED)


def _names(found: Mapping[bytes, bytes]) -> pl.DataFrame:
    return pl.DataFrame({"key_index": list(found), "record": list(found.values())}, schema=NAMES)
