"""`varde audit`: read the log, prove it, and give auditors what they need to prove it themselves."""

from typing import Annotated

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say
from hub.cli.moment import instant_from
from hub.cli.table import Format, FormatOption, Table, show
from privacy.store.audit import entries
from privacy.store.audit_verify import verify_log

app = typer.Typer(help="The audit log.", no_args_is_help=True)


@app.command()
def log(
    ctx: typer.Context,
    *,
    action: Annotated[str | None, typer.Option("--action", help="Only actions that begin so, such as `view.`.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Only from this date or instant on.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, newest first.")] = 100,
    form: FormatOption = Format.TABLE,
) -> None:
    """List entries, newest first: who did what, when, to how many. No entry holds anything about a person."""
    act = acting(ctx, Duty.READ_AUDIT)
    start = None if since is None else instant_from(since)
    with act.hub.reading() as session:
        found = entries(session, action=action, since=start, limit=limit)
    rows = [(leaf, entry.at, entry.action, entry.actor, dict(entry.fields)) for leaf, entry in found]
    show(Table(("leaf", "at", "action", "actor", "fields"), rows, "Audit log"), form)


@app.command()
def verify(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """Recompute the whole log: every leaf, the order, the head and every signed checkpoint."""
    act = acting(ctx, Duty.VERIFY_AUDIT)
    key = act.hub.verifier_key()
    with act.hub.reading() as session:
        verdict = verify_log(session, key)
    columns = ("entries", "bodies_pruned", "checkpoints", "key")
    show(Table(columns, [(verdict.size, verdict.pruned, verdict.checkpoints, str(key))], "Verified"), form)
    say("Every entry is where it was written and says what it said then.")


@app.command()
def checkpoint(ctx: typer.Context) -> None:
    """Sign the log's present head and print the note: kept by somebody else, it proves a later rollback."""
    act = acting(ctx, Duty.VERIFY_AUDIT)
    note = act.hub.checkpoint()
    if note is None:
        say("The log is empty: there is nothing to sign yet.")
        return
    typer.echo(note, nl=False)


@app.command()
def key(ctx: typer.Context) -> None:
    """Print the public key that checkpoints are verified with."""
    act = acting(ctx, Duty.ANYTHING)
    typer.echo(str(act.hub.verifier_key()))
