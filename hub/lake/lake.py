"""What every act on the lake needs, in one value that `hub.compose` builds once."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl
from sqlalchemy.orm import Session

from hub.lake.catalogue import database_time
from hub.lake.folding import Folds
from hub.lake.storage import FileStore
from hub.lake.terms import Step
from privacy.keys import KeyStore

UnitOfWork = Callable[[], AbstractContextManager[Session]]


def _unreported(step: Step) -> None:
    """Let a step pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """Files, keys and catalogue of one home.

    `unit_of_work` opens a write transaction and commits it, `read_only` a read transaction (which on SQLite waits for
    nobody); neither is ever nested. `schema_of` gives a table's present columns (a file written before a column was
    added reads it as null); `instance_id` is whose abandoned files this home's sweep may delete; `clock` is the
    database's, so that leases and intents mean the same to every process; `reached` is told each step, for the crash
    tests; `folds` are the summaries of tables that this process remembers.
    """

    files: FileStore
    keys: KeyStore
    unit_of_work: UnitOfWork
    read_only: UnitOfWork
    schema_of: Callable[[str], pl.Schema]
    instance_id: bytes
    clock: Callable[[Session], datetime] = database_time
    reached: Callable[[Step], None] = _unreported
    folds: Folds = field(default_factory=Folds, compare=False, repr=False)
