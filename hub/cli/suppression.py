"""`varde suppression`: who must not come back, and whose no waits for them."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Final

import typer

from hub.cli.duty import Duty
from hub.cli.erasures import finish_erasures
from hub.cli.invocation import acting
from hub.cli.message import counted, say, would
from hub.cli.rehearsal import DryRun
from hub.cli.subject import Identifier, given
from hub.cli.table import Format, FormatOption, Table, show
from hub.exit_code import ExitCode
from hub.suppression.erased_elsewhere import import_erased
from hub.suppression.listing import LiftReason, Whose, lift, listed, rehearse_telling, tell_whose
from privacy.instant import instant_of

app = typer.Typer(help="Who must not come back, and whose no waits for them.", no_args_is_help=True)
_SETS: Final = ("set", "kind", "known_by", "purpose", "act", "since")
_COUNTS: Final = ("kind", "purpose", "act", "sets")


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    each: Annotated[bool, typer.Option("--all", help="Every set by its id, not only their number.")] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show what the list holds: digests of identifiers, by kind and purpose. Audited."""
    act = acting(ctx, Duty.ANYTHING)
    sets = listed(act.hub, act.principal)
    if each:
        rows = [(s.set_id, s.kind, s.attributes, s.purpose, s.act, instant_of(s.at_us)) for s in sets]
        show(Table(_SETS, rows, "Suppressed"), form)
        return
    counts = Counter((s.kind, s.purpose, s.act) for s in sets)
    show(Table(_COUNTS, [(*key, count) for key, count in sorted(counts.items())], "Suppressed"), form)


@app.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV with one column, identifier.")],
    *,
    form: FormatOption = Format.TABLE,
) -> None:
    """Keep out whom another system has erased. Nobody who is here already is erased by it."""
    act = acting(ctx, Duty.ANYTHING)
    done = import_erased(act.hub, file, act.principal)
    new = counted(done.entries, "entry is", "entries are")
    say(f"Read {counted(done.read, 'line', 'lines')}, took {done.taken}: {new} new.")
    if done.rejected:
        rows = [(each.line, each.column, each.rule) for each in done.rejected]
        show(Table(("line", "column", "rule"), rows, "Lines that were not taken"), form)
        raise typer.Exit(ExitCode.REJECTS)


@app.command("lift")
def lift_(
    ctx: typer.Context,
    identifier: Identifier,
    *,
    reason: Annotated[LiftReason, typer.Option("--reason", help="Why, as a word.")],
    dry_run: DryRun = False,
) -> None:
    """Let somebody come back, or end a no that waits: IDENTIFIER, or a set's id. Only the DPO may. Audited."""
    act, word = acting(ctx, Duty.LIFT_SUPPRESSION), given(identifier)
    if dry_run:
        would("lift what is suppressed under that identifier or set")
        return
    count = lift(act.hub, word, reason, act.principal)
    say(
        f"Lifted {counted(count, 'set', 'sets')}. "
        f"A no that a record has heard already stays on it until the person says otherwise."
    )


@app.command()
def decide(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="SOURCE:KEY", help="The key of the row; - reads standard input.")],
    whose: Annotated[Whose, typer.Argument(help="same: the erased person's; other: somebody else's.")],
    *,
    dry_run: DryRun = False,
) -> None:
    """Say of a row that waits as `suppressed_unclear` whose it is; then `varde quarantine retry` ends its waiting."""
    act, word = acting(ctx, Duty.ANYTHING), given(key)
    if dry_run:
        rehearse_telling(act.hub, word, whose, act.principal)
        would(f"note that the key is of {'the erased person' if whose is Whose.SAME else 'somebody else'}")
        return
    closed = tell_whose(act.hub, word, whose, act.principal)
    finish_erasures(act.hub, act.principal.principal_id)
    say("Noted. Rows under that key are " + ("dropped." if whose is Whose.SAME else "let in."))
    if closed.erased:
        say("What events had brought under it is erased: nothing else was known of its record.")
    if closed.restricted:
        say("Its record, of which a delivery had told, is restricted: `varde erase` it, or lift the restriction.")
