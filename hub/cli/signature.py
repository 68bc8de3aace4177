"""The signature under what a command wrote, and its way to the anchors: whoever runs no server has no minute's.

What the command unwrapped is kept at the same moment, so that `varde audit reconcile` knows of every run that ended.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from sqlalchemy.exc import DBAPIError

from hub.compose import Hub
from hub.logs import LogEvent, log_of
from hub.ours import OURS
from privacy.store.audit import known_end

_LOG: Final = log_of("cli")


def signing_at_end(hub: Hub) -> Callable[[], None]:
    """Return what signs the log's head if it has grown since now; the next to sign takes over if it cannot."""
    return partial(_sign, hub, _end(hub))


def _sign(hub: Hub, before: int) -> None:
    try:
        if _end(hub) > before:
            hub.checkpoint()
            hub.anchoring.publish()
        hub.keep_unwraps()  # a command that only looked asked the key service, too
    except (*OURS, DBAPIError) as exc:  # the command is done, and said so: this must not make it look failed
        _LOG.warning(LogEvent.UNEXPECTED_ERROR, extra={"error": type(exc).__name__})


def _end(hub: Hub) -> int:
    with hub.reading() as session:
        return known_end(session)
