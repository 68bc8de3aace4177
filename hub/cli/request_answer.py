"""`varde request export` and the other works that answer a request: each for an identified asker, each audited."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.duty import Duty
from hub.cli.home import DryRun
from hub.cli.invocation import Acting, acting
from hub.cli.message import say, warn, would
from hub.cli.outfile import private_file
from hub.cli.request import RequestId, app, request_id_from
from hub.requests.export import Form, complete
from hub.requests.export import export as take_out
from hub.requests.handling import verify_may_handle


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
