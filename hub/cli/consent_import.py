"""`varde consent import`: noes that other systems have gathered, from a CSV."""

from pathlib import Path
from typing import Annotated, Final

import typer

from hub import logs
from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say
from hub.cli.table import Format, FormatOption, Table, show
from hub.exit_code import ExitCode
from hub.suppression.importing import import_opt_outs

_LOG = logs.log_of("consent")
_COLUMNS: Final = ("line", "column", "rule")


def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV with columns identifier, purpose, act, channel, time.")],
    *,
    form: FormatOption = Format.TABLE,
) -> None:
    """Take in refusals, withdrawals, objections and restrictions; those of people who are not here yet are kept.

    Identifier: email:ADDRESS, phone:NUMBER or SOURCE:KEY. Purpose: one of the policy, contact.CHANNEL, or *.
    Act: withdrawn, refused, objected or restricted. Channel, by which the no came: api, page, link, one_click, gpc,
    agent (where empty), import, email, phone or letter. Time: an ISO 8601 date or instant (now, where empty).
    """
    act = acting(ctx, Duty.ANYTHING)
    done = import_opt_outs(act.hub, file, act.principal)
    _LOG.info(logs.LogEvent.CONSENT_RECORDED, extra={"rows": done.taken, "records": done.acts})
    say(
        f"Read {done.read} lines, took {done.taken}: {done.acts} acts on records are new, {done.entries} entries for "
        f"whoever comes later are new; {done.waiting} identifiers nobody carries yet."
    )
    if done.rejected:
        rows = [(each.line, each.column, each.rule) for each in done.rejected]
        show(Table(_COLUMNS, rows, "Lines that were not taken"), form)
        raise typer.Exit(ExitCode.REJECTS)
