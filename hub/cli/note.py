"""Signed notes from files: checkpoints that somebody kept outside the hub."""

from pathlib import Path

import typer


def note_from(path: Path) -> str:
    """Read a note that somebody kept.

    Raises:
        BadParameter: the file cannot be read, or is no text.

    """
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise typer.BadParameter(f"the checkpoint cannot be read ({type(exc).__name__})") from None
