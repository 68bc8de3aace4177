"""From what an issuer vouches for to the one person here who carries it."""

from collections.abc import Mapping
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.errors import SubjectNotFound
from hub.identification.carriers import EMAIL, carriers_now
from hub.identification.grant import Granted, Means, grant, holder_of
from hub.identification.id_token import Proof
from hub.suppression.proven import proven_by
from ingest.store.identity import entity_of_record
from ingest.store.record import find_records
from privacy.audit import AuditFields
from privacy.store.epoch import lock_epoch
from privacy.store.subject_token import Proven
from privacy.terms import ID_BYTES, EntityId, PrincipalId, RecordId, random_id

_HUB: Final = PrincipalId(bytes(ID_BYTES))


def vouch(hub: Hub, session: Session, proof: Proof) -> Granted:
    """Grant a token to whoever an issuer vouches for, in the caller's transaction.

    Raises:
        SubjectNotFound: nobody here carries it; they proved that it is theirs, so this tells them of nobody else.

    """
    carriers, proven = _by_key(hub, session, proof) if proof.source is not None else _by_address(hub, session, proof)
    if not carriers:
        raise SubjectNotFound
    return grant(hub, session, holder_of(carriers, proven), Means.ISSUER)


def _by_key(hub: Hub, session: Session, proof: Proof) -> tuple[Mapping[RecordId, EntityId], Proven | None]:
    """Find the one person's record of a source's key."""
    index = hub.indexes().source_key(proof.source or "")
    records = find_records(session, [index.token_of(proof.value)]).values()
    found = {record: entity for record in records if (entity := entity_of_record(session, record)) is not None}
    return found, None


def _by_address(hub: Hub, session: Session, proof: Proof) -> tuple[Mapping[RecordId, EntityId], Proven | None]:
    """Find the persons who carry an address now; the opening of their newest documents is audited with the grant."""
    (proven,) = proven_by(hub, EMAIL, [proof.value])
    act_id = random_id()
    found = carriers_now(hub, session, proven, act_id=act_id)
    if found.opened:
        fields = AuditFields(act_id=act_id, rows=1, opened=found.opened, reason=Means.ISSUER.value)
        lock_epoch(session)  # as in `grant`
        hub.audit(session, "identity.look_up", _HUB, fields)
    return found.entities, proven
