"""The option by which a command is rehearsed."""

from typing import Annotated

import typer

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen and change nothing.")]
