"""`varde principal`: who may act, under which role, for which purposes and views."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from hub.authentication import (
    Binding,
    Scope,
    add,
    find_target,
    listed,
    rebind,
    verify_grant,
    verify_revocable,
    withdraw,
)
from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say, would
from hub.cli.moment import instant_from
from hub.cli.outfile import private_file
from hub.cli.rehearsal import DryRun
from hub.cli.subject import given
from hub.cli.table import Format, FormatOption, Table, show
from privacy.store.principal import EVERYTHING
from privacy.terms import ID_BYTES, PrincipalId, Role

app = typer.Typer(help="Who may act here.", no_args_is_help=True)

Label = Annotated[str, typer.Argument(help="Who it is; kept sealed. - reads it from standard input.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The principal's id, from `varde principal list`.")]
Purposes = Annotated[list[str] | None, typer.Option("--purpose", help="A purpose it may use; * for all. Repeatable.")]
Views = Annotated[list[str] | None, typer.Option("--view", help="A view it may read; * for all. Repeatable.")]


@app.command("add")
def add_(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    label: Label,
    *,
    role: Annotated[Role, typer.Option("--role", help="What the person does here.")],
    purposes: Purposes = None,
    views: Views = None,
    expires: Annotated[str | None, typer.Option("--expires", help="Until when it is valid.")] = None,
    token_file: Annotated[Path | None, typer.Option("--token-file", help="Write the token there, mode 0600.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Add a credential for a person and print its token, this once."""
    act = acting(ctx, Duty.ANYTHING)
    verify_grant(act.principal, role)
    scope = _scope(role, purposes, views, None if expires is None else instant_from(expires))
    who = given(label)
    if dry_run:
        would(f"add a credential of role {role}, bound to {_bound(scope.purposes, scope.views)}")
        return
    if token_file is None:
        principal, token = add(act.hub, who, scope, act.principal)
        typer.echo(token)
    else:
        with private_file(token_file) as file:
            principal, token = add(act.hub, who, scope, act.principal)
            file.write(token.encode())
    say(f"Added principal {principal.principal_id.hex()}, bound to {_bound(scope.purposes, scope.views)}.")
    say("The token is shown once and kept only as a hash. Its holder sets it as VARDE_TOKEN.")


@app.command()
def grant(
    ctx: typer.Context, principal: Id, *, purposes: Purposes = None, views: Views = None, dry_run: DryRun = False
) -> None:
    """Bind a credential to these purposes and views instead of those it had, from its next call on."""
    act = acting(ctx, Duty.ANYTHING)
    binding = Binding(purposes=frozenset(purposes or ()), views=frozenset(views or ()))
    if dry_run:
        role = find_target(act.hub, _id(principal), act.principal).role
        would(f"bind the {role}'s credential to {_bound(binding.purposes, binding.views)}")
        return
    rebind(act.hub, _id(principal), binding, act.principal)
    say(f"From its next call on it is bound to {_bound(binding.purposes, binding.views)}; role and expiry stay.")


@app.command()
def revoke(ctx: typer.Context, principal: Id, *, dry_run: DryRun = False) -> None:
    """Revoke a credential, from its next call on."""
    act = acting(ctx, Duty.ANYTHING)
    if dry_run:
        target = find_target(act.hub, _id(principal), act.principal)
        with act.hub.unit_of_work() as session:
            verify_revocable(session, target, at=act.hub.clock())
        would(f"revoke {target.principal_id.hex()}")
        return
    withdraw(act.hub, _id(principal), act.principal)
    say("Revoked: its next call is refused.")


@app.command("list")
def list_(ctx: typer.Context, *, form: FormatOption = Format.TABLE) -> None:
    """List every credential with the person's label opened. Audited."""
    act = acting(ctx, Duty.ANYTHING)
    columns = ("id", "label", "role", "purposes", "views", "expires_at", "revoked", "person")
    rows: list[tuple[object, ...]] = []
    for each in listed(act.hub, act.principal):
        who = each.principal
        scope = (sorted(who.purposes), sorted(who.views))
        rows.append((who.principal_id, each.label, who.role, *scope, each.expires_at, each.revoked, who.person_id))
    show(Table(columns, rows, "Principals"), form)


def _scope(role: Role, purposes: Sequence[str] | None, views: Sequence[str] | None, until: datetime | None) -> Scope:
    return Scope(role=role, purposes=frozenset(purposes or ()), views=frozenset(views or ()), expires_at=until)


def _bound(purposes: frozenset[str], views: frozenset[str]) -> str:
    def named(words: frozenset[str], what: str) -> str:
        if EVERYTHING in words:
            return f"every {what}"
        return f"{what} {', '.join(sorted(words))}" if words else f"no {what}"

    return f"{named(purposes, 'purpose')} and {named(views, 'view')}"


def _id(text: str) -> PrincipalId:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != ID_BYTES:
        raise typer.BadParameter(f"an id has {2 * ID_BYTES} hexadecimal digits; `varde principal list` shows them")
    return PrincipalId(found)
