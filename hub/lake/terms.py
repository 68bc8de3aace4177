"""The words of the lake: file states, acts, steps, and the frozen values that pass between its modules."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from privacy.terms import FileId, KeyId

TABLE_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
"""A table's name is a directory's name too, so it may hold nothing that a path could misread."""


class FileState(StrEnum):
    """Where a file stands; the only moves are those listed here."""

    STAGED = "staged"  # -> live (publish) or removed (abort, or rewritten while staged); no reader sees it
    LIVE = "live"  # -> removed (rewritten, dropped) or lost
    REMOVED = "removed"  # -> purged; readers of an older snapshot may still read it
    PURGED = "purged"  # key destroyed, file deleted
    LOST = "lost"  # an operator declared it gone after fsck had reported it


class Act(StrEnum):
    """Why a file is being written."""

    APPEND = "append"
    ERASE = "erase"
    COMPACT = "compact"
    REDACT = "redact"


class Step(StrEnum):
    """A place where a crash must do no harm; `Lake.reached` is called right after each (the kill tests stop there)."""

    INTENDED = "intended"
    KEYS_ADDED = "keys_added"
    FILE_TEMPORARY = "file_temporary"
    FILE_RENAMED = "file_renamed"
    FILES_SETTLED = "files_settled"
    REPLACED = "replaced"
    PURGE_SHREDDED = "purge_shredded"
    PURGE_DELETED = "purge_deleted"
    SWEEP_CLAIMED = "sweep_claimed"
    SWEEP_REMOVED = "sweep_removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedFile:
    """A durable file that no reader sees yet: what its catalogue row will say.

    It holds exactly the rows whose bucket (first byte of the record's id) leaves `remainder` when divided by `modulus`.
    `size_bytes` is that of the encrypted file; `min_event_at` and `max_event_at` are inclusive.
    """

    file_id: FileId
    table: str
    modulus: int
    remainder: int
    rows: int
    size_bytes: int
    min_event_at: datetime
    max_event_at: datetime
    schema_version: int
    key_id: KeyId
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueFile(StagedFile):
    """A file as the catalogue knows it; `added_by` is the batch or operation that wrote it."""

    state: FileState
    added_by: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """The promise to write one file, committed before its first byte; an expired one is the sweep's licence to delete.

    All files of one act share `intent_id`.
    """

    intent_id: bytes
    file_id: FileId
    table: str
    key_id: KeyId
    act: Act
    instance_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A reader's claim on everything removed after `snapshot_seq`, until `until` by the database's clock."""

    lease_id: bytes
    opened_at: datetime
    until: datetime
    snapshot_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The live files of one moment, held readable by a lease."""

    lease: Lease
    files: tuple[CatalogueFile, ...]

    def of_table(self, table: str) -> list[CatalogueFile]:
        """Return the snapshot's files of one table."""
        return [file for file in self.files if file.table == table]


def name_of(table: str, file_id: FileId) -> str:
    """Return the storage name of a file: table and random id, nothing else."""
    return f"{table}/{file_id.hex()}.parquet"
