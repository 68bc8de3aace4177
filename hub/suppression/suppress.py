"""Keeping erased people from coming back: their digests enter the list in the transaction that closes their records."""

from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.suppression.evidence import Evidence
from ingest.store.batch import abort
from ingest.store.carrier import staged_with
from privacy.audit import AuditFields
from privacy.consent import ConsentEvent
from privacy.store.consent import Act, append_acts
from privacy.store.principal import Principal
from privacy.store.suppression import NewEntry, add_entries
from privacy.suppression import Attribute, EntryKind, contact_purposes
from privacy.terms import ActChannel, ConsentAct, RecordId, random_ids

_AGENT: Final = ActChannel.AGENT


def suppress(hub: Hub, session: Session, evidence: Evidence, *, reason: str, by: Principal) -> int:
    """Enter what people are known again by, one set for each, in the caller's transaction; return how many entries.

    Whoever else carries an address of theirs gets no marketing there any more, and is otherwise as before: their record
    is nobody's but theirs. A delivery on its way in that brings one of these people under another key is given up here;
    who brings it begins anew, and finds them on the list.
    """
    at, frame = hub.clock(), evidence.known_by
    sets = dict(zip(frame["person"].unique().sort(), random_ids(frame["person"].n_unique()), strict=True))
    new = [
        NewEntry(
            set_id=sets[person],
            kind=EntryKind(kind),
            attribute=Attribute(attribute),
            token=token,
            at=at,
            reason=reason,
            act=ConsentAct.OBJECTED if kind == EntryKind.CONTACT.value else None,
            channel=_AGENT if kind == EntryKind.CONTACT.value else None,
        )
        for person, kind, attribute, token in frame.sort("person", "attribute", "token").iter_rows()
    ]
    add_entries(session, new, by=by.principal_id, at=at, key_version=evidence.key_version)
    # It was screened before: it begins anew. What it brings under their own key the erasure finds by itself.
    for batch in staged_with(session, evidence.proofs, but=evidence.records):
        abort(session, batch)
    _keep_marketing_away(session, evidence, by, hub)
    fields = AuditFields(rows=len(new), reason=reason, outcome="suppressed")
    hub.audit(session, "suppression.add", by.principal_id, fields)
    return len(new)


def _keep_marketing_away(session: Session, evidence: Evidence, by: Principal, hub: Hub) -> None:
    event = ConsentEvent(act=ConsentAct.OBJECTED, at=hub.clock(), channel=_AGENT)
    acts = [
        Act(
            record_id=RecordId(record),
            purpose=purpose,
            event=event,
            actor=by.principal_id,
            purpose_version=0,
        )
        for record, attribute in evidence.shared.iter_rows()
        for purpose in contact_purposes(Attribute(attribute))
    ]
    append_acts(session, acts, recorded_at=event.at)
