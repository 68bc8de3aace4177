"""`varde predict texts`: what is heard in what customers wrote, a row a message, without the text."""

from enum import StrEnum
from typing import Annotated, Final

import polars as pl
import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import counted, say, would
from hub.cli.module_name import ModuleName
from hub.cli.moment import instant_from
from hub.cli.rehearsal import DryRun
from hub.cli.rows_option import AsOfOption, OutOption, RowsFormOption, UseOption, give_rows, verify_out
from hub.predictions.hearing import hear
from hub.views.intent import Reader
from predict.registry import DECLARED


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
    as_of: AsOfOption = None,
    use: UseOption = None,
    about: Annotated[
        About | None, typer.Option("--about", help="Only who is behind this: a row a message, under pseudonyms.")
    ] = None,
    out: OutOption = None,
    form: RowsFormOption = None,
    dry_run: DryRun = False,
) -> None:
    """Say of each message how it feels, what it is about and how urgent it is: an audited read; no text comes out."""
    verify_out(out, use)
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
    give_rows(rows, found.released, out, form)
    critical, customers = int(rows["critical"].sum()), rows["pseudonym"].n_unique()
    heard = f"{counted(rows.height, 'message', 'messages')} of {counted(customers, 'customer', 'customers')}"
    say(f"Heard {heard}; {critical} to be seen at once by a person.")
