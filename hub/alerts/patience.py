"""How often messages are read again while a delivery settles: less and less, every five minutes at last.

While a delivery settles, what was read is not marked, because who is new in it is held back; so the same messages leave
again. A delivery that broke off settles only when somebody runs the next one: read each minute, the same texts would
leave 1,440 times a day. What has come in since the last read is read at once; so is everything once nothing settles.
Five minutes, because two reads in a row may break off before their alerts are kept, which are raised in time all the
same. What others read of the view was judged by nobody, and lets nothing wait.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from hub.views.registry import last_released
from ingest.store.visible import settling_since
from privacy.terms import PrincipalId

SELDOM: Final = timedelta(minutes=5)


def may_wait(session: Session, view: str, waiting: Iterable[datetime], *, by: PrincipalId, at: datetime) -> bool:
    """Say whether they read all that waits since it came in, and not yet twice as long after the settling began.

    `waiting` says of what was not looked through when it was accepted.
    """
    settling = settling_since(session)
    if settling is None:
        return False
    last = last_released(session, view, by)
    if last is None or last < max(waiting, default=at):
        return False
    return at - last < min(last - settling, SELDOM)
