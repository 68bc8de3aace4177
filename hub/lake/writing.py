"""Write a set of files so that a crash at any point leaves nothing visible and nothing unaccounted for.

The order is the invariant:
1. the intents, which name the keys, are committed in the control database;
2. the keys are durable in the key store (after the intents, so that a crash leaves no key that nobody knows of);
3. each file is encrypted in memory, written and fsynced; then the directories are fsynced;
4. the caller enters the files in the catalogue, in whichever transaction makes its act true; that ends the intents.
A failure before 4 is undone here, a crash before 4 by the sweep once the intents have expired.
"""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_bytes
from threading import BoundedSemaphore
from typing import Final

import polars as pl

from hub.errors import HubError
from hub.lake import catalogue
from hub.lake.errors import LakeFileNotWritten
from hub.lake.lake import Lake
from hub.lake.parquet import encode
from hub.lake.terms import Act, Intent, StagedFile, Step, name_of
from privacy.errors import PrivacyError
from privacy.keys import KEY_BYTES, Key, KeyKind, NewKey
from privacy.terms import BatchId, FileId, KeyId, random_id

WRITERS: Final = 2
"""Measured on 2 cores: one file is gathered while another is compressed; a third thread gains nothing."""
_AT_WORK: Final = BoundedSemaphore(WRITERS)
"""However many appends run at once in a process: more files in the making only push one another out of the caches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A file about to be written; `rows` gathers its frame only when its turn has come, which bounds memory."""

    table: str
    modulus: int
    remainder: int
    schema_version: int
    rows: Callable[[], pl.DataFrame]


def write(lake: Lake, drafts: Sequence[Draft], *, act: Act, batch_id: BatchId | None) -> list[StagedFile]:
    """Write the drafts durably and return what to enter in the catalogue; nothing is visible yet.

    `batch_id` is that of the new keys, to be shredded if the batch is aborted; None when a live file is rewritten: no
    abort may touch its key.

    Raises:
        LakeFileNotWritten: the storage refused; everything written by this call has been taken back.

    """
    if not drafts:
        return []
    intents, keys = _promises(lake, drafts, act)
    with lake.unit_of_work() as session:
        catalogue.intend(session, intents, at=lake.clock(session))
    lake.reached(Step.INTENDED)
    try:
        lake.keys.add(
            [NewKey(key=key, owner=i.file_id, batch_id=batch_id) for i, key in zip(intents, keys, strict=True)]
        )
        lake.reached(Step.KEYS_ADDED)
        with ThreadPoolExecutor(WRITERS) as pool:
            staged = list(pool.map(lambda *one: _write_one(lake, *one), drafts, intents, keys))
        lake.files.settle([name_of(file.table, file.file_id) for file in staged])
    except BaseException:
        _take_back(lake, intents)
        raise
    lake.reached(Step.FILES_SETTLED)
    return staged


def discard(lake: Lake, files: Sequence[StagedFile]) -> None:
    """Take back files that were written but never entered in the catalogue (their transaction rolled back)."""
    _remove(lake, [(file.file_id, file.key_id, file.table) for file in files])


def _promises(lake: Lake, drafts: Sequence[Draft], act: Act) -> tuple[list[Intent], list[Key]]:
    """Draw a file id and a key for each draft."""
    act_id = random_id()
    keys = [Key(KeyId(random_id()), KeyKind.FILE, token_bytes(KEY_BYTES)) for _ in drafts]
    intents = [
        Intent(
            intent_id=act_id,
            file_id=FileId(random_id()),
            table=draft.table,
            key_id=key.key_id,
            act=act,
            instance_id=lake.instance_id,
        )
        for draft, key in zip(drafts, keys, strict=True)
    ]
    return intents, keys


def _write_one(lake: Lake, draft: Draft, intent: Intent, key: Key) -> StagedFile:
    """Encrypt and store one file."""
    with _AT_WORK:
        frame = draft.rows()
        content = encode(frame, key=key, file_id=intent.file_id)
        try:
            lake.files.put(name_of(draft.table, intent.file_id), content)
        except OSError as fault:
            raise LakeFileNotWritten(intent.file_id, fault.strerror or type(fault).__name__) from fault
    first, last = frame.select(pl.col("event_time").min().alias("first"), pl.col("event_time").max().alias("last")).row(
        0
    )
    return StagedFile(
        file_id=intent.file_id,
        table=draft.table,
        modulus=draft.modulus,
        remainder=draft.remainder,
        rows=frame.height,
        size_bytes=len(content),
        min_event_at=first,
        max_event_at=last,
        schema_version=draft.schema_version,
        key_id=key.key_id,
        sha256=hashlib.sha256(content).digest(),
    )


def _take_back(lake: Lake, intents: Sequence[Intent]) -> None:
    """Undo a failed write as far as possible: whatever fails here too is left to the sweep."""
    with suppress(OSError, PrivacyError, HubError):
        _remove(lake, [(intent.file_id, intent.key_id, intent.table) for intent in intents])


def _remove(lake: Lake, files: Sequence[tuple[FileId, KeyId, str]]) -> None:
    """Delete files first: on a full disk nothing else may succeed before that; the intents last, for the sweep."""
    lake.files.delete([name_of(table, file_id) for file_id, _, table in files])
    lake.keys.shred([key_id for _, key_id, _ in files])
    with lake.unit_of_work() as session:
        catalogue.end_intents(session, [file_id for file_id, _, _ in files])
