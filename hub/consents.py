"""Consent acts from agents.

Pages and the API: found by identifier or record, written to every part, effective at once.

An act made while records are merged is written to every part of the entity. An opt-out acknowledged here is
committed: no read that starts later returns the person.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.errors import AccessRefused, ChoiceNotRecorded, SubjectNotFound
from ingest.identity.comparable import comparable_email, comparable_phone
from ingest.store.identity import entity_of_record, records_by_attribute, records_of_entity
from ingest.store.record import find_records
from privacy.audit import AuditFields
from privacy.consent import ConsentEvent, Head, hears, notice_shown
from privacy.purposes import Policy
from privacy.store.audit import NewEntry, note_entries
from privacy.store.consent import PERMISSIVE, Act, Place, append_groups, heads_of, history_of
from privacy.store.policy import find_policy
from privacy.store.principal import Principal
from privacy.suppression import is_of_policy
from privacy.terms import EVERY_PURPOSE, ActChannel, ConsentAct, PrincipalId, PurposeId, RecordId, Role, random_id

Beside = Callable[[Session], object]
_MAY_ENTER: Final = frozenset({Role.OWNER, Role.DPO, Role.AGENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A data subject as found: all records of the entities that carry the identifier.

    `entities` is how many persons that is: a household shares an e-mail. A no counts for all of them; whatever widens
    permission or destroys data must mean one person.
    """

    records: tuple[RecordId, ...]
    entities: int = 1

    def verify_one_person(self) -> None:
        """Refuse an act that must not reach anybody else.

        Raises:
            AccessRefused: several persons carry the identifier.

        """
        if self.entities > 1:
            raise AccessRefused("identifier_shared", "Several persons carry it: name one by SOURCE:KEY or record id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the person wants: an act for a purpose (or `*`: for every purpose), told on a channel."""

    act: ConsentAct
    purpose: PurposeId
    channel: ActChannel
    until: datetime | None = None
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a person told us, ready for the ledger: one event, entered on each of their records."""

    event: ConsentEvent
    purpose: PurposeId
    by: PrincipalId
    acts: tuple[Act, ...]

    @property
    def records(self) -> tuple[RecordId, ...]:
        """The records that it is entered on."""
        return tuple(act.record_id for act in self.acts)


def find_subject(hub: Hub, identifier: str) -> Subject:
    """Find whom `email:...`, `phone:...`, `SOURCE:KEY` or a record id in hex means.

    Raises:
        SubjectNotFound: nobody carries it; the identifier is not repeated.

    """
    with hub.reading() as session:
        records = _records(hub, session, identifier)
        entities = {entity for record in records if (entity := entity_of_record(session, record)) is not None}
        found = sorted({record for entity in entities for record in records_of_entity(session, entity)})
    if not found:
        raise SubjectNotFound
    return Subject(records=tuple(found), entities=len(entities))


def _nothing(_session: Session) -> None:
    """Write nothing else."""


def record_wish(hub: Hub, subject: Subject, wish: Wish, by: Principal, *, beside: Beside = _nothing) -> int:
    """Write an act for every record of the subject, in one transaction with its audit entry; return the new epoch.

    `beside` writes what else belongs to the act, in the same transaction.

    Raises:
        AccessRefused: the role may not enter acts for others.
        PurposeUnknown: the policy has no such purpose.
        ChoiceNotRecorded: see `write_wish`.

    """
    if by.role not in _MAY_ENTER:
        raise AccessRefused("role_may_not_enter_acts", "Only owner, DPO and agents enter acts for others")
    with hub.unit_of_work() as session:
        epoch = write_wish(hub, session, subject, wish, by.principal_id)
        beside(session)
        return epoch


def write_wish(hub: Hub, session: Session, subject: Subject, wish: Wish, by: PrincipalId) -> int:
    """Write an act in the caller's transaction: the group-commit writer's way in.

    Raises:
        ChoiceNotRecorded: it was written and does not count (a clock is behind the one that dated an act before it,
            or somebody else was at it): it must not be acknowledged.

    """
    policy = find_policy(session) or hub.policy()
    act = told(policy, subject, wish, by, at=hub.clock())
    epoch = write_told(session, [act]).start
    verify_heard(session, act.acts)
    return epoch


def verify_heard(session: Session, acts: Sequence[Act]) -> None:
    """Look whether acts that were written count.

    Raises:
        ChoiceNotRecorded: a head holds an act of a later date, so one of them has no effect.

    """
    heads = heads_of(session, {act.record_id for act in acts})
    if not all(hears(heads.get((act.record_id, act.purpose), Head()), act.event) for act in acts):
        raise ChoiceNotRecorded


def told(policy: Policy, subject: Subject, wish: Wish, by: PrincipalId, *, at: datetime) -> Told:
    """Put what a person wants into the words of the ledger, under the policy in force.

    Raises:
        PurposeUnknown: the policy has no such purpose.
        AccessRefused: it widens permission, and several persons are meant.

    """
    if wish.act in PERMISSIVE:
        subject.verify_one_person()
    version, notice = 0, None
    if is_of_policy(wish.purpose):
        purpose = policy.purpose(wish.purpose)
        version, notice = purpose.version, notice_shown(wish.act, purpose.notice_version)
    event = ConsentEvent(act=wish.act, at=at, channel=wish.channel, notice_version=notice, until=wish.until)
    acts = tuple(
        Act(
            record_id=record,
            purpose=wish.purpose,
            event=event,
            actor=by,
            purpose_version=version,
            language=wish.language,
            event_id=random_id(),
        )
        for record in subject.records
    )
    return Told(event=event, purpose=wish.purpose, by=by, acts=acts)


def write_told(session: Session, acts: Sequence[Told], heads: Mapping[Place, Head] | None = None) -> range:
    """Write what several people told, with one statement of a kind for all of them; return the epoch of each.

    Ledger, heads, epochs and audit entries, in the caller's transaction. `heads`: what the acts lead to, if known.
    """
    recorded_at = max(each.event.at for each in acts)
    epochs = append_groups(session, [each.acts for each in acts], recorded_at=recorded_at, heads=heads)
    note_entries(session, [_entry(each, epoch) for each, epoch in zip(acts, epochs, strict=True)])
    return epochs


def _entry(each: Told, epoch: int) -> NewEntry:
    event = each.event
    fields = AuditFields(
        records=each.records,
        purpose=None if each.purpose == EVERY_PURPOSE else each.purpose,
        act=event.act,
        channel=event.channel,
        notice_version=event.notice_version,
        epoch=epoch,
    )
    return NewEntry(action=f"consent.{event.act.value}", at=event.at, actor=each.by, fields=fields)


def history(hub: Hub, subject: Subject, by: Principal) -> list[Act]:
    """Read every act of a subject, oldest first; the reading is audited first."""
    if by.role not in _MAY_ENTER:
        raise AccessRefused("role_may_not_see_acts", "Only owner, DPO and agents see a person's acts")
    with hub.unit_of_work() as session:
        fields = AuditFields(records=subject.records, role=by.role)
        hub.audit(session, "consent.show", by.principal_id, fields)
    with hub.reading() as session:
        return history_of(session, subject.records)


def _records(hub: Hub, session: Session, identifier: str) -> Sequence[RecordId]:
    kind, _, value = identifier.partition(":")
    indexes = hub.indexes()
    match kind, value:
        case "email", _:
            token = indexes.attribute("email").token_of(comparable_email(value) or "")
            return records_by_attribute(session, "email", token)
        case "phone", _:
            token = indexes.attribute("phone").token_of(comparable_phone(value) or "")
            return records_by_attribute(session, "phone", token)
        case record, "":
            return [RecordId(bytes.fromhex(record))] if _is_record_id(record) else []
        case source, key:
            token = indexes.source_key(source).token_of(key)
            return list(find_records(session, [token]).values())


def _is_record_id(word: str) -> bool:
    return len(word) == 32 and all(letter in "0123456789abcdef" for letter in word)  # noqa: PLR2004 - 16 bytes in hex
