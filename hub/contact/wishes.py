"""How a person wants to be reached: stated whole, permission for each channel as acts of the consent ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.consents import Subject
from hub.errors import AccessRefused
from privacy.audit import AuditFields
from privacy.consent import axes_of
from privacy.contact import ContactWish
from privacy.store.consent import heads_of
from privacy.store.contact import Statement, add_statement, wish_of_row, wishes_of
from privacy.store.principal import Principal
from privacy.suppression import contact_purpose
from privacy.terms import (
    ContactChannel,
    Role,
)

_MAY_ENTER: Final = frozenset({Role.OWNER, Role.DPO, Role.AGENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactStanding:
    """How a person may be reached: state and objection of each channel that anything was said of, and their wish."""

    channels: Mapping[ContactChannel, str]
    wish: ContactWish


def contact_of(session: Session, subject: Subject, hub: Hub) -> ContactStanding:
    """Read how a person may be reached; a no of one record is shown for all."""
    heads, at = heads_of(session, subject.records), hub.clock()
    said: dict[ContactChannel, str] = {}
    for channel in ContactChannel:
        axes = [axes_of(head, at=at) for (_, of), head in heads.items() if of == contact_purpose(channel)]
        if axes:
            worst = sorted({each.state.value for each in axes})
            said[channel] = "objected" if any(each.objected for each in axes) else ", ".join(worst)
    found = wishes_of(session, subject.records).sort("at_us")
    wish = wish_of_row(found.row(-1, named=True)) if found.height else ContactWish()
    return ContactStanding(channels=said, wish=wish)


def state_wish(hub: Hub, session: Session, subject: Subject, said: Statement) -> None:
    """Write a statement for every record of a person, in the caller's transaction."""
    subject.verify_one_person()
    add_statement(session, subject.records, said)
    fields = AuditFields(records=subject.records, channel=said.told_by, outcome="stated")
    hub.audit(session, "contact.wish", said.actor, fields)


def note_shown(hub: Hub, subject: Subject, by: Principal) -> None:
    """Enter that a person's wishes are shown, before they are."""
    with hub.unit_of_work() as session:
        hub.audit(session, "contact.show", by.principal_id, AuditFields(records=subject.records, role=by.role))


def verify_may_enter(by: Principal) -> None:
    """Refuse whoever may not enter what people say.

    Raises:
        AccessRefused: names whom to ask.

    """
    if by.role not in _MAY_ENTER:
        raise AccessRefused("role_may_not_enter_acts", "Only owner, DPO and agents enter acts for others")
