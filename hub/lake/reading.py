"""Read the lake: pin a snapshot under a lease, scan tables lazily, turn file faults into the lake's own errors."""

from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

import polars as pl

from hub.lake import catalogue
from hub.lake.buckets import can_hold
from hub.lake.errors import LakeFileRefused, SnapshotExpired
from hub.lake.folding import Answer, Fold
from hub.lake.integrity import fault_of
from hub.lake.lake import Lake
from hub.lake.opening import open_file
from hub.lake.parquet import is_refusal
from hub.lake.portable import carried, portable
from hub.lake.terms import CatalogueFile, Snapshot
from privacy.terms import FileId, RecordId

_PART_ROWS: Final = 2_000_000
"""Fewer, and the work around a part is more than the work in it; more, and its groups leave the caches."""


@contextmanager
def reading(lake: Lake) -> Iterator["Reader"]:
    """Open a snapshot, lend a reader, let go of the lease at the end.

    Nothing that is written or erased meanwhile changes what the reader sees, for ten minutes; `Reader.renew` prolongs
    that up to one hour.
    """
    with lake.unit_of_work() as session:
        snapshot = catalogue.open_snapshot(session, at=lake.clock(session))
    try:
        yield Reader(lake, snapshot)
    finally:
        with lake.unit_of_work() as session:
            catalogue.end_lease(session, snapshot.lease.lease_id)


class Reader:
    """A snapshot that can be read."""

    def __init__(self, lake: Lake, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._lake = lake
        self._scanned: set[str] = set()
        self._until = snapshot.lease.until

    def renew(self) -> datetime:
        """Prolong the lease; raise `SnapshotExpired` if it has ended. Return its new end (database time)."""
        with self._lake.unit_of_work() as session:
            self._until = catalogue.renew(session, self.snapshot.lease.lease_id, at=self._lake.clock(session))
        return self._until

    def renew_if_due(self) -> None:
        """Prolong the lease once half of it is over; asked between parts, it writes only every few minutes."""
        with self._lake.read_only() as session:
            at = self._lake.clock(session)
        if self._until - at < catalogue.LEASE_LASTS / 2:
            self.renew()

    def scan(
        self,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> pl.LazyFrame:
        """Scan a table's rows with `since` <= event_time < `until`; whole files outside are not opened.

        Collect the result with `collect`, or stream it inside `refusals`.

        Raises:
            SnapshotExpired: the lease has ended.
            LakeFileRefused: a file is missing or not encrypted, or its key is not in the key store.

        """
        files = [file for file in self.snapshot.of_table(table) if _overlaps(file, since, until)]
        within = _within(self._open(table, files), since, until)
        return within if columns is None else within.select(columns)

    def among(self, files: Collection[FileId]) -> "Reader":
        """Return a reader of some of the snapshot's files, under the same lease, which stays this reader's to renew."""
        some = tuple(file for file in self.snapshot.files if file.file_id in files)
        return Reader(self._lake, replace(self.snapshot, files=some))

    def parts(self, table: str, *, since: datetime | None = None, until: datetime | None = None) -> list[pl.LazyFrame]:
        """Scan as `scan` does, in parts of about two million rows that can be read one after another.

        All rows of a person lie in one part, and of an organisation those of nobody: parts are sets of buckets.
        """
        sets = self._sets(table, since, until)
        return [_within(rows, since, until) for rows in self._open_sets(table, sets)]

    def portable_parts(
        self, table: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[pl.LazyFrame]:
        """Scan as `parts` does, in frames that another process opens; they carry the keys of these files with them.

        Raises:
            SnapshotExpired, LakeFileRefused: as `scan`. What another process meets, it tells itself.

        """
        sets, schema = self._sets(table, since, until), self._lake.schema_of(table)
        self._open_sets(table, sets)
        keys = self._lake.keys.get_files([file.key_id for files in sets for file in files])
        taken = [tuple(carried(self._lake, file, keys[file.key_id]) for file in files) for files in sets]
        return [_within(portable(files, schema), since, until) for files in taken]

    def scan_people(self, table: str, people: Sequence[RecordId]) -> pl.LazyFrame:
        """Scan the rows whose `person` is one of the records; only files of their buckets are opened.

        Raises as `scan` does. Rows in which they are the employee or the organisation lie elsewhere: see `scan`.
        """
        files = [file for file in self.snapshot.of_table(table) if can_hold(file.modulus, file.remainder, people)]
        wanted = pl.Series(people, dtype=pl.Binary)
        return self._open(table, files).filter(pl.col("person").is_in(wanted.implode()))

    def folded(self, table: str, fold: Fold) -> pl.DataFrame:
        """Summarise all rows of a table; files that this process has summarised before are not opened again.

        Raises:
            SnapshotExpired, LakeFileRefused: as `collect`.

        """
        with self.refusals():
            return self._lake.folds.of(fold, table, self.snapshot.of_table(table), partial(self._open_sets, table))

    def answer(self, key: Hashable, make: Callable[[], Answer]) -> Answer:
        """Return what this process made before from the files of this very snapshot under a key, or make it now.

        The key has to name whatever else the answer depends on: with the database, the epoch of the same transaction.
        """
        files = frozenset(file.file_id for file in self.snapshot.files)
        return self._lake.folds.answer((files, key), make)

    def _sets(self, table: str, since: datetime | None, until: datetime | None) -> list[list[CatalogueFile]]:
        """Part the files of a table by bucket."""
        files = [file for file in self.snapshot.of_table(table) if _overlaps(file, since, until)]
        count = _part_count(files)
        return [[file for file in files if file.remainder % count == part] for part in range(count)]

    def _open(self, table: str, files: Sequence[CatalogueFile]) -> pl.LazyFrame:
        """Scan some files of a table as one frame."""
        return self._open_sets(table, [files])[0]

    def _open_sets(self, table: str, sets: Sequence[Sequence[CatalogueFile]]) -> list[pl.LazyFrame]:
        """Scan some sets of files of a table, each as one frame; the key store is asked once for all."""
        self._verify_lease()
        schema = self._lake.schema_of(table)
        self._scanned.add(table)
        wanted = [file.key_id for files in sets for file in files]
        keys = self._lake.keys.get_files(wanted) if wanted else {}
        with self.refusals():
            parts = [[open_file(self._lake, file, keys.get(file.key_id), schema) for file in files] for files in sets]
        return [pl.concat(each, how="vertical") if each else pl.LazyFrame(schema=schema) for each in parts]

    def collect(self, frame: pl.LazyFrame) -> pl.DataFrame:
        """Run a query over scans of this reader.

        Raises:
            SnapshotExpired: the lease ended and the purge took a file away meanwhile.
            LakeFileRefused: a file is missing, altered, or not what its key and id say.

        """
        with self.refusals():
            return frame.collect()

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Translate file faults inside the block: Polars' own texts name no file id (and may grow to say more)."""
        try:
            yield
        except FileNotFoundError:
            self._verify_lease()
            raise self._culprit("it is missing") from None
        except pl.exceptions.ComputeError as fault:
            if not is_refusal(fault):
                raise
            raise self._culprit("it does not open") from None

    def _verify_lease(self) -> None:
        """Raise `SnapshotExpired` when the lease has ended."""
        with self._lake.read_only() as session:
            catalogue.verify_lease(session, self.snapshot.lease.lease_id, at=self._lake.clock(session))

    def _culprit(self, otherwise: str) -> LakeFileRefused | SnapshotExpired:
        """Find which file refused by looking at each file of the scanned tables (only ever done after a fault)."""
        files = [file for table in sorted(self._scanned) for file in self.snapshot.of_table(table)]
        keys = self._lake.keys.get_files([file.key_id for file in files])
        for file in files:
            because = fault_of(self._lake, file, keys.get(file.key_id))
            if because is not None:
                return LakeFileRefused(file.file_id, because)
        return LakeFileRefused(files[0].file_id, f"{otherwise}, or another of {len(files)} files read with it")


def _part_count(files: Sequence[CatalogueFile]) -> int:
    """Return into how many parts files fall: a power of two, as moduli are, and none greater than any of them."""
    wanted = 1 << (sum(file.rows for file in files) // _PART_ROWS).bit_length()
    return min([wanted, *(file.modulus for file in files)])


def _overlaps(file: CatalogueFile, since: datetime | None, until: datetime | None) -> bool:
    """Say whether a file can hold events with since <= event_time < until."""
    return (since is None or file.max_event_at >= since) and (until is None or file.min_event_at < until)


def _within(rows: pl.LazyFrame, since: datetime | None, until: datetime | None) -> pl.LazyFrame:
    """Keep events with since <= event_time < until."""
    bounds = []
    if since is not None:
        bounds.append(pl.col("event_time") >= since)
    if until is not None:
        bounds.append(pl.col("event_time") < until)
    return rows.filter(*bounds) if bounds else rows
