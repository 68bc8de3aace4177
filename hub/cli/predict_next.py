"""`varde predict next`: the products or functions that may come next for each customer, a row a place."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import counted, say, would
from hub.cli.moment import instant_from
from hub.cli.predict_language import DEFAULT, LanguageOption
from hub.cli.rehearsal import DryRun
from hub.cli.rows import show_rows, verify_kind, verify_stated, write_rows
from hub.cli.table import Format
from hub.predictions.coming import VIEWS, Wish, coming
from hub.views.departure import label_for
from hub.views.gateway import PSEUDONYM
from hub.views.intent import Reader
from predict.next_need.door import Kind
from predict.next_need.products import MANY
from privacy.uses import Use

_MODULE = "next_need"


def next_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="What to list: products, or functions that the customer does not use.")],
    *,
    places: Annotated[int, typer.Option("--places", min=1, max=MANY, help="At most so many for each customer.")] = 3,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Instant of the view's grid; left out, newest.")] = None,
    language: LanguageOption = DEFAULT,
    use: Annotated[Use | None, typer.Option("--use", help="What a file will be used for; accepts the list.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File .parquet, .csv, .arrow or .json, mode 0600.")] = None,
    form: Annotated[Format | None, typer.Option("--format", help="How to print; left out, csv in a pipe.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Name the products or unused functions that may come next for each customer, and why: an audited read."""
    if out is not None:
        verify_kind(out)
        verify_stated(use)
    act = acting(ctx, Duty.TRAIN)
    if dry_run:
        would(f"read {VIEWS[kind]}, audited, and name up to {counted(places, kind.value, f'{kind.value}s')} a customer")
        return
    at = None if as_of is None else instant_from(as_of)
    reader = Reader(principal=act.principal, module=_MODULE, use=use)
    found = coming(act.hub, reader, Wish(kind=kind, language=language, places=places), as_of=at)
    if out is None:
        show_rows(found.rows, form or (Format.TABLE if sys.stdout.isatty() else Format.CSV))
    else:
        write_rows(found.rows, out, label_for(found.released))
    if found.released.prohibited_uses:
        say(f"Never to be used for: {', '.join(found.released.prohibited_uses)}.")
    customers, named = found.released.frame[PSEUDONYM].n_unique(), found.rows[PSEUDONYM].n_unique()
    say(f"Named something to {named} of {counted(customers, 'customer', 'customers')} as of {found.as_of:%Y-%m-%d}.")
    say("A share is what others did in 90 days, never a customer's chance; a person decides whom to suggest what.")
    for because, count in sorted(found.released.absent.items(), key=lambda item: -item[1]):
        say(f"{counted(count, 'customer', 'customers')} absent: {because}")
