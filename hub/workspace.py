"""Open a hub for code that runs beside it, and read a view in one line.

    hub = open_workspace("varde-home")
    hub.views["churn_signals"].read(purpose="churn", as_of=datetime(2026, 11, 1, tzinfo=UTC))

Settings are those of the command line: the process's own environment over the home's `varde.toml`. It acts as the
principal of the token given, else of VARDE_TOKEN, else of the home's owner; this is for the service account. People
read from elsewhere through `hub.client`, with a credential bound to role, purpose and view.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hub.authentication import acting_principal, authenticate
from hub.clock import now
from hub.compose import Clock, Hub, open_hub
from hub.settings import Settings
from hub.views.access import Views
from privacy.store.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """An opened hub and the principal who works in it."""

    hub: Hub = field(repr=False)
    principal: Principal = field(repr=False)

    @property
    def views(self) -> Views:
        """The approved feature views by name."""
        return Views(self.hub, self.principal)


def open_workspace(
    home: str | Path,
    *,
    token: str | None = None,
    environment: Mapping[str, str] | None = None,
    clock: Clock = now,
) -> Workspace:
    """Open a home that `varde init` has made, wherever its stores and its key-encryption key are.

    `environment` stands in the place of the process's own: VARDE_KEK, VAULT_ADDR and so on.

    Raises:
        HomeUnsafe: there is no home, or it is not in a state to be used; the text says how to mend it.
        NotAuthenticated: no principal stands behind the token.

    """
    given = os.environ if environment is None else environment  # noqa: TID251 - where a process begins, as __main__ does
    hub = open_hub(Settings.load(given, Path(home)), clock=clock)
    return Workspace(hub=hub, principal=acting_principal(hub) if token is None else authenticate(hub, token))
