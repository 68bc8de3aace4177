"""The option by which a command writes a picture, and its file: for the owner alone, whole or not at all."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from hub.cli.outfile import private_file
from hub.errors import SettingsInvalid

PictureOption = Annotated[
    Path | None, typer.Option("--picture", help="Where an SVG picture goes; needs the extra `plots`.")
]


def draw(path: Path, drawn: Callable[[ModuleType], str], *, pictures: str = "hub.cli.picture") -> None:
    """Write what a function draws with the room of pictures that it is given.

    Raises:
        SettingsInvalid: what draws them is not installed.

    """
    try:
        room = import_module(pictures)  # late: it needs the extra `plots`
    except ImportError:
        remedy = "Install the extra: pip install 'varde[plots]'"
        raise SettingsInvalid("--picture", "what draws pictures is not installed", remedy) from None
    with private_file(path) as file:
        file.write(drawn(room).encode())
