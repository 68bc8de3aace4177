"""Asking for consent: noted as an act, and refused for six months after the person's no."""

from datetime import UTC, date, datetime, tzinfo

from sqlmodel import Session

from hub.compose import Hub
from hub.consents import Subject
from hub.contact.wishes import verify_may_enter
from hub.errors import HubError
from privacy.audit import AuditFields
from privacy.consent import ConsentEvent
from privacy.contact import ask_not_before, may_ask
from privacy.purposes import Purpose
from privacy.store.consent import Act, append_acts, heads_of
from privacy.store.policy import find_policy
from privacy.store.principal import Principal
from privacy.terms import EVERY_PURPOSE, ActChannel, ConsentAct, PurposeId, RecordId


class AskedTooSoon(HubError):
    """The person said no less than six months ago: they are not asked again before then."""

    def __init__(self, until: date) -> None:
        super().__init__(f"the person said no: nobody asks again before {until.isoformat()} is over")
        self.until = until


def ask_consent(hub: Hub, subject: Subject, purpose: PurposeId, by: Principal, *, zone: tzinfo) -> int:
    """Note that a person is asked for consent; return how many records that is. `zone` is that of the seat.

    Raises:
        AskedTooSoon: they refused, withdrew or objected less than six months ago.
        PurposeUnknown: the policy has no such purpose.

    """
    at = hub.clock()
    with hub.unit_of_work() as session:
        named = _verified(hub, session, subject, purpose, by)
        verify_may_ask(session, subject.records, purpose, at=at.astimezone(zone))
        event = ConsentEvent(
            act=ConsentAct.REQUESTED, at=at, channel=ActChannel.AGENT, notice_version=named.notice_version
        )
        acts = [
            Act(record_id=record, purpose=purpose, event=event, actor=by.principal_id, purpose_version=named.version)
            for record in subject.records
        ]
        epoch = append_acts(session, acts, recorded_at=at)
        fields = AuditFields(
            records=subject.records,
            purpose=purpose,
            act=event.act,
            channel=event.channel,
            notice_version=named.notice_version,
            epoch=epoch,
        )
        hub.audit(session, "consent.requested", by.principal_id, fields)
    return len(acts)


def verify_may_ask(session: Session, records: tuple[RecordId, ...], purpose: PurposeId, *, at: datetime) -> None:
    """Refuse to ask a person for a consent within six calendar months of their no, by the days of `at`'s zone.

    Raises:
        AskedTooSoon: names the last day.

    """
    heads = [head for (_, of), head in heads_of(session, records).items() if of in {purpose, EVERY_PURPOSE}]
    zone = at.tzinfo or UTC
    until = ask_not_before(heads, zone)
    if until is not None and not may_ask(heads, zone, on=at.date()):
        raise AskedTooSoon(until)


def rehearse_asking(hub: Hub, subject: Subject, purpose: PurposeId, by: Principal, *, zone: tzinfo) -> None:
    """Make every check that asking makes.

    Raises:
        AskedTooSoon, PurposeUnknown, AccessRefused: as `ask_consent`.

    """
    with hub.reading() as session:
        _verified(hub, session, subject, purpose, by)
        verify_may_ask(session, subject.records, purpose, at=hub.clock().astimezone(zone))


def _verified(hub: Hub, session: Session, subject: Subject, purpose: PurposeId, by: Principal) -> Purpose:
    verify_may_enter(by)
    subject.verify_one_person()
    return (find_policy(session) or hub.policy()).purpose(purpose)
