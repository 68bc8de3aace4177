"""Open a hub for code that runs beside it, and read a view in one line.

    hub = open_workspace("varde-home")
    hub.views["churn_signals"].read(purpose="churn", as_of=datetime(2026, 11, 1, tzinfo=UTC))

It acts as the principal of the token given, else of the home's owner; this is for the service account. People read from
elsewhere through `hub.client`, with a credential bound to role, purpose and view.
"""

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


def open_workspace(home: str | Path, *, token: str | None = None, clock: Clock = now) -> Workspace:
    """Open a home that `varde init` has made.

    Raises:
        HomeUnsafe: there is no home, or it is not in a state to be used; the text says how to mend it.
        NotAuthenticated: no principal stands behind the token.

    """
    hub = open_hub(Settings.load({}, Path(home)), clock=clock)
    return Workspace(hub=hub, principal=acting_principal(hub) if token is None else authenticate(hub, token))
