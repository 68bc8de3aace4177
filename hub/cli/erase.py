"""`varde erase`: destroy what is known of a person, everywhere."""

import sys
from typing import Annotated

import typer

from hub import logs
from hub.cli.duty import Duty
from hub.cli.home import DryRun
from hub.cli.invocation import acting
from hub.cli.message import say, would
from hub.cli.subject import Identifier, one_subject_from
from hub.cli.table import Format, FormatOption, Table, show
from hub.erasing import erase as carry_out
from hub.erasing import plan, roll_forward
from hub.problems import ExitCode

_LOG = logs.log_of("erasing")


def erase(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    identifier: Identifier = "",
    *,
    finish: Annotated[bool, typer.Option("--finish", help="Finish the erasures that broke off; names nobody.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: it cannot be undone.")] = False,
    dry_run: DryRun = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Erase a person (Article 17): keys destroyed, rows removed, files rewritten and purged. Cannot be undone."""
    if finish == bool(identifier):
        raise typer.BadParameter("give an IDENTIFIER, or --finish alone")
    act = acting(ctx, Duty.ANYTHING)
    if finish:
        say(f"Finished {roll_forward(act.hub, act.principal.principal_id)} erasures that had broken off.")
        return
    subject = one_subject_from(act.hub, identifier)
    planned = plan(act.hub, subject, act.principal)
    if dry_run or not yes:
        rows: list[tuple[object, ...]] = [("control database", *item) for item in sorted(planned.rows.items())]
        rows += [("lake", table, why) for table, why in sorted(planned.kept.items())]
        show(Table(("where", "what", "rows_or_rule"), rows, "Erasure of one person"), form)
    if dry_run:
        would(f"destroy every key of {planned.records} records, remove their rows and purge the files that held them")
        return
    if not yes:
        _ask()
    done = carry_out(act.hub, subject, act.principal)
    _LOG.info(logs.LogEvent.SUBJECT_ERASED, extra={"records": done.records, "rows": done.rows_deleted})
    columns = ("erasure", "records", "keys_destroyed", "rows_deleted", "rows_blanked", "lake_files_replaced")
    figures = (done.records, sum(done.keys.values()), done.rows_deleted, done.rows_blanked, done.lake_files_replaced)
    show(Table(columns, [(done.erasure_id, *figures)], "Erased"), form)
    say("Erased: nobody can read the person any more, and what is left of the keys is nothing.")


def _ask() -> None:
    """Let a person at a terminal think again; a script has to say `--yes`."""
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody is there to be asked: add --yes if the person is to be erased")
    if not typer.confirm("Erase this person? It cannot be undone", err=True):
        raise typer.Exit(ExitCode.USAGE)
