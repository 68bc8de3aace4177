"""`varde view recalls`: whose rows of earlier releases must be dropped by now."""

from typing import Annotated

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.moment import instant_from
from hub.cli.table import Format, FormatOption, Table, show
from hub.views.recall import recalls_since


def recalls(
    ctx: typer.Context,
    *,
    since: Annotated[str, typer.Option("--since", help="Releases of yours at or after this instant.")],
    form: FormatOption = Format.TABLE,
) -> None:
    """List what of your releases must be dropped by now: rows by pseudonym, or everything. Each is audited."""
    act = acting(ctx, Duty.ANYTHING)
    rows: list[tuple[object, ...]] = []
    for each in recalls_since(act.hub, act.principal, instant_from(since)):
        what = ["everything"] if each.everything else [pseudonym.hex() for pseudonym in each.pseudonyms]
        rows += [(each.release_id.hex(), drop, each.expires_at) for drop in what]
    show(Table(("release", "drop", "expires_at"), rows, "To be dropped"), form)
