"""Merge small files: fewer files to open per scan and to rewrite per erasure, the same rows."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import polars as pl

from hub.lake import catalogue
from hub.lake.buckets import buckets, modulus_for, owners_of
from hub.lake.errors import CatalogueConflict
from hub.lake.lake import Lake
from hub.lake.rewrite import bounded, read, swap
from hub.lake.terms import Act, CatalogueFile, FileState
from hub.lake.writing import Draft

FULL_FILE_ROWS: Final = 500_000
_ROWS_AT_ONCE: Final = 2_000_000
_FILES_AT_ONCE: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactionOutcome:
    """What a compaction did; `conflicts` are merges that another writer forestalled (run it again)."""

    files_before: int
    files_after: int
    rows: int
    conflicts: int


def compact(lake: Lake, table: str, *, operation_id: bytes) -> CompactionOutcome:
    """Merge the table's files of fewer than 500,000 rows, bucket by bucket, two million rows in memory at most.

    Rows of small appends (modulus 1) are spread over more buckets as they grow; no merge makes a modulus smaller.

    Raises:
        LakeFileRefused: a file cannot be read; merges done so far stand.
        LakeFileNotWritten: disk full or the like; merges done so far stand.

    """
    with lake.read_only() as session:
        files = catalogue.files_of(session, table=table, states=[FileState.LIVE])
    before = after = rows = conflicts = 0
    for sources in plan(files):
        try:
            written = _merge(lake, sources, operation_id)
        except CatalogueConflict:
            conflicts += 1
            continue
        before, after = before + len(sources), after + written
        rows += sum(source.rows for source in sources)
    return CompactionOutcome(files_before=before, files_after=after, rows=rows, conflicts=conflicts)


def plan(files: Sequence[CatalogueFile]) -> list[list[CatalogueFile]]:
    """Choose which small files to merge with which: those of one bucket, at least two, bounded by rows."""
    alike: defaultdict[tuple[int, int], list[CatalogueFile]] = defaultdict(list)
    for file in files:
        if file.rows < FULL_FILE_ROWS:
            alike[file.modulus, file.remainder].append(file)
    runs = (run for group in alike.values() for run in bounded(group, rows=_ROWS_AT_ONCE, count=_FILES_AT_ONCE))
    return [run for run in runs if len(run) > 1]


def _merge(lake: Lake, sources: list[CatalogueFile], operation_id: bytes) -> int:
    """Merge files of one bucket into one, or into several of a larger modulus; return how many."""
    keys = lake.keys.get_files([source.key_id for source in sources])
    frame = pl.concat([read(lake, source, keys) for source in sources], how="diagonal").rechunk()
    modulus = max(sources[0].modulus, modulus_for(frame.height * sources[0].modulus))
    drafts = [
        Draft(
            table=sources[0].table,
            modulus=modulus,
            remainder=each.remainder,
            schema_version=max(source.schema_version for source in sources),
            rows=partial(frame.__getitem__, each.order),
        )
        for each in buckets(owners_of(frame), frame["event_time"], modulus)
    ]
    return len(swap(lake, sources, drafts, act=Act.COMPACT, operation_id=operation_id))
