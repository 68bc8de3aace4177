"""Whom to tell of an act (Article 19), written down in the transaction of the act.

Rules kept here:
- told is every recipient of a purpose for which the person was a member of a release: whether that very recipient took
  those rows is not known, and to tell one too many reveals a pseudonym that leads nowhere without rows of theirs;
- a notice names the person by the purpose's own pseudonyms, under each key version that is still led back, and says
  what was done: nothing else, and nothing by which two recipients could be joined;
- it is made while the crosswalk still knows the person. A domain that has expired gives out no new pseudonyms; those
  it gave are told all the same.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from hub.accesses import purposes_of_each
from hub.compose import Hub
from hub.domains import find_domain
from hub.recipients.roster import seal_here
from hub.recipients.store import TRIED_FOR, Notice, NoticeKind, NoticeState, Recipient, add_notices, live_recipients
from ingest.store.identity import entity_of_record
from privacy.audit import AuditFields
from privacy.pseudonym import PseudonymisationDomain, pseudonym_of
from privacy.sealing import SealedTable
from privacy.store.policy import find_policy
from privacy.terms import EVERY_PURPOSE, EntityId, PrincipalId, RecordId, random_id

NOTICE_TYPE: Final = "subject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What is done with whose data: `records` are all those of the people, `act_id` is the erasure or the request."""

    kind: NoticeKind
    act_id: bytes
    records: Sequence[RecordId]
    by: PrincipalId
    purpose: str = EVERY_PURPOSE


@dataclass(frozen=True, slots=True)
class _Told:
    """What a recipient is told: of which record's person, under which purpose, by which pseudonyms."""

    recipient: Recipient
    purpose: str
    record: RecordId
    pseudonyms: Sequence[str]


def enqueue_notices(hub: Hub, session: Session, deed: Deed) -> list[Notice]:
    """Write a notice for each person, recipient and purpose concerned, in the caller's transaction."""
    live = live_recipients(session)
    purposes = {purpose for each in live for purpose in each.purposes if deed.purpose in {purpose, EVERY_PURPOSE}}
    if not purposes:
        return []
    people = _people(session, deed.records)
    members = purposes_of_each(hub, session, list(people.values()), purposes)
    domains = {purpose: _domains(hub, session, purpose) for purpose in purposes}
    notices = [
        _notice(hub, deed, _Told(recipient, purpose, min(records), _names(domains[purpose], entity)))
        for (entity, records), theirs in zip(people.items(), members, strict=True)  # the people of one act
        for recipient in live
        for purpose in recipient.purposes
        if purpose in theirs
    ]
    add_notices(session, notices)
    if notices:
        fields = AuditFields(act_id=deed.act_id, rows=len(notices), reason=deed.kind.value)
        hub.audit(session, "recipient.notice", deed.by, fields)
    return notices


def _notice(hub: Hub, deed: Deed, told: _Told) -> Notice:
    notice_id, at, names = random_id(), hub.clock(), told.pseudonyms
    body = {
        "type": f"{NOTICE_TYPE}.{deed.kind.value}",
        "timestamp": at.isoformat().replace("+00:00", "Z"),
        "data": {"purpose": told.purpose, "pseudonyms": names},
    }
    content = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    return Notice(
        notice_id=notice_id,
        recipient_id=told.recipient.recipient_id,
        recipient=told.recipient.name,
        record_id=told.record,
        act_id=deed.act_id,
        kind=deed.kind,
        purpose=told.purpose,
        envelope=seal_here(hub, SealedTable.RECIPIENT_NOTICE, notice_id, content) if names else b"",
        state=NoticeState.WAITING if names else NoticeState.UNNAMED,
        created_at=at,
        due_at=at,
        expires_at=at + TRIED_FOR,
        ended_at=None if names else at,
    )


def _people(session: Session, records: Sequence[RecordId]) -> dict[EntityId, list[RecordId]]:
    """Group records by person: no notice names two people."""
    people: dict[EntityId, list[RecordId]] = {}
    for record in records:  # one indexed look each: some hundred in the largest act
        entity = entity_of_record(session, record)
        if entity is not None:
            people.setdefault(entity, []).append(record)
    return people


def _domains(hub: Hub, session: Session, purpose: str) -> list[PseudonymisationDomain]:
    """Return a purpose's domain under each live version; none if the policy has no such purpose any more."""
    policy = find_policy(session)
    found = None if policy is None else next((each for each in policy.purposes if each.id == purpose), None)
    recorded = None if found is None else find_domain(session, found.domain)
    if found is None or recorded is None:
        return []
    return [hub.domains.with_secret(found.domain, version) for version in recorded.record.keys.live(hub.clock())]


def _names(domains: Sequence[PseudonymisationDomain], entity: EntityId) -> list[str]:
    return [pseudonym_of(domain, entity).hex() for domain in domains]
