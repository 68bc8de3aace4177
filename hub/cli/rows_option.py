"""The options of commands whose answer is rows of a release: at which instant, what for, where to, in which form.

A file is an export: what it is for is asked before anything is read, and the file carries its release's label.
"""

import sys
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from hub.cli.rows import show_rows, verify_kind, verify_stated, write_rows
from hub.cli.table import Format
from hub.views.departure import label_for
from hub.views.gateway import Released
from privacy.uses import Use

AsOfOption = Annotated[str | None, typer.Option("--as-of", help="Instant of the view's grid; left out, newest.")]
UseOption = Annotated[Use | None, typer.Option("--use", help="What a file will be used for; accepts the list.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="File .parquet, .csv, .arrow or .json, mode 0600.")]
RowsFormOption = Annotated[Format | None, typer.Option("--format", help="How to print; left out, csv in a pipe.")]


def verify_out(out: Path | None, use: Use | None) -> None:
    """Refuse a file of unknown kind, or for no stated use, before anything is read.

    Raises:
        BadParameter: either is so.

    """
    if out is not None:
        verify_kind(out)
        verify_stated(use)


def give_rows(rows: pl.DataFrame, released: Released, out: Path | None, form: Format | None) -> None:
    """Write rows into the file under the label of their release, or print them: a table for a person, csv in a pipe."""
    if out is None:
        show_rows(rows, form or (Format.TABLE if sys.stdout.isatty() else Format.CSV))
    else:
        write_rows(rows, out, label_for(released))
