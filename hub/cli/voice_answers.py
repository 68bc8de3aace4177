"""`varde voice answers|answered|library`: where to start an answer from, and what became of it."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.company_file import company_file
from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import counted, say, would
from hub.cli.moment import instant_from
from hub.cli.outfile import private_file
from hub.cli.rehearsal import DryRun
from hub.cli.rows import verify_kind, verify_stated, write_rows
from hub.cli.table import Format, FormatOption, Table, show
from hub.predictions import answering
from hub.predictions.answering import Outcome, Wish
from hub.predictions.company_file import library_from, themes_from
from hub.views.departure import label_for
from hub.views.intent import Reader
from hub.views.spec import LANGUAGES
from predict.answers.library import NAME
from privacy.uses import Use


def library(
    check: Annotated[Path | None, typer.Option("--check", help="A file of yours: say whether it makes sense.")] = None,
) -> None:
    """Print the approved answers that come with Varde, to edit; or look at yours, by file, line and rule."""
    if check is None:
        typer.echo(answering.shipped_library(), nl=False)
        return
    found = company_file(check, library_from)
    say(f"{check.name} makes sense: version {found['version']}, {counted(len(found['answers']), 'answer', 'answers')}.")


def answers(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    *,
    library_file: Annotated[Path, typer.Option("--library", help="Approved answers: YAML, as `varde voice library`.")],
    out: Annotated[Path, typer.Option("--out", help="Page .html, or rows .parquet, .csv, .arrow, .json; mode 0600.")],
    use: Annotated[Use | None, typer.Option("--use", help="What the file will be used for; accepts the list.")] = None,
    themes: Annotated[Path | None, typer.Option("--themes", help="Your own themes, as for training.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Instant of the view's grid; left out, newest.")] = None,
    language: Annotated[str, typer.Option("--language", help=f"Of the page: {', '.join(LANGUAGES)}.")] = "en",
    shown: Annotated[int, typer.Option("--shown", min=1, max=200, help="So many threads, the longest waiting.")] = 20,
    dry_run: DryRun = False,
) -> None:
    """Suggest an approved answer beside each thread that waits, redacted, or say that a person must; sends nothing."""
    if language not in LANGUAGES:
        raise typer.BadParameter(f"the page is written in {', '.join(LANGUAGES)}")
    if out.suffix != ".html":
        verify_kind(out)
    verify_stated(use)
    own = None if themes is None else company_file(themes, themes_from)
    approved = company_file(library_file, lambda text: library_from(text, own))
    act = acting(ctx, Duty.ANYTHING)
    if dry_run:
        would("read the threads of half a year, redacted and audited, and write suggestions beside those that wait")
        return
    wish = Wish(library=approved, themes=own, language=language, shown=shown)
    reader = Reader(principal=act.principal, use=use)
    found = answering.suggest(act.hub, reader, wish, as_of=None if as_of is None else instant_from(as_of))
    if out.suffix == ".html":
        with private_file(out) as file:
            file.write(found.html)
    else:
        write_rows(found.rows, out, label_for(found.released))
    waiting, suggested = found.told["waiting"], found.told["suggested"]
    say(f"{counted(waiting, 'thread waits', 'threads wait')}: {suggested} with a suggestion, the others for a person.")
    say("Nothing is sent. `varde voice answered NAME accepted|edited|rejected|taken_over` notes what became of one.")


def answered(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="Of the answer, or the key of a candidate; left out: list.")
    ] = None,
    outcome: Annotated[Outcome | None, typer.Argument(help="What you did with it.")] = None,
    *,
    form: FormatOption = Format.TABLE,
    dry_run: DryRun = False,
) -> None:
    """Note what became of a suggested answer, or list how often each was used: answers are judged, not colleagues."""
    act = acting(ctx, Duty.ANYTHING)
    if name is None:
        told = answering.look(act.hub, act.principal)
        rows = [(each, *(str(of.get(one.value, 0)) for one in Outcome)) for each, of in told.items()]
        show(Table(("answer", *(one.value.replace("_", " ") for one in Outcome)), rows), form)
        return
    if outcome is None or not NAME.fullmatch(name):
        raise typer.BadParameter("say which answer (small letters, digits and _) and what became of it")
    if dry_run:
        would(f"note that an answer was {outcome.value.replace('_', ' ')}")
        return
    answering.note(act.hub, act.principal, name, outcome)
    say("Noted.")
