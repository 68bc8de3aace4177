"""Who acts in one run of a command: the open hub and the authenticated principal."""

from dataclasses import dataclass
from typing import Any, Final

import typer

from hub.attempts import Channel, note_login, note_refusal, note_stranger
from hub.authentication import acting_principal
from hub.cli.duty import Duty, verify_duty
from hub.cli.launch import Invocation
from hub.cli.message import warn
from hub.cli.signature import signing_at_end
from hub.compose import Hub, open_hub
from hub.errors import AccessRefused, HubError, NotAuthenticated
from hub.migrations import tables as _tables  # noqa: F401 - registers every table: erasure and access reach all
from privacy.store.principal import Principal

_HUB: Final = "varde.hub"
_PRINCIPAL: Final = "varde.principal"


@dataclass(frozen=True, slots=True)
class Acting:
    """An open hub and the authenticated principal who acts in it."""

    hub: Hub
    principal: Principal


def acting(ctx: typer.Context, duty: Duty) -> Acting:
    """Open the hub, authenticate who acts, and check that the role has this duty; what is then audited gets signed.

    Raises:
        NotAuthenticated: no valid token stands behind the command.
        AccessRefused: the role does not have the duty.
        HubError: the audit log does not take the login: then nothing is done, but to look what is wrong with the log.

    """
    invocation = Invocation.of(ctx)
    hub = open_hub(invocation.settings(), clock=invocation.clock)
    ctx.call_on_close(signing_at_end(hub))
    ctx.meta[_HUB] = hub
    principal = acting_principal(hub)
    ctx.meta[_PRINCIPAL] = principal
    try:
        note_login(hub, principal, Channel.CLI)
    except HubError as exc:
        if duty is not Duty.VERIFY_AUDIT:
            raise
        warn(f"this login is not in the audit log, which does not take it ({type(exc).__name__}).")
    verify_duty(principal, duty)
    return Acting(hub, principal)


def note_denial(ctx: Any, error: Exception) -> None:  # noqa: ANN401 - Typer's own context class is private
    """Count an attempt that was refused, by whoever it was, where a hub was there to refuse it."""
    hub, principal = ctx.meta.get(_HUB), ctx.meta.get(_PRINCIPAL)
    if hub is None:
        return
    if isinstance(error, NotAuthenticated):
        note_stranger(hub)
    elif isinstance(error, AccessRefused) and principal is not None:
        note_refusal(hub, principal, error)
