"""Erasures that are open: finished before and after what a command does beside them."""

from hub import logs
from hub.cli.message import say, warn
from hub.compose import Hub
from hub.erasing import roll_forward
from hub.errors import ErasureWaiting
from privacy.terms import PrincipalId

_LOG = logs.log_of("erasing")


def finish_erasures(hub: Hub, by: PrincipalId) -> None:
    """Finish what broke off, or what a delivery intended that brought an erased person under another key.

    One that must wait (for a long read, for a delivery that another process takes in) is closed to every read already,
    and `varde erase --finish` ends it.
    """
    try:
        finished = roll_forward(hub, by)
    except ErasureWaiting as waiting:
        warn(str(waiting))
        return
    if finished:
        say(f"Finished open erasures: {finished}.")
        _LOG.warning(logs.LogEvent.SUBJECT_ERASED, extra={"records": finished})
