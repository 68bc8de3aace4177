"""`varde predict act|review`: what was done about a score, and how past alerts turned out."""

from pathlib import Path
from typing import Annotated, Final

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say, would
from hub.cli.module_name import ModuleName
from hub.cli.outfile import private_file, verify_ending
from hub.cli.predict_language import DEFAULT, LanguageOption
from hub.cli.pseudonym import pseudonym_from
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show, show_json
from hub.predictions import reviewing
from hub.predictions.reviewing import Deed
from predict import review_page
from predict.registry import DECLARED
from predict.telling.teller import teller_of

_PAGES: Final = {".html": review_page.html, ".md": review_page.markdown}


def act(
    ctx: typer.Context,
    module: ModuleName,
    pseudonym: Annotated[str, typer.Argument(help="As the scores gave it.")],
    deed: Annotated[Deed, typer.Argument(help="What was done.")],
    *,
    dry_run: DryRun = False,
) -> None:
    """Note that somebody acted on a score: without it nobody can tell a false alarm from a departure averted."""
    duty = acting(ctx, Duty.TRAIN)
    whose = pseudonym_from(pseudonym)
    if dry_run:
        would(f"note for the review of {module} that one customer was {deed.value}")
        return
    reviewing.act(duty.hub, duty.principal, module, whose, deed)
    say("Noted.")


def review(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    module: ModuleName,
    *,
    form: FormatOption = Format.TABLE,
    out: Annotated[Path | None, typer.Option("--out", help="File .html or .md; left out, a table.")] = None,
    language: LanguageOption = DEFAULT,
    dry_run: DryRun = False,
) -> None:
    """Join every past alert with what happened, month by month, beside what the model promised: an audited read."""
    verify_ending(out, _PAGES)
    duty = acting(ctx, Duty.TRAIN)
    if dry_run:
        would(f"read outcomes of past alerts of {module}, audited, and tell figures by month")
        return
    told = reviewing.review(duty.hub, duty.principal, module)
    words = teller_of(DECLARED[module], language)
    if out is not None:
        with private_file(out) as file:
            file.write(_PAGES[out.suffix](told, words).encode())
        say(f"Wrote the review to {out.name}.")
    elif form is Format.JSON:
        show_json(told)
    else:
        show(Table(words.head("review.head"), [tuple(row) for row in review_page.rows(told, words)]), form)
