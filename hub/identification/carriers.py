"""Who carries an address now: candidates by index, confirmed by opening their newest documents."""

from dataclasses import dataclass, field
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.outbox.letter import Address, find_addresses
from ingest.identity.comparable import comparable_email
from ingest.store.identity import people_by_attribute
from privacy.store.subject_token import Proven
from privacy.terms import EntityId, RecordId

EMAIL: Final = "email"


@dataclass(frozen=True, slots=True)
class Carriers:
    """The persons' records that carry an address, how it is written there, and how many documents were opened."""

    entities: dict[RecordId, EntityId]
    addresses: dict[RecordId, Address] = field(repr=False)
    opened: int


def carriers_now(hub: Hub, session: Session, proven: Proven, *, act_id: bytes) -> Carriers:
    """Find who carries an address; one that somebody has left is nobody's. The caller audits the opening."""
    candidates = people_by_attribute(session, proven.field, proven.index)
    found = find_addresses(hub, session, list(candidates), act_id=act_id) if candidates else {}
    index = hub.indexes().attribute(proven.field)
    now = {
        record: address
        for record, address in found.items()
        if index.token_of(comparable_email(address.email) or "") == proven.index
    }
    return Carriers({record: candidates[record] for record in now}, now, len(candidates))
