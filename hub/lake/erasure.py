"""Erase records from the lake: find the files that can hold them, rewrite those without them, under new keys.

Rules kept here (GDPR Article 17; design: erasure means gone):
- staged files are rewritten too, so an erasure that races a batch's publication misses nothing that is written;
- a lost file that may hold a record is given up, so that the purge destroys its key and no backup of it opens again;
- a file is rewritten once, whatever its table's rules say, and however many records are erased together;
- every pass lists the files anew and ends when none is left to look at: a run killed anywhere is resumed by running it
  again, and running it twice changes nothing;
- the old files' keys are destroyed by `purge`, once no reader holds them; the erasure is final when
  `catalogue.awaiting_purge(session, up_to=outcome.seq)` is 0. That counts files that a compaction had replaced before.
A frame that is only in memory when this runs is not seen: its writer must leave out tombstoned records, or erase again.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
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
    file may hold those, so all are looked at), or, where it is `of_many`, a list of records of which any counts.
    `blank` are the columns set to null by `RowRule.BLANK`.

    Raises:
        ValueError: the column that is matched would not be blanked, so the record would stay.

    """

    table: str
    then: RowRule
    matched_by: str = "person"
    blank: tuple[str, ...] = ("person",)
    of_many: bool = False

    def __post_init__(self) -> None:
        """Insist that blanking takes the record itself away."""
        if self.then is RowRule.BLANK and self.matched_by not in self.blank:
            raise ValueError(f"erasing {self.table!r} must blank {self.matched_by!r}")

    def hit(self, records: pl.Series) -> pl.Expr:
        """Say which rows are meant; null is nobody, not unknown."""
        among = (pl.element() if self.of_many else pl.col(self.matched_by)).is_in(records.implode())
        hit = pl.col(self.matched_by).list.eval(among).list.any() if self.of_many else among
        return hit.fill_null(value=False)


@dataclass(frozen=True, slots=True)
class RowCount:
    """How many rows of a table are deleted, and how many stay without the person."""

    deleted: int = 0
    blanked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureOutcome:
    """What an erasure did. `seq` is the removal number up to which files must be purged before it is final.

    `tables` has the tables that it met the records in.
    """

    rows_deleted: int
    rows_blanked: int
    files_replaced: int
    seq: int
    tables: Mapping[str, RowCount] = field(default_factory=dict)


@dataclass(slots=True)
class _Progress:
    """Counts so far, and the files known to be free of the records (files are immutable, so they stay so)."""

    clean: set[FileId] = field(default_factory=set)
    tables: dict[str, RowCount] = field(default_factory=dict)
    replaced: int = 0

    def add(self, table: str, deleted: int, blanked: int) -> None:
        """Add rows of a table."""
        before = self.tables.get(table, RowCount())
        self.tables[table] = RowCount(before.deleted + deleted, before.blanked + blanked)


@dataclass(frozen=True, slots=True)
class _Split:
    """One file's rows after erasure: those that stay in its bucket and those whose bucket has changed."""

    file: CatalogueFile
    deleted: int
    blanked: int
    kept: pl.DataFrame
    displaced: pl.DataFrame


def erase(
    lake: Lake, record_ids: Sequence[RecordId], rules: Sequence[ErasureRule], *, operation_id: bytes
) -> ErasureOutcome:
    """Rewrite every file that holds one of the records, each once; readers that start later do not meet them.

    Raises:
        LakeFileRefused: a file that may hold a record cannot be read; all others have been rewritten.
        CatalogueConflict: other writers kept replacing the same files; run it again.
        LakeFileNotWritten: disk full or the like; what was rewritten so far stands.

    """
    progress = _Progress()
    by_table: defaultdict[str, list[ErasureRule]] = defaultdict(list)
    for rule in rules:
        by_table[rule.table].append(rule)
    if record_ids:
        wanted = _Wanted(record_ids)
        for table, of_table in by_table.items():
            _erase_table(lake, table, _Statement(wanted, tuple(of_table), operation_id), progress)
    with lake.read_only() as session:
        seq = catalogue.head(session)
    return ErasureOutcome(
        rows_deleted=sum(each.deleted for each in progress.tables.values()),
        rows_blanked=sum(each.blanked for each in progress.tables.values()),
        files_replaced=progress.replaced,
        seq=seq,
        tables=dict(progress.tables),
    )


class _Wanted:
    """The records to erase, as Polars looks them up, and by bucket: a file is asked only for those it can hold."""

    def __init__(self, records: Sequence[RecordId]) -> None:
        self.all = pl.Series(records, dtype=pl.Binary)
        frame = pl.DataFrame({"bucket": [bucket_of(record) for record in records], "record": self.all})
        self.by_bucket = {int(key[0]): rows["record"] for key, rows in frame.group_by("bucket")}

    def of(self, file: CatalogueFile) -> pl.Series:
        """Return those whose rows can lie in a file."""
        mine = [some for each, some in self.by_bucket.items() if each % file.modulus == file.remainder]
        return pl.concat(mine) if mine else self.all.clear()


@dataclass(frozen=True, slots=True)
class _Statement:
    """Whom to erase from one table, by which rules, in whose name."""

    wanted: _Wanted
    rules: tuple[ErasureRule, ...]
    operation_id: bytes

    def hits(self, file: CatalogueFile) -> list[tuple[ErasureRule, pl.Expr]]:
        """Say by each rule which rows of a file are meant."""
        return [(rule, rule.hit(self._records(file, rule))) for rule in self.rules]

    def concerns(self, file: CatalogueFile) -> bool:
        """Say whether a file can hold any of them."""
        return any(len(self._records(file, rule)) for rule in self.rules)

    def _records(self, file: CatalogueFile, rule: ErasureRule) -> pl.Series:
        return self.wanted.of(file) if rule.matched_by == "person" else self.wanted.all


def _erase_table(lake: Lake, table: str, statement: _Statement, progress: _Progress) -> None:
    """Pass over the table's candidate files until none is left."""
    fault: LakeError = CatalogueConflict(table)
    for _ in range(_ATTEMPTS):
        files = _candidates(lake, table, statement)
        todo = [file for file in files if file.file_id not in progress.clean]
        if not todo:
            return
        for group in bounded(todo, rows=_ROWS_AT_ONCE, count=_FILES_AT_ONCE):
            try:
                _erase_group(lake, group, statement, progress)
            except (CatalogueConflict, LakeFileRefused) as refused:  # replaced and purged meanwhile, or really broken
                fault = refused
    raise fault


def _candidates(lake: Lake, table: str, statement: _Statement) -> list[CatalogueFile]:
    """List the files that can hold the records; give up lost ones."""
    with lake.read_only() as session:
        known = catalogue.files_of(session, table=table, states=_HOLDING)
    files = [file for file in known if statement.concerns(file)]
    lost = [file.file_id for file in files if file.state is FileState.LOST]
    if lost:
        with lake.unit_of_work() as session:
            catalogue.give_up(session, lost, operation_id=statement.operation_id, at=lake.clock(session))
    return [file for file in files if file.state is not FileState.LOST]


def _erase_group(lake: Lake, group: list[CatalogueFile], statement: _Statement, progress: _Progress) -> None:
    """Rewrite those files of a group that hold any of the records."""
    keys = lake.keys.get_files([file.key_id for file in group])
    with ThreadPoolExecutor(WRITERS) as pool:
        split = list(pool.map(lambda file: _split(lake, file, keys, statement), group))
    hit = [each for each in split if each is not None]
    if hit:
        operation = statement.operation_id
        files = swap(lake, [s.file for s in hit], _drafts(hit), act=Act.ERASE, operation_id=operation)
        progress.clean.update(file.file_id for file in files)
    progress.clean.update(file.file_id for file in group)
    progress.replaced += len(hit)
    for each in hit:
        progress.add(each.file.table, each.deleted, each.blanked)


def _split(lake: Lake, file: CatalogueFile, keys: dict[KeyId, Key], statement: _Statement) -> _Split | None:
    """Read a file and take the records out of it; None if it holds none (then only the columns matched were read)."""
    hits, columns = statement.hits(file), {rule.matched_by for rule in statement.rules}
    matched = read(lake, file, keys, *columns, schema=lake.schema_of(file.table))  # an old file may lack one: null
    hits = [(rule, hit) for rule, hit in hits if matched.select(hit.any()).item()]
    if not hits:
        return None
    frame = read(lake, file, keys)
    height = frame.height
    for hit in (hit for rule, hit in hits if rule.then is RowRule.DELETE):
        frame = frame.filter(~hit)
    deleted, blanked = height - frame.height, 0
    for rule, hit in ((rule, hit) for rule, hit in hits if rule.then is RowRule.BLANK):
        blanked += int(frame.select(hit.sum()).item())
        blank = [column for column in rule.blank if column in frame.columns]
        frame = frame.with_columns(pl.when(~hit).then(pl.col(blank)))
    stays = bucket() % file.modulus == file.remainder
    if not blanked:
        return _Split(file, deleted, 0, frame, frame.clear())
    return _Split(file, deleted, blanked, frame.filter(stays), frame.filter(~stays))


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
