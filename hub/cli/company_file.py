"""Reading a file that a company wrote for a module: what is wrong is told with the file's name, line and rule."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer

from hub.errors import ChildFailed
from hub.predictions.company_file import read_file


def company_file(file: Path, read: Callable[[str], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Read a file by the rules of `hub.predictions.company_file`.

    Raises:
        BadParameter: it cannot be read, or an entry makes no sense.

    """
    try:
        return read_file(file, read)
    except ChildFailed as refused:
        raise typer.BadParameter(f"{file.name}: {refused.told}") from None
