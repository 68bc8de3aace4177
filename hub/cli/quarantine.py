"""`varde quarantine`: rows that were refused, where and why; to open them or to try them again."""

import json
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.duty import Duty
from hub.cli.erasures import finish_erasures
from hub.cli.invocation import acting
from hub.cli.message import counted, say, would
from hub.cli.outfile import private_file
from hub.cli.rehearsal import DryRun
from hub.cli.rejects import Retried, deliveries_of, open_rejects, rejects_of, retry
from hub.cli.table import Format, FormatOption, Table, show
from hub.exit_code import ExitCode
from ingest.contract.load import load_contract

app = typer.Typer(help="Rows that were refused.", no_args_is_help=True)
ContractName = Annotated[str | None, typer.Option("--contract", help="Only rows of this contract, by its name.")]


@app.command("list")
def list_(ctx: typer.Context, *, contract: ContractName = None, form: FormatOption = Format.TABLE) -> None:
    """Say which rows were refused, by which rule, and what mends them; never what is in them."""
    act = acting(ctx, Duty.SEE_REJECTS)
    rows = rejects_of(act.hub, contract)
    columns = ("contract", "batch", "line", "column", "rule", "remedy", "expires_at")
    listed = [
        (name, row.batch_id, row.line, row.column_name, row.rule, row.remedy, row.expires_at) for row, name in rows
    ]
    show(Table(columns, listed, "Quarantine"), form)


@app.command()
def export(
    ctx: typer.Context,
    *,
    out: Annotated[Path, typer.Option("--out", help="File to write, JSON lines, for your account alone.")],
    contract: ContractName = None,
    dry_run: DryRun = False,
) -> None:
    """Open refused rows and write them to a file of yours, so that they can be mended at the source. Audited."""
    act = acting(ctx, Duty.OPEN_REJECTS)
    rows = rejects_of(act.hub, contract)
    if dry_run:
        would(
            f"open {counted(len(rows), 'sealed row', 'sealed rows')}, "
            f"note that in the audit log and write them to the file"
        )
        return
    with private_file(out) as file:
        opened = open_rejects(act.hub, rows, act.principal, why="quarantine_export")
        for each in opened:
            row = {"contract": each.contract, "line": each.row.line, "column": each.row.column_name}
            row |= {"rule": each.row.rule, "remedy": each.row.remedy, "row": each.content}
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    kept = sum(each.is_kept for each in opened)
    say(f"Wrote {counted(kept, 'row', 'rows')} in clear. Remove the file when the source is mended.")
    if kept < len(opened):
        say(f"Of {len(opened) - kept} more only the place: whose rows they are could not be told, nothing was kept.")
    if len(opened) < len(rows):
        say(f"{len(rows) - len(opened)} rows stay shut: their key has been destroyed.")


@app.command("retry")
def retry_(
    ctx: typer.Context,
    contract: Annotated[Path, typer.Argument(help="The mended contract, YAML; its name says which rows.")],
    *,
    dry_run: DryRun = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Run refused rows through the contract again; those that pass are taken in and leave quarantine. Audited."""
    agreed = load_contract(contract)
    act = acting(ctx, Duty.OPEN_REJECTS)
    if dry_run:
        rows = sum(map(len, deliveries_of(act.hub, agreed.name)))
        would(
            f"open {counted(rows, 'sealed row', 'sealed rows')}, "
            f"note that in the audit log and run them through {agreed.name} again"
        )
        return
    done = list(retry(act.hub, agreed, act.principal))
    columns = ("batch", "tried", "taken_in", "refused_again", "not_split")
    show(Table(columns, [_row(each) for each in done], "Retried"), form)
    finish_erasures(act.hub, act.principal.principal_id)
    unsplit = sum(each.unsplit for each in done)
    if unsplit:
        say(f"{unsplit} rows could not be split into columns or told whose they are: mend and deliver them again.")
    if any(each.tried - each.taken_in + each.unsplit for each in done):
        raise typer.Exit(ExitCode.REJECTS)


def _row(each: Retried) -> tuple[object, ...]:
    return (each.batch, each.tried, each.taken_in, each.tried - each.taken_in, each.unsplit)
