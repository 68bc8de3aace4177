"""Who carries an address now: candidates by index, confirmed by opening their newest documents."""

from dataclasses import dataclass, field
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.identification.grant import Means
from hub.outbox.letter import Address, find_addresses
from ingest.identity.comparable import comparable_email
from ingest.store.identity import people_by_attribute
from privacy.audit import AuditFields
from privacy.store.subject_token import Proven
from privacy.terms import ID_BYTES, EntityId, PrincipalId, RecordId

EMAIL: Final = "email"
_HUB: Final = PrincipalId(bytes(ID_BYTES))


@dataclass(frozen=True, slots=True)
class Carriers:
    """The persons' records that carry an address, and how it is written there."""

    entities: dict[RecordId, EntityId]
    addresses: dict[RecordId, Address] = field(repr=False)


def carriers_now(hub: Hub, session: Session, proven: Proven, means: Means) -> Carriers:
    """Find who carries an address; one that somebody has left is nobody's. The opening is audited as a look-up."""
    candidates = people_by_attribute(session, proven.field, proven.index)

    def tell(act_id: bytes, count: int) -> None:
        fields = AuditFields(act_id=act_id, rows=1, opened=count, reason=means.value)
        hub.audit(session, "identity.look_up", _HUB, fields)

    found = find_addresses(hub, session, list(candidates), tell)
    index = hub.indexes().attribute(proven.field)
    now = {
        record: address
        for record, address in found.items()
        if index.token_of(comparable_email(address.email) or "") == proven.index
    }
    return Carriers({record: candidates[record] for record in now}, now)
