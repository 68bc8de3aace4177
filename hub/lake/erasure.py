"""Erase records from the lake: find the files that can hold them, rewrite those without them, under new keys.

Rules kept here (GDPR Article 17; design: erasure means gone):
- staged files are rewritten too, so an erasure that races a batch's publication misses nothing that is written;
- a lost file that may hold a record is given up, so that the purge destroys its key and no backup of it opens again;
- every pass lists the files anew and ends when none is left to look at: a run killed anywhere is resumed by running it
  again, and running it twice changes nothing;
- the old files' keys are destroyed by `purge`, once no reader holds them; the erasure is final when
  `catalogue.awaiting_purge(session, up_to=outcome.seq)` is 0. That counts files that a compaction had replaced before.
A frame that is only in memory when this runs is not seen: its writer must leave out tombstoned records, or erase again.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import polars as pl

from hub.lake import catalogue
from hub.lake.buckets import bucket, bucket_of
from hub.lake.errors import CatalogueConflict, LakeError, LakeFileRefused
from hub.lake.lake import Lake
from hub.lake.rewrite import bounded, read, swap
from hub.lake.terms import Act, CatalogueFile, FileState
from hub.lake.writing import WRITERS, Draft
from privacy.keys import Key
from privacy.terms import FileId, KeyId, RecordId

_ATTEMPTS: Final = 8
_HOLDING: Final = (FileState.STAGED, FileState.LIVE, FileState.LOST)
_ROWS_AT_ONCE: Final = 2_000_000
_FILES_AT_ONCE: Final = 16
"""Bounds memory to some hundred megabytes, and what a conflict can waste."""


class RowRule(StrEnum):
    """What becomes of a row of an erased record."""

    DELETE = "delete"
    BLANK = "blank"  # the fact is the organisation's, or statutory: it stays, without the person


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRule:
    """What erasing means for one table.

    `matched_by` is the column that holds the record (`person`; `employee` and `organisation` are found too, but any
    file may hold those, so all are looked at). `blank` are the columns set to null by `RowRule.BLANK`.

    Raises:
        ValueError: the column that is matched would not be blanked, so the record would stay.

    """

    table: str
    then: RowRule
    matched_by: str = "person"
    blank: tuple[str, ...] = ("person",)

    def __post_init__(self) -> None:
        """Insist that blanking takes the record itself away."""
        if self.then is RowRule.BLANK and self.matched_by not in self.blank:
            raise ValueError(f"erasing {self.table!r} must blank {self.matched_by!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureOutcome:
    """What an erasure did. `seq` is the removal number up to which files must be purged before it is final."""

    rows_deleted: int
    rows_blanked: int
    files_replaced: int
    seq: int


@dataclass(slots=True)
class _Progress:
    """Counts so far, and the files known to be free of the records (files are immutable, so they stay so)."""

    clean: set[FileId] = field(default_factory=set)
    deleted: int = 0
    blanked: int = 0
    replaced: int = 0


@dataclass(frozen=True, slots=True)
class _Split:
    """One file's rows after erasure: those that stay in its bucket and those whose bucket has changed."""

    file: CatalogueFile
    hits: int
    kept: pl.DataFrame
    displaced: pl.DataFrame


def erase(
    lake: Lake, record_ids: Sequence[RecordId], rules: Sequence[ErasureRule], *, operation_id: bytes
) -> ErasureOutcome:
    """Rewrite every file that holds one of the records; readers that start later do not meet them.

    Raises:
        LakeFileRefused: a file that may hold a record cannot be read; all others have been rewritten.
        CatalogueConflict: other writers kept replacing the same files; run it again.
        LakeFileNotWritten: disk full or the like; what was rewritten so far stands.

    """
    progress = _Progress()
    for rule in rules:
        if record_ids:
            _erase_table(lake, record_ids, rule, operation_id, progress)
    with lake.read_only() as session:
        seq = catalogue.head(session)
    return ErasureOutcome(
        rows_deleted=progress.deleted, rows_blanked=progress.blanked, files_replaced=progress.replaced, seq=seq
    )


def _erase_table(
    lake: Lake, records: Sequence[RecordId], rule: ErasureRule, operation_id: bytes, progress: _Progress
) -> None:
    """Pass over the table's candidate files until none is left."""
    fault: LakeError = CatalogueConflict(rule.table)
    for _ in range(_ATTEMPTS):
        files = _candidates(lake, records, rule, operation_id)
        todo = [file for file in files if file.file_id not in progress.clean]
        if not todo:
            return
        for group in bounded(todo, rows=_ROWS_AT_ONCE, count=_FILES_AT_ONCE):
            try:
                _erase_group(lake, group, (records, rule, operation_id), progress)
            except (CatalogueConflict, LakeFileRefused) as refused:  # replaced and purged meanwhile, or really broken
                fault = refused
    raise fault


def _candidates(lake: Lake, records: Sequence[RecordId], rule: ErasureRule, operation_id: bytes) -> list[CatalogueFile]:
    """List the files that can hold the records; give up lost ones."""
    found = {bucket_of(record) for record in records}
    with lake.read_only() as session:
        known = catalogue.files_of(session, table=rule.table, states=_HOLDING)
    files = [
        file
        for file in known
        if rule.matched_by != "person" or any(each % file.modulus == file.remainder for each in found)
    ]
    lost = [file.file_id for file in files if file.state is FileState.LOST]
    if lost:
        with lake.unit_of_work() as session:
            catalogue.give_up(session, lost, operation_id=operation_id, at=lake.clock(session))
    return [file for file in files if file.state is not FileState.LOST]


def _erase_group(
    lake: Lake,
    group: list[CatalogueFile],
    statement: tuple[Sequence[RecordId], ErasureRule, bytes],
    progress: _Progress,
) -> None:
    """Rewrite those files of a group that hold any of the records."""
    records, rule, operation_id = statement
    keys = lake.keys.get([file.key_id for file in group])
    with ThreadPoolExecutor(WRITERS) as pool:
        split = list(pool.map(lambda file: _split(lake, file, keys, (records, rule)), group))
    hit = [each for each in split if each is not None]
    if hit:
        files = swap(lake, [s.file for s in hit], _drafts(hit), act=Act.ERASE, operation_id=operation_id)
        progress.clean.update(file.file_id for file in files)
    progress.clean.update(file.file_id for file in group)
    progress.replaced += len(hit)
    rows = sum(each.hits for each in hit)
    progress.deleted += rows if rule.then is RowRule.DELETE else 0
    progress.blanked += rows if rule.then is RowRule.BLANK else 0


def _split(
    lake: Lake,
    file: CatalogueFile,
    keys: dict[KeyId, Key],
    statement: tuple[Sequence[RecordId], ErasureRule],
) -> _Split | None:
    """Read a file and take the records out of it; None if it holds none (then only one column was read)."""
    records, rule = statement
    hit = pl.col(rule.matched_by).is_in(list(records)).fill_null(value=False)  # null is nobody, not unknown
    hits = int(read(lake, file, keys, rule.matched_by).select(hit.sum()).item())
    if not hits:
        return None
    frame = read(lake, file, keys)
    if rule.then is RowRule.DELETE:
        return _Split(file, hits, frame.filter(~hit), frame.clear())
    blank = [column for column in rule.blank if column in frame.columns]
    after = frame.with_columns(pl.when(~hit).then(pl.col(blank)))
    stays = bucket() % file.modulus == file.remainder
    return _Split(file, hits, after.filter(stays), after.filter(~stays))


def _drafts(split: Sequence[_Split]) -> list[Draft]:
    """Return a draft for each file that keeps rows, and one of modulus 1 for all rows that left their bucket."""
    drafts = [_draft(each.file, each.kept, each.file.modulus, each.file.remainder) for each in split]
    displaced = pl.concat([each.displaced for each in split], how="diagonal")
    newest = max((each.file for each in split), key=lambda file: file.schema_version)
    drafts.append(_draft(newest, displaced, 1, 0))
    return [draft for draft in drafts if draft.rows().height]


def _draft(like: CatalogueFile, frame: pl.DataFrame, modulus: int, remainder: int) -> Draft:
    """Draft a file of rows that are in memory already."""
    return Draft(
        table=like.table,
        modulus=modulus,
        remainder=remainder,
        schema_version=like.schema_version,
        rows=lambda: frame,
    )
