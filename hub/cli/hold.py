"""`varde hold`: legal holds, which keep from deletion what a claim or an authority needs."""

from typing import Annotated, Final

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.message import say, would
from hub.cli.moment import end_from
from hub.cli.rehearsal import DryRun
from hub.cli.subject import one_subject_from
from hub.cli.table import Format, FormatOption, Table, show
from hub.requests.seat import seat_of
from hub.retention.holds import ANY_TABLE, NewHold, all_holds, place
from hub.retention.holds import lift as end
from ingest.canonical.catalogue import LAKE_TABLES
from privacy.audit import AuditFieldRefused
from privacy.store.principal import all_principals
from privacy.terms import ID_BYTES, PrincipalId, RecordId

app = typer.Typer(help="Legal holds.", no_args_is_help=True)
_COLUMNS: Final = ("hold", "reason", "owner", "table", "of_records", "placed_at", "ends_at", "lifted_at", "stands")
Of = Annotated[
    str | None,
    typer.Option("--of", help="Whose rows: email:ADDRESS, SOURCE:KEY, a record id, or -; else everybody's."),
]
Reason = Annotated[str, typer.Option("--reason", help="Why, as a code: a-z 0-9 _ . : -, and no name.")]
Until = Annotated[str, typer.Option("--until", help="Its last day at the seat (VARDE_COUNTRY), or an instant.")]
HeldTable = Annotated[str, typer.Option("--table", help="A table of the lake; else all.")]
Owner = Annotated[str | None, typer.Option("--owner", help="Id of the principal who answers for it; else you.")]


@app.command()
def add(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    *,
    reason: Reason,
    until: Until,
    of: Of = None,
    table: HeldTable = ANY_TABLE,
    owner: Owner = None,
    dry_run: DryRun = False,
) -> None:
    """Keep rows from deletion until a date, whatever retention says. Shows them to nobody. Audited."""
    if table not in (ANY_TABLE, *LAKE_TABLES):
        raise typer.BadParameter(f"no such table: use one of {', '.join(sorted(LAKE_TABLES))}")
    act = acting(ctx, Duty.PLAN_RETENTION)
    records = () if of is None else tuple(map(RecordId, one_subject_from(act.hub, of).records))
    ends = end_from(until, seat_of(act.hub.settings.country).time_zone)
    new = NewHold(owner=_owner(act, owner), reason=reason, ends_at=ends, table=table, records=records)
    if dry_run:
        would(f"hold {'everybody' if of is None else 'one person'} until {new.ends_at.isoformat()}")
        return
    try:
        hold_id = place(act.hub, new, act.principal)
    except AuditFieldRefused as exc:
        raise typer.BadParameter(f"--{exc.field}: must be {exc.rule}") from None
    say(f"Held under {hold_id.hex()}.")


@app.command()
def lift(ctx: typer.Context, hold: str, *, reason: Reason, dry_run: DryRun = False) -> None:
    """End a hold before its date; what is due goes at the next run. Audited."""
    act = acting(ctx, Duty.PLAN_RETENTION)
    if dry_run:
        would(f"lift the hold {hold}")
        return
    end(act.hub, _id(hold), reason, act.principal)
    say("Lifted.")


@app.command("list")
def list_(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """List every hold there ever was, and which stand."""
    act = acting(ctx, Duty.PLAN_RETENTION)
    with act.hub.reading() as session:
        holds, at = all_holds(session), act.hub.clock()
    rows: list[tuple[object, ...]] = []
    for each in holds:
        what = (each.hold_id, each.reason, each.owner, each.table, each.of_records)
        rows.append((*what, each.placed_at, each.ends_at, each.lifted_at, each.stands(at=at)))
    show(Table(_COLUMNS, rows, "Legal holds"), form)


def _owner(act: Acting, given: str | None) -> PrincipalId:
    """Take who is named, if there is such a principal; else who acts."""
    if given is None:
        return act.principal.principal_id
    with act.hub.reading() as session:
        known = {each.principal_id for each in all_principals(session)}
    if _id(given) not in known:
        raise typer.BadParameter("there is no such principal; `varde principal list` shows them")
    return PrincipalId(_id(given))


def _id(text: str) -> bytes:
    try:
        parsed = bytes.fromhex(text)
    except ValueError:
        parsed = b""
    if len(parsed) != ID_BYTES:
        raise typer.BadParameter("an id has 32 hexadecimal digits; `list` shows them")
    return parsed
