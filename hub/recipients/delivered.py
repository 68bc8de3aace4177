"""Restrictions that came with a delivery: recipients are told of them, too (Article 19).

The pipeline that takes deliveries in knows no recipients. It writes each restriction to the ledger of what must not
come back, whose entries are in the order of their commits; so whoever sends notices reads on from where the last one
stopped. Mark and notices are one transaction: a crash tells nobody twice and forgets nobody. It holds the epoch's lock,
so that of two processes that look at once one waits, and no entry comes between what is read here.
"""

from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.recipients.store import NoticeKind, find_mark, move_mark
from hub.recipients.telling import Deed, enqueue_notices
from privacy.store.epoch import lock_epoch
from privacy.store.ledger import START, LedgerEntry, newest_position, told_after
from privacy.terms import ID_BYTES, ActChannel, ConsentAct, PrincipalId, RecordId, random_id

_AT_ONCE: Final = 200
_HUB: Final = PrincipalId(bytes(ID_BYTES))


def tell_of_deliveries(hub: Hub) -> bool:
    """Write the notices for some restrictions that deliveries brought; say whether there may be more."""
    with hub.reading() as session:
        newest = newest_position(session)
        if newest is None or newest == find_mark(session):
            return False
    with hub.unit_of_work() as session:
        lock_epoch(session)
        newest = newest_position(session) or START
        found = _next(session)
        for purpose in dict.fromkeys(each.purpose for each in found):
            records = [RecordId(each.ref) for each in found if each.purpose == purpose]
            kind, act_id = NoticeKind.RESTRICTION, random_id()
            deed = Deed(kind=kind, act_id=act_id, records=records, by=_HUB, purpose=purpose)
            enqueue_notices(hub, session, deed)
        is_more = len(found) == _AT_ONCE
        move_mark(session, found[-1].position if is_more else newest)
    return is_more


def _next(session: Session) -> list[LedgerEntry]:
    after = find_mark(session) or START
    kind, channel = ConsentAct.RESTRICTED.value, ActChannel.IMPORT.value
    return told_after(session, after, kind=kind, channel=channel, most=_AT_ONCE)
