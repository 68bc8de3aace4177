"""Which files of messages nobody has looked through yet, and since when their messages are accepted.

A delivery's files are new. A file that compaction, an erasure or another redaction wrote is as old as the files that it
was made of: it is new only if one of these was, and as long as that one. So no text is read again because it was moved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from hub.alerts.store import any_heard, are_heard
from hub.compose import Hub
from hub.lake.census import replaced_by
from hub.lake.terms import CatalogueFile
from ingest.store.visible import visible_since
from privacy.terms import FileId

FIRST_LOOK: Final = timedelta(days=1)
"""Whoever begins hears what came in for so long before; older messages were answered, or not, by other means."""


@dataclass
class Unheard:
    """Says which files were not looked through.

    `passed_over` are those that a first look leaves as they are, `made_of_heard` those without a mark of which all that
    they were made of was looked through: marks of what they replaced end after a while, so they need one of their own.
    """

    hub: Hub
    among: frozenset[FileId]
    passed_over: set[FileId] = field(default_factory=set)
    made_of_heard: set[FileId] = field(default_factory=set)

    def __call__(self, files: Sequence[CatalogueFile]) -> Mapping[FileId, datetime]:
        """Return when what is new in each file was accepted, by file; files with nothing new are absent."""
        at = self.hub.clock()
        with self.hub.reading() as session:
            mine = [file for file in files if file.file_id in self.among]
            since = arrived(session, mine, at=at)
            begun = any_heard(session)
        self.made_of_heard = {file.file_id for file in mine} - since.keys()
        self.passed_over = set() if begun else {one for one, when in since.items() if when < at - FIRST_LOOK}
        return {one: when for one, when in since.items() if one not in self.passed_over}


def arrived(session: Session, files: Sequence[CatalogueFile], *, at: datetime) -> dict[FileId, datetime]:
    """Return when the oldest message of each file that was not looked through was accepted; `at` where nobody knows."""
    heard = are_heard(session, [file.file_id for file in files])
    found = {file.file_id: _since(session, file, at) for file in files if file.file_id not in heard}
    return {file_id: when for file_id, when in found.items() if when is not None}


def _since(session: Session, file: CatalogueFile, at: datetime) -> datetime | None:
    """Go back from a file through what it was made of; None: all of that was looked through."""
    table, adders, oldest = file.table, [file.added_by], []
    sources = [one for one in replaced_by(session, table, adders) if one.may_be_in(file)]
    batches = visible_since(session, adders)
    if not sources:
        return batches.get(file.added_by, at)
    while sources:
        heard = are_heard(session, [one.file_id for one in sources])
        fresh = [one for one in sources if one.file_id not in heard]
        batches = visible_since(session, [one.added_by for one in fresh])
        oldest += [batches[one.added_by] for one in fresh if one.added_by in batches]
        moved = [one for one in fresh if one.added_by not in batches]
        sources = replaced_by(session, table, [one.added_by for one in moved])
    return min(oldest, default=None)
