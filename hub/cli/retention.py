"""`varde retention`: what is due and when, to the row; carrying it out; what runs did."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from hub.alerts.ending import ALERTS
from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.message import counted, say, warn, would
from hub.cli.outfile import private_file
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.consents import Subject
from hub.erasing import erase_many
from hub.retention.plan import Line
from hub.retention.plan import plan as work_out
from hub.retention.run import Certificate
from hub.retention.run import run as carry_out
from hub.retention.store import all_runs
from hub.views.withdrawal import withdraw
from privacy.terms import RecordId

app = typer.Typer(help="How long everything is kept, and its end.", no_args_is_help=True)
_PLAN: Final = (
    *("rule", "table", "what", "starts", "period", "before", "due", "next_30", "next_90"),
    *("by_law", "by_hold", "grounds", "source"),
)
_RUNS: Final = ("run", "day", "started_at", "completed_at", "due", "taken_out", "left", "audit_entry")
_ENDINGS: Final = (ALERTS,)
All = Annotated[bool, typer.Option("--all", help="Also rules by which nothing is due, held or comes due in 90 days.")]
CertificateFile = Annotated[
    Path | None, typer.Option("--certificate", help="Write what was done, with the signed receipt of its audit entry.")
]


@app.command()
def plan(ctx: typer.Context, *, everything: All = False, form: FormatOption = Format.TABLE) -> None:
    """Show what is due today and within 30 and 90 days, and what is kept on which ground. Changes nothing."""
    act = acting(ctx, Duty.PLAN_RETENTION)
    lines = work_out(act.hub, at=act.hub.clock(), endings=_ENDINGS)
    shown = [line for line in lines if everything or _says_something(line)]
    show(Table(_PLAN, [_row(line) for line in shown], "Retention plan"), form)
    due, held = sum(line.due for line in lines), sum(line.by_law + line.by_hold for line in lines)
    if due:
        warn(
            f"{counted(due, 'row is past its', 'rows are past their')} "
            f"time: no read shows them; `varde retention run` deletes them."
        )
    if held:
        say(f"{held} rows are kept past their time, on the grounds named; only the law's own purpose sees them.")


@app.command()
def run(
    ctx: typer.Context,
    *,
    certificate: CertificateFile = None,
    dry_run: DryRun = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Delete what is due today, and finish a run that broke off. Cannot be undone; audited."""
    act = acting(ctx, Duty.RUN_RETENTION)
    if dry_run:
        due = sum(line.due for line in work_out(act.hub, at=act.hub.clock(), endings=_ENDINGS))
        would(f"delete or empty {counted(due, 'row', 'rows')}; `varde retention plan` lists them by rule")
        return
    with private_file(certificate) if certificate is not None else nullcontext() as file:  # before anything is deleted
        done = carry_out(act.hub, act.principal, partial(_erase, act), endings=_ENDINGS)
        if file is not None:
            file.write(_document(done, [act.hub.receipt(each.leaf) for each in done]))
    withdraw(act.hub)
    rows = [_done(each, table) for each in done for table in (*each.taken_out, "")]
    show(Table(("run", "day", "table", "rows"), rows, "Taken out"), form)
    awaiting = sum(each.awaiting for each in done)
    if awaiting:
        warn(f"{awaiting} old files still have readers; `varde lake purge` destroys their keys, in an hour at most.")
    say(f"Done: {sum(sum(each.taken_out.values()) + each.destroyed for each in done)} rows have gone.")


@app.command("list")
def list_(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """List the runs, newest first; one without an end broke off, or is at work."""
    act = acting(ctx, Duty.PLAN_RETENTION)
    with act.hub.reading() as session:
        runs = all_runs(session)
    rows: list[tuple[object, ...]] = []
    for each in runs:
        said = json.loads(each.certificate or "{}")
        gone, left = (sum(said.get(part, {}).values()) for part in ("taken_out", "left"))
        when = (each.run_id, each.day, each.started_at, each.completed_at)
        rows.append((*when, sum(each.due.values()), gone, left, each.leaf))
    show(Table(_RUNS, rows, "Retention runs"), form)


def _erase(act: Acting, people: Sequence[tuple[RecordId, ...]]) -> int:
    """Erase the people who are due; each erasure has a certificate of its own."""
    subjects = [Subject(records=records) for records in people]
    return erase_many(act.hub, subjects, act.principal).people


def _says_something(line: Line) -> bool:
    return any((line.due, line.next_30, line.next_90, line.by_law, line.by_hold))


def _row(line: Line) -> tuple[object, ...]:
    return tuple(getattr(line, column) for column in _PLAN)


def _done(each: Certificate, table: str) -> tuple[object, ...]:
    return (each.run_id, each.day, table or "(own terms)", each.taken_out[table] if table else each.destroyed)


def _document(done: Sequence[Certificate], receipts: Sequence[str]) -> bytes:
    """Return documents and receipts: the receipt signs the entry, the entry names the document's hash."""
    signed = [{"document": each.document, "audit_entry": each.leaf} for each in done]
    signed = [each | {"receipt": receipt} for each, receipt in zip(signed, receipts, strict=True)]
    return json.dumps(signed, indent=2).encode() + b"\n"
