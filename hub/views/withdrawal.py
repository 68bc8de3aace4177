"""What serves nobody any more is taken out of the lake: rows and scores of what was one customer, earlier snapshots.

Rules kept here:
- a row that was made of several records tells of all of them. Once they are not one customer any more, it lies under
  one of them and tells of another, so it goes: no read and no export shows it meanwhile, for its marks tell;
- a score is of one set of records, whose revision it carries: once that changed, also by a merge, it goes;
- of each view the newest snapshot stays, until it has expired; the rows of all others go;
- what goes is worked out of the crosswalk and the snapshots as they stand: whenever this runs, and however often.
Who comes together again has no row and no score until the next is made. Erasure does not wait for this: it finds rows
by every record that they were made of.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import polars as pl
from sqlalchemy.orm import Session as AnySession

from hub.compose import Hub
from hub.errors import HubError
from hub.lake.expiry import sift
from hub.lake.purge import purge
from hub.lake.terms import CatalogueFile
from hub.logs import LogEvent, log_of
from hub.views.snapshot_store import spent_snapshots
from ingest.canonical.scores import SCORES
from ingest.canonical.snapshots import OTHERS, SNAPSHOTS
from ingest.store.identity import homes_of
from ingest.store.record_set import revisions_of
from privacy.terms import random_id

_OF_ROWS: Final = ("snapshot", "person", OTHERS)
_OF_SCORES: Final = ("person", "organisation", "crosswalk_revision")
_HOMES: Final = {"record": pl.Binary, "entity": pl.Binary}
_REVISIONS: Final = {"record": pl.Binary, "present": pl.Int64}
_LOG: Final = log_of("view")


def withdraw(hub: Hub) -> int:
    """Take out what serves nobody any more, and destroy the keys of the files that held it; return how many files.

    Raises:
        LakeFileRefused: a file cannot be read; all others have been rewritten.
        CatalogueConflict: other writers kept replacing the same files; run it again.

    """
    with hub.reading() as session:
        spent = pl.Series(spent_snapshots(session, at=hub.clock()), dtype=pl.Binary)
    rows = _Outlived(_OF_ROWS, partial(_serving, hub, spent))
    scores = _Outlived(_OF_SCORES, partial(_of_present_set, hub))
    replaced = sift(hub.lake, SNAPSHOTS.name, lambda: rows, operation_id=random_id())
    replaced += sift(hub.lake, SCORES.name, lambda: scores, operation_id=random_id())
    if replaced:
        purge(hub.lake)
    return replaced


def withdraw_quietly(hub: Hub, view: str) -> None:
    """Take out what serves nobody any more; what stays goes with the next such act, or `varde retention run`.

    What was just made of a view stands and is counted: a failure here must not have it made and counted again.
    """
    try:
        withdraw(hub)
    except HubError as exc:  # of the lake, or of the database meanwhile
        _LOG.warning(LogEvent.SPENT_ROWS_STAYED, extra={"view": view, "error": type(exc).__name__})


@dataclass(frozen=True, slots=True)
class _Outlived:
    """Takes rows out of any file: those of which `stays` says no, by some of their columns."""

    telling: Sequence[str]
    stays: Callable[[pl.DataFrame], pl.Series]

    def concerns(self, file: CatalogueFile) -> bool:
        del file
        return True

    def touches(self, rows: pl.DataFrame) -> bool:
        return not self.stays(rows).all()

    def sifted(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.filter(self.stays(rows))

    def verify(self, session: AnySession) -> None:
        """Nothing brings back what goes: what is made meanwhile lies in files of its own."""


def _serving(hub: Hub, spent: pl.Series, rows: pl.DataFrame) -> pl.Series:
    """Say which rows are of a snapshot that serves, and of records that still are one customer."""
    several = rows.select("person", OTHERS).with_row_index("row").filter(pl.col(OTHERS).is_not_null())
    parts = several.select("row", pl.concat_list("person", OTHERS).alias("record")).explode("record")
    with hub.reading() as session:
        found = homes_of(session, parts["record"].unique().to_list())
    homes = pl.DataFrame({"record": list(found), "entity": list(found.values())}, schema=_HOMES)
    own = parts.join(homes, on="record", how="left").group_by("row").agg(pl.col("entity").n_unique())
    parted = own.filter(pl.col("entity") > 1)["row"]  # nobody's is one more: whose record is gone
    row = pl.int_range(rows.height, dtype=pl.UInt32, eager=True)
    return ~(rows["snapshot"].is_in(spent.implode()) | row.is_in(parted.implode()))


def _of_present_set(hub: Hub, rows: pl.DataFrame) -> pl.Series:
    """Say which scores are of the set of records that their customer has now."""
    whose = rows.select(record=pl.coalesce("person", "organisation"), made_of="crosswalk_revision")
    with hub.reading() as session:
        found = revisions_of(session, whose["record"].drop_nulls().unique().to_list())
    present = pl.DataFrame({"record": list(found), "present": list(found.values())}, schema=_REVISIONS)
    both = whose.join(present, on="record", how="left", maintain_order="left")
    return both.select(stays=(pl.col("made_of") == pl.col("present")).fill_null(value=False))["stays"]
