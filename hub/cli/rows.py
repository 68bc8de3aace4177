"""Rows of a view on their way out: to a file for the owner alone, or to standard output."""

import io
import json
import sys
from pathlib import Path
from typing import Final

import polars as pl
import typer

from hub.cli.outfile import private_file, verify_ending
from hub.cli.table import Format, Table, show
from hub.views.use import arrow_file
from privacy.uses import Use

PREVIEW_ROWS: Final = 20
PREVIEW_COLUMNS: Final = 8
FILE_KINDS: Final = (".parquet", ".csv", ".arrow", ".json")
BESIDE: Final = "-metadata.json"
_BARE: Final = frozenset({".csv", ".json"})


def verify_kind(path: Path) -> None:
    """Refuse an output file of unknown kind before anything is read.

    Raises:
        BadParameter: the ending is none of ours, or the file could not be made.

    """
    verify_ending(path, FILE_KINDS)


def verify_stated(use: Use | None) -> None:
    """Refuse to write rows into a file of which nobody says what it is for.

    Rows that leave into a file are an export: whoever takes them accepts what their purpose prohibits, and the audit
    log keeps that they did.

    Raises:
        BadParameter: no use is stated.

    """
    if use is None:
        raise typer.BadParameter(
            f"say what the file is for with --use ({', '.join(Use)}); whoever does accepts what the purpose prohibits"
        )


def write_rows(frame: pl.DataFrame, path: Path, label: dict[str, str]) -> None:
    """Write the rows in the form that the file's ending names; mode 0600, whole or not at all.

    Parquet and Arrow carry the label in their metadata. CSV and JSON have no room for it: it lies beside them, in the
    place and form of the W3C's metadata for tables on the web, and is written first.
    """
    verify_kind(path)
    content = io.BytesIO()
    match path.suffix:
        case ".parquet":
            frame.write_parquet(content, metadata=label)
        case ".arrow":
            content.write(arrow_file(frame, label))
        case ".csv":
            readable(frame).write_csv(content)
        case _:
            readable(frame).write_json(content)
    if path.suffix in _BARE:
        beside = {"@context": "http://www.w3.org/ns/csvw", "url": path.name, **label}
        with private_file(path.with_name(f"{path.name}{BESIDE}")) as file:
            file.write(json.dumps(beside, indent=1).encode())
    with private_file(path) as file:
        file.write(content.getbuffer())


def show_rows(frame: pl.DataFrame, form: Format) -> None:
    """Print the rows: all of them as JSON or CSV, a preview as a table."""
    match form:
        case Format.JSON:
            sys.stdout.write(readable(frame).write_json() + "\n")
        case Format.CSV:
            sys.stdout.write(readable(frame).write_csv())
        case Format.TABLE:
            first = readable(frame.select(frame.columns[:PREVIEW_COLUMNS])).head(PREVIEW_ROWS)
            title = f"{first.height} of {frame.height} rows, {first.width} of {frame.width} columns"
            show(Table(tuple(first.columns), list(first.iter_rows()), title), form)


def readable(frame: pl.DataFrame) -> pl.DataFrame:
    """Write pseudonyms in hex, which text formats can hold."""
    return frame.with_columns(pl.col(pl.Binary).bin.encode("hex"))
