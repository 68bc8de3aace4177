"""Which keys of a source were erased people's: looked up once a delivery for each distinct key."""

from typing import Final

import polars as pl

from ingest.pipeline.ports import Ports
from privacy.store import suppression as entries
from privacy.suppression import Attribute, EntryKind
from privacy.terms import EntityKind

KEEPS_OUT: Final = frozenset({EntryKind.ERASED, EntryKind.CLEARED})
"""What decides whether a row is let in."""


class ErasedKeys:
    """The customers' keys that this delivery has looked up; those of erased people are remembered, too."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, EntityKind], pl.DataFrame] = {}
        self._seen = -1

    def erased(self, keys: pl.Series, source: str, kind: EntityKind, ports: Ports) -> pl.Series:
        """Return those of the keys that an erased customer had."""
        with ports.read_only() as session:
            newest = entries.newest_entry(session)
        if newest != self._seen:
            self._known, self._seen = {}, newest
        known = self._known.get((source, kind), pl.DataFrame(schema={"key": pl.String, "erased": pl.Boolean}))
        fresh = keys.drop_nulls().unique().to_frame("key").join(known, on="key", how="anti")["key"]
        if len(fresh):
            known = pl.concat([known, _looked_up(fresh, source, kind, ports)])
            self._known[source, kind] = known
        return known.filter("erased")["key"]


def _looked_up(keys: pl.Series, source: str, kind: EntityKind, ports: Ports) -> pl.DataFrame:
    """Say of distinct source keys whether an erased customer had them: `key`, `erased`."""
    indexes = [token.hex() for token in ports.indexes.source_key(source, kind).tokens_of(keys.to_list())]
    versions = ports.suppression.versions_of(Attribute.SOURCE_KEY, indexes)
    with ports.read_only() as session:
        listed = sum(entries.entries_present(session).values())
        found = entries.entries_among(session, [token for tokens in versions for token in tokens], listed=listed)
    of_key = [(key, token) for key, *tokens in zip(keys, *versions, strict=True) for token in tokens]
    named = pl.DataFrame(of_key, schema={"key": pl.String, "token": pl.Binary}, orient="row")
    hits = named.join(found, on="token").filter(pl.col("kind").is_in([kind.value for kind in KEEPS_OUT]))
    erased = hits.group_by("key").agg(erased=~is_cleared()).filter("erased")["key"]
    return keys.to_frame("key").with_columns(erased=pl.col("key").is_in(erased.implode()))


def is_cleared() -> pl.Expr:
    """Say of a key's entries whether the last thing told of it is that it is somebody else: they too may be erased."""
    at = pl.col("seq")
    key = pl.col("attribute") == Attribute.SOURCE_KEY.value
    cleared = at.filter(pl.col("kind") == EntryKind.CLEARED.value).max()
    erased = at.filter(key & (pl.col("kind") == EntryKind.ERASED.value)).max()
    return (cleared.is_not_null() & (erased.is_null() | (cleared > erased))).fill_null(value=False)
