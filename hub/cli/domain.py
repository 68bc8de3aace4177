"""`varde domain`: who uses which pseudonyms, under which key version, until when; links wait for a second person."""

from typing import Annotated

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.message import say, warn, would
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.domains import find_domain
from hub.linking import approve as agree
from hub.linking import verify_approver
from privacy.store.domain import RecordedDomain, domain_history

app = typer.Typer(help="Pseudonymisation domains: who uses which pseudonyms, until when.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The domain's name; mostly that of its purpose.")]
_COLUMNS = ("domain", "purpose", "version", "key_version", "live_keys", "linkable_with", "valid_until", "state")


@app.command("list")
def list_(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """List the domains of the policy in force and whether they are open now."""
    act = acting(ctx, Duty.ANYTHING)
    names = sorted({purpose.domain for purpose in act.hub.policy().purposes})
    show(Table(_COLUMNS, [_row(act, _found(act, name)) for name in names], "Domains"), form)


@app.command("show")
def show_(ctx: typer.Context, name: Name, *, form: FormatOption = Format.TABLE) -> None:
    """Show every version of a domain's record: members, algorithm, keys, quasi-identifiers, links, validity, risk."""
    act = acting(ctx, Duty.ANYTHING)
    with act.hub.reading() as session:
        history = domain_history(session, name) or [_found(act, name)]
    columns = (
        *("version", "recorded_at", "purpose", "members", "algorithm", "key_version", "retiring_keys"),
        *("quasi_identifiers", "linkable_with", "linking_ref", "approved", "valid_from", "valid_until", "risk_ref"),
    )
    rows: list[tuple[object, ...]] = []
    for each in history:
        one = each.record
        retiring = [f"{version} until {until.isoformat()}" for version, until in one.keys.retiring]
        who = (each.version, each.recorded_at, one.purpose, one.members, one.algorithm, one.keys.current, retiring)
        link = (one.linkable_with, one.linking_ref, each.approved if one.needs_approval else None)
        rows.append((*who, one.quasi_identifiers, *link, one.valid_from, one.valid_until, one.risk_ref))
    show(Table(columns, rows, f"Domain {name}"), form)


@app.command()
def approve(ctx: typer.Context, name: Name, *, dry_run: DryRun = False) -> None:
    """Approve that a domain may be linked with others: as DPO, and not as who applied the policy."""
    act = acting(ctx, Duty.ANYTHING)
    if dry_run:
        verify_approver(act.principal)
        would(f"approve version {_found(act, name).version} of domain {name}")
        return
    version = agree(act.hub, name, act.principal)
    say(f"Approved version {version} of domain {name}.")
    warn("four eyes are not enforced: on one OS account both credentials can be used by the same person.")


def _found(act: Acting, name: str) -> RecordedDomain:
    with act.hub.reading() as session:
        found = find_domain(session, name)
    if found is None:
        raise typer.BadParameter("there is no such domain; `varde domain list` shows those there are")
    return found


def _row(act: Acting, each: RecordedDomain) -> tuple[object, ...]:
    record, at = each.record, act.hub.clock()
    keys = (record.keys.current, record.keys.live(at))
    state = each.closed_because(at) or "open"
    return (record.name, record.purpose, each.version, *keys, record.linkable_with, record.valid_until, str(state))
