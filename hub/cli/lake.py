"""`varde lake`: check the sealed lake, merge its small files, destroy what was replaced."""

from typing import Annotated, Final

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import complain, say, would
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.exit_code import ExitCode
from hub.lake import catalogue
from hub.lake import compaction as merging
from hub.lake.fsck import fsck as examine
from hub.lake.lake import Lake
from hub.lake.purge import purge as destroy
from hub.lake.sweep import sweep as clear
from hub.lake.terms import FileState
from ingest.canonical.catalogue import LAKE_TABLES
from privacy.terms import random_id

app = typer.Typer(help="The sealed lake.", no_args_is_help=True)
_COMPACTED: Final = ("table", "files_before", "files_after", "rows", "conflicts")
Tables = Annotated[list[str] | None, typer.Argument(metavar="[TABLE]...", help="Canonical tables; left out, all.")]


@app.command()
def fsck(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """Read every file in full and list what does not agree with the catalogue; repairs nothing."""
    report = examine(acting(ctx, Duty.KEEP_LAKE).hub.lake)
    rows = [(each.kind.value, each.where, each.because) for each in report.findings]
    show(Table(("kind", "where", "because"), rows, "Lake"), form)
    say(f"Read {report.files_read} files, {report.bytes_read / (1 << 20):.1f} MiB.")
    if report.faults():
        complain(f"{len(report.faults())} files have lost rows. Restore them from a backup, then run this again.")
        raise typer.Exit(ExitCode.UNEXPECTED)


@app.command()
def compact(
    ctx: typer.Context, tables: Tables = None, *, dry_run: DryRun = False, form: FormatOption = Format.TABLE
) -> None:
    """Merge small files: fewer to open and to rewrite, the same rows."""
    lake = acting(ctx, Duty.KEEP_LAKE).hub.lake
    chosen = _chosen(tables)
    if dry_run:
        rows = [row for row in (_planned(lake, table) for table in chosen) if row[1]]
        show(Table(_COMPACTED[:2] + _COMPACTED[3:4], rows, "Would be merged"), form)
        would(f"merge {sum(row[1] for row in rows)} files of {len(rows)} tables into fewer")
        return
    merged: list[tuple[object, ...]] = []
    for table in chosen:
        outcome = merging.compact(lake, table, operation_id=random_id())
        if outcome.files_before or outcome.conflicts:
            done = (outcome.files_before, outcome.files_after, outcome.rows, outcome.conflicts)
            merged.append((table, *done))
    show(Table(_COMPACTED, merged, "Merged"), form)


@app.command()
def purge(ctx: typer.Context, *, dry_run: DryRun = False) -> None:
    """Destroy the keys and files of what was replaced, once nobody reads it any more."""
    lake = acting(ctx, Duty.KEEP_LAKE).hub.lake
    if dry_run:
        with lake.read_only() as session:
            waiting = len(catalogue.files_of(session, states=[FileState.REMOVED]))
        would(f"destroy up to {waiting} replaced files; those that a reader still holds wait for the next purge")
        return
    say(f"Destroyed {destroy(lake)} replaced files, keys first.")


@app.command()
def sweep(ctx: typer.Context, *, dry_run: DryRun = False) -> None:
    """Clear up after writers that died; files that nobody knows are set aside for you to look at."""
    lake = acting(ctx, Duty.KEEP_LAKE).hub.lake
    if dry_run:
        with lake.read_only() as session:
            expired = len(catalogue.open_intents(session, expired_at=lake.clock(session)))
        would(f"clear {expired} abandoned writes and set aside files that the catalogue does not know")
        return
    outcome = clear(lake)
    say(f"Cleared {outcome.intents} abandoned writes, set aside {len(outcome.set_aside)} unknown files.")


def _chosen(tables: list[str] | None) -> list[str]:
    """Return the tables asked for, all if none was."""
    unknown = sorted(set(tables or ()) - set(LAKE_TABLES))
    if unknown:
        raise typer.BadParameter(f"no such lake table; there are {', '.join(sorted(LAKE_TABLES))}")
    return tables or sorted(LAKE_TABLES)


def _planned(lake: Lake, table: str) -> tuple[str, int, int]:
    """Return how many small files and rows a compaction would touch."""
    with lake.read_only() as session:
        files = catalogue.files_of(session, table=table, states=[FileState.LIVE])
    runs = merging.plan(files)
    return table, sum(map(len, runs)), sum(file.rows for run in runs for file in run)
