"""`varde recipient`: who receives data from us, and what they were told of people's acts (Article 19)."""

from typing import Annotated, Final

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say, would
from hub.cli.rehearsal import DryRun
from hub.cli.subject import given
from hub.cli.table import Format, FormatOption, Table, show
from hub.recipients.roster import NewRecipient, enter, find_live, leave, prohibited_by, verify_may_change, verify_new
from hub.recipients.sending import tell_due
from hub.recipients.store import RecipientKind, newest_notices, recipients
from hub.recipients.webhook import secret_text

app = typer.Typer(help="Who receives data, and what they are told (Art. 19).", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The recipient's name.")]
NOTICES: Final = ("recipient", "purpose", "kind", "state", "status", "attempts", "created_at", "ended_at")
_RECIPIENTS: Final = ("id", "name", "kind", "purposes", "added_at", "removed_at")


@app.command("add")
def add_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    name: Name,
    *,
    url: Annotated[str, typer.Option("--url", help="https://HOST/PATH; - reads it from standard input.")],
    purposes: Annotated[list[str], typer.Option("--purpose", help="A purpose whose rows they receive. Repeatable.")],
    kind: Annotated[RecipientKind, typer.Option("--kind", help="What they are to you.")] = RecipientKind.PROCESSOR,
    dry_run: DryRun = False,
) -> None:
    """Add a recipient and print its signing secret, this once. Audited."""
    act = acting(ctx, Duty.ANYTHING)
    verify_may_change(act.principal)
    new = NewRecipient(name=name, kind=kind, url=given(url), purposes=tuple(purposes))
    if dry_run:
        verify_new(act.hub, new)
        would(f"add a {kind} who is told of people in {', '.join(sorted(purposes))}")
        return
    recipient, secret = enter(act.hub, new, act.principal)
    typer.echo(secret_text(secret))
    say("Added. The secret is shown once: hand it over safely; every notice is signed with it.")
    for purpose, prohibited in prohibited_by(act.hub.policy(), recipient).items():
        say(f"Rows for {purpose} are never used for: {', '.join(prohibited) or '(nothing is listed)'}. Let them agree.")


@app.command()
def remove(ctx: typer.Context, name: Name, *, dry_run: DryRun = False) -> None:
    """Remove a recipient that has nothing of yours any more. What waits for it is still told. Audited."""
    act = acting(ctx, Duty.ANYTHING)
    verify_may_change(act.principal)
    if dry_run:
        with act.hub.reading() as session:
            find_live(session, name)
        would("remove the recipient")
        return
    leave(act.hub, name, act.principal)
    say("Removed: what happens to people from now on is not told there.")


@app.command("list")
def list_(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """List who receives data, and who did once."""
    hub = acting(ctx, Duty.SEE_RECIPIENTS).hub
    with hub.reading() as session:
        found = recipients(session)
    rows = [(e.recipient_id, e.name, e.kind, sorted(e.purposes), e.added_at, e.removed_at) for e in found]
    show(Table(_RECIPIENTS, rows, "Recipients"), form)


@app.command()
def send(ctx: typer.Context, *, dry_run: DryRun = False) -> None:
    """Tell recipients what is due; `varde serve` does so by itself. Safe to run beside it."""
    hub = acting(ctx, Duty.TELL_RECIPIENTS).hub
    if dry_run:
        would("tell recipients what is due")
        return
    done = tell_due(hub)
    say(f"Told {done.told}; refused for good {done.refused}; to be tried again {done.later}; expired {done.expired}.")


@app.command()
def notices(
    ctx: typer.Context,
    *,
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="How many of the newest.")] = 50,
    form: FormatOption = Format.TABLE,
) -> None:
    """List the newest notices: who was told when, who not yet; never of whom."""
    hub = acting(ctx, Duty.SEE_RECIPIENTS).hub
    with hub.reading() as session:
        found = newest_notices(session, most=most)
    show(Table(NOTICES, [tuple(getattr(each, name) for name in NOTICES) for each in found], "Notices"), form)
