"""Source keys to record ids: one HMAC per distinct key, one look-up per batch of keys, unknown keys are named."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from ingest.pipeline.pace import Pace
from ingest.pipeline.ports import Ports
from ingest.store.record import NAMES, KeySpace, drawn_names, find_records, name_records, records_of_source

_NAMED: Final = ("key", "record", "key_index", "is_new")
_KNOWN: Final = {"key": pl.String, "number": pl.UInt32}
_HASH_BITS: Final = 64
_SLOTS_A_KEY: Final = 8
"""So that six keys in a hundred find their slot taken, at 4 bytes a slot."""
_MANY: Final = 100_000
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

    A key is looked for in the one slot that its hash points at and compared with what lies there: a quarter of the
    processor time of joining text. Only keys whose slot another has taken are joined by their text.
    """

    def __init__(self, space: KeySpace, ports: Ports, roster: Roster) -> None:
        self._space = space
        self._ports = ports
        self._roster = roster
        self._known = pl.DataFrame(schema=_KNOWN)
        self._slots = pl.Series([], dtype=pl.UInt32)

    def numbered(self, keys: pl.Series) -> pl.Series:
        """Return each row's record as its number in the roster (UInt32); a null key has none."""
        numbers = self._matched(keys)
        strangers = keys.filter(numbers.is_null() & keys.is_not_null())
        while not strangers.is_empty():  # twice only if two strangers share a hash
            self._meet(strangers.gather(strangers.hash().arg_unique()))
            numbers = self._matched(keys)
            strangers = keys.filter(numbers.is_null() & keys.is_not_null())
        return numbers

    def _meet(self, keys: pl.Series) -> None:
        """Look distinct unknown keys up, or name them, and give each a slot."""
        named = records_of_keys(keys, self._space, self._ports)
        met = named.select("key", number=self._roster.add(named["record"]))
        self._known = pl.concat([self._known, met], rechunk=True)
        size = 1 << (_SLOTS_A_KEY * self._known.height - 1).bit_length()
        rows = pl.int_range(self._known.height, dtype=pl.UInt32, eager=True)
        self._slots = pl.zeros(size, dtype=pl.UInt32, eager=True)
        self._slots = self._slots.scatter(self._slot_of(self._known["key"]), rows)

    def _matched(self, keys: pl.Series) -> pl.Series:
        """Match keys with the known ones; null where there is none."""
        if self._known.is_empty():
            return pl.Series([None], dtype=pl.UInt32).new_from_index(0, len(keys))
        rows = self._slots.gather(self._slot_of(keys))
        same = (self._known["key"].gather(rows) == keys).fill_null(value=False)
        numbers = pl.select(pl.when(same).then(self._known["number"].gather(rows))).to_series()
        displaced = (~same & keys.is_not_null()).arg_true()
        if displaced.is_empty():
            return numbers
        asked = keys.gather(displaced).to_frame("key")
        return numbers.scatter(
            displaced, asked.join(self._known, on="key", how="left", maintain_order="left")["number"]
        )

    def _slot_of(self, keys: pl.Series) -> pl.Series:
        """Point each key at its slot: the upper bits of its hash."""
        return (keys.hash() // ((1 << _HASH_BITS) // len(self._slots))).cast(pl.UInt32)


def records_of_keys(keys: pl.Series, space: KeySpace, ports: Ports) -> pl.DataFrame:
    """Return the record id of each distinct source key.

    A key that nobody has delivered a profile for yet gets its record now: the profile may arrive later. Columns key
    (String), record (Binary), key_index (Binary), is_new (Boolean: nobody had named it before).
    """
    distinct = keys.drop_nulls().unique().sort()
    tokens = ports.indexes.source_key(space.source, space.kind).tokens_of(distinct.to_list())
    asked = pl.DataFrame({"key": distinct, "key_index": tokens}, schema={"key": pl.String, "key_index": pl.Binary})
    with ports.read_only() as session:
        many = len(tokens) >= _MANY
        found = records_of_source(session, space) if many else _names(find_records(session, tokens))
    unknown = drawn_names(asked.join(found, on="key_index", how="anti")["key_index"].to_list())
    new: list[bytes] = []
    for part in Pace(ports.spent).parts(unknown.height):
        with ports.unit_of_work() as session:
            named = name_records(session, unknown[part], space, at=ports.clock())
        found = pl.concat([found, _names(named.records)])
        new += named.new
        ports.reached("named")
    is_new = pl.col("key_index").is_in(pl.Series(new, dtype=pl.Binary).implode())
    joined = asked.join(found, on="key_index", how="left", maintain_order="left")
    return joined.with_columns(is_new=is_new).select(_NAMED)


def _names(found: Mapping[bytes, bytes]) -> pl.DataFrame:
    return pl.DataFrame({"key_index": list(found), "record": list(found.values())}, schema=NAMES)
