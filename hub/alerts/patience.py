"""How often messages are read again while a delivery settles: less and less, every ten minutes at last.

While a delivery settles, what was read is not marked, because who is new in it is held back; so the same messages leave
again. A delivery that broke off settles only when somebody runs the next one: read each minute, the same texts would
leave 1,440 times a day. What has come in since the last read is read at once; so is everything once nothing settles.
Ten minutes, because the last read may have broken off before its alerts were kept, which are then raised in time.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from hub.views.registry import last_released
from ingest.store.visible import settling_since

SELDOM: Final = timedelta(minutes=10)


def may_wait(session: Session, view: str, waiting: Iterable[datetime], *, at: datetime) -> bool:
    """Say whether all that waits was read since it came in, and not yet twice as long after the settling began.

    `waiting` says of what was not looked through when it was accepted.
    """
    settling = settling_since(session)
    if settling is None:
        return False
    last = last_released(session, view)
    if last is None or last < max(waiting, default=at):
        return False
    return at - last < min(last - settling, SELDOM)
