"""Telling recipients: notices taken under a lease, posted, their receipts kept, one after the other.

At least once: a crash between posting and noting lets the notice go out again after the lease, under the same
`webhook-id`, by which the recipient knows it again. A recipient who does not answer is asked once a round, whatever
waits for it, so that it keeps nobody else waiting.
"""

from dataclasses import dataclass
from typing import Final

from hub.compose import Hub
from hub.logs import LogEvent, log_of
from hub.outbox.sending import wait_after
from hub.recipients.address import networks_of, place_of
from hub.recipients.delivered import tell_of_deliveries
from hub.recipients.roster import Endpoint, endpoints, open_here
from hub.recipients.store import (
    Notice,
    NoticeState,
    claim_notices,
    end_notice,
    expire_notices,
    has_notices_due,
    postpone_notice,
)
from hub.recipients.webhook import Reply, Webhook, post
from privacy.audit import AuditFields
from privacy.sealing import SealedTable
from privacy.terms import ID_BYTES, PrincipalId

MOST_AT_ONCE: Final = 20  # at twenty seconds each, the lease is not over before the last
_HUB: Final = PrincipalId(bytes(ID_BYTES))
_log = log_of("recipients")


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What came of a round: recipients told, refused for good, tried again later, and given up."""

    told: int = 0
    refused: int = 0
    later: int = 0
    expired: int = 0


def tell_due(hub: Hub) -> Round:
    """Post the notices that are due, some at a time, until none is; first those that a delivery gives cause to."""
    while tell_of_deliveries(hub):
        pass
    silent: set[bytes] = set()
    ended: list[NoticeState] = []
    with hub.reading() as session:
        if not has_notices_due(session, at=hub.clock()):
            return Round()
    with hub.unit_of_work() as session:
        expired = expire_notices(session, at=hub.clock())
    while taken := _claim(hub):
        with hub.reading() as session:
            reached = endpoints(hub, session, [each.recipient_id for each in taken])
        ended += [_tell(hub, each, reached[each.recipient_id], silent) for each in taken]
    return Round(
        told=ended.count(NoticeState.TOLD),
        refused=ended.count(NoticeState.REFUSED),
        later=ended.count(NoticeState.WAITING),
        expired=expired,
    )


def _claim(hub: Hub) -> list[Notice]:
    with hub.unit_of_work() as session:
        taken = claim_notices(session, at=hub.clock(), most=MOST_AT_ONCE)
        if taken:  # nothing leaves before the log knows of it
            hub.audit(session, "recipient.carry", _HUB, AuditFields(rows=len(taken)))
    hub.reached("notices_claimed")
    return taken


def _tell(hub: Hub, notice: Notice, endpoint: Endpoint, silent: set[bytes]) -> NoticeState:
    if notice.recipient_id in silent:
        return _note(hub, notice, Reply(None))
    webhook = Webhook(
        webhook_id=f"msg_{notice.notice_id.hex()}",
        at=hub.clock(),
        body=open_here(hub, SealedTable.RECIPIENT_NOTICE, notice.notice_id, notice.envelope),
        secret=endpoint.secret,
    )
    reply = post(webhook, place_of(endpoint.url), networks_of(hub.settings.recipient_networks))
    hub.reached("notice_posted")
    if not reply.is_final:
        silent.add(notice.recipient_id)
        _log.warning(LogEvent.NOTICE_FAILED, extra={"problem": reply.why, "status": reply.status})
    return _note(hub, notice, reply)


def _note(hub: Hub, notice: Notice, reply: Reply) -> NoticeState:
    at = hub.clock()
    with hub.unit_of_work() as session:
        if not reply.is_final:
            postpone_notice(session, notice.notice_id, status=reply.status, until=at + wait_after(notice.attempts))
            return NoticeState.WAITING
        state = NoticeState.TOLD if reply.is_receipt else NoticeState.REFUSED
        end_notice(session, notice.notice_id, state, status=reply.status, at=at)
        fields = AuditFields(
            act_id=notice.act_id,
            purpose=notice.purpose,
            reason=notice.kind.value,
            attempts=notice.attempts,
            outcome=state.value,
        )
        hub.audit(session, "recipient.send", _HUB, fields)
    return state
