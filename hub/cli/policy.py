"""`varde policy`: the purposes in force, and what a new pack would change."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.duty import Duty
from hub.cli.home import DryRun
from hub.cli.invocation import acting
from hub.cli.message import say, warn, would
from hub.cli.table import Format, FormatOption, Table, show
from hub.compose import Hub
from hub.home import Stores, put_policy_in_force
from hub.notices.publishing import publish
from hub.policy.check import placed, verify_names
from hub.policy.pack import read_pack
from hub.views.registry import ViewState, all_versions
from privacy.gates import verify_gates
from privacy.policy import policy_of, verify_versions
from privacy.purposes import Policy, policy_hash, purpose_hash, texts_hash
from privacy.store.policy import applied_policies

app = typer.Typer(help="Purposes, their legal bases and their rules.", no_args_is_help=True)
Pack = Annotated[Path, typer.Argument(metavar="PACK", help="A policy pack, YAML.")]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the policy in force and a pack, and the approved views that lapse by it."""

    purpose: str
    change: str
    lapses: tuple[str, ...]


@app.command("show")
def show_(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """Show the purposes in force."""
    act = acting(ctx, Duty.ANYTHING)
    policy = act.hub.policy()
    columns = (
        *("purpose", "version", "legal_basis", "tables", "data_categories", "retention_days", "notice_version"),
        *("direct_marketing", "automated_decision", "hash"),
    )
    rows: list[tuple[object, ...]] = []
    for each in policy.purposes:
        what = (each.id, each.version, each.legal_basis, sorted(each.tables), sorted(each.data_categories))
        rest = (each.retention_days, each.notice_version, each.direct_marketing, each.automated_decision)
        rows.append((*what, *rest, purpose_hash(each)[:16]))
    show(Table(columns, rows, f"Policy {policy.version}, {policy_hash(policy)[:16]}"), form)


@app.command()
def plan(ctx: typer.Context, pack: Pack, *, form: FormatOption = Format.TABLE) -> None:
    """Show what a pack would add, change and remove, and which approved views would lapse. Changes nothing."""
    act = acting(ctx, Duty.ANYTHING)
    _, proposed = _read(pack, on=act.hub.clock().date())
    _show_changes(changes_of(act.hub, proposed), form)
    _verify_versions(act.hub, proposed)


@app.command()
def apply(ctx: typer.Context, pack: Pack, *, dry_run: DryRun = False, form: FormatOption = Format.TABLE) -> None:
    """Put a pack in force: from the next read on it governs."""
    act = acting(ctx, Duty.CHANGE_POLICY)
    read, proposed = _read(pack, on=act.hub.clock().date())
    changes = changes_of(act.hub, proposed)
    _show_changes(changes, form)
    _verify_versions(act.hub, proposed)
    if dry_run:
        would(f"put the pack in force with {len(changes)} changes")
        return
    stores = Stores(act.hub.engine, act.hub.keystore)
    policy = put_policy_in_force(stores, read, by=act.principal.principal_id, at=act.hub.clock)
    say(f"Policy {policy.version} is in force ({policy_hash(policy)[:16]}).")
    say(f"Kept {len(publish(act.hub, act.principal))} new notices.")


def changes_of(hub: Hub, proposed: Policy) -> list[Change]:
    """Compare a policy with the one in force."""
    present = {purpose.id: purpose for purpose in hub.policy().purposes}
    future = {purpose.id: purpose for purpose in proposed.purposes}
    with hub.reading() as session:
        approved = [row for row in all_versions(session) if row.state == ViewState.APPROVED.value]
    changes = []
    for name in sorted(present.keys() | future.keys()):
        old, new = present.get(name), future.get(name)
        if old == new:
            continue
        rules = old is None or new is None or purpose_hash(old) != purpose_hash(new)
        lapses = [f"{row.name} v{row.version}" for row in approved if row.purpose == name and rules]
        if old is None or new is None:
            what = "added" if old is None else "removed"
        elif rules:
            what = "rules changed"
        else:
            what = "texts changed" if texts_hash(old) != texts_hash(new) else "references changed"
        changes.append(Change(name, what, tuple(lapses)))
    return changes


def _read(pack: Path, *, on: date) -> tuple[dict[str, object], Policy]:
    """Read a pack and check it whole; a refusal names section, line and rule."""
    with placed(pack):
        read = read_pack(pack)
        proposed = policy_of(read)
        verify_names(proposed)
        verify_gates(proposed, on=on)
    return read, proposed


def _verify_versions(hub: Hub, proposed: Policy) -> None:
    with hub.reading() as session:
        verify_versions(proposed, applied_policies(session))


def _show_changes(changes: list[Change], form: Format) -> None:
    rows = [(each.purpose, each.change, list(each.lapses)) for each in changes]
    show(Table(("purpose", "change", "approvals_that_lapse"), rows, "Changes"), form)
    lapses = sum(len(each.lapses) for each in changes)
    if lapses:
        warn(f"{lapses} view approvals lapse with these changes: those views are closed until they are approved again.")
