"""`varde policy`: the purposes in force, and what a new pack would change."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Final

import typer

from hub.agreeing import agree, agreeable
from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import counted, say, warn, would
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.compose import Hub
from hub.home import Stores, put_policy_in_force
from hub.notices.impact import Impact, impact_of
from hub.notices.publishing import publish
from hub.notices.reconsent import changed_consents, decide, verify_decided
from hub.policy.agreement import AGREED_FOR, changed_rules, verify_agreed
from hub.policy.check import placed, verify_names
from hub.policy.pack import default_pack, read_pack
from hub.views.checked import reach_of
from hub.views.load import load_spec
from hub.views.use import prohibited_of
from hub.views.version import Version, ViewState, all_versions
from privacy.audit import AuditFieldRefused
from privacy.gates import is_review_due, verify_gates
from privacy.policy import policy_of, verify_versions
from privacy.purposes import Policy, policy_hash, purpose_hash, texts_hash
from privacy.store.policy import applied_policies
from privacy.store.principal import Principal
from privacy.store.reconsent import Reconsent, find_decision
from privacy.terms import Role

app = typer.Typer(help="Purposes, their legal bases and their rules.", no_args_is_help=True)
_SEES_COUNTS: Final = frozenset({Role.OWNER, Role.DPO})
Pack = Annotated[Path, typer.Argument(metavar="PACK", help="A policy pack, YAML.")]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the policy in force and a pack, the approved views that lapse, and the people it loses.

    `impact` is None where no person can be concerned; `reconsent` is the DPO's decision, `undecided`, or None where
    there is nothing to decide.
    """

    purpose: str
    change: str
    lapses: tuple[str, ...]
    impact: Impact | None
    reconsent: str | None


@app.command("show")
def show_(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """Show the purposes in force."""
    act = acting(ctx, Duty.ANYTHING)
    policy = act.hub.policy()
    columns = (
        *("purpose", "version", "legal_basis", "tables", "data_categories", "retention_days", "notice_version"),
        *("direct_marketing", "automated_decision", "prohibited_uses", "lia_review_by", "hash"),
    )
    rows: list[tuple[object, ...]] = []
    for each in policy.purposes:
        what = (each.id, each.version, each.legal_basis, sorted(each.tables), sorted(each.data_categories))
        rest = (each.retention_days, each.notice_version, each.direct_marketing, each.automated_decision)
        papers = (prohibited_of(each), each.lia_review_by)
        rows.append((*what, *rest, *papers, purpose_hash(each)[:16]))
    show(Table(columns, rows, f"Policy {policy.version}, {policy_hash(policy)[:16]}"), form)
    today = act.hub.clock().date()
    for each in (purpose for purpose in policy.purposes if is_review_due(purpose, on=today)):
        warn(f"the balancing test of {each.id} was to be reviewed by {each.lia_review_by}.")


@app.command()
def default() -> None:
    """Print the pack that a new home begins with, to write one's own from; needs no home."""
    typer.echo(default_pack(), nl=False)


@app.command()
def plan(ctx: typer.Context, pack: Pack, *, form: FormatOption = Format.TABLE) -> None:
    """Show what a pack would add, change and remove, and which approved views would lapse. Changes nothing."""
    act = acting(ctx, Duty.ANYTHING)
    _, proposed = _read(pack, on=act.hub.clock().date())
    _show_changes(changes_of(act.hub, proposed, act.principal), form)
    _verify_versions(act.hub, proposed)
    for each in changed_rules(act.hub.policy(), proposed):
        warn(f"who may lead pseudonyms of {each.id} back changes: another person runs `varde policy agree` first.")


@app.command()
def apply(ctx: typer.Context, pack: Pack, *, dry_run: DryRun = False, form: FormatOption = Format.TABLE) -> None:
    """Put a pack in force: from the next read on it governs."""
    act = acting(ctx, Duty.CHANGE_POLICY)
    read, proposed = _read(pack, on=act.hub.clock().date())
    changes = changes_of(act.hub, proposed, act.principal)
    _show_changes(changes, form)
    _verify_versions(act.hub, proposed)
    with placed(pack), act.hub.reading() as session:
        verify_decided(session, act.hub.policy(), proposed)
        verify_agreed(session, act.hub.policy(), proposed, by=act.principal.principal_id, at=act.hub.clock())
    if dry_run:
        would(f"put the pack in force with {len(changes)} changes")
        return
    stores = Stores(act.hub.engine, act.hub.keystore)
    policy = put_policy_in_force(stores, read, by=act.principal.principal_id, at=act.hub.clock)
    act.hub.ledger.ship()  # a restore must know that there was a newer one
    say(f"Policy {policy.version} is in force ({policy_hash(policy)[:16]}).")
    say(f"Kept {counted(len(publish(act.hub, act.principal)), 'new notice', 'new notices')}.")


@app.command("agree")
def agree_(
    ctx: typer.Context,
    pack: Pack,
    purpose: Annotated[str, typer.Argument(help="A purpose whose rules of re-identification the pack changes.")],
    *,
    dry_run: DryRun = False,
) -> None:
    """Agree, as somebody else than who applies the pack, to who may lead a purpose's pseudonyms back. Audited."""
    act = acting(ctx, Duty.CHANGE_POLICY)
    _, proposed = _read(pack, on=act.hub.clock().date())
    with placed(pack):
        if dry_run:
            agreeable(act.hub, proposed, purpose, act.principal)
            would(f"agree to the rules of re-identification of {purpose}")
            return
        agreed = agree(act.hub, proposed, purpose, act.principal)
    say(f"Agreed to the rules {agreed[:16]} of {purpose}; another person applies them within {AGREED_FOR.days} days.")
    warn("four eyes are not enforced: on one OS account both credentials can be used by the same person.")


@app.command()
def reconsent(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    pack: Pack,
    purpose: Annotated[str, typer.Argument(help="A purpose on consent whose rules the pack changes.")],
    *,
    decision: Annotated[Reconsent, typer.Option("--decision", help="Whether people are asked again.")],
    reference: Annotated[str, typer.Option("--reference", help="Document that argues it, as a code: a-z 0-9 _ . : -")],
    dry_run: DryRun = False,
) -> None:
    """Decide, as DPO, whether people who consented are asked again under a pack's version of a purpose. Audited."""
    act = acting(ctx, Duty.DECIDE_RECONSENT)
    _, proposed = _read(pack, on=act.hub.clock().date())
    if dry_run:
        lost = impact_of(act.hub, proposed).get(purpose)
        would(f"decide {decision.value}: {lost.lost if lost else 0} people would be read no more")
        return
    try:
        with placed(pack):
            decided = decide(act.hub, proposed, purpose, decision, (act.principal, reference))
    except AuditFieldRefused as exc:
        raise typer.BadParameter(f"--reference: must be {exc.rule}") from None
    say(f"Decided {decided.outcome} for {decided.purpose} version {decided.purpose_version}.")
    say(f"{decided.people_lost} people would be read no more.")


def changes_of(hub: Hub, proposed: Policy, principal: Principal) -> list[Change]:
    """Compare a policy with the one in force; how many people it concerns is told to who may see small counts."""
    present = {purpose.id: purpose for purpose in hub.policy().purposes}
    future = {purpose.id: purpose for purpose in proposed.purposes}
    impacts = impact_of(hub, proposed) if principal.role in _SEES_COUNTS else {}
    with hub.reading() as session:
        approved = [row for row in all_versions(session) if row.state == ViewState.APPROVED.value]
        decided = {
            str(new.id): found.outcome
            if (found := find_decision(session, bytes.fromhex(purpose_hash(new))))
            else "undecided"
            for _, new in changed_consents(hub.policy(), proposed)
        }
    changes = []
    for name in sorted(present.keys() | future.keys()):
        old, new = present.get(name), future.get(name)
        reached = _lapsed_by_reach(approved, name, hub.policy(), proposed) if old and new else []
        if old == new:
            changes += [Change(name, "rules of its tables changed", tuple(reached), None, None)] if reached else []
            continue
        rules = old is None or new is None or purpose_hash(old) != purpose_hash(new)
        lapses = reached if not rules else [f"{row.name} v{row.version}" for row in approved if row.purpose == name]
        if old is None or new is None:
            what = "added" if old is None else "removed"
        elif rules:
            what = "rules changed"
        else:
            what = "texts changed" if texts_hash(old) != texts_hash(new) else "references changed"
        changes.append(Change(name, what, tuple(lapses), impacts.get(name), decided.get(name)))
    return changes


def _lapsed_by_reach(approved: list[Version], purpose: str, old: Policy, new: Policy) -> list[str]:
    """Name the approved views of a purpose whose tables' rules, such as how long rows are kept, would be others."""
    specs = [(row, load_spec(row.spec)) for row in approved if row.purpose == purpose and row.approved_reach_hash]
    return [f"{row.name} v{row.version}" for row, spec in specs if reach_of(spec, old) != reach_of(spec, new)]


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
    columns = ("purpose", "change", "approvals_that_lapse", "people_now", "people_lost", "people_gained", "reconsent")
    rows: list[tuple[object, ...]] = []
    for each in changes:
        people = (each.impact.now, each.impact.lost, each.impact.gained) if each.impact else (None, None, None)
        rows.append((each.purpose, each.change, list(each.lapses), *people, each.reconsent))
    show(Table(columns, rows, "Changes"), form)
    lapses = sum(len(each.lapses) for each in changes)
    if lapses:
        warn(f"{lapses} view approvals lapse with these changes: those views are closed until they are approved again.")
