"""A snapshot in memory: features in the order of their pseudonyms, each row with until when it stands.

Rules kept here:
- a row stands while both of its marks do and no consent of its customer has lapsed; what changed since the epoch is
  looked at for those people alone, what touches everybody has the whole snapshot opened anew;
- only what is committed is remembered: `bring_on` reads in a read transaction of its own. Whoever asks inside a write
  transaction, whose other acts might yet fail, is told who is `touched` and remembers nothing;
- everything lies in columns: a row of a million is no object of Python's, which would have to be looked through.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from sqlmodel import Session

from hub.views.mark import MARKS, marks_of
from hub.views.permission import decisions_on
from hub.views.piecemeal import Piecemeal
from hub.views.places import Places
from hub.views.snapshot_store import Snapshot, newest_snapshot
from hub.views.spec import ViewSpec
from ingest.store.record import entities_of_records, records_frame
from privacy.instant import microseconds_of
from privacy.purposes import Purpose
from privacy.store.domain import RecordedDomain
from privacy.store.epoch import records_changed_since
from privacy.terms import EntityKind

NEVER: Final = (1 << 63) - 1
_FEW: Final = 1_000
"""Up to so many changed records are looked at one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a snapshot was opened under; any change of it is a new epoch for everybody, but for what time ends."""

    spec: ViewSpec
    purpose: Purpose
    domain: RecordedDomain
    approved_until: datetime


@dataclass(slots=True, kw_only=True)
class MadeOf:
    """Which records each row was made of: `records` (record, ordinal) of the row at `place` from `starts[place]` on.

    `anew` has those of rows that were decided anew since.
    """

    records: pl.DataFrame = field(repr=False)
    starts: npt.NDArray[np.int64] = field(repr=False)
    anew: dict[int, tuple[bytes, ...]] = field(default_factory=dict, repr=False)

    def of(self, place: int) -> tuple[bytes, ...]:
        """Return the records of one row."""
        if place in self.anew:
            return self.anew[place]
        return tuple(self.records["record"][int(self.starts[place]) : int(self.starts[place + 1])])

    def learn(self, given: pl.DataFrame) -> None:
        """Remember ordinals (record, ordinal) that were given since: a record keeps its own for life."""
        known = self.records.join(given, on="record", how="left", suffix="_given", maintain_order="left")
        self.records = known.with_columns(ordinal=pl.coalesce("ordinal", "ordinal_given")).drop("ordinal_given")

    def of_all(self, standing: npt.NDArray[np.bool_]) -> pl.DataFrame:
        """Return record and ordinal of all rows that stand; an ordinal may be null."""
        anew = {place: theirs for place, theirs in self.anew.items() if standing[place]}
        if not anew and standing.all():
            return self.records
        others = [record for theirs in anew.values() for record in theirs]  # some people
        standing = standing.copy()
        standing[list(anew)] = False
        theirs = self.records.filter(pl.Series(np.repeat(standing, np.diff(self.starts))))
        schema = {"record": pl.Binary, "ordinal": pl.UInt32}
        return pl.concat([theirs, pl.DataFrame({"record": others, "ordinal": None}, schema=schema)])


@dataclass(slots=True, kw_only=True)
class Opened:
    """A snapshot in memory; its rows are `pseudonym` and the features, in the order of the pseudonyms.

    `by_record` and `joined` lead from every record that stood or stands beside a row's own to that row.
    """

    snapshot: Snapshot
    rules: Rules
    pieces: Piecemeal = field(repr=False)
    marks: pl.DataFrame = field(repr=False)
    anchors: pl.DataFrame = field(repr=False)  # record and entity of each row
    by_pseudonym: Places = field(repr=False)
    by_record: Places = field(repr=False)
    until_us: npt.NDArray[np.int64] = field(repr=False)
    made_of: MadeOf = field(repr=False)
    epoch: int
    joined: dict[bytes, set[int]] = field(default_factory=dict, repr=False)

    @property
    def rows(self) -> pl.DataFrame:
        """Return all rows, whether they stand or not."""
        return self.pieces.rows

    @property
    def size_bytes(self) -> int:
        """Return about how much memory it takes."""
        frames = (self.rows, self.marks, self.anchors, self.made_of.records)
        arrays = self.until_us.nbytes + self.made_of.starts.nbytes
        return (
            sum(int(f.estimated_size()) for f in frames)
            + arrays
            + sum(each.size_bytes for each in (self.by_pseudonym, self.by_record))
        )

    def usable(self, *, at: datetime) -> bool:
        """Say whether time has ended neither the approval nor the snapshot."""
        return at < min(self.rules.approved_until, self.snapshot.expires_at)

    def stands(self, place: int, *, at: datetime) -> bool:
        """Say whether a row stood at the epoch that is known, and still does at an instant."""
        return microseconds_of(at) < int(self.until_us[place])

    def standing(self, *, at: datetime) -> npt.NDArray[np.bool_]:
        """Say of each row what `stands` says of it."""
        return self.until_us > microseconds_of(at)

    def features(self, place: int) -> dict[str, Any]:
        """Return one row's features."""
        row = self.rows.row(place, named=True)
        del row["pseudonym"]
        return row

    def touched(self, session: Session, epoch: int) -> set[int] | None:
        """Return the places of rows whose customers changed since the known epoch; None if it may be everybody."""
        if epoch == self.epoch:
            return set()
        changed = records_changed_since(session, self.epoch)
        return None if changed is None or len(changed) > _FEW else self._places_of(session, changed)

    def bring_on(self, session: Session, epoch: int, *, at: datetime) -> bool:
        """Look at who changed, in a read transaction; False if everything must be opened anew."""
        touched = self.touched(session, epoch)
        newest = newest_snapshot(session, self.snapshot.view)
        if touched is None or newest is None or newest.snapshot_id != self.snapshot.snapshot_id:
            return False
        if touched and not self._decide(session, touched, at=at):
            return False
        self.epoch = epoch  # last: who reads meanwhile finds these people touched
        return True

    def _places_of(self, session: Session, changed: Collection[bytes]) -> set[int]:
        """Find rows by the records that they had, and by those that stand beside a changed record now."""
        if not changed:
            return set()
        entities = entities_of_records(session, sorted(changed))
        beside: list[bytes] = records_frame(session, EntityKind.PERSON, entities)["record"].to_list()
        asked = {*changed, *beside}
        return self.by_record.find_each(asked).union(*(self.joined.get(each, ()) for each in asked))

    def _decide(self, session: Session, places: set[int], *, at: datetime) -> bool:
        """Decide anew about some rows, and remember which records stand beside theirs now.

        False if a row stands again, but for an entity of another name than that under which its pseudonym was made.
        """
        own, homes = self.anchors["record"], self.anchors["entity"]
        anchors = {own[place]: place for place in places}
        entities = pl.Series("entity", entities_of_records(session, sorted(anchors)), dtype=pl.Binary)
        decided = decisions_on(session, self.rules.purpose, EntityKind.PERSON, at=at, entities=entities).decided
        of_entity = decided.filter(pl.col("record").is_in(pl.Series(sorted(anchors), dtype=pl.Binary).implode()))
        now = {row["entity"]: row for row in marks_of(decided).iter_rows(named=True)}  # some people of one act
        for record, entity in of_entity.select("record", "entity").iter_rows():
            place, row = anchors.pop(record), now.get(entity)
            until = _until(row, self.marks.row(place)) if row and row["record"] == record else 0
            if until and entity != homes[place]:
                return False
            self._note(place, until, decided.filter(pl.col("entity") == entity))
        for place in anchors.values():  # whose record is gone
            self.until_us[place] = 0
        return True

    def _note(self, place: int, until_us: int, theirs: pl.DataFrame) -> None:
        """Note until when a row stands, what it was made of, and who stands beside."""
        self.made_of.anew[place] = tuple(theirs.filter("permit")["record"].sort())
        for each in theirs["record"]:
            self.joined.setdefault(each, set()).add(place)
        self.until_us[place] = until_us


def _until(row: dict[str, object], marks: tuple[object, ...]) -> int:
    """Return until when a row stands: not at all if a mark is another one now."""
    if tuple(row[name] for name in MARKS) != marks:
        return 0
    until = row["until_us"]
    return until if isinstance(until, int) else NEVER
