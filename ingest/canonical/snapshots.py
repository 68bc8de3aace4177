"""Rows of a view as they were made, kept for reading one customer at once. The hub writes them, no contract does.

A view's columns differ from those of every other view, so its values lie in one list a type, in the order of the view's
released features: one table serves all views, and erasure, retention and access reach it as they reach any other.
"""

from typing import Final

import polars as pl

from ingest.canonical.column import BEHAVIOUR, NOBODY, code, instant
from ingest.canonical.table import Buckets, Column, Erasure, KeepDays, Table

OTHERS: Final = "others"
"""The records, beside `person`, that a row was made of: whoever of them is erased or parted takes the row along."""
_MARK: Final = "digest of random ids"

SNAPSHOTS: Final = Table(
    "snapshots",
    "one row of a view, as it was made for one customer; event_time is when",
    (
        code("view", "name of the view"),
        instant("as_of", "the instant that the row describes"),
        Column("wholes", pl.List(pl.Int64()), BEHAVIOUR, "by feature", "features that are whole numbers"),
        Column("reals", pl.List(pl.Float64()), BEHAVIOUR, "by feature", "features that are real numbers"),
        Column("truths", pl.List(pl.Boolean()), BEHAVIOUR, "yes/no", "features that are true or false"),
        Column("levels", pl.List(pl.String()), BEHAVIOUR, "by feature", "features that are one of some words"),
        Column("snapshot", pl.Binary(), NOBODY, "random id, 16 bytes", "the snapshot that the row is of"),
        Column("everyone", pl.Int64(), NOBODY, _MARK, "of which records the customer consisted"),
        Column("permitted", pl.Int64(), NOBODY, _MARK, "of which records the row was made"),
        Column("crosswalk_revision", pl.Int64(), NOBODY, "revision", "revision of the customer's record set"),
        Column(OTHERS, pl.List(pl.Binary()), NOBODY, "record ids", "further records that the row was made of, if any"),
    ),
    KeepDays(90),
    Erasure.DELETE_ROW,
    Buckets.MANY,
)
