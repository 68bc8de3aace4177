"""One round of watching: what came in is looked through, who is due is told, what is over ends."""

from typing import Final

from hub.alerts.ending import end_alerts
from hub.alerts.raising import ITSELF, Looked, look
from hub.alerts.telling import tell_due
from hub.compose import Hub
from hub.outbox.post import post_of
from privacy.store.principal import Principal

EVERY_SECONDS: Final = 60.0
"""How often a service looks. A child takes seconds: the fifteen minutes that are promised are kept with room for many
rounds that fail."""


def go_round(hub: Hub, principal: Principal = ITSELF) -> Looked:
    """Look, tell and end.

    Raises:
        AccessRefused: the view is not approved, or the credential may not read it.
        ServiceUnreachable: the mail server cannot be reached; the alerts stand, and are told of later.
        SettingsInvalid, ReadContended: as `hub.alerts.raising.look`.

    """
    end_alerts(hub, principal.principal_id)
    post = post_of(hub.settings)
    try:
        return look(hub, principal)
    finally:  # what stands is told and goes to the next in line also while a look fails
        if post is not None:
            tell_due(hub, post)
