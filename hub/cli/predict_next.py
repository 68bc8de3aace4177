"""`varde predict next`: the products or functions that may come next for each customer, a row a place."""

from typing import Annotated

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import counted, say, would
from hub.cli.moment import instant_from
from hub.cli.predict_language import DEFAULT, LanguageOption
from hub.cli.rehearsal import DryRun
from hub.cli.rows_option import AsOfOption, OutOption, RowsFormOption, UseOption, give_rows, verify_out
from hub.predictions.coming import VIEWS, Wish, coming
from hub.views.gateway import PSEUDONYM
from hub.views.intent import Reader
from predict.next_need.door import Kind
from predict.next_need.products import MANY

_MODULE = "next_need"


def next_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="What to list: products, or functions that the customer does not use.")],
    *,
    places: Annotated[int, typer.Option("--places", min=1, max=MANY, help="At most so many for each customer.")] = 3,
    as_of: AsOfOption = None,
    language: LanguageOption = DEFAULT,
    use: UseOption = None,
    out: OutOption = None,
    form: RowsFormOption = None,
    dry_run: DryRun = False,
) -> None:
    """Name the products or unused functions that may come next for each customer, and why: an audited read."""
    verify_out(out, use)
    act = acting(ctx, Duty.TRAIN)
    if dry_run:
        would(f"read {VIEWS[kind]}, audited, and name up to {counted(places, kind.value, f'{kind.value}s')} a customer")
        return
    at = None if as_of is None else instant_from(as_of)
    reader = Reader(principal=act.principal, module=_MODULE, use=use)
    found = coming(act.hub, reader, Wish(kind=kind, language=language, places=places), as_of=at)
    give_rows(found.rows, found.released, out, form)
    if found.released.prohibited_uses:
        say(f"Never to be used for: {', '.join(found.released.prohibited_uses)}.")
    customers, named = found.released.frame[PSEUDONYM].n_unique(), found.rows[PSEUDONYM].n_unique()
    say(f"Named something to {named} of {counted(customers, 'customer', 'customers')} as of {found.as_of:%Y-%m-%d}.")
    say("A share is what others did in 90 days, never a customer's chance; a person decides whom to suggest what.")
    for because, count in sorted(found.released.absent.items(), key=lambda item: -item[1]):
        say(f"{counted(count, 'customer', 'customers')} absent: {because}")
