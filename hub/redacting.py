"""Redaction again: texts that an older redactor cleaned are redacted by the newest, file by file.

Rules kept:
- a file of the lake is replaced whole, by compare-and-set, in one transaction with the entry that tells of it: a read
  sees the rows of before or those of after, never both;
- memory is bounded by one file; texts are open some thousand at a time;
- files are listed anew on every pass and the work is done when none has an older row: a run that was killed anywhere is
  resumed by running it again, and running it twice changes nothing;
- what was replaced is destroyed as soon as nobody reads it any more.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final, cast

import polars as pl
from sqlalchemy.orm import Session
from sqlmodel import Session as SqlModelSession

from hub.compose import Hub
from hub.finding import Finding, State
from hub.lake import catalogue
from hub.lake.errors import CatalogueConflict, LakeError, LakeFileRefused
from hub.lake.purge import purge
from hub.lake.rewrite import read, swap
from hub.lake.terms import Act, CatalogueFile, FileState
from hub.lake.writing import Draft
from ingest.canonical.catalogue import LAKE_TABLES
from ingest.pipeline.held import redacted_again
from ingest.pipeline.ports import Ports
from privacy.audit import AuditFields
from privacy.redaction.redactor import REDACTOR_VERSION
from privacy.terms import FileId, PrincipalId, random_id

TEXT_TABLES: Final = tuple(sorted(name for name, table in LAKE_TABLES.items() if "text_redacted" in table.schema))
_ATTEMPTS: Final = 8
_VERSION: Final = "redactor_version"
_WRITTEN: Final = ("text_redacted", "withheld", _VERSION)


@dataclass(slots=True)
class Redacted:
    """What a run did: rows redacted again, those of them whose sealed text was still held, and files replaced."""

    rows: int = 0
    from_sealed: int = 0
    files: int = 0


def redact_again(hub: Hub, by: PrincipalId) -> Redacted:
    """Redact every text that an older redactor cleaned.

    Raises:
        CatalogueConflict: other writers kept replacing the same files; run it again.
        LakeFileRefused: a file cannot be read, also when looked for again; all others are done.
        LakeFileNotWritten: disk full or the like; the files before it are done.

    """
    done, ports, act_id = Redacted(), hub.ports(by), random_id()
    try:
        for table in TEXT_TABLES:
            _redact_table(hub, table, ports, act_id, done)
    finally:  # what was replaced holds what an older redactor left, also where a later file ends the run
        if done.files:
            purge(hub.lake)
    return done


def count_older(hub: Hub) -> dict[tuple[str, int], int]:
    """Count the rows that an older redactor cleaned, by table and its version: one column of each file is read.

    The keys of a table's files come in one look-up: that was most of the time where files are many and small.
    """
    counts: Counter[tuple[str, int]] = Counter()
    for table in TEXT_TABLES:
        files = _live(hub, table)
        keys = hub.lake.keys.get_files([file.key_id for file in files])
        for file in files:
            versions = read(hub.lake, file, keys, _VERSION, schema=hub.lake.schema_of(table))[_VERSION]
            for version, rows in versions.filter(_older(versions)).value_counts().iter_rows():
                counts[table, version] += rows
    return dict(sorted(counts.items()))


def finding(hub: Hub) -> Finding:
    """Say whether texts wait for the newest redactor; a file that cannot be read hides no other finding."""
    try:
        waiting = sum(count_older(hub).values())
    except LakeFileRefused:
        found = "not known: a file of texts cannot be read, or was replaced meanwhile"
        return Finding("redaction", State.WARNING, found, "Run `varde lake fsck`, then `varde doctor` again")
    if waiting:
        found = f"{waiting} texts were cleaned by an older redactor than version {REDACTOR_VERSION}"
        return Finding("redaction", State.WARNING, found, "Run `varde text redact-again`")
    return Finding("redaction", State.OK, f"every text was cleaned by version {REDACTOR_VERSION}")


def _redact_table(hub: Hub, table: str, ports: Ports, act_id: bytes, done: Redacted) -> None:
    clean: set[FileId] = set()
    fault: LakeError = CatalogueConflict(table)
    for _ in range(_ATTEMPTS):
        todo = [file for file in _live(hub, table) if file.file_id not in clean]
        if not todo:
            return
        for file in todo:
            try:
                clean.update(_redact_file(hub, file, ports, act_id, done))
            except (CatalogueConflict, LakeFileRefused) as refused:
                fault = refused  # replaced meanwhile, and even purged: the next pass meets what is there now
    raise fault


def _redact_file(hub: Hub, file: CatalogueFile, ports: Ports, act_id: bytes, done: Redacted) -> set[FileId]:
    """Replace one file if any row of it is older; return the files known to be done."""
    keys = hub.lake.keys.get_files([file.key_id])
    older = _older(read(hub.lake, file, keys, _VERSION, schema=hub.lake.schema_of(file.table))[_VERSION])
    if not older.any():
        return {file.file_id}
    frame = read(hub.lake, file, keys)
    opened: list[int] = []
    parts = list(redacted_again(file.table, frame.filter(older), ports, opened=opened.append))
    again = frame.filter(older).with_columns(pl.concat(parts).select(_WRITTEN))
    order = frame.with_row_index("_row")["_row"]
    rows = pl.concat([frame.filter(~older), again.select(frame.columns)])
    rows = rows[pl.concat([order.filter(~older), order.filter(older)]).arg_sort()]
    draft = Draft(
        table=file.table,
        modulus=file.modulus,
        remainder=file.remainder,
        schema_version=file.schema_version,
        rows=lambda: rows,
    )
    fields = AuditFields(act_id=act_id, rows=again.height)

    def tell(session: Session) -> None:
        hub.audit(cast("SqlModelSession", session), "text.redact", ports.principal, fields)

    files = swap(hub.lake, [file], [draft], act=Act.REDACT, operation_id=act_id, verify=tell)
    done.rows, done.from_sealed, done.files = done.rows + again.height, done.from_sealed + sum(opened), done.files + 1
    return {each.file_id for each in files}


def _live(hub: Hub, table: str) -> list[CatalogueFile]:
    with hub.lake.read_only() as session:
        return catalogue.files_of(session, table=table, states=[FileState.LIVE])


def _older(versions: pl.Series) -> pl.Series:
    """Say which rows an older redactor cleaned; a row without text has no version."""
    return (versions < REDACTOR_VERSION).fill_null(value=False)
