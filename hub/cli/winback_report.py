"""`varde winback report|note`: what a campaign brought beside its hold-out, and what people noted since."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import counted, say, would
from hub.cli.outfile import private_file
from hub.cli.predict_language import DEFAULT, LanguageOption
from hub.cli.pseudonym import pseudonym_from
from hub.cli.rehearsal import DryRun
from hub.views.intent import Reader
from hub.winback.campaigns import get_campaign
from hub.winback.diagnosing import MODULE
from hub.winback.noting import Noted, note
from hub.winback.reporting import report
from predict.winback.leaving import Leaving

_PARTS: Final = {".json": "report", ".md": "markdown", ".html": "html"}
CampaignId = Annotated[str, typer.Option("--campaign", help="The beginning of its id; left out, the newest.")]


class ReportForm(StrEnum):
    """How a report is printed."""

    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


def report_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    *,
    campaign: CampaignId = "",
    form: Annotated[ReportForm, typer.Option("--format", help="How to print it.")] = ReportForm.MARKDOWN,
    out: Annotated[Path | None, typer.Option("--out", help="File .md, .json or .html.")] = None,
    language: LanguageOption = DEFAULT,
    dry_run: DryRun = False,
) -> None:
    """Say what a campaign brought beside its hold-out: figures with n and interval; names nobody."""
    if out is not None and out.suffix not in _PARTS:
        raise typer.BadParameter(f"the file's ending says how to write it: one of {', '.join(_PARTS)}")
    act = acting(ctx, Duty.WIN_BACK)
    with act.hub.reading() as session:
        chosen = get_campaign(session, campaign)
    if dry_run:
        would("read winback_progress at up to three instants, audited, and tell figures")
        return
    parts = report(act.hub, Reader(principal=act.principal, module=MODULE), chosen, language=language)
    if out is None:
        typer.echo(parts["report" if form is ReportForm.JSON else form.value].decode())
        return
    with private_file(out) as file:
        file.write(parts[_PARTS[out.suffix]])
    say(f"Wrote the report to {out.name}.")


def note_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    what: Annotated[Noted, typer.Argument(help="What happened.")],
    *,
    pseudonym: Annotated[str, typer.Option("--pseudonym", help="To one customer, as `due` gave it.")] = "",
    reason: Annotated[Leaving | None, typer.Option("--reason", help="To all who left for this reason.")] = None,
    campaign: CampaignId = "",
    dry_run: DryRun = False,
) -> None:
    """Note an answer, a purchase or a complaint of one customer; or a fix or launch for all who left for a reason."""
    if bool(pseudonym) == (reason is not None):
        raise typer.BadParameter("say whom it concerns: --pseudonym of one customer, or --reason of many")
    whom = pseudonym_from(pseudonym) if pseudonym else reason or Leaving.UNKNOWN
    act = acting(ctx, Duty.WIN_BACK)
    with act.hub.reading() as session:
        chosen = get_campaign(session, campaign)
    if dry_run:
        would(f"note {what.value} for customers of the campaign")
        return
    who = Reader(principal=act.principal, module=MODULE)
    count = note(act.hub, who, chosen, what, whom=whom)
    say(f"Noted for {counted(count, 'customer', 'customers')}.")
