"""Kept rows that serve nobody any more are taken out of the lake: of what was one customer, and of earlier snapshots.

Rules kept here:
- a row that was made of several records tells of all of them. Once they are not one customer any more, it lies under
  one of them and tells of another, so it goes: no read and no export shows it meanwhile, for its marks tell;
- of each view the newest snapshot stays, until it has expired; the rows of all others go;
- what goes is worked out of the crosswalk and the snapshots as they stand: whenever this runs, and however often.
Who comes together again has no row until the next snapshot. Erasure does not wait for this: it finds rows by every
record that they were made of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
from sqlalchemy.orm import Session as AnySession

from hub.compose import Hub
from hub.lake.expiry import sift
from hub.lake.purge import purge
from hub.lake.terms import CatalogueFile
from hub.views.snapshot_store import spent_snapshots
from ingest.canonical.snapshots import OTHERS, SNAPSHOTS
from ingest.store.identity import homes_of
from privacy.terms import random_id

_TELLING: Final = ("snapshot", "person", OTHERS)
_HOMES: Final = {"record": pl.Binary, "entity": pl.Binary}


def withdraw(hub: Hub) -> int:
    """Take out what serves nobody any more, and destroy the keys of the files that held it; return how many files.

    Raises:
        LakeFileRefused: a file cannot be read; all others have been rewritten.
        CatalogueConflict: other writers kept replacing the same files; run it again.

    """
    with hub.reading() as session:
        spent = pl.Series(spent_snapshots(session, at=hub.clock()), dtype=pl.Binary)
    replaced = sift(hub.lake, SNAPSHOTS.name, lambda: _Unserving(hub, spent), operation_id=random_id())
    if replaced:
        purge(hub.lake)
    return replaced


@dataclass(frozen=True, slots=True)
class _Unserving:
    """Takes out the rows of some snapshots, and of records that are not one customer any more."""

    hub: Hub
    spent: pl.Series

    @property
    def telling(self) -> Sequence[str]:
        return _TELLING

    def concerns(self, file: CatalogueFile) -> bool:
        del file
        return True

    def touches(self, rows: pl.DataFrame) -> bool:
        return not self._stays(rows).all()

    def sifted(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.filter(self._stays(rows))

    def verify(self, session: AnySession) -> None:
        """Nothing brings back what goes: a snapshot made meanwhile lies in files of its own."""

    def _stays(self, rows: pl.DataFrame) -> pl.Series:
        several = rows.select("person", OTHERS).with_row_index("row").filter(pl.col(OTHERS).is_not_null())
        parts = several.select("row", pl.concat_list("person", OTHERS).alias("record")).explode("record")
        with self.hub.reading() as session:
            found = homes_of(session, parts["record"].unique().to_list())
        homes = pl.DataFrame({"record": list(found), "entity": list(found.values())}, schema=_HOMES)
        own = parts.join(homes, on="record", how="left").group_by("row").agg(pl.col("entity").n_unique())
        parted = own.filter(pl.col("entity") > 1)["row"]  # nobody's is one more: whose record is gone
        row = pl.int_range(rows.height, dtype=pl.UInt32, eager=True)
        return ~(rows["snapshot"].is_in(self.spent.implode()) | row.is_in(parted.implode()))
