"""Files that a command is given to read: why one cannot be read is told in words, never with what is in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import typer

_WHY: Final[dict[type[Exception], str]] = {
    FileNotFoundError: "there is none of that name; look at the path",
    IsADirectoryError: "that is a folder; name a file in it",
    PermissionError: "you may not read it; ask whose it is",
    UnicodeDecodeError: "it is not text in UTF-8; save it so",
}


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Turn what goes wrong when a file is read into a refusal that says what the file was to be.

    Raises:
        BadParameter: it cannot be read.

    """
    try:
        yield
    except (OSError, UnicodeDecodeError) as exc:
        why = _WHY.get(type(exc), f"{type(exc).__name__}; see that it is whole and its disk is there")
        raise typer.BadParameter(f"{what} cannot be read: {why}") from None


def text_in(path: Path, what: str) -> str:
    """Read a text file.

    Raises:
        BadParameter: it cannot be read.

    """
    with readable(what):
        return path.read_text("utf-8")
