"""`varde ingest`: take files in under their contract."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from hub import logs
from hub.cli.duty import Duty
from hub.cli.home import DryRun
from hub.cli.invocation import Acting, acting
from hub.cli.message import say, warn, would
from hub.cli.progress import counting
from hub.cli.table import Format, FormatOption, Table, show
from hub.problems import ExitCode
from ingest.contract.load import load_contract
from ingest.contract.model import Contract
from ingest.pipeline.delivery import Summary, ingest_file
from ingest.pipeline.ports import Ports
from ingest.pipeline.recovery import recover
from ingest.quality.profile import profile
from ingest.readers.source import open_source
from ingest.store.batch import find_live, metrics_of
from ingest.tables.batch import BatchMetric

_LOG = logs.log_of("ingest")
_COLUMNS = ("file", "batch", "read", "accepted", "quarantined", "duplicate", "merged", "taken_in_before")
Row = tuple[object, ...]


def ingest(
    ctx: typer.Context,
    contract: Annotated[Path, typer.Argument(help="The source contract, YAML.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="One or more files it describes.")],
    *,
    dry_run: DryRun = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Take files in: each counts once, whole or not at all; refused rows go to quarantine, sealed."""
    agreed = load_contract(contract)
    act = acting(ctx, Duty.INGEST)
    if dry_run:
        _rehearse(act, agreed, files, form)
        return
    ports = act.hub.ports(act.principal.principal_id)
    _recover(ports)
    summaries = []
    for number, path in enumerate(files, start=1):
        with counting(f"{agreed.name} {number}/{len(files)}") as progress:
            summaries.append(ingest_file(agreed, path, replace(ports, progress=progress)))
        _report(act, agreed, summaries[-1])
    show(Table(_COLUMNS, [_row(n, each) for n, each in enumerate(summaries, start=1)], "Taken in"), form)
    if any(summary.counts.quarantined for summary in summaries):
        say("Refused rows are sealed for 30 days: `varde quarantine list` says where and why.")
        raise typer.Exit(ExitCode.REJECTS)


def _rehearse(act: Acting, contract: Contract, files: Sequence[Path], form: Format) -> None:
    """Read every file as ingest would and store nothing."""
    rows: list[Row] = []
    rejected = 0
    for number, path in enumerate(files, start=1):
        report = profile(contract, path, at=act.hub.clock())
        known = act.hub.indexes().delivery().token_of(f"{contract.name}\x1f{open_source(contract, path).sha256}")
        with act.hub.reading() as session:
            before = find_live(session, known) is not None
        rows.append((number, None, report.read, report.accepted, report.quarantined, None, None, before))
        rejected += report.quarantined
    show(Table(_COLUMNS, rows, "Dry run"), form)
    fresh = sum(not row[-1] for row in rows)
    would(f"take in {fresh} of {len(files)} files; accepted rows that say nothing new would count as duplicates")
    if rejected:
        raise typer.Exit(ExitCode.REJECTS)


def _recover(ports: Ports) -> None:
    """Finish or give up first what an earlier run left."""
    recovery = recover(ports)
    if recovery.settled or recovery.aborted:
        say(f"An earlier run broke off: {recovery.settled} deliveries finished, {recovery.aborted} given up.")
        _LOG.warning(logs.LogEvent.BATCH_RECOVERED, extra={"settled": recovery.settled, "aborted": recovery.aborted})


def _row(number: int, summary: Summary) -> Row:
    counts = summary.counts
    batch = summary.batch_id.hex()
    figures = (counts.read, counts.accepted, counts.quarantined, counts.duplicate, summary.merged)
    return (number, batch, *figures, summary.repeated)


def _report(act: Acting, contract: Contract, summary: Summary) -> None:
    if summary.repeated:
        say(f"{contract.name}: this very file was taken in before; nothing was changed.")
    for rule, rows in sorted(summary.rules.items(), key=lambda item: -item[1]):
        say(f"{contract.name}: {rows} rows refused: {rule}")
    _alert_owner(act, contract, summary)
    counts = summary.counts
    fields = {"contract": contract.name, "batch": summary.batch_id, "rows": counts.read, "accepted": counts.accepted}
    fields |= {"quarantined": counts.quarantined, "duplicate": counts.duplicate, "merged": summary.merged}
    _LOG.info(logs.LogEvent.BATCH_TAKEN_IN, extra=fields)


def _alert_owner(act: Acting, contract: Contract, summary: Summary) -> None:
    """Tell the owner of the source which promises this delivery did not keep."""
    if not summary.breaches:
        return
    with act.hub.reading() as session:
        broken = [figure for figure in metrics_of(session, summary.batch_id) if figure.breached]
    for figure in broken:
        warn(f"{contract.owner}: {contract.name} {_breach(contract, figure)}")
        fields = {"contract": contract.name, "batch": summary.batch_id, "column": figure.column_name}
        _LOG.warning(logs.LogEvent.CONTRACT_BREACHED, extra=fields)


def _breach(contract: Contract, figure: BatchMetric) -> str:
    """Put a broken promise into words."""
    column, value = figure.column_name, figure.value
    match figure.metric:
        case "completeness":
            return f"promises {contract.completeness.get(column, 0.0):.0%} of {column} filled, here {value:.0%} are"
        case "freshness_hours":
            return f"promises events of the last {contract.freshness_hours} hours, the newest is {value:.0f} hours old"
        case "volume":
            return f"brought {value:.0f} rows, fewer than half of what is usual"
        case _:
            return f"brought {value:.0f} values of {column} that none of its deliveries had before"
