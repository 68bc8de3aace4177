"""`varde audit reconcile`: whether anything was unwrapped that the audit log does not tell."""

from typing import Annotated

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import complain, say, warn
from hub.cli.moment import instant_from
from hub.cli.table import Format, FormatOption, Table, show
from hub.exit_code import ExitCode
from hub.reconciliation import Period, Reconciliation, Strength
from hub.reconciliation import reconcile as compare


def reconcile(
    ctx: typer.Context,
    *,
    since: Annotated[str | None, typer.Option("--from", help="Acts from this day or instant on.")] = None,
    before: Annotated[str | None, typer.Option("--to", help="Acts before this day or instant.")] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Compare the keys that every run unwrapped with what the log says was opened; ends with 1 if something is left.

    With the key in a file or variable the count is the process's own: advisory. With a key service, compare
    `generations` with the calls in the service's own log: that is evidence.
    """
    act = acting(ctx, Duty.VERIFY_AUDIT)
    act.hub.checkpoint()  # now and not at the end of this command: what it unwraps is in the count that is shown
    period = Period(*(None if each is None else instant_from(each) for each in (since, before)))
    found = compare(act.hub, period)
    columns = (
        *("strength", "acts", "opened", "unwrapped", "unaudited", "without_act", "uncounted"),
        *("files", "generations", "runs", "spanning"),
    )
    show(Table(columns, [tuple(getattr(found, name) for name in columns)], "Reconciliation"), form)
    _explain(found)
    if not found.is_clean:
        complain(f"{found.unaudited + found.without_act} keys of documents were unwrapped that no audit entry tells.")
        raise typer.Exit(ExitCode.UNEXPECTED)


def _explain(found: Reconciliation) -> None:
    if found.spanning:
        warn(f"{found.spanning} of the {found.runs} runs also worked outside the period, or kept no dates yet.")
        say("Their counts of files, generation keys and keys without an act are of the whole run; acts are not.")
    if found.uncounted:
        warn(f"{found.uncounted} acts have no count: their process was killed before it was kept, or opened nothing.")
    if found.strength is Strength.ADVISORY:
        say("Advisory: the key-encryption key is in the process, so a program that wants to can leave itself out.")
    else:
        say(f"Evidence: the runs that ended asked the key service {found.generations} times for a generation key. Its")
        say("own log shows the calls: one more than that is of a run that still works or was killed, or of somebody")
        say("who unwrapped elsewhere. See docs/guides/reveal.md.")
