"""`varde request restrict`, `balance`, `review`, `erase`: what a colleague decides for a request."""

import sys
from typing import Annotated

import typer

from hub.cli.duty import Duty
from hub.cli.erasure_plan import plan_table
from hub.cli.invocation import acting
from hub.cli.message import say, would
from hub.cli.rehearsal import DryRun
from hub.cli.request import RequestId, request_id_from
from hub.cli.request_answer import app
from hub.cli.table import Format, FormatOption, Table, show
from hub.exit_code import ExitCode
from hub.requests import erasing, reviewing, weighing
from privacy.terms import PurposeId

__all__ = ["app"]

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask: it cannot be undone.")]


@app.command()
def restrict(ctx: typer.Context, request: RequestId, *, dry_run: DryRun = False) -> None:
    """Restrict the asker's data (Art. 18): from now on they are stored and not used, for any purpose."""
    act = acting(ctx, Duty.ANYTHING)
    if dry_run:
        would("restrict every record of the asker, for every purpose")
        return
    epoch = weighing.restrict(act.hub, request_id_from(request), act.principal)
    say(f"Restricted since epoch {epoch}: no read that starts now uses them. `varde consent lift` ends it.")


@app.command()
def balance(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    request: RequestId,
    *,
    purpose: Annotated[str, typer.Option("--purpose", help="The use that is objected to.")],
    outcome: Annotated[weighing.Outcome, typer.Option("--outcome", help="Whose interests weigh more.")],
    document: Annotated[str, typer.Option("--document", help="Name of the assessment in your files.")],
    ground: Annotated[
        weighing.Ground, typer.Option("--ground", help="The compelling ground, where one overrides.")
    ] = weighing.Ground.NONE,
    dry_run: DryRun = False,
) -> None:
    """Put the balancing test of an objection on record (Art. 21(1)); upheld, the use ends at once."""
    act = acting(ctx, Duty.ANYTHING)
    if dry_run:
        would(f"put on record that the objection to {purpose} is {outcome}")
        return
    found = weighing.Weighing(purpose=PurposeId(purpose), outcome=outcome, ground=ground, document_ref=document)
    weighing.balance(act.hub, request_id_from(request), found, act.principal)
    upheld = outcome is weighing.Outcome.UPHELD
    following = "`varde request fulfil`" if upheld else "`varde request refuse --reason overriding_grounds`"
    say(f"On record: the objection to {purpose} is {outcome}. Next: {following}.")


@app.command()
def review(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    request: RequestId,
    *,
    module: Annotated[str | None, typer.Option("--module", help="Which prediction; left out, all are shown.")] = None,
    verdict: Annotated[reviewing.Verdict | None, typer.Option("--verdict", help="What you say of it.")] = None,
    reason: Annotated[reviewing.ReviewReason, typer.Option("--reason", help="Why.")] = reviewing.ReviewReason.PLAUSIBLE,
    dry_run: DryRun = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Look at a score as a human (Art. 22(3)): shown in words first; with --verdict, your word is on record."""
    act, request_id = acting(ctx, Duty.ANYTHING), request_id_from(request)
    if dry_run:
        would("show the scores, or put your word on one on record")
        return
    if module is None or verdict is None:
        scores = reviewing.scores_to_review(act.hub, request_id, act.principal)
        rows = [(each.module, each.in_words, each.reasons, each.looked_at, each.scored_at) for each in scores]
        show(Table(("module", "score", "reasons", "looked_at", "scored_at"), rows, "Scores of the asker"), form)
        return
    word = reviewing.Review(module=module, verdict=verdict, reason=reason)
    typer.echo(reviewing.review(act.hub, request_id, word, act.principal).hex())
    say(f"On record: the score of {module} is {verdict}. Next: `varde request fulfil`.")


@app.command()
def erase(ctx: typer.Context, request: RequestId, *, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Erase the asker (Art. 17): the plan first, then the erasure, then the request is closed."""
    act, request_id = acting(ctx, Duty.ANYTHING), request_id_from(request)
    planned = erasing.erasure_plan(act.hub, request_id, act.principal)
    show(plan_table(planned), Format.TABLE)
    if dry_run:
        would("destroy the keys, remove the rows, rewrite the files and close the request")
        return
    if not yes:
        _ask()
    done = erasing.carry_out(act.hub, request_id, act.principal)
    say(f"Erased: certificate {done.erasure_id.hex()}, {done.keys} keys destroyed. Request closed.")


def _ask() -> None:
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody is there to be asked: add --yes if the person is to be erased")
    if not typer.confirm("Erase this person? It cannot be undone", err=True):
        raise typer.Exit(ExitCode.USAGE)
