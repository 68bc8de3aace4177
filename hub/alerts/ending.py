"""The end of alerts: 90 days after they were closed, a year after they were raised at most; their keys first."""

from datetime import datetime
from typing import Final

from sqlmodel import Session

from hub.alerts import store
from hub.compose import Hub
from hub.retention.own_terms import Ending
from privacy.audit import AuditFields
from privacy.terms import KeyId, PrincipalId


def end_alerts(hub: Hub, by: PrincipalId) -> int:
    """Destroy and delete the alerts whose time is over; return how many."""
    with hub.reading() as session:
        ended = store.over(session, at=hub.clock())
    if not ended:
        return 0
    hub.keystore.shred([KeyId(one.key_id) for one in ended])
    with hub.unit_of_work() as session:
        gone = store.delete_alerts(session, [one.alert_id for one in ended])
        hub.audit(session, "alert.end", by, AuditFields(rows=gone, reason="expired"))
    return gone


def _count(session: Session, at: datetime) -> int:
    return store.count_over(session, at=at)


ALERTS: Final = Ending(table="voice_alert", period="P90D after closing, P1Y at most", count=_count, end=end_alerts)
"""What a retention run is told of alerts, so that they end also where nobody watches any more."""
