"""Small files that are on the disk before anybody is told: written aside, fsynced, named, and the folder fsynced.

A reader sees the whole file or none; a power cut after the call takes neither the bytes nor the name.
"""

import errno
import os
import secrets
from collections.abc import Callable
from pathlib import Path

_OWNER_ONLY = 0o600


def create(path: Path, content: bytes) -> None:
    """Make a new file durable.

    Raises:
        FileExistsError: there is one of that name; it was not touched.
        OSError: no room, or no right to write here; then there is no file, not half of one.

    """
    _named(path, content, os.link)  # unlike a rename, a link refuses where a file is already


def replace(path: Path, content: bytes) -> None:
    """Put durable content in a file's place; until then, and after a crash on the way, the old one stands.

    Raises:
        OSError: no room, or no right to write here; the old file stands.

    """
    _named(path, content, os.replace)


def _named(path: Path, content: bytes, give_name: Callable[[Path, Path], None]) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write(draft, content)
        give_name(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        if os.write(descriptor, content) != len(content):
            raise OSError(errno.ENOSPC, "no room for a file")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
