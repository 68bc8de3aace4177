"""`varde text`: what redaction takes out of a text, and redaction again of what an older redactor cleaned."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say, would
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.redacting import count_older, redact_again
from ingest.text import clean
from privacy.redaction.redactor import find_spans, redact

app = typer.Typer(help="Free text: what is taken out of it.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Free text: what is taken out of it."""


@app.command("redact")
def redact_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One message in UTF-8; - reads standard input.")],
    *,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show what would be taken out of a message, by kind, and whether it would be withheld; it keeps nothing.

    Places count characters of the message as ingest cleans it; no home is needed. A person's own name and number go
    at ingest too, from what the hub knows of them; here nobody is known.
    """
    text = clean([_read(file)]).text[0] or ""
    rows = [(span.kind.value, span.start, span.end, text[span.start : span.end]) for span in find_spans(text)]
    show(Table(("kind", "start", "end", "taken_out"), rows, "Taken out"), form)
    if form is Format.TABLE:
        left = redact([text], own=None).frame.row(0, named=True)
        say("It would be withheld: no text of it is kept." if left["withheld"] else f"Kept: {left['text_redacted']}")


@app.command("redact-again")
def redact_again_(ctx: typer.Context, *, dry_run: DryRun = False, form: FormatOption = Format.TABLE) -> None:
    """Redact anew what an older redactor cleaned: from the sealed text while it is kept, else what is left of it.

    Broken off, it goes on where it was when it is run again. Reads meanwhile see a file's rows of before or of after.
    """
    by = acting(ctx, Duty.KEEP_LAKE)
    if dry_run:
        rows = [(table, version, count) for (table, version), count in count_older(by.hub).items()]
        show(Table(("table", "redactor_version", "rows"), rows, "Cleaned by an older redactor"), form)
        would(f"redact {sum(row[2] for row in rows)} texts again")
        return
    done = redact_again(by.hub, by.principal.principal_id)
    say(f"Redacted {done.rows} texts again in {done.files} files, {done.from_sealed} of them from the sealed text.")


def _read(file: Path) -> str:
    """Read a message.

    Raises:
        BadParameter: the file cannot be read, or is no UTF-8.

    """
    try:
        return sys.stdin.buffer.read().decode() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise typer.BadParameter(f"FILE cannot be read as text in UTF-8 ({type(exc).__name__})") from None
