"""`varde ingest`: take files in under their contract."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import sleep
from typing import Annotated, Final

import typer

from hub import logs
from hub.cli.duty import Duty
from hub.cli.erasures import finish_erasures
from hub.cli.invocation import Acting, acting
from hub.cli.message import complain, counted, say, warn, would
from hub.cli.progress import counting
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.exit_code import ExitCode
from ingest.contract.load import load_contract
from ingest.contract.model import Contract
from ingest.errors import BatchBusy
from ingest.pipeline.delivery import Summary, ingest_file
from ingest.pipeline.ports import Ports
from ingest.pipeline.recovery import recover
from ingest.quality.profile import profile
from ingest.readers.source import open_source
from ingest.store.batch import find_live, metrics_of
from ingest.store.delivered import Figure

_LOG = logs.log_of("ingest")
_COLUMNS = (
    *("file", "batch", "read", "accepted", "quarantined", "duplicate", "suppressed"),
    *("merged", "unheard", "taken_in_before"),
)
_CLEANED: Final = {
    "quoted_reply": "quoted replies cut",
    "notice": "legal notices cut",
    "signature": "signatures cut",
    "auto_reply": "automatic replies emptied",
    "copy": "copies in other mailboxes left out",
}
_WAIT: Final = 330  # seconds: a little more than the lease that a process leaves behind that was killed
_LONGEST_PAUSE: Final = 8
Row = tuple[object, ...]


def ingest(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    contract: Annotated[Path, typer.Argument(help="The source contract, YAML.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="One or more files it describes.")],
    *,
    wait: Annotated[
        int, typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for another delivery to end.")
    ] = _WAIT,
    dry_run: DryRun = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Take files in: each counts once, whole or not at all; refused rows go to quarantine, sealed."""
    agreed = load_contract(contract)
    act = acting(ctx, Duty.INGEST)
    if dry_run:
        _rehearse(act, agreed, files, form)
        return
    me = act.principal.principal_id
    finish_erasures(act.hub, me)  # first: nothing new is written beside rows that must go
    _recover(act.hub.ports(me))
    rows: list[Row] = []
    quarantined = 0
    with _shown_at_end(rows, "Taken in", form):
        for number, path in enumerate(files, start=1):
            with _numbered(number, len(files)):
                summary = _taken_in(act, agreed, path, f"{number}/{len(files)}", wait=wait)
                rows.append(_row(number, summary))
                quarantined += summary.counts.quarantined
                _report(act, agreed, summary)
                if summary.counts.suppressed:
                    finish_erasures(act.hub, me)  # of what their new key had brought
    if quarantined:
        say("Refused rows are sealed for 30 days: `varde quarantine list` says where and why.")
        raise typer.Exit(ExitCode.REJECTS)


def _rehearse(act: Acting, contract: Contract, files: Sequence[Path], form: Format) -> None:
    """Read every file as ingest would and store nothing."""
    rows: list[Row] = []
    rejected = 0
    with _shown_at_end(rows, "Dry run", form):
        for number, path in enumerate(files, start=1):
            with _numbered(number, len(files)):
                report = profile(contract, path, at=act.hub.clock())
                digest = open_source(contract, path).sha256
            known = act.hub.indexes().delivery().token_of(f"{contract.name}\x1f{digest}")
            with act.hub.reading() as session:
                before = find_live(session, known) is not None
            rows.append((number, None, report.read, report.accepted, report.quarantined, *[None] * 4, before))
            rejected += report.quarantined
    fresh = sum(not row[-1] for row in rows)
    would(f"take in {fresh} of {len(files)} files; accepted rows that say nothing new would count as duplicates")
    if rejected:
        raise typer.Exit(ExitCode.REJECTS)


@contextmanager
def _shown_at_end(rows: list[Row], title: str, form: Format) -> Iterator[None]:
    """Show the files that are finished, also where a later one fails: they are taken in and stay so."""
    try:
        yield
    finally:
        if rows:
            show(Table(_COLUMNS, rows, title), form)


@contextmanager
def _numbered(number: int, files: int) -> Iterator[None]:
    """Say of a fault which file it is of: by its number, for its name may name a person."""
    try:
        yield
    except BaseException:
        if files > 1:
            complain(f"file {number} of {files}: this one failed; the {files - number} after it were not tried.")
        raise


def _taken_in(act: Acting, contract: Contract, path: Path, which: str, *, wait: int) -> Summary:
    """Take one file in; while another process is at it, or at another file of its lane, wait and try again.

    Each try has ports of its own: between two files matching may have moved to a new version.
    """
    pauses, told = _pauses(wait), False
    while True:
        try:
            with counting(f"{contract.name} {which}") as progress:
                ports = act.hub.ports(act.principal.principal_id)
                return ingest_file(contract, path, replace(ports, progress=progress))
        except BatchBusy:
            pause = next(pauses, None)
            if pause is None:
                raise
        if not told:
            say(f"{contract.name}: another process is at work; waiting for it, {wait} seconds at most.")
        told = True
        sleep(pause)


def _pauses(wait: int) -> Iterator[int]:
    """Cut the time to wait into pauses that grow: each try reads the whole file, to know whether it is in already."""
    pause = 1
    while wait > 0:
        yield min(pause, wait)
        wait -= pause
        pause = min(2 * pause, _LONGEST_PAUSE)


def _recover(ports: Ports) -> None:
    """Finish or give up first what an earlier run left."""
    recovery = recover(ports)
    if recovery.settled or recovery.aborted:
        say(f"An earlier run broke off: {recovery.settled} deliveries finished, {recovery.aborted} given up.")
        _LOG.warning(logs.LogEvent.BATCH_RECOVERED, extra={"settled": recovery.settled, "aborted": recovery.aborted})


def _row(number: int, summary: Summary) -> Row:
    counts = summary.counts
    batch = summary.batch_id.hex()
    figures = (counts.read, counts.accepted, counts.quarantined, counts.duplicate, counts.suppressed)
    return (number, batch, *figures, summary.merged, summary.unheard, summary.repeated)


def _report(act: Acting, contract: Contract, summary: Summary) -> None:
    if summary.repeated:
        say(f"{contract.name}: this very file was taken in before; nothing was changed.")
    for rule, rows in sorted(summary.rules.items(), key=lambda item: -item[1]):
        say(f"{contract.name}: {counted(rows, 'row', 'rows')} refused: {rule}")
    told = [f"{_CLEANED[rule]} {texts}" for rule, texts in sorted(summary.cleaned.items()) if rule in _CLEANED]
    if told:
        say(f"{contract.name}: free text cleaned: {', '.join(told)}.")
    if summary.counts.suppressed:
        dropped = counted(summary.counts.suppressed, "row", "rows")
        say(f"{contract.name}: {dropped} dropped, of people who were erased.")
    if summary.restricted:
        warn(
            f"{contract.name}: {summary.restricted} customers on record turn out to be people who were erased: they "
            "are restricted; `varde audit log --action suppression.add` names the records, `varde erase` ends them"
        )
    if summary.unheard:
        warn(
            f"{contract.name}: {summary.unheard} rows could not be split: an opt-out in them was not heeded; "
            "mend and deliver them again"
        )
    if summary.untidied:
        warn(
            f"{contract.name}: the delivery is in and counted; making runs of matching's index one failed "
            f"({summary.untidied}). The next delivery tries that again; until then look-ups take longer"
        )
        _LOG.warning(logs.LogEvent.RUNS_UNMERGED, extra={"batch": summary.batch_id, "error": summary.untidied})
    _alert_owner(act, contract, summary)
    counts = summary.counts
    fields = {"contract": contract.name, "batch": summary.batch_id, "rows": counts.read, "accepted": counts.accepted}
    fields |= {"quarantined": counts.quarantined, "duplicate": counts.duplicate, "merged": summary.merged}
    fields |= {"suppressed": counts.suppressed}
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


def _breach(contract: Contract, figure: Figure) -> str:
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
