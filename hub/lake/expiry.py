"""Take rows out of the lake by what they say: rewrite each file that holds any, under a new key, without them.

Rules kept here:
- memory is bounded by a group of files; a file that the catalogue alone shows to be untouched is not opened, and one
  that turns out to be untouched has only the telling columns read;
- every pass lists the files anew and ends when none is left to look at: a run killed anywhere is resumed by running it
  again, and running it twice changes nothing;
- right before a group is replaced the sieve is asked once more, in that very transaction, whether it still stands.
Staged files are left alone: their rows are looked at once they are visible.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol

import polars as pl
from sqlalchemy.orm import Session

from hub.lake import catalogue
from hub.lake.errors import CatalogueConflict, LakeError, LakeFileRefused
from hub.lake.lake import Lake
from hub.lake.rewrite import bounded, read, swap
from hub.lake.terms import Act, CatalogueFile, FileState
from hub.lake.writing import WRITERS, Draft
from privacy.keys import Key
from privacy.terms import FileId, KeyId

_ATTEMPTS: Final = 8
_ROWS_AT_ONCE: Final = 2_000_000
_FILES_AT_ONCE: Final = 16
"""As an erasure has them: some hundred megabytes, and what a conflict can waste."""


class Sieve(Protocol):
    """What stays of a table's rows."""

    @property
    def telling(self) -> Sequence[str]:
        """The columns that tell whether anything of a file goes."""

    def concerns(self, file: CatalogueFile) -> bool:
        """Say by the catalogue alone whether anything of a file can go."""

    def touches(self, rows: pl.DataFrame) -> bool:
        """Say by the telling columns whether anything goes."""

    def sifted(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return whole rows as they stay."""

    def verify(self, session: Session) -> None:
        """Raise `CatalogueConflict` if it does not stand any more; called in the transaction that replaces files."""


@dataclass(slots=True)
class _Sifting:
    """What has been looked at so far; files are immutable, so what was clean stays clean."""

    clean: set[FileId]
    replaced: int = 0


@dataclass(frozen=True, slots=True)
class _Sifted:
    file: CatalogueFile
    kept: pl.DataFrame


def telling_rows(lake: Lake, table: str, columns: Sequence[str], sieves: Sequence[Sieve]) -> Iterator[pl.DataFrame]:
    """Yield columns of the files that any of the sieves may touch, one file at a time."""
    schema = lake.schema_of(table)
    with lake.read_only() as session:
        files = catalogue.files_of(session, table=table, states=[FileState.LIVE])
    wanted = [file for file in files if any(sieve.concerns(file) for sieve in sieves)]
    for group in bounded(wanted, rows=_ROWS_AT_ONCE, count=_FILES_AT_ONCE):
        keys = lake.keys.get_files([file.key_id for file in group])
        yield from (read(lake, file, keys, *columns, schema=schema) for file in group)


def sift(lake: Lake, table: str, sieve: Callable[[], Sieve], *, operation_id: bytes) -> int:
    """Rewrite every live file of a table as the sieve has it; return how many files were replaced.

    `sieve` is asked for anew before each pass, so that what changed meanwhile counts.

    Raises:
        LakeFileRefused: a file cannot be read; all others have been rewritten.
        CatalogueConflict: other writers kept replacing the same files; run it again.
        LakeFileNotWritten: disk full or the like; what was rewritten so far stands.

    """
    progress = _Sifting(set())
    refused: LakeError = CatalogueConflict(table)
    for _ in range(_ATTEMPTS):
        rules = sieve()
        with lake.read_only() as session:
            files = catalogue.files_of(session, table=table, states=[FileState.LIVE])
        todo = [file for file in files if file.file_id not in progress.clean and rules.concerns(file)]
        if not todo:
            return progress.replaced
        for group in bounded(todo, rows=_ROWS_AT_ONCE, count=_FILES_AT_ONCE):
            try:
                _sift_group(lake, group, rules, operation_id, progress)
            except (CatalogueConflict, LakeFileRefused) as exc:  # replaced and purged meanwhile, or really broken
                refused = exc
    raise refused


def _sift_group(lake: Lake, group: list[CatalogueFile], sieve: Sieve, operation_id: bytes, progress: _Sifting) -> None:
    keys = lake.keys.get_files([file.key_id for file in group])
    with ThreadPoolExecutor(WRITERS) as pool:
        looked = list(pool.map(lambda file: _sift_file(lake, file, keys, sieve), group))
    hit = [each for each in looked if each is not None]
    if hit:
        drafts = [_draft(each) for each in hit if each.kept.height]
        sources = [each.file for each in hit]
        files = swap(lake, sources, drafts, act=Act.ERASE, operation_id=operation_id, verify=sieve.verify)
        progress.clean.update(file.file_id for file in files)
        progress.replaced += len(hit)
    progress.clean.update(file.file_id for file in group)


def _sift_file(lake: Lake, file: CatalogueFile, keys: dict[KeyId, Key], sieve: Sieve) -> _Sifted | None:
    schema = lake.schema_of(file.table)
    if not sieve.touches(read(lake, file, keys, *sieve.telling, schema=schema)):
        return None
    return _Sifted(file, sieve.sifted(read(lake, file, keys, schema=schema)))


def _draft(each: _Sifted) -> Draft:
    file = each.file
    return Draft(
        table=file.table,
        modulus=file.modulus,
        remainder=file.remainder,
        schema_version=file.schema_version,
        rows=lambda: each.kept,
    )
