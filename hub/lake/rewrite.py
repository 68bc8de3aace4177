"""Replace files by rewritten ones: read under the old keys, write under new ones, swap by compare-and-set."""

from collections.abc import Callable, Iterator, Sequence

import polars as pl
from sqlalchemy.orm import Session

from hub.lake import catalogue
from hub.lake.errors import CatalogueConflict, IntentExpired, LakeFileRefused
from hub.lake.lake import Lake
from hub.lake.opening import open_file
from hub.lake.parquet import is_refusal
from hub.lake.terms import Act, CatalogueFile, FileState, StagedFile, Step
from hub.lake.writing import Draft, discard, write
from privacy.keys import Key
from privacy.terms import BatchId, KeyId


def _unquestioned(_session: Session) -> None:
    """Let a rewrite pass."""


def swap(  # noqa: PLR0913 - `verify` is part of the act: a second call to it would be a second transaction
    lake: Lake,
    sources: Sequence[CatalogueFile],
    drafts: Sequence[Draft],
    *,
    act: Act,
    operation_id: bytes,
    verify: Callable[[Session], None] = _unquestioned,
) -> list[StagedFile]:
    """Write the drafts, then put them in the place of `sources` in one transaction; return the new files.

    Readers of older snapshots keep the sources until the purge. `verify` is asked first in that transaction, and may
    raise `CatalogueConflict`.

    Raises:
        CatalogueConflict: another writer was first; what this call wrote has been taken back.
        LakeFileNotWritten: the storage refused; nothing has changed.

    """
    batch_id = BatchId(sources[0].added_by) if _is_staged(sources[0]) else None
    files = write(lake, drafts, act=act, batch_id=batch_id)
    try:
        with lake.unit_of_work() as session:
            verify(session)
            at = lake.clock(session)
            catalogue.replace(session, sources, files, operation_id=operation_id, at=at)
    except (CatalogueConflict, IntentExpired):
        if files:
            discard(lake, files)
        raise
    lake.reached(Step.REPLACED)
    return files


def read(
    lake: Lake, file: CatalogueFile, keys: dict[KeyId, Key], *columns: str, schema: pl.Schema | None = None
) -> pl.DataFrame:
    """Read one file's own columns, or those of the table's `schema`; all, unless some are named; in their order.

    Raises:
        LakeFileRefused: it is missing, altered, or its key is gone.

    """
    try:
        rows = open_file(lake, file, keys.get(file.key_id), schema)
        return (rows.select(columns) if columns else rows).collect()
    except FileNotFoundError:
        raise LakeFileRefused(file.file_id, "the file is missing") from None
    except pl.exceptions.ComputeError as fault:
        if not is_refusal(fault):
            raise
        raise LakeFileRefused(file.file_id, "it does not open under its key and id") from None


def bounded(files: Sequence[CatalogueFile], *, rows: int, count: int) -> Iterator[list[CatalogueFile]]:
    """Cut files into runs of one state and adder, of at most so many rows and files (always at least one file)."""
    run: list[CatalogueFile] = []
    for file in sorted(files, key=lambda file: (file.state, file.added_by if _is_staged(file) else b"")):
        fits = sum(each.rows for each in run) + file.rows <= rows and len(run) < count
        if run and not (fits and _alike(run[0], file)):
            yield run
            run = []
        run.append(file)
    if run:
        yield run


def _is_staged(file: CatalogueFile) -> bool:
    """Say whether a file still waits for its batch to be published."""
    return file.state is FileState.STAGED


def _alike(one: CatalogueFile, other: CatalogueFile) -> bool:
    """Say whether two files may be swapped in one act: a staged file only with others of its batch."""
    return one.state is other.state and (not _is_staged(one) or one.added_by == other.added_by)
