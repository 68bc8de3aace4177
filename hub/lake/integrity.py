"""Look at one file and say what, if anything, is wrong with it; shared by readers after a fault and by fsck."""

import hashlib

import polars as pl

from hub.lake.errors import LakeFileRefused
from hub.lake.lake import Lake
from hub.lake.opening import open_file
from hub.lake.terms import StagedFile, name_of
from privacy.keys import Key


def fault_of(lake: Lake, file: StagedFile, key: Key | None) -> str | None:
    """Return what is wrong with a file, or None: missing, size, sha256, key, readability, number of rows."""
    try:
        size, sha256 = _measured(lake, file)
    except FileNotFoundError:
        return "the file is missing"
    except OSError as fault:
        return f"the file cannot be read: {fault.strerror}"
    if size != file.size_bytes:
        return f"the file has {size} bytes, the catalogue says {file.size_bytes}"
    if sha256 != file.sha256:
        return "the file's SHA-256 is not the catalogue's"
    return _unreadable(lake, file, key)


def _measured(lake: Lake, file: StagedFile) -> tuple[int, bytes]:
    """Return size in bytes and SHA-256 of the stored bytes."""
    size, digest = 0, hashlib.sha256()
    for chunk in lake.files.chunks(name_of(file.table, file.file_id)):
        size += len(chunk)
        digest.update(chunk)
    return size, digest.digest()


def _unreadable(lake: Lake, file: StagedFile, key: Key | None) -> str | None:
    """Open the footer under the key: GCM over the file id tells a wrong key or place; the bytes are checked already."""
    try:
        rows = open_file(lake, file, key).select(pl.len()).collect().item()
    except LakeFileRefused as refused:
        return refused.because
    except (pl.exceptions.ComputeError, FileNotFoundError):
        return "it does not open under its key and id"
    return None if rows == file.rows else f"it holds {rows} rows, the catalogue says {file.rows}"
