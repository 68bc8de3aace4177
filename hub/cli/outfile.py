"""Files that a command writes: for the owner alone (mode 0600), whole or not at all, never over another file."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import typer


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """Create a file of mode 0600 and yield it; it is removed again if writing fails.

    Raises:
        BadParameter: there is a file of that name already, or the folder cannot be written to.

    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:
        raise typer.BadParameter("that file exists already; choose another name or remove it first") from None
    except OSError as exc:
        raise typer.BadParameter(f"the file cannot be made: {_why(exc)}") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def verify_ending(path: Path | None, endings: Collection[str]) -> None:
    """Refuse a file whose ending says nothing of how to write it, or that could not be made; None is standard output.

    Raises:
        BadParameter: the ending is another, or the file could not be made.

    """
    if path is None:
        return
    if path.suffix not in endings:
        raise typer.BadParameter(f"the file's ending says how to write it: one of {', '.join(endings)}")
    verify_writable(path)


def verify_writable(path: Path) -> None:
    """Refuse a file that could not be made, before anything is read for it; `private_file` has the last word.

    Raises:
        BadParameter: there is a file of that name already, no such folder, or nobody may write there.

    """
    if path.exists():
        raise typer.BadParameter("that file exists already; choose another name or remove it first")
    if not path.parent.is_dir():
        raise typer.BadParameter("the file cannot be made: there is no such folder; make it first")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise typer.BadParameter("the file cannot be made: you may not write to its folder; choose another")


def _why(error: OSError) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "there is no such folder; make it first"
    if isinstance(error, PermissionError):
        return "you may not write to its folder; choose another"
    return f"its folder takes none ({os.strerror(error.errno or 0)}); choose another"
