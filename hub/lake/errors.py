"""Everything that can go wrong in the sealed lake, named after what happened.

An error names files, tables and columns, never a value of a row and never a key: its text may reach a log.
"""

from hub.errors import HubError
from privacy.terms import FileId


class LakeError(HubError):
    """The base of every error raised in `hub.lake`."""


class LakeFileRefused(LakeError):
    """A file did not open: missing, altered, encrypted under another key or bound to another file id."""

    def __init__(self, file_id: FileId, because: str) -> None:
        super().__init__(f"lake file {file_id.hex()} refused: {because}; run `varde lake fsck`")
        self.file_id = file_id
        self.because = because


class LakeFileNotWritten(LakeError):
    """The storage refused a new file (disk full, read-only, quota); nothing of the act is visible."""

    def __init__(self, file_id: FileId, because: str) -> None:
        super().__init__(f"lake file {file_id.hex()} not written: {because}; make room and run the same act again")
        self.file_id = file_id
        self.because = because


class SnapshotExpired(LakeError):
    """The reader's lease has ended, so files of its snapshot may be gone: open a new snapshot and read again."""

    def __init__(self, lease_id: bytes) -> None:
        super().__init__(f"snapshot {lease_id.hex()} has expired; open a new one and read again")
        self.lease_id = lease_id


class IntentExpired(LakeError):
    """Files were written but their intents were swept before they were staged: the act must be run again."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(f"{expected - found} of {expected} written files lost their intent; run the act again")
        self.expected = expected
        self.found = found


class CatalogueConflict(LakeError):
    """Somebody else replaced or removed one of the files first (compare-and-set failed); nothing was changed."""

    def __init__(self, table: str) -> None:
        super().__init__(f"files of lake table {table!r} were replaced by another writer; try again")
        self.table = table


class FrameRefused(LakeError):
    """A frame does not have the shape its lake table demands."""

    def __init__(self, table: str, column: str, rule: str) -> None:
        super().__init__(f"lake table {table!r}, column {column!r}: {rule}")
        self.table = table
        self.column = column
        self.rule = rule
