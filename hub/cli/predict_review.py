"""`varde predict act|review`: what was done about a score, and how past alerts turned out."""

from typing import Annotated, Any

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say, would
from hub.cli.module_name import ModuleName
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show, show_json
from hub.predictions import reviewing
from hub.predictions.reviewing import Deed

_COUNTS = ("customers", "alerts", "hits", "false_alarms", "misses", "acted_on")
_COLUMNS = ("month", *(name.replace("_", " ") for name in _COUNTS), "precision", "promised", "kept")


def act(
    ctx: typer.Context,
    module: ModuleName,
    pseudonym: Annotated[str, typer.Argument(help="As the scores gave it.")],
    deed: Annotated[Deed, typer.Argument(help="What was done.")],
    *,
    dry_run: DryRun = False,
) -> None:
    """Note that somebody acted on a score: without it nobody can tell a false alarm from a departure averted."""
    duty = acting(ctx, Duty.TRAIN)
    try:
        whose = bytes.fromhex(pseudonym)
    except ValueError:
        raise typer.BadParameter("a pseudonym is 32 hexadecimal digits") from None
    if dry_run:
        would(f"note for the review of {module} that one customer was {deed.value}")
        return
    reviewing.act(duty.hub, duty.principal, module, whose, deed)
    say("Noted.")


def review(
    ctx: typer.Context, module: ModuleName, *, form: FormatOption = Format.TABLE, dry_run: DryRun = False
) -> None:
    """Join every past alert with what happened, month by month, beside what the model promised: an audited read."""
    duty = acting(ctx, Duty.TRAIN)
    if dry_run:
        would(f"read outcomes of past alerts of {module}, audited, and tell figures by month")
        return
    told = reviewing.review(duty.hub, duty.principal, module)
    if form is Format.JSON:
        show_json(told)
        return
    rows = [_row(one["month"], one) for one in told["months"]] + [_row("all", told["all"])]
    show(Table(_COLUMNS, rows), form)


def _row(month: str, one: dict[str, Any]) -> tuple[object, ...]:
    counts = (one[name] for name in _COUNTS)
    precision, promised = one["precision"], one["promised_precision"]
    said = f"{precision['figure']:.0%} ({precision['low']:.0%} to {precision['high']:.0%})" if precision["of"] else "-"
    return month, *counts, said, "-" if promised is None else f"{promised:.0%}", one["kept"]
