"""`varde view`: from a spec to approved, audited rows."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from hub import logs
from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.message import counted, say, warn, would
from hub.cli.moment import instant_from
from hub.cli.rehearsal import DryRun
from hub.cli.rows_option import AsOfOption, OutOption, RowsFormOption, UseOption, give_rows, verify_out
from hub.cli.snapshot import materialise
from hub.cli.table import Format, FormatOption, Table, show
from hub.cli.view_catalogue import catalogue
from hub.cli.view_check import check, summary_of
from hub.cli.view_explain import diff, explain
from hub.cli.view_recalls import recalls
from hub.errors import AccessRefused
from hub.inspection.check import last_check
from hub.inspection.summary_diff import summary_guards
from hub.predictions.lessons import newest_cut
from hub.views import registry
from hub.views.currency import with_currency
from hub.views.gateway import Gateway, Released
from hub.views.intent import Reader
from hub.views.kept import read_kept
from hub.views.load import catalogue_names, catalogue_text, draft_text, load_spec
from hub.views.look import Look, Refusal, Unchecked, seen_check
from hub.views.registry import readable_spec
from hub.views.spec import ViewSpec
from hub.views.told import told_columns
from hub.views.version import Version, ViewState, all_versions

app = typer.Typer(help="Feature views: what leaves, for which purpose, approved by whom.", no_args_is_help=True)
app.command()(catalogue)
app.command()(check)
app.command()(diff)
app.command()(explain)
app.command()(recalls)
_LOG = logs.log_of("view")
Name = Annotated[str, typer.Argument(help="The view's name.")]
SpecFile = Annotated[Path, typer.Argument(metavar="FILE", help="The view's spec, YAML.")]


@app.command()
def new(
    name: Annotated[str | None, typer.Argument(help="A view of the catalogue; left out, their names.")] = None,
    *,
    draft: Annotated[
        str | None, typer.Option("--draft", help="Print a commented draft under this name instead.")
    ] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", metavar="CODE", help="The currency of its amounts, ISO 4217.")
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Print a view to start from, of the catalogue or a draft that explains itself: save it, change it, submit it."""
    if draft is None and name is None:
        show(Table(("view",), [(each,) for each in catalogue_names()], "Catalogue"), form)
        return
    text = catalogue_text(name or "") if draft is None else draft_text(draft)
    sys.stdout.write(text if currency is None else with_currency(draft or name or "", text, currency))


@app.command()
def submit(ctx: typer.Context, file: SpecFile, *, dry_run: DryRun = False) -> None:
    """Submit a view for approval by somebody else."""
    act = acting(ctx, Duty.ANYTHING)
    text = _text(file)
    if dry_run:
        with act.hub.reading() as session:
            spec = registry.submittable(session, act.hub.policy(), text, act.principal)
        would(f"submit {spec.name} version {spec.version} for purpose {spec.purpose} with {len(spec.columns)} columns")
        return
    spec = registry.submit(act.hub, text, act.principal)
    say(f"Submitted {spec.name} version {spec.version}. A DPO approves it with `varde view approve {spec.name}`.")


@app.command()
def approve(
    ctx: typer.Context,
    name: Name,
    *,
    unchecked: Annotated[
        Unchecked | None, typer.Option("--unchecked", help="Why there is no check on real data; without, it must be.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="When it runs out; left out, after a year.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Approve the newest submitted version: as DPO, not as its author, and after `varde view check`."""
    act = acting(ctx, Duty.ANYTHING)
    look = Look(unchecked=unchecked, until=None if until is None else instant_from(until))
    if dry_run:
        with act.hub.reading() as session:
            found, policy = registry.approvable(session, name, act.principal), act.hub.policy()
            seen_check(session, load_spec(found.spec), policy, look, at=act.hub.clock())
        would(f"approve version {found.version} of {name} for at most {registry.APPROVAL_DAYS} days")
        return
    approval = registry.approve(act.hub, name, act.principal, look)
    say(f"Approved {approval.view} version {approval.version} until {approval.expires_at:%Y-%m-%d}.")
    say(f"Its review is due on {approval.review_at:%Y-%m-%d}.")
    checked = last_check(act.hub, name, act.principal)
    if unchecked is not None:
        warn(f"approved without a check on real data ({unchecked}).")
    elif checked is not None:
        say(f"As checked on {checked.checked_at:%Y-%m-%d}: {summary_of(checked.figures)}")
    if not approval.four_eyes_enforced:
        warn("four eyes are not enforced: on one OS account both credentials can be used by the same person.")


@app.command()
def refuse(
    ctx: typer.Context,
    name: Name,
    *,
    because: Annotated[Refusal, typer.Option("--because", help="Why; the author sees it in `varde view list`.")],
    dry_run: DryRun = False,
) -> None:
    """Refuse the newest submitted version, as DPO; the author may submit another version."""
    act = acting(ctx, Duty.ANYTHING)
    if dry_run:
        with act.hub.reading() as session:
            found = registry.refusable(session, name, act.principal)
        would(f"refuse version {found.version} of {name}: {because}")
        return
    say(f"Refused {name} version {registry.refuse(act.hub, name, act.principal, because)}: {because}.")


@app.command()
def revoke(ctx: typer.Context, name: Name, *, dry_run: DryRun = False) -> None:
    """Revoke every approved version of a view, from the next read on."""
    act = acting(ctx, Duty.ANYTHING)
    registry.verify_revoker(act.principal)
    count = sum(row.state == ViewState.APPROVED.value for row in _of_name(act, name))
    if dry_run:
        would(f"revoke {count} approved versions of {name}")
        return
    say(f"Revoked {registry.revoke(act.hub, name, act.principal)} approved versions of {name}.")


app.command()(materialise)


@app.command("list")
def list_(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """List every version of every view and where it stands."""
    act = acting(ctx, Duty.ANYTHING)
    at = act.hub.clock()
    columns = (
        *("view", "version", "purpose", "state", "because", "submitted_at", "approved_at", "expires_at", "review_at"),
        *("checked", "four_eyes_enforced"),
    )
    rows: list[tuple[object, ...]] = []
    for row in _versions(act):
        what = (row.name, row.version, row.purpose, row.state_at(at), row.refused_because or row.unchecked_because)
        when = (row.submitted_at, row.approved_at, row.expires_at, row.review_at)
        rows.append((*what, *when, row.approved_check is not None, row.four_eyes_enforced))
    show(Table(columns, rows, "Views"), form)


@app.command("show")
def show_(ctx: typer.Context, name: Name, *, form: FormatOption = Format.TABLE) -> None:
    """Show what the newest version of a view reads and releases, as its approver sees it."""
    rows = _of_name(acting(ctx, Duty.ANYTHING), name)
    spec = load_spec(rows[-1].spec)
    columns = ("column", "unit", "role", "meaning", "needed because")
    features: list[tuple[object, ...]] = []
    for told in told_columns(spec):
        label, why = spec.texts.get(told.name, {}).get("en", ""), spec.rationales.get(told.name)
        features.append((told.name, told.unit, told.role.value if told.role else None, label, why))
    per = f"per {spec.grain}" if spec.summary is None else "by cell"
    show(Table(columns, features, f"{spec.name} v{spec.version} for {spec.purpose}, {per}"), form)
    say(f"{spec.description}\nReads {', '.join(spec.tables)}. {_guards(spec)} Spec {spec.hash.hex()[:16]}.")


@app.command()
def read(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    name: Name,
    *,
    purpose: Annotated[str, typer.Option("--purpose", help="What the rows are for; must be the view's own.")],
    use: UseOption = None,
    as_of: AsOfOption = None,
    kept: Annotated[bool, typer.Option("--kept", help="The rows that `view materialise` made, at once.")] = False,
    out: OutOption = None,
    form: RowsFormOption = None,
) -> None:
    """Read a view through the gate: decided, minimised, pseudonymised, and audited before the first row leaves."""
    verify_out(out, use)
    if kept and as_of is not None:
        raise typer.BadParameter("kept rows are of the instant that they were made at; leave --as-of out")
    act = acting(ctx, Duty.ANYTHING)
    reader = Reader(principal=act.principal, use=use)
    if kept:
        released, when = read_kept(act.hub, reader, name, purpose=purpose), "as kept"
    else:
        at = instant_from(as_of) if as_of is not None else _newest(act, name)
        released, when = Gateway(act.hub).read(reader, name, purpose=purpose, as_of=at), f"as of {at:%Y-%m-%d}"
    give_rows(released.frame, released, out, form)
    _tell(released, when)


def _newest(act: Acting, name: str) -> datetime:
    """Return the newest instant of the view's grid; of a view that may not be read, any: the gate refuses it."""
    at = act.hub.clock()
    try:
        with act.hub.reading() as session:
            return newest_cut(readable_spec(session, act.hub.policy(), name, at=at), at, at)
    except AccessRefused:
        return at  # the gate says no again, and audits that it was asked


def _tell(released: Released, when: str) -> None:
    spec, rows = released.spec, released.frame.height
    fields = {"view": spec.name, "view_version": spec.version, "purpose": spec.purpose, "rows": rows}
    _LOG.info(logs.LogEvent.VIEW_READ, extra={**fields, "release": released.release_id, "epoch": released.epoch})
    until = f"{released.expires_at:%Y-%m-%d}"
    say(f"{counted(rows, 'row', 'rows')} of {spec.name} {when}, for {spec.purpose}, usable until {until}.")
    if released.prohibited_uses:
        say(f"Never to be used for: {', '.join(released.prohibited_uses)}.")
    for because, count in sorted(released.absent.items(), key=lambda item: -item[1]):
        say(f"{counted(count, 'customer', 'customers')} absent: {because}")


def _guards(spec: ViewSpec) -> str:
    grouped = ", ".join(spec.quasi_identifiers)
    hidden = f"Groups below {spec.k} by {grouped} are hidden." if grouped else ""
    if spec.summary is not None:
        hidden = f"No row leaves. {' '.join(summary_guards(spec.summary, spec.k))}"
    often = f"at most {spec.reads.at_most} times a {spec.reads.per}, " if spec.reads else ""
    return f"Read per {spec.grid}, {often}usable for {spec.expires_days} days. {hidden}".strip()


def _versions(act: Acting) -> list[Version]:
    with act.hub.reading() as session:
        return all_versions(session)


def _of_name(act: Acting, name: str) -> list[Version]:
    """Return the versions of a view, oldest first; a name that no view has is a fault of usage."""
    rows = [row for row in _versions(act) if row.name == name]
    if not rows:
        raise typer.BadParameter("there is no such view; `varde view list` shows those there are")
    return rows


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise typer.BadParameter(f"the spec cannot be read ({type(exc).__name__}); name a UTF-8 file") from None
