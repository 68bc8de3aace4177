"""Where lake files rest: names in, encrypted bytes in and out; local disk now, an object store by the same protocol.

Durability rules of the local store:
- a file is written under a temporary name, fsynced, then renamed: its final name never shows half a file;
- `settle` fsyncs the directories afterwards; only then may a catalogue row name the file;
- nothing is written in place: content arrives already encrypted, so no clear byte reaches the disk.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from hub.lake.terms import Step

TEMPORARY: Final = ".tmp"
ASIDE: Final = "lost+found"
_CHUNK_BYTES: Final = 1 << 20


class FileStore(Protocol):
    """Immutable files by name (`table/id.parquet`). Every call may raise OSError."""

    def put(self, name: str, content: bytes | memoryview) -> None:
        """Write the whole file; its bytes survive a power cut, its name only after `settle`."""
        ...

    def settle(self, names: Iterable[str]) -> None:
        """Make the names of files put before durable."""
        ...

    def location(self, name: str) -> str:
        """Return what Polars can scan: a path, or an object store's URL."""
        ...

    def chunks(self, name: str) -> Iterator[bytes]:
        """Read the file piece by piece; raise FileNotFoundError if it is not there."""
        ...

    def tail(self, name: str, count: int) -> bytes:
        """Read the last bytes of a file; raise FileNotFoundError if it is not there."""
        ...

    def delete(self, names: Iterable[str]) -> None:
        """Remove files and their temporary forms, durably; a file that is not there is no error."""
        ...

    def names(self) -> Iterator[str]:
        """List every file, temporary ones included, without those set aside."""
        ...

    def set_aside(self, name: str) -> None:
        """Move an unknown file to lost+found, for a person to look at."""
        ...


def _unreported(step: Step) -> None:
    """Let a step pass."""


class LocalFileStore:
    """Lake files below one directory of the local disk."""

    def __init__(self, root: Path, reached: Callable[[Step], None] = _unreported) -> None:
        self._root = root
        self._reached = reached

    def put(self, name: str, content: bytes | memoryview) -> None:
        """Write temporary, fsync, rename; on failure remove what was written."""
        final = self._root / name
        self._make_directory(final.parent)
        temporary = final.with_name(final.name + TEMPORARY)
        try:
            with temporary.open("xb", buffering=0) as file:
                _write_all(file.fileno(), content)
                os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):  # the first error is the one to tell
                temporary.unlink(missing_ok=True)
            raise
        self._reached(Step.FILE_TEMPORARY)
        temporary.replace(final)
        self._reached(Step.FILE_RENAMED)

    def settle(self, names: Iterable[str]) -> None:
        """Fsync each directory once."""
        for directory in sorted({(self._root / name).parent for name in names}):
            _fsync_directory(directory)

    def location(self, name: str) -> str:
        """Return the absolute path."""
        return str(self._root / name)

    def chunks(self, name: str) -> Iterator[bytes]:
        """Read a megabyte at a time."""
        with (self._root / name).open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    def tail(self, name: str, count: int) -> bytes:
        """Read the last bytes (fewer, if the file is shorter)."""
        with (self._root / name).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - count))
            return file.read(count)

    def delete(self, names: Iterable[str]) -> None:
        """Unlink each, then fsync the directories that exist."""
        touched = set()
        for name in names:
            path = self._root / name
            path.unlink(missing_ok=True)
            path.with_name(path.name + TEMPORARY).unlink(missing_ok=True)
            touched.add(path.parent)
        for directory in sorted(touched):
            if directory.exists():
                _fsync_directory(directory)

    def names(self) -> Iterator[str]:
        """Walk the root, leaving out lost+found."""
        for path in sorted(self._root.rglob("*")):
            relative = path.relative_to(self._root)
            if relative.parts[0] != ASIDE and path.is_file():
                yield relative.as_posix()

    def set_aside(self, name: str) -> None:
        """Rename within the root; a file that went meanwhile is no error."""
        target = self._root / ASIDE / name.replace("/", "__")
        self._make_directory(target.parent)
        with suppress(FileNotFoundError):
            (self._root / name).replace(target)
        _fsync_directory(target.parent)

    def _make_directory(self, directory: Path) -> None:
        """Make a directory whose own name survives a power cut."""
        if not directory.exists():
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _fsync_directory(directory.parent)


def _write_all(descriptor: int, content: bytes | memoryview) -> None:
    """Write every byte: one `write` may take fewer (always so above 2 GiB on Linux)."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _fsync_directory(directory: Path) -> None:
    """Make renames and unlinks in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
