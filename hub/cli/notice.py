"""`varde notice`: what people are told of each purpose, kept word for word."""

from pathlib import Path
from typing import Annotated, Final

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.message import say, warn, would
from hub.cli.outfile import private_file
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.notices.notice import sections_of
from hub.notices.publishing import kept, notices_now, publish
from privacy.purposes import LANGUAGES

app = typer.Typer(help="Privacy notices of the purposes (Articles 13 and 14).", no_args_is_help=True)
PurposeName = Annotated[str, typer.Argument(metavar="PURPOSE", help="A purpose of the policy in force.")]
Language = Annotated[str, typer.Option("--language", help=f"One of {', '.join(LANGUAGES)}.")]
Version = Annotated[str | None, typer.Option("--hash", help="First digits of a kept notice's hash; else today's.")]
_COLUMNS: Final = ("purpose", "version", "notice_version", "hash", "kept_at", "current")


@app.command("list")
def list_(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """List every notice that is kept, and those of today that are not kept yet."""
    act = acting(ctx, Duty.ANYTHING)
    now, found = {each.digest: each for each in notices_now(act.hub)}, kept(act.hub)
    rows: list[tuple[object, ...]] = [
        (n.purpose, n.purpose_version, n.notice_version, n.notice_hash.hex(), n.kept_at, n.notice_hash in now)
        for n in found
    ]
    missing = [each for name, each in now.items() if name not in {one.notice_hash for one in found}]
    rows += [(n.purpose, n.purpose_version, n.notice_version, n.digest.hex(), None, True) for n in missing]
    show(Table(_COLUMNS, rows, "Notices"), form)
    if missing:
        warn(f"{len(missing)} notices of today are not kept yet: run `varde notice keep`.")


@app.command("show")
def show_(
    ctx: typer.Context,
    purpose: PurposeName,
    *,
    language: Language = "en",
    version: Version = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show the notice of a purpose in a language: today's, or a kept one by its hash."""
    act = acting(ctx, Duty.ANYTHING)
    sections = sections_of(_texts(act, purpose, version), _language(language))
    rows = [(each.title, line) for each in sections for line in each.lines]
    show(Table(("section", "text"), rows, f"Notice of {purpose}"), form)


@app.command()
def export(
    ctx: typer.Context,
    purpose: PurposeName,
    *,
    out: Annotated[Path, typer.Option("--out", help="File to write, Markdown.")],
    language: Language = "en",
    version: Version = None,
) -> None:
    """Write the notice of a purpose as Markdown, for a page or a letter."""
    act = acting(ctx, Duty.ANYTHING)
    sections = sections_of(_texts(act, purpose, version), _language(language))
    text = "\n\n".join("\n".join((f"## {each.title}", *(f"- {line}" for line in each.lines))) for each in sections)
    with private_file(out) as file:
        file.write(f"{text}\n".encode())
    say(f"Wrote the notice of {purpose}.")


@app.command()
def keep(ctx: typer.Context, *, dry_run: DryRun = False) -> None:
    """Keep today's notices, word for word and for good; those that are kept already stay as they are. Audited."""
    act = acting(ctx, Duty.CHANGE_POLICY)
    if dry_run:
        known = {each.notice_hash for each in kept(act.hub)}
        would(f"keep {sum(each.digest not in known for each in notices_now(act.hub))} notices")
        return
    say(f"Kept {len(publish(act.hub, act.principal))} new notices.")
    if not act.hub.settings.controller:
        warn("the notices name no controller: set VARDE_CONTROLLER, then keep them again.")


def _texts(act: Acting, purpose: str, version: str | None) -> str:
    """Return the content of today's notice, or of a kept one by the first digits of its hash."""
    if version is None:
        act.hub.policy().purpose(purpose)  # refuses a name that there is not
        return next(each.texts for each in notices_now(act.hub) if each.purpose == purpose)
    found = [each for each in kept(act.hub, purpose) if each.notice_hash.hex().startswith(version)]
    if len(found) != 1:
        raise typer.BadParameter("no notice, or several, of that hash; `varde notice list` shows those there are")
    return found[0].texts


def _language(language: str) -> str:
    if language not in LANGUAGES:
        raise typer.BadParameter(f"use one of {', '.join(LANGUAGES)}")
    return language
