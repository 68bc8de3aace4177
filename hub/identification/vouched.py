"""From what an issuer vouches for to the one person here who carries it."""

from collections.abc import Mapping

from sqlmodel import Session

from hub.compose import Hub
from hub.identification.carriers import EMAIL, carriers_now
from hub.identification.grant import Granted, Means, grant, holder_of
from hub.identification.id_token import Proof
from hub.suppression.proven import proven_by
from ingest.store.identity import entity_of_record
from ingest.store.record import find_records
from privacy.store.epoch import lock_epoch
from privacy.store.subject_token import Proven
from privacy.terms import EntityId, RecordId


def vouch(hub: Hub, session: Session, proof: Proof) -> Granted | None:
    """Grant a token to whoever an issuer vouches for, in the caller's transaction; None: nobody here carries it.

    None and no error, because the transaction holds the audit entry of what was opened to find that out.
    """
    carriers, proven = _by_key(hub, session, proof) if proof.source is not None else _by_address(hub, session, proof)
    if not carriers:
        return None
    return grant(hub, session, holder_of(carriers, proven), Means.ISSUER)


def _by_key(hub: Hub, session: Session, proof: Proof) -> tuple[Mapping[RecordId, EntityId], Proven | None]:
    """Find the one person's record of a source's key."""
    index = hub.indexes().source_key(proof.source or "")
    records = find_records(session, [index.token_of(proof.value)]).values()
    found = {record: entity for record in records if (entity := entity_of_record(session, record)) is not None}
    return found, None


def _by_address(hub: Hub, session: Session, proof: Proof) -> tuple[Mapping[RecordId, EntityId], Proven | None]:
    """Find the persons who carry an address now; the opening of their newest documents is audited before."""
    (proven,) = proven_by(hub, EMAIL, [proof.value])
    lock_epoch(session)  # as in `grant`: before the audit log's
    return carriers_now(hub, session, proven, Means.ISSUER).entities, proven
