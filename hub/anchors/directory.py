"""A folder outside the home as an anchor: another disk, a mounted share; one file a checkpoint, never written over.

It proves as much as the folder's owner is somebody else: a share whose server lets us add files but not change them is
an anchor; a folder under the same account is a copy against mishaps.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from hub.anchors.anchor import Level, Outcome, Sighting, Statement, compared, shelf_of
from hub.durable_file import create
from hub.errors import ServiceUnreachable

_NOTE: Final = ".note"


@dataclass(frozen=True, slots=True)
class DirectoryAnchor:
    """Files `<log>/<size>.note` below a folder that must be there: an unmounted share is not written past."""

    folder: Path
    every: timedelta
    level: Level = Level.ANCHORED

    @property
    def name(self) -> str:
        """The folder."""
        return f"dir:{self.folder}"

    def look(self, statement: Statement) -> Sighting:
        """Compare the newest file of this log with what we have."""
        try:
            return compared(self._newest(statement.key.name), statement)
        except OSError as exc:
            return Sighting(outcome=Outcome.UNREACHABLE, why=type(exc).__name__)

    def publish(self, statement: Statement) -> Sighting:
        """Compare, then add a file; one of the same size with other content is a contradiction."""
        seen = self.look(statement)
        head, note = statement.signed, statement.note
        if seen.outcome not in {Outcome.EMPTY, Outcome.AGREES} or head is None or note is None:
            return seen
        try:
            return self._add(self._shelf(statement.key.name), head.size, note)
        except OSError as exc:
            return Sighting(outcome=Outcome.UNREACHABLE, why=type(exc).__name__)

    def notes(self, origin: str) -> Iterator[str]:
        """Read every file of a log."""
        try:
            for name in self._names(origin):
                yield (self._shelf(origin) / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise ServiceUnreachable(self.name, type(exc).__name__) from None

    def _add(self, shelf: Path, size: int, note: str) -> Sighting:
        shelf.mkdir(exist_ok=True)
        path = shelf / f"{size:020d}{_NOTE}"
        try:
            create(path, note.encode())
        except FileExistsError:
            if path.read_bytes() != note.encode():
                return Sighting(outcome=Outcome.CONTRADICTED, size=size, why="other_note_of_that_size")
        return Sighting(outcome=Outcome.PUBLISHED, size=size, note=note)

    def _newest(self, origin: str) -> str | None:
        newest = max(self._names(origin), default=None)
        return None if newest is None else (self._shelf(origin) / newest).read_text(encoding="utf-8", errors="replace")

    def _names(self, origin: str) -> list[str]:
        """List the names of a log's files; they sort as sizes do. There may be half a million after a year.

        Raises:
            OSError: the folder itself is not there.

        """
        if not self.folder.is_dir():
            raise NotADirectoryError
        try:
            with os.scandir(self._shelf(origin)) as found:
                return [each.name for each in found if each.name.endswith(_NOTE) and each.name[0].isdecimal()]
        except FileNotFoundError:
            return []

    def _shelf(self, origin: str) -> Path:
        return self.folder / shelf_of(origin)
