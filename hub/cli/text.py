"""`varde text`: what redaction takes out of a text, shown before anything is taken in."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.message import say
from hub.cli.table import Format, FormatOption, Table, show
from ingest.text import clean
from privacy.redaction.redactor import find_spans, redact

app = typer.Typer(help="Free text, before it is taken in.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Free text, before it is taken in."""


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


def _read(file: Path) -> str:
    """Read a message.

    Raises:
        BadParameter: the file cannot be read, or is no UTF-8.

    """
    try:
        return sys.stdin.buffer.read().decode() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise typer.BadParameter(f"FILE cannot be read as text in UTF-8 ({type(exc).__name__})") from None
