"""`varde outbox`: letters to customers, sent now instead of by the server, and what became of them."""

from typing import Annotated, Final

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import complain, say, would
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.exit_code import ExitCode
from hub.identification.round import go_round
from hub.outbox.post import post_of
from hub.outbox.store import LetterState, count_letters, listed_letters

app = typer.Typer(help="Letters to customers.", no_args_is_help=True)
_COLUMNS: Final = ("letter_id", "record_id", "kind", "state", "attempts", "created_at", "due_at", "ended_at")
Most = Annotated[int, typer.Option("--most", min=1, max=10_000, help="How many of the newest.")]


@app.command()
def send(ctx: typer.Context, *, dry_run: DryRun = False) -> None:
    """Send the letters that are due; `varde serve` does so by itself. Safe to run beside it."""
    hub = acting(ctx, Duty.SEND_LETTERS).hub
    if post_of(hub.settings) is None:
        complain("No mail server is configured. Set VARDE_MAIL, such as smtp://HOST:587?from=ADDRESS.")
        raise typer.Exit(ExitCode.USAGE)
    if dry_run:
        with hub.reading() as session:
            would(f"try {count_letters(session).get(LetterState.WAITING, 0)} letters that wait, those that are due")
        return
    done = go_round(hub)
    say(f"Sent {done.sent}; refused for good {done.refused}; to be tried again {done.later}; expired {done.expired}.")
    if done.void:
        say(f"{done.void} were nobody's any more and are gone.")


@app.command("list")
def list_(ctx: typer.Context, *, most: Most = 50, form: FormatOption = Format.TABLE) -> None:
    """List the newest letters: of what kind, what became of them; never to which address or what they say."""
    hub = acting(ctx, Duty.SEE_LETTERS).hub
    with hub.reading() as session:
        letters = listed_letters(session, most=most)
    show(Table(_COLUMNS, [tuple(getattr(each, name) for name in _COLUMNS) for each in letters], "Letters"), form)
