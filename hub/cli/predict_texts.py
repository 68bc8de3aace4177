"""`varde predict texts`: what is heard in what customers wrote, a row a message, without the text."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import polars as pl
import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import counted, say, would
from hub.cli.module_name import ModuleName
from hub.cli.moment import instant_from
from hub.cli.rehearsal import DryRun
from hub.cli.rows import show_rows, verify_kind, verify_stated, write_rows
from hub.cli.table import Format
from hub.predictions.hearing import hear
from hub.views.departure import label_for
from hub.views.intent import Reader
from predict.registry import DECLARED
from privacy.uses import Use


class About(StrEnum):
    """What texts are listed by, with the customers behind them."""

    PRICE = "price"
    COMPETITOR = "competitor"
    REQUEST = "request"
    CRITICAL = "critical"


_SAID: Final = {one: "critical" if one is About.CRITICAL else f"mentions_{one}" for one in About}


def texts(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    module: ModuleName,
    *,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Instant of the view's grid; left out, newest.")] = None,
    use: Annotated[Use | None, typer.Option("--use", help="What a file will be used for; accepts the list.")] = None,
    about: Annotated[
        About | None, typer.Option("--about", help="Only who is behind this: a row a message, under pseudonyms.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File .parquet, .csv, .arrow or .json, mode 0600.")] = None,
    form: Annotated[Format | None, typer.Option("--format", help="How to print; left out, csv in a pipe.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Say of each message how it feels, what it is about and how urgent it is: an audited read; no text comes out."""
    if out is not None:
        verify_kind(out)
        verify_stated(use)
    act = acting(ctx, Duty.TRAIN)
    if dry_run:
        would(
            f"read {DECLARED[module].texts or 'no view'} for {module}, audited, and tell what is heard in each message"
        )
        return
    at = None if as_of is None else instant_from(as_of)
    found = hear(act.hub, Reader(principal=act.principal, use=use), module, as_of=at)
    rows = found.rows.sort("urgency", "message", descending=[True, False])
    if about is not None:
        rows = rows.filter(pl.col(_SAID[about]))
    if out is None:
        show_rows(rows, form or (Format.TABLE if sys.stdout.isatty() else Format.CSV))
    else:
        write_rows(rows, out, label_for(found.released))
    critical, customers = int(rows["critical"].sum()), rows["pseudonym"].n_unique()
    heard = f"{counted(rows.height, 'message', 'messages')} of {counted(customers, 'customer', 'customers')}"
    say(f"Heard {heard}; {critical} to be seen at once by a person.")
