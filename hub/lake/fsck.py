"""Check that catalogue, files and keys agree; report, never repair."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hub.lake import catalogue
from hub.lake.integrity import fault_of
from hub.lake.lake import Lake
from hub.lake.sweep import unknown_names
from hub.lake.terms import CatalogueFile, FileState
from privacy.keys import Key
from privacy.terms import KeyId

_KEYS_AT_ONCE: Final = 1_000
_READABLE: Final = [FileState.STAGED, FileState.LIVE]


class FindingKind(StrEnum):
    """What fsck can find; `fault` loses rows, the others are open ends that another command closes."""

    FAULT = "fault"  # a staged or live file is missing, altered, without key or unreadable
    UNKNOWN_FILE = "unknown_file"  # `sweep` sets it aside
    STAGED = "staged"  # its batch was neither published nor aborted
    AWAITING_PURGE = "awaiting_purge"  # `purge` destroys it once its readers are gone
    LOST = "lost"  # an operator declared it so
    EXPIRED_INTENT = "expired_intent"  # `sweep` clears it


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found: where (table and file id, or the storage name) and what."""

    kind: FindingKind
    where: str
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FsckReport:
    """Everything found, and how much was read to find it."""

    findings: tuple[Finding, ...]
    files_read: int
    bytes_read: int

    def faults(self) -> list[Finding]:
        """Return the findings that mean lost rows."""
        return [finding for finding in self.findings if finding.kind is FindingKind.FAULT]


def fsck(lake: Lake) -> FsckReport:
    """Read every staged and live file in full (SHA-256, then its footer under its key) and list all open ends.

    Run beside writers it may report a file that is replaced and purged in the same moment; run it again then.
    """
    present = list(lake.files.names())
    with lake.read_only() as session:
        at = lake.clock(session)
        expired = catalogue.open_intents(session, expired_at=at)
        files = catalogue.files_of(session, states=_READABLE)
        ends = catalogue.files_of(session, states=[FileState.STAGED, FileState.REMOVED, FileState.LOST])
    findings = _faults(lake, files)
    findings += [Finding(kind=FindingKind.UNKNOWN_FILE, where=name) for name in unknown_names(lake, present)]
    findings += [Finding(kind=_KIND_OF[file.state], where=_where(file)) for file in ends]
    findings += [
        Finding(kind=FindingKind.EXPIRED_INTENT, where=f"{intent.table} {intent.file_id.hex()}") for intent in expired
    ]
    return FsckReport(
        findings=tuple(findings), files_read=len(files), bytes_read=sum(file.size_bytes for file in files)
    )


_KIND_OF: Final = {
    FileState.STAGED: FindingKind.STAGED,
    FileState.REMOVED: FindingKind.AWAITING_PURGE,
    FileState.LOST: FindingKind.LOST,
}


def _faults(lake: Lake, files: list[CatalogueFile]) -> list[Finding]:
    """Look at each file, keys fetched by the thousand."""
    findings = []
    keys: dict[KeyId, Key] = {}
    for number, file in enumerate(files):
        if number % _KEYS_AT_ONCE == 0:
            keys = lake.keys.get_files([each.key_id for each in files[number : number + _KEYS_AT_ONCE]])
        because = fault_of(lake, file, keys.get(file.key_id))
        if because is not None:
            findings.append(Finding(kind=FindingKind.FAULT, where=_where(file), because=because))
    return findings


def _where(file: CatalogueFile) -> str:
    """Name a file for a person."""
    return f"{file.table} {file.file_id.hex()}"
