"""Files that a command writes: for the owner alone (mode 0600), whole or not at all, never over another file."""

import os
from collections.abc import Iterator
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
        raise typer.BadParameter(f"the file cannot be made ({type(exc).__name__}); check its folder") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
