"""One run of a command: the environment it was given, the home it works in, and who acts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn, Self

import typer

from hub import clock as wall_clock
from hub.attempts import Channel, note_login, note_refusal, note_stranger
from hub.authentication import acting_principal
from hub.cli.duty import Duty, verify_duty
from hub.cli.message import complain, warn
from hub.cli.signature import signing_at_end
from hub.compose import Clock, Hub, open_hub
from hub.errors import AccessRefused, HubError, NotAuthenticated
from hub.kek.environment import WARNING
from hub.settings import KekScheme, Settings
from privacy.secret import SecretText
from privacy.store.principal import Principal

_HUB: Final = "varde.hub"
_PRINCIPAL: Final = "varde.principal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What `__main__` hands to every command; settings are read when they are asked for."""

    environment: Mapping[str, str] = field(repr=False)
    clock: Clock = wall_clock.now
    home: Path | None = None

    def __post_init__(self) -> None:
        hidden = {name: SecretText(value) for name, value in self.environment.items()}
        object.__setattr__(self, "environment", hidden)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the environment in clear."""
        raise TypeError("an Invocation is never pickled")

    @property
    def debug(self) -> bool:
        """Say whether places in the program may be shown on an unexpected error."""
        return self.environment.get("VARDE_DEBUG") == "1"

    @property
    def log_mode(self) -> str | None:
        """Return how to log, None for not at all."""
        return self.environment.get("VARDE_LOG")

    def settings(self) -> Settings:
        """Read the settings of this run; say loudly on every start that a key in a variable is for development."""
        settings = Settings.load(self.environment, self.home)
        if settings.kek.scheme is KekScheme.ENVIRONMENT:
            complain(WARNING)
        return settings

    @classmethod
    def of(cls, ctx: typer.Context) -> Self:
        """Return the run that a command belongs to."""
        found = ctx.find_object(cls)
        if found is None:
            raise TypeError("the application was started without an Invocation")
        return found


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
