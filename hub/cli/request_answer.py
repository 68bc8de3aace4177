"""`varde request export` and the other works that answer a request: each for an identified asker, each audited."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.message import say, warn, would
from hub.cli.outfile import private_file
from hub.cli.rehearsal import DryRun
from hub.cli.request import RequestId, app, request_id_from
from hub.requests.export import Form, complete
from hub.requests.export import export as take_out
from hub.requests.handling import verify_may_handle
from hub.requests.rectifying import correct as put_right
from hub.requests.rectifying import verify_details
from hub.requests.steps import seat_here

__all__ = ["app"]


@app.command()
def export(
    ctx: typer.Context,
    request: RequestId,
    *,
    to: Annotated[Path, typer.Option("--to", help="The file to write; it holds the person's data in clear.")],
    form: Annotated[Form, typer.Option("--form", help="json or html (Art. 15), portable (Art. 20).")] = Form.HTML,
    dry_run: DryRun = False,
) -> None:
    """Write all that is held of the asker into one file, for its owner alone. Audited before anything is opened."""
    act = _acting(ctx)
    if dry_run:
        would("open the person's records, note that in the audit log and write them to the file")
        return
    with private_file(to) as file:
        done = take_out(act.hub, request_id_from(request), form, act.principal)
        file.write(done.content)
    complete(act.hub, done, act.principal.principal_id)
    say(f"Wrote {len(done.content)} bytes; {done.opened} sealed records were opened, under act {done.act_id.hex()}.")
    warn("the file holds personal data in clear. Hand it over safely, then delete it, then `varde request fulfil`.")


def _acting(ctx: typer.Context) -> Acting:
    act = acting(ctx, Duty.ANYTHING)
    verify_may_handle(act.principal)
    return act


@app.command()
def correct(
    ctx: typer.Context,
    request: RequestId,
    *,
    details: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="DETAIL=VALUE",
            help="A right value, repeatable; an empty one says there is none. - reads such lines from standard input, "
            "which keeps them out of the shell's history.",
        ),
    ],
    dry_run: DryRun = False,
) -> None:
    """Correct the asker's details (Art. 16): it holds although the source goes on to deliver the wrong value."""
    act = _acting(ctx)
    values = _details(details)
    if dry_run:
        verify_details(values, seat_here(act.hub).country)
        would(f"correct {', '.join(sorted(values))} wherever a source says otherwise")
        return
    changed = put_right(act.hub, request_id_from(request), values, act.principal)
    say(f"Corrected {changed} records. Next: `varde request fulfil`; tell the sources, too (Art. 19).")


def _details(given: list[str]) -> dict[str, str | None]:
    lines = [line for each in given for line in (sys.stdin.read().splitlines() if each == "-" else [each])]
    pairs = [line.partition("=") for line in lines if line.strip()]
    if not pairs or any(not sign for _, sign, _ in pairs):
        raise typer.BadParameter("write each as DETAIL=VALUE, for instance city=Oslo")
    return {name.strip(): value.strip() or None for name, _, value in pairs}
