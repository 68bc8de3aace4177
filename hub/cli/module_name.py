"""The argument by which a command names a prediction module."""

from enum import StrEnum
from typing import Annotated

import typer

from predict.registry import DECLARED

Module = StrEnum("Module", [(name.upper(), name) for name in DECLARED])  # type: ignore[misc]  # made of what there is
ModuleName = Annotated[Module, typer.Argument(help="Which module.")]
