"""What a witness remembers of a log: its key and the latest checkpoint that was cosigned, one file a log.

Rules kept here:
- key and memory are one file, made when the log is trusted: a file that is gone makes the log unknown, never fresh;
- the file is replaced whole, and is on the disk, before a signature may leave;
- reading, deciding and replacing happen under the log's lock, so that two requests cannot both follow one head.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from hub.database.unit import file_lock
from hub.durable_file import create, replace
from hub.errors import HomeUnsafe
from privacy.verifier import (
    EMPTY_ROOT,
    LOG_KEY,
    ProofRejected,
    TreeHead,
    VerifierKey,
    verifier_key_of,
    verify_checkpoint,
)

LOGS: Final = "logs"
NOTHING_YET: Final = TreeHead(0, EMPTY_ROOT)
_FORMAT: Final = "varde-witness-log/v1"
_MEND: Final = "Do not bring back an old copy: retire this witness's key and start a new one"


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A log that a witness watches: its key, and the signed note that was cosigned last, empty if none was."""

    key: VerifierKey
    note: str = ""

    @property
    def head(self) -> TreeHead:
        """The size and root that were cosigned last."""
        return verify_checkpoint(self.note, self.key).head if self.note else NOTHING_YET


def trust(folder: Path, key: VerifierKey) -> None:
    """Begin to watch a log.

    Raises:
        FileExistsError: it is watched already; what was cosigned of it stands.
        ProofRejected: the key is a witness's, not a log's.

    """
    verify_new(folder, key)
    create(_path(folder, key.name), _written(LogRecord(key)))


def verify_new(folder: Path, key: VerifierKey) -> None:
    """Check that `trust` would begin to watch a log; raises what it raises."""
    if key.kind != LOG_KEY:
        raise ProofRejected("C2SP signed-note: a witness's key, where a log's is needed")
    if _path(folder, key.name).exists():
        raise FileExistsError


def watched(folder: Path) -> list[LogRecord]:
    """Return every log that is watched, by origin.

    Raises:
        HomeUnsafe: a record cannot be read; then nothing may be signed.

    """
    records = [_read(path) for path in (folder / LOGS).glob("*.log")]
    return sorted(records, key=lambda record: record.key.name)


def find_record(folder: Path, origin: str) -> LogRecord | None:
    """Return what is remembered of a log, None if it is not watched.

    Raises:
        HomeUnsafe: the record cannot be read; then nothing may be signed.

    """
    path = _path(folder, origin)
    return _read(path) if path.exists() else None


def remember(folder: Path, record: LogRecord) -> None:
    """Replace what is remembered of a log; it is on the disk when this returns."""
    replace(_path(folder, record.key.name), _written(record))


@contextmanager
def locked(folder: Path, origin: str) -> Iterator[None]:
    """Let nobody else, in any process, decide about a log meanwhile."""
    with file_lock(_path(folder, origin).with_suffix(".lock")):
        yield


def _path(folder: Path, origin: str) -> Path:
    return folder / LOGS / f"{sha256(origin.encode()).hexdigest()}.log"


def _written(record: LogRecord) -> bytes:
    return f"{_FORMAT}\n{record.key}\n{record.note}".encode()


def _read(path: Path) -> LogRecord:
    try:
        form, vkey, note = path.read_text(encoding="utf-8").split("\n", 2)
        record = LogRecord(verifier_key_of(vkey), note)
        if form == _FORMAT and record.head is not None:
            return record
    except (OSError, ValueError, ProofRejected) as exc:
        raise HomeUnsafe("a witness's record of a log", f"it cannot be read ({type(exc).__name__})", _MEND) from None
    raise HomeUnsafe("a witness's record of a log", "it is of another format", _MEND)
