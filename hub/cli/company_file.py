"""Reading a file that a company wrote for a module: what is wrong is told with the file's name, line and rule."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer
from yaml import YAMLError

from hub.errors import ChildFailed


def company_file(file: Path, read: Callable[[str], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Read a file by the rules of `hub.predictions.company_file`.

    Raises:
        BadParameter: it cannot be read, or an entry makes no sense.

    """
    try:
        return read(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as exc:
        mark = getattr(exc, "problem_mark", None)
        where = "" if mark is None else f", line {mark.line + 1}"
        raise typer.BadParameter(f"{file.name} cannot be read ({type(exc).__name__}{where})") from None
    except ChildFailed as refused:
        raise typer.BadParameter(f"{file.name}: {refused.told}") from None
