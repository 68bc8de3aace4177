"""Whether messages that came in are looked through in time, said to whoever examines the home.

The catalogue and the marks tell it: no message is read and no file of the lake opened.
"""

from datetime import datetime
from typing import Final

from hub.alerts.arrivals import arrived
from hub.alerts.desk import PROMISED
from hub.alerts.raising import TABLE, VIEW
from hub.alerts.standing import is_wanted, why_silent
from hub.compose import Hub
from hub.finding import Finding, State
from hub.lake.catalogue import files_of
from hub.lake.terms import FileState
from hub.views.version import ViewState, newest_version
from ingest.store.visible import settling_since

_CHECK: Final = "alerts"
_MINUTES: Final = int(PROMISED.total_seconds() // 60)
_REMEDY: Final = (
    "Let `varde serve` run, or cron run `varde voice alerts look` every five minutes; run it once by hand, and it says "
    "what stops it"
)
_UNSETTLED: Final = (
    "A delivery that has not settled holds them back: run any `varde ingest`, it finishes what broke off"
)


def finding(hub: Hub) -> Finding:
    """Warn of messages that nobody has looked through for longer than is promised, though the view is approved."""
    if not is_wanted(hub):
        return Finding(_CHECK, State.OK, f"not wanted: {VIEW} is not approved")
    with hub.reading() as session:
        silent, settling = why_silent(hub, session), settling_since(session)
    if silent is not None:
        found = f"watching has stopped: {VIEW} was approved and is readable no more, so that no message raises an alert"
        return Finding(_CHECK, State.WARNING, found, str(silent))
    waiting = [since for since in _waiting(hub) if since <= hub.clock() - PROMISED]
    if waiting:
        found = (
            f"critical messages may wait unseen: {len(waiting)} files of messages came in and were not looked through "
            f"within {_MINUTES} minutes, the first since {min(waiting):%Y-%m-%d %H:%M} UTC"
        )
        return Finding(_CHECK, State.WARNING, found, _REMEDY if settling is None else _UNSETTLED)
    return Finding(_CHECK, State.OK, f"no message has waited for longer than {_MINUTES} minutes to be looked through")


def _waiting(hub: Hub) -> list[datetime]:
    """Tell since when each file waits: since its oldest message was accepted, or the view was approved."""
    with hub.reading() as session:
        files = files_of(session, table=TABLE, states=[FileState.LIVE])
        accepted = arrived(session, files, at=hub.clock()).values()
        approved = newest_version(session, VIEW, ViewState.APPROVED)
    begun = None if approved is None else approved.approved_at
    return [since if begun is None else max(since, begun) for since in accepted]
