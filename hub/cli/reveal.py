"""`varde reveal`: lead a purpose pseudonym back to a person; limited, reasoned, audited, and by two where it must."""

from operator import attrgetter
from typing import Annotated, Final

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say, warn, would
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.reveals.ask import Ask, ruled
from hub.reveals.request import approve as agree
from hub.reveals.request import request as ask_for
from hub.reveals.request import waiting
from hub.reveals.reveal import Revealed, reveal
from privacy.terms import ID_BYTES, Pseudonym

app = typer.Typer(help="Lead a pseudonym back to a person.", no_args_is_help=True)
PseudonymHex = Annotated[str, typer.Argument(metavar="PSEUDONYM", help="As a view or score names the row, in hex.")]
PurposeName = Annotated[str, typer.Option("--purpose", help="The purpose that the pseudonym is of.")]
ReasonCode = Annotated[str, typer.Option("--reason", help="One of the purpose's reasons: `varde reveal rules`.")]
Attributes = Annotated[
    list[str] | None, typer.Option("--attribute", help="Show only this attribute; repeatable. Left out, all allowed.")
]
Sources = Annotated[bool, typer.Option("--sources", help="Show what each source says instead of what stands.")]
_GOLDEN: Final = ("attribute", "value", "source", "revision", "said_at", "decided_by", "agreeing", "differing")
RequestId = Annotated[str, typer.Argument(metavar="REQUEST", help="Id of a request: `varde reveal list`.")]


@app.command("open")
def open_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    pseudonym: PseudonymHex,
    *,
    purpose: PurposeName,
    reason: ReasonCode,
    attributes: Attributes = None,
    request: Annotated[str | None, typer.Option("--request", help="Id of the approved request.")] = None,
    sources: Sources = False,
    dry_run: DryRun = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show who a pseudonym is, to the attributes that the purpose allows. Audited first, counted, and limited.

    Shown is the golden record: where sources differ the value that stands, whose word it is, and why.
    """
    act = acting(ctx, Duty.ANYTHING)
    ask = _ask(pseudonym, purpose, reason, attributes, request)
    if dry_run:
        _would_reveal(ruled(act.hub.policy(), act.principal, ask).ask)
        return
    revealed = reveal(act.hub, act.principal, ask)
    show(_each_source(revealed) if sources else _golden(revealed), form)
    say(f"{revealed.opened} documents were opened; reveal {revealed.reveal_id.hex()} is in the audit log.")


@app.command()
def request(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    pseudonym: PseudonymHex,
    *,
    purpose: PurposeName,
    reason: ReasonCode,
    attributes: Attributes = None,
    dry_run: DryRun = False,
) -> None:
    """Ask a second person to agree to a reveal, and print the request's id."""
    act = acting(ctx, Duty.ANYTHING)
    ask = _ask(pseudonym, purpose, reason, attributes, None)
    if dry_run:
        _would_reveal(ruled(act.hub.policy(), act.principal, ask).ask)
        return
    typer.echo(ask_for(act.hub, act.principal, ask).hex())
    say("Somebody else approves it: `varde reveal approve REQUEST`. Then give it with `varde reveal open --request`.")


@app.command()
def approve(ctx: typer.Context, request: RequestId, *, dry_run: DryRun = False) -> None:
    """Agree to another person's request; it then serves one reveal, for a limited time."""
    act = acting(ctx, Duty.ANYTHING)
    request_id = _id(request, "a request")
    if dry_run:
        asked = next((each for each in waiting(act.hub, act.principal) if each.request_id == request_id), None)
        what = (
            "" if asked is None else f" of {', '.join(sorted(asked.attributes))} for {asked.purpose} ({asked.reason})"
        )
        would(f"agree to one reveal{what}, if another person asked for it and your role may")
        return
    until = agree(act.hub, act.principal, request_id)
    say(f"Agreed: it serves one reveal, until {until:%Y-%m-%d %H:%M} UTC.")
    warn("four eyes are not enforced: on one OS account both credentials can be used by the same person.")


@app.command("list")
def list_(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """List the requests of the last day that you made or may approve: what for, and never about whom."""
    act = acting(ctx, Duty.ANYTHING)
    columns = ("request", "asked_by", "purpose", "reason", "attributes", "requested_at", "approved", "valid_until")
    rows: list[tuple[object, ...]] = []
    for each in waiting(act.hub, act.principal):
        what = (each.request_id, each.principal_id, each.purpose, each.reason, each.attributes, each.requested_at)
        rows.append((*what, each.approver_person is not None, each.valid_until))
    show(Table(columns, rows, "Requests to reveal"), form)


@app.command()
def rules(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """Show for each purpose who may reveal, which attributes, for which reasons, how often, and who agrees."""
    act = acting(ctx, Duty.ANYTHING)
    columns = (
        *("purpose", "roles", "attributes", "reasons", "per_hour", "second_person"),
        *("approvers", "within_minutes"),
    )
    rows: list[tuple[object, ...]] = []
    for purpose in act.hub.policy().purposes:
        one = purpose.reidentification
        if one is not None:
            what = (purpose.id, sorted(one.roles), sorted(one.attributes), sorted(one.reasons), one.per_hour)
            second = (sorted(one.approvers), one.within_minutes) if one.second_person else (None, None)
            rows.append((*what, one.second_person, *second))
    show(Table(columns, rows, "Rules of re-identification"), form)
    say("A purpose that is not listed cannot be led back by anybody.")


def _golden(revealed: Revealed) -> Table:
    return Table(_GOLDEN, list(map(attrgetter(*_GOLDEN), revealed.golden)), "Revealed")


def _each_source(revealed: Revealed) -> Table:
    rows = [(part.source, name, value) for part in revealed.parts for name, value in part.attributes.items()]
    return Table(("source", "attribute", "value"), rows, "Revealed")


def _ask(pseudonym: str, purpose: str, reason: str, attributes: list[str] | None, request: str | None) -> Ask:
    return Ask(
        purpose=purpose,
        pseudonym=Pseudonym(_id(pseudonym, "a pseudonym")),
        reason=reason,
        attributes=frozenset(attributes or ()),
        request_id=None if request is None else _id(request, "a request"),
    )


def _id(text: str, what: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != ID_BYTES:
        raise typer.BadParameter(f"{what} has {2 * ID_BYTES} hexadecimal digits")
    return found


def _would_reveal(ask: Ask) -> None:
    would(f"lead the pseudonym back, note that in the audit log and show {', '.join(sorted(ask.attributes))}")
