"""`varde view materialise`: a view's rows made once and kept, sealed, for reading one customer at once."""

from typing import Annotated

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import counted, say, would
from hub.cli.moment import instant_from
from hub.cli.rehearsal import DryRun
from hub.views.snapshot import keepable
from hub.views.snapshot import materialise as make


def materialise(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The view's name.")],
    *,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Instant of its grid; left out, the newest.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Make a view's rows and keep them sealed in the lake, so that one customer's can be read at once."""
    act = acting(ctx, Duty.ANYTHING)
    at = None if as_of is None else instant_from(as_of)
    if dry_run:
        spec = keepable(act.hub, act.principal, name)
        would(f"make the rows of {spec.name} version {spec.version} and keep them for {spec.expires_days} days")
        return
    made = make(act.hub, act.principal, name, as_of=at)
    say(
        f"Made {counted(made.rows, 'row', 'rows')} of {made.view} version {made.version} as of {made.as_of:%Y-%m-%d}; "
        f"they can be read until {made.expires_at:%Y-%m-%d}."
    )
