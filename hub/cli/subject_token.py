"""`varde subject token`: what a person's link or app holds to act on their own choices, and on nothing else."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.message import say, would
from hub.cli.moment import instant_from
from hub.cli.outfile import private_file
from hub.cli.rehearsal import DryRun
from hub.cli.subject import Identifier, one_subject_from
from hub.cli.subject_accesses import accesses
from hub.cli.table import Format, FormatOption, Table, show
from hub.consents import Subject
from hub.subject_tokens import LASTS, issue, listed, revoke, verify_issuer, verify_voucher
from privacy.store.subject_token import VERIFIED_FOR, IssuedToken, SubjectScope, SubjectToken
from privacy.terms import EVERY_PURPOSE, PurposeId

app = typer.Typer(help="What a person holds here.", no_args_is_help=True)
token = typer.Typer(help="Tokens with which a person acts on their own choices.", no_args_is_help=True)
app.add_typer(token, name="token")
app.command()(accesses)
_COLUMNS: Final = ("record_id", "scope", "purposes", "created_at", "expires_at", "revoked_at", "live")

Scope = Annotated[
    SubjectScope, typer.Option("--scope", help="opt_out says no; choices also yes; verified also reads, for minutes.")
]
Purposes = Annotated[list[str] | None, typer.Option("--purpose", help="For which purpose; else all. Repeatable.")]
Expires = Annotated[str | None, typer.Option("--expires", help=f"Until when it is valid; else {LASTS.days} days.")]
TokenFile = Annotated[Path | None, typer.Option("--token-file", help="Write the token there, mode 0600.")]


@token.command("issue")
def issue_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    identifier: Identifier,
    *,
    scope: Scope = SubjectScope.OPT_OUT,
    purposes: Purposes = None,
    expires: Expires = None,
    token_file: TokenFile = None,
    dry_run: DryRun = False,
) -> None:
    """Make a token for one person and print it, this once. It opens their choices only and reads nothing."""
    act, subject = _found(ctx, identifier)
    opens = SubjectToken(
        record_id=min(subject.records),
        scope=scope,
        purposes=_known(act, purposes),
        expires_at=_end(act, expires, scope),
    )
    verify_voucher(act.principal, opens, at=act.hub.clock())
    if dry_run:
        would(f"issue a token of scope {scope}, until {opens.expires_at.isoformat()}")
        return
    if token_file is None:
        typer.echo(issue(act.hub, opens, act.principal))
    else:
        with private_file(token_file) as file:
            file.write(issue(act.hub, opens, act.principal).encode())
    say(f"Issued for {', '.join(sorted(opens.purposes))}, until {opens.expires_at.isoformat()}.")
    say("The token is shown once and kept only as a hash. It acts for every record of the person.")


@token.command("revoke")
def revoke_(ctx: typer.Context, identifier: Identifier, *, dry_run: DryRun = False) -> None:
    """Revoke every token of a person, from its next call on."""
    act, subject = _found(ctx, identifier)
    if dry_run:
        would(f"revoke every token of a person with {len(subject.records)} records")
        return
    say(f"Revoked {revoke(act.hub, subject, act.principal)} tokens: their next call is refused.")


@token.command("list")
def list_(ctx: typer.Context, identifier: Identifier, *, form: FormatOption = Format.TABLE) -> None:
    """List what tokens a person was given, live or not; the tokens themselves are nowhere. Audited."""
    act, subject = _found(ctx, identifier)
    at = act.hub.clock()
    show(Table(_COLUMNS, [_row(each, at) for each in listed(act.hub, subject, act.principal)], "Tokens"), form)


def _found(ctx: typer.Context, identifier: str) -> tuple[Acting, Subject]:
    """Check the role before the look-up: who may not issue must not learn whom this hub knows."""
    act = acting(ctx, Duty.ANYTHING)
    verify_issuer(act.principal)
    return act, one_subject_from(act.hub, identifier)


def _known(act: Acting, purposes: list[str] | None) -> frozenset[str]:
    policy = act.hub.policy()
    return frozenset(policy.purpose(PurposeId(each)).id for each in purposes or ()) or frozenset({EVERY_PURPOSE})


def _end(act: Acting, expires: str | None, scope: SubjectScope) -> datetime:
    at = act.hub.clock()
    lasts = VERIFIED_FOR if scope is SubjectScope.VERIFIED else LASTS
    until = at + lasts if expires is None else instant_from(expires)
    if until <= at:
        raise typer.BadParameter("--expires must lie in the future")
    return until


def _row(each: IssuedToken, at: datetime) -> tuple[object, ...]:
    opens = each.opens
    live = each.revoked_at is None and opens.expires_at > at
    return (
        *(opens.record_id, opens.scope, sorted(opens.purposes)),
        *(each.created_at, opens.expires_at, each.revoked_at, live),
    )
