"""Whether anybody watches for critical messages: nobody may want it, and an approval may have run out unnoticed.

Whoever wants no alerts approves no view, and is told so where alerts are listed. Whoever approved one and is watched
for no more is told everywhere: on the desk, in the log, by the doctor.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from hub.alerts.raising import VIEW
from hub.compose import Hub
from hub.errors import AccessRefused
from hub.views.registry import readable_spec
from hub.views.version import ViewState, newest_version

_AGAIN = (
    f"Have {VIEW} approved anew: `varde view show {VIEW}`, raise `version`, `varde view submit`, and a DPO's "
    f"`varde view approve {VIEW}`. Alerts that stand are told of meanwhile"
)


def is_wanted(hub: Hub) -> bool:
    """Say whether the view of arrivals was ever approved and not taken back: whoever wants no alerts approves none."""
    with hub.reading() as session:
        return newest_version(session, VIEW, ViewState.APPROVED) is not None


def why_silent(hub: Hub, session: Session) -> AccessRefused | None:
    """Tell why no message raises an alert now, and how to mend it; None: somebody watches."""
    try:
        readable_spec(session, hub.policy(), VIEW, at=hub.clock())
    except AccessRefused as refused:
        is_old = refused.because != "view_not_approved"
        return AccessRefused(refused.because, _AGAIN) if is_old else refused
    return None


@dataclass
class LastTold:
    """When this process last wrote into its log that watching has stopped."""

    at: datetime | None = None

    def is_due(self, at: datetime, *, every: timedelta) -> bool:
        """Say whether it is to be told again, and remember that it is."""
        due = self.at is None or at - self.at >= every
        if due:
            self.at = at
        return due
