"""`varde view diff` and `varde view explain`: what a version changes, and why one person is in a view or not."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say, warn
from hub.cli.moment import instant_from
from hub.cli.subject import Identifier, one_subject_from
from hub.cli.table import Format, FormatOption, Table, show
from hub.inspection.diff import beside, changes
from hub.inspection.explain import explain as explain_person
from hub.inspection.explain import verify_may_explain
from hub.views.load import load_spec
from hub.views.version import ViewState, all_versions

Name = Annotated[str, typer.Argument(metavar="VIEW", help="The view's name.")]


def diff(
    ctx: typer.Context,
    name: Name,
    *,
    file: Annotated[Path | None, typer.Option("--file", help="A draft; left out, the newest version.")] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Say in plain words what a version changes against the one that was approved last."""
    act = acting(ctx, Duty.ANYTHING)
    with act.hub.reading() as session:
        versions = all_versions(session)
    rows = [row for row in versions if row.name == name]
    if file is None and not rows:
        raise typer.BadParameter("there is no such view; `varde view list` shows those there are")
    new = load_spec(rows[-1].spec if file is None else _text(file))
    approved = [row for row in rows if row.approved_at is not None and row.version != new.version]
    told = (*changes(load_spec(approved[-1].spec) if approved else None, new), *beside(new, versions))
    against = f"v{approved[-1].version} ({approved[-1].state})" if approved else "nothing approved"
    show(Table(("change",), [(each,) for each in told], f"{name} v{new.version} against {against}"), form)
    if any(row.state == ViewState.SUBMITTED.value for row in rows):
        say(f"Look at the data, too: `varde view check {name}`.")


def explain(
    ctx: typer.Context,
    identifier: Identifier,
    name: Name,
    *,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Instant of its grid; left out, the newest.")] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Say why one person is in a view, or not: the rule that fired, and since when. For the DPO; audited."""
    act = acting(ctx, Duty.ANYTHING)
    verify_may_explain(act.principal)  # before the look-up: who may not see must not learn whom this hub knows
    subject = one_subject_from(act.hub, identifier)
    instant = None if as_of is None else instant_from(as_of)
    found = explain_person(act.hub, subject, name, act.principal, as_of=instant)
    columns = ("view", "version", "purpose", "as_of", "present", "rule", "since", "words")
    what = (found.view, found.version, found.purpose, found.as_of, found.present, found.rule)
    show(Table(columns, [(*what, found.since, found.words)], f"One person in {name}"), form)
    if found.closed is not None:
        warn(f"nobody can read this view now: {found.closed}.")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise typer.BadParameter(f"the spec cannot be read ({type(exc).__name__}); name a UTF-8 file") from None
