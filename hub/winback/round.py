"""Approved letters leave by themselves while the hub serves, if somebody said as whom; nothing else is different.

Off unless `VARDE_WINBACK_TOKEN` names a credential of role service or owner: it acts, is in the log, and ends with its
expiry or revocation. Each letter was approved by a person, and `hub.winback.sending.send` asks everything again at the
moment: the step, the approval, the words, and under the lock the no. What is added is when: in the hours of
`VARDE_WINBACK_HOURS` on working days at the seat, and once an hour at most, because a round reads rows, and a view's
reads are counted.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from hub.authentication import authenticate
from hub.compose import Hub
from hub.errors import AccessRefused
from hub.outbox.post import post_of
from hub.views.intent import Reader
from hub.winback.diagnosing import MODULE
from hub.winback.letters import has_approved
from hub.winback.sending import Round, send
from privacy.terms import Role

BETWEEN: Final = timedelta(hours=1)
_MAY_SEND: Final = frozenset({Role.OWNER, Role.SERVICE})


class Patience:
    """When this process may look for letters again."""

    def __init__(self) -> None:
        """Begin at once."""
        self.until: datetime | None = None


def go_round(hub: Hub, opens: Callable[[datetime], bool]) -> Round | None:
    """Send what may leave now; None where nobody said as whom, nothing waits, or it is not the hour.

    Raises:
        NotAuthenticated: the credential is unknown, expired or revoked.
        AccessRefused: it may not send, or the gate said no.
        SettingsInvalid: a setting cannot be used, or the mail server does not send for us; the next round tries again.
        ServiceUnreachable: the mail server cannot be reached.

    """
    post, token, at = post_of(hub.settings), hub.settings.winback_token, hub.clock()
    patience = hub.memory.of(Patience)
    if post is None or token is None or (patience.until is not None and at < patience.until):
        return None
    with hub.reading() as session:
        waits = has_approved(session, at=at)
    if not waits or not opens(at):
        return None
    patience.until = at + BETWEEN  # whatever comes of it
    who = authenticate(hub, token)
    if who.role not in _MAY_SEND:
        raise AccessRefused("role_may_not_send_winback", "Give VARDE_WINBACK_TOKEN a credential of role service")
    return send(hub, Reader(principal=who, module=MODULE), post)
