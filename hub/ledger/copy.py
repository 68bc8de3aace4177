"""The copy of the ledger outside: one file that only grows, of signed notes, on another disk or a mounted share.

Rules kept here:
- a note (C2SP signed-note) holds at most 200 entries and the SHA-256 of the note before it, so none can be left out;
- notes are appended under a file lock and fsynced before anything is acknowledged; what a crash left half-written was
  never acknowledged, and is cut off by whoever appends next;
- the folder must be there, and so must a copy that was begun: an unmounted share is not taken for an empty one;
- entries hold random ids, instants, words and keyed digests: nothing that names anybody.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hub.database.unit import file_lock
from hub.durable_file import create
from hub.errors import ServiceUnreachable
from hub.ledger.line import entry_of, line_of
from privacy.store.ledger import LedgerEntry
from privacy.verifier import ProofRejected, VerifierKey, verified_text

_HEADER: Final = "varde-ledger/v1"
_END: Final = "\n\n"
_ENTRIES: Final = 200  # a signed note has at most 64 K characters
_TAIL_BYTES: Final = 1 << 18
_SERVICE: Final = "the ledger's copy outside"
_FIRST: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Notary:
    """Who signs notes and checks them; the key is opened when it is needed."""

    sign: Callable[[str], str] = field(repr=False)
    public_key: Callable[[], VerifierKey]


class LedgerCopy:
    """One hub's file in a folder outside the home."""

    def __init__(self, folder: Path, instance: bytes, notary: Notary) -> None:
        self._path = folder / f"{instance.hex()}.ledger"
        self._notary = notary

    @property
    def place(self) -> bytes:
        """The digest that says which copy this is."""
        return hashlib.sha256(str(self._path).encode()).digest()[:16]

    @property
    def begun(self) -> bool:
        """Whether the file is there.

        Raises:
            ServiceUnreachable: the folder is not.

        """
        if not self._path.parent.is_dir():
            raise ServiceUnreachable(_SERVICE, "its folder is not there (is the share mounted?)")
        return self._path.is_file()

    def begin(self) -> None:
        """Make the file of a hub that has none; one that is there stays."""
        with _told():
            if not self.begun:
                create(self._path, b"")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other writers away."""
        with _told(), file_lock(self._path.with_suffix(".lock")):
            yield

    def newest(self) -> LedgerEntry | None:
        """Return the last entry that was wholly written, without checking its signature; None if there is none."""
        _, notes = self._tail()
        if not notes:
            return None
        return entry_of(notes[-1].split(_END, 1)[0].rsplit("\n", 1)[1])

    def append(self, entries: Sequence[LedgerEntry]) -> None:
        """Append entries durably; the caller holds the file.

        Raises:
            ServiceUnreachable: the file is gone, or takes no more.

        """
        with _told():
            size, notes = self._tail()
            before = _digest(notes[-1]) if notes else _FIRST
            written = []
            for start in range(0, len(entries), _ENTRIES):
                lines = [_HEADER, before, *map(line_of, entries[start : start + _ENTRIES])]
                note = self._notary.sign("\n".join(lines) + "\n") + "\n"
                before = _digest(note)
                written.append(note)
            _append(self._path, "".join(written).encode(), at=size)

    def entries(self) -> Iterator[LedgerEntry]:
        """Yield every entry from the first, each note checked.

        Raises:
            ProofRejected: a note was changed, or one is missing.
            ServiceUnreachable: the file cannot be read.

        """
        before, key = _FIRST, self._notary.public_key()
        with _told():
            whole = self._path.read_text(encoding="utf-8")
        for note in _notes_of(whole):
            header, named, *lines = verified_text(note[:-1], key).splitlines()
            if header != _HEADER or named != before:
                raise ProofRejected("varde-ledger/v1: a note does not follow the one before it")
            yield from map(entry_of, lines)
            before = _digest(note)

    def _tail(self) -> tuple[int, list[str]]:
        """Return where whole notes end, and the last of them."""
        with _told(), self._path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(0, size - _TAIL_BYTES)
            file.seek(start)
            tail = file.read()
        text = tail.decode("utf-8", errors="replace")
        notes = _notes_of(text if start == 0 else text[text.find(_HEADER) :])
        torn = text.rpartition(notes[-1])[2] if notes else text
        return size - len(torn.encode()), notes


def _notes_of(text: str) -> list[str]:
    """Split text into whole notes, each with the empty line that ends it; a torn one at the end is left out."""
    notes: list[str] = []
    rest = text
    while True:
        body, blank, signed = rest.partition(_END)
        signature, end, rest = signed.partition(_END)
        if not (blank and end and signature.startswith("—")):
            return notes
        notes.append(body + blank + signature + end)


def _append(path: Path, content: bytes, *, at: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.ftruncate(descriptor, at)  # what a crash left half-written
        os.lseek(descriptor, at, os.SEEK_SET)
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(note: str) -> str:
    return hashlib.sha256(note.encode()).hexdigest()


@contextmanager
def _told() -> Iterator[None]:
    """Say in our words that the file cannot be reached."""
    try:
        yield
    except OSError as exc:
        raise ServiceUnreachable(_SERVICE, type(exc).__name__) from None
