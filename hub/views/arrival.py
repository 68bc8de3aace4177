"""Rows that leave once, when they have come in: those of files of the lake that were not read in this way before.

A view whose grid is `arrival` is read at no instant that anybody chooses: an instant of its own would rebuild single
events, and a grid of quarters of an hour would hand the same texts out a hundred times a day. What is new is known by
file: a delivery adds files, and a file that was rewritten says by its operation which ones it was made of. Whoever
reads notes, in the transaction of what came of the rows, which files were read (ADR 0102).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import polars as pl

from hub.errors import AccessRefused
from hub.lake.terms import CatalogueFile
from hub.retention.sight import Sight
from hub.views.building import Build, Rows, rows_of
from hub.views.folding import Permitted
from hub.views.spec import Grid, ViewSpec
from hub.views.summary_rows import compile_rows
from privacy.terms import FileId

ARRIVED_AT: Final = "arrived_at"
OWNED: Final = ("person", "event_id", ARRIVED_AT)

Unread = Callable[[Sequence[CatalogueFile]], Mapping[FileId, datetime]]
"""Says of files of a table which were not read yet, and when what is new in each of them was accepted."""


class ArrivedIn:
    """The rows at `as_of` of the files that nobody has read in this way; afterwards `files` and `owned` tell of them.

    `files` are those that the rows came from, `owned` whose each event is and when it arrived (`OWNED`): both stay in
    the hub. Built again, it looks again.
    """

    def __init__(self, as_of: datetime, unread: Unread) -> None:
        self.as_of = as_of
        self.files: frozenset[FileId] = frozenset()
        self.owned = pl.DataFrame()
        self._unread = unread

    def __call__(self, sight: Sight, spec: ViewSpec, permitted: Permitted) -> Rows:
        """Build the rows."""
        table = spec.tables[0]
        arrived = self._unread(sight.files(table))
        self.files = frozenset(arrived)
        parts = [
            part.select(*OWNED[:2], pl.lit(at, dtype=pl.Datetime("us", "UTC")).alias(ARRIVED_AT))
            for at in sorted(set(arrived.values()))
            for part in sight.parts_of(table, {file for file, when in arrived.items() if when == at}, until=self.as_of)
        ]
        schema = {"person": pl.Binary(), "event_id": pl.Int64(), ARRIVED_AT: pl.Datetime("us", "UTC")}
        self.owned = pl.concat(parts).collect() if parts else pl.DataFrame(schema=schema)
        tables = {table: sight.parts_of(table, self.files, until=self.as_of)}
        return rows_of(spec, compile_rows(spec, tables, permitted, as_of=self.as_of))


def verify_way(spec: ViewSpec, build: Build) -> None:
    """Refuse to read a view of arrivals at an instant, and any other view as one.

    Raises:
        AccessRefused: says which command reads it.

    """
    if (spec.grid is Grid.ARRIVAL) != isinstance(build, ArrivedIn):
        raise AccessRefused("read_by_arrival", "Its rows leave once, as they come in: `varde voice alerts look`")
