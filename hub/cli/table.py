"""Lists on standard output: a table for people, JSON or CSV for programs; the same columns in each."""

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from hub.cli.message import say

_BLANKS: Final = {"\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " "}  # between thousands
_PIPE_WIDTH: Final = 200  # a pipe has no width; narrower would cut ids in two


class Format(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


FormatOption = Annotated[Format, typer.Option("--format", help="How to print: a table for people, or json or csv.")]


@dataclass(frozen=True, slots=True)
class Table:
    """A list: names of columns, and rows of as many values."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[object, ...]]
    title: str = ""


def show(table: Table, form: Format) -> None:
    """Print a list in the form that was asked for."""
    match form:
        case Format.JSON:
            show_json([dict(zip(table.columns, row, strict=True)) for row in table.rows])
        case Format.CSV:
            _csv(table)
        case Format.TABLE:
            _drawn(table)


def show_json(value: object) -> None:
    """Print a value as JSON; instants in ISO 8601, ids in hex."""
    sys.stdout.write(json.dumps(value, default=_json_value, ensure_ascii=False, indent=2) + "\n")


def _csv(table: Table) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([_text(value) for value in row] for row in table.rows)


def _drawn(table: Table) -> None:
    if not table.rows:
        say(f"{table.title or 'The list'}: nothing to show.")
        return
    drawn = RichTable(title=table.title or None, title_justify="left", header_style="bold")
    for number, column in enumerate(table.columns):
        counts = all(isinstance(row[number], int | float | None) for row in table.rows)
        drawn.add_column(column.replace("_", " "), justify="right" if counts else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(_brief(value)) for value in row))
    console = Console()
    Console(width=None if console.is_terminal else _PIPE_WIDTH).print(drawn)


def _text(value: object) -> str:
    """Write a value for CSV; absent is empty."""
    if value is None:
        return ""
    plain = _json_value(value)
    if isinstance(plain, list | dict | bool):
        return json.dumps(plain, default=_json_value, ensure_ascii=False)
    return str(plain)


def _brief(value: object) -> str:
    """Write a value for a person: instants to the minute with their zone (UTC), no control characters."""
    match value:
        case datetime():
            text = f"{value.astimezone(UTC):%Y-%m-%d %H:%MZ}"
        case bool():
            text = "yes" if value else "no"
        case float():
            text = f"{value:.3g}" if abs(value) < 1 else f"{value:,.1f}"
        case frozenset() | set() | tuple() | list():
            text = ", ".join(sorted(map(_text, value)))
        case _:
            text = _text(value)
    return "".join(character if character.isprintable() else _BLANKS.get(character, "?") for character in text)


def _json_value(value: object) -> object:
    """Turn what JSON does not know into text."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case bytes():
            return value.hex()
        case set() | frozenset():
            return sorted(map(str, value))
        case tuple():
            return list(value)
        case None | bool() | int() | float() | list() | dict() | str():
            return value
        case _:
            return str(value)
