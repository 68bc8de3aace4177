"""`varde voice rules|tasks|close`: if a study tells this, somebody does that by then."""

from typing import Annotated

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say, would
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.predictions import voice_tasks
from hub.predictions.voice_tasks import Outcome


def rules() -> None:
    """Print the rules that come with Varde, to edit: if this is told, somebody does that by then."""
    typer.echo(voice_tasks.shipped_rules(), nl=False)


def tasks(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """List what rules asked for and nobody has closed, the first due first; overdue ones stand by the next in line."""
    act = acting(ctx, Duty.ANYTHING)
    voice_tasks.verify_may_look(act.hub, act.principal)
    now = act.hub.clock()
    rows = [
        (one.key, one.whose(now), f"{one.due_at:%Y-%m-%d}", "yes" if now > one.due_at else "no", one.subject, one.act)
        for one in voice_tasks.listed(act.hub)
    ]
    show(Table(("key", "whose", "due", "overdue", "subject", "what"), rows), form)


def close(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(help="As `varde voice tasks` shows it.")],
    outcome: Annotated[Outcome, typer.Argument(help="How it ended.")],
    *,
    dry_run: DryRun = False,
) -> None:
    """Close a task: it was done, or somebody decided not to; a later study opens it again where it is told again."""
    act = acting(ctx, Duty.ANYTHING)
    if dry_run:
        would(f"close a task as {outcome.value}")
        return
    voice_tasks.close(act.hub, act.principal, key, outcome)
    say("Closed.")
