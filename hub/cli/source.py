"""`varde source`: look at a delivery before it is taken in, and the schema of a contract."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.launch import Invocation
from hub.cli.message import say, warn
from hub.cli.source_faults import Checked, checks_of, faults_of, noise
from hub.cli.table import Format, FormatOption, Table, show, show_json
from hub.exit_code import ExitCode
from hub.predictions.source_checks import keep_checks
from ingest.contract.load import load_contract
from ingest.contract.model import Contract
from ingest.contract.schema import contract_schema
from ingest.quality.category import Disagreement, disagreements_of
from ingest.quality.profile import profile
from ingest.quality.report import QualityReport
from ingest.quality.tally import Known
from ingest.store.record import keys_on_record
from predict.quality import Finding
from privacy.audit import AuditFields
from privacy.terms import EntityKind

app = typer.Typer(help="Look at a source's files and contracts.", no_args_is_help=True)
Row = tuple[object, ...]
Pairs = Annotated[
    list[Path], typer.Argument(metavar="CONTRACT FILE...", help="A contract and its file; more pairs are compared.")
]


@app.command()
def check(ctx: typer.Context, pairs: Pairs, *, form: FormatOption = Format.TABLE) -> None:
    """Profile files without storing a row: how complete, how fresh, how well linked, how ready; faults are counted."""
    if len(pairs) % 2:
        raise typer.BadParameter("give a contract and a file, and again a contract and a file for each further one")
    hub = _hub_if_any(ctx)
    at = Invocation.of(ctx).clock()
    reports = []
    given = [(load_contract(contract_path), path) for contract_path, path in zip(pairs[::2], pairs[1::2], strict=True)]
    for contract, path in given:
        if hub is not None:
            _note_check(hub, contract)
        reports.append(profile(contract, path, at=at, known=None if hub is None else known_in(hub, contract)))
    differ, faults = disagreements_of(reports), faults_of(given)
    if hub is not None:
        keep_checks(hub.hub.settings.checks_folder, checks_of([contract for contract, _ in given], faults))
    if form is Format.JSON:
        told: dict[str, object] = {
            "reports": [asdict(report) for report in reports],
            "disagreements": [asdict(d) for d in differ],
        }
        told |= {"faults": [fault for one in faults for fault in _fault(one)]}
        show_json(told)
    else:
        _show_findings(reports, differ, faults, form)
    if (said := noise(faults)) is not None:
        warn(said)
    _alert(reports, linked=hub is not None)
    if any(report.quarantined for report in reports):
        raise typer.Exit(ExitCode.REJECTS)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a source contract, for editors and validators."""
    show_json(contract_schema())


def known_in(hub: Acting, contract: Contract) -> Known:
    """Say of customer keys whether the hub has them on record, by blind index: no key is stored or opened."""
    reference = contract.person or contract.organisation
    source = contract.source if contract.is_identity or reference is None else reference.source
    kind = contract.entity_kind or (EntityKind.PERSON if contract.person else EntityKind.ORGANISATION)
    index = hub.hub.indexes().source_key(source, kind)

    def known(keys: pl.Series) -> pl.Series:
        tokens = index.tokens_of(keys.cast(pl.String).to_list())
        with hub.hub.reading() as session:
            found = keys_on_record(session, tokens)
        return pl.Series([token in found for token in tokens], dtype=pl.Boolean)

    return known


def _note_check(hub: Acting, contract: Contract) -> None:
    """Tell the audit log first: how many of a file's keys are on record here says something about our customers."""
    fields = AuditFields(contract=contract.name, source=contract.source, role=hub.principal.role)
    with hub.hub.unit_of_work() as session:
        hub.hub.audit(session, "source.check", hub.principal.principal_id, fields)


def _hub_if_any(ctx: typer.Context) -> Acting | None:
    """Open the hub where there is one: a file can be looked at before there is a home."""
    return acting(ctx, Duty.PROFILE) if Invocation.of(ctx).settings().home.is_dir() else None


def _show_findings(
    reports: Sequence[QualityReport], differ: Sequence[Disagreement], faults: Sequence[Checked], form: Format
) -> None:
    rows: list[Row] = [(report.contract, *row) for report in reports for row in _findings(report)]
    for each in differ:
        spelled = ", ".join(f"{one} / {other}" for one, other in each.codes) or "no code in common"
        rows.append((" / ".join(each.contracts), "codes that disagree", each.column, spelled))
    columns = ("contract", "finding", "of", "value")
    if form is Format.CSV:
        wrong = [(*_where(one, each), each.rows) for one in faults for each in one.findings]
        show(Table(columns, [*rows, *wrong]), form)
        return
    for report in reports:
        own = [row[1:] for row in rows if row[0] == report.contract]
        show(Table(columns[1:], own, f"{report.contract} ({report.table} of {report.source})"), form)
    if differ:
        show(Table(columns, rows[-len(differ) :], "Codes that disagree between sources"), form)
    listed = [(*_where(one, each), each.rows, each.of, each.advice) for one in faults for each in one.findings]
    if listed:
        show(Table(("contract", "finding", "of", "rows", "of all", "advice"), listed, "Faults"), form)


def _where(checked: Checked, finding: Finding) -> tuple[str, str, str]:
    return " / ".join(checked.contracts), "fault", f"{finding.column}: {finding.rule}"


def _fault(checked: Checked) -> list[dict[str, object]]:
    return [{"contracts": checked.contracts} | each.as_mapping() for each in checked.findings]


def _findings(report: QualityReport) -> list[Row]:
    """Flatten a report: what was found, of which column, and the figure."""
    rows: list[Row] = [
        ("rows", "read", report.read),
        ("rows", "accepted", report.accepted),
        ("rows", "to quarantine", report.quarantined),
        ("rows", "with a key seen before in the file", report.duplicates),
        ("customers", "distinct keys", report.customers),
        ("history", "first event", report.earliest),
        ("history", "last event", report.latest),
        ("history", "months", report.months),
        ("history", "hours since the newest event", report.hours_stale),
        ("link", "share of rows whose customer is on record", report.linked),
        ("link", "rows whose customer is not on record", report.unlinked_rows),
    ]
    rows += [("refused rows", f"{each.column}: {each.rule}", each.rows) for each in report.rejections]
    rows += [("complete", column, share) for column, share in report.completeness.items()]
    rows += [("shape", f"{each.column}: {each.pattern}", each.share) for each in report.shapes]
    rows += [
        ("looks like more", f"{each.column}, mapped to {each.mapped_to}", f"{each.looks_like} ({each.share:.0%})")
        for each in report.lookalikes
    ]
    for column, codes in report.categories.items():
        rows += [("codes", f"{column}: {code}", count) for code, count in codes.items()]
    for each in report.advice:
        rows.append(("ready", each.what, f"{'yes' if each.met else 'no'}: {each.found:.4g} of {each.wanted:g}"))
    return [row for row in rows if row[2] is not None]


def _alert(reports: Sequence[QualityReport], *, linked: bool) -> None:
    for report in reports:
        for breach in report.breaches:
            warn(
                f"{report.owner}: {report.contract} promises {breach.what} of {breach.promised:g}, "
                f"this file has {breach.found:.4g}"
            )
        for look in report.lookalikes:
            warn(f"{report.contract}: column {look.column} looks like {look.looks_like}; map or drop it at the source")
    if not linked:
        say("There is no home yet, so nothing is said about how many rows belong to customers on record.")
