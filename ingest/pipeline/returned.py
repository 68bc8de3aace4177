"""Erased people who come back under another key: that key is theirs from here on, and what it has brought goes.

Rules kept here:
- who is known by a number, or by an address with an agreeing name, is known by the key of that row afterwards: their
  events name nothing else, whichever delivery they come by;
- the entry joins the set that it was proven by: whoever lifts the person lifts it, too;
- the key is listed, told to the ledger, its refused rows deleted and its record closed in one transaction under the
  epoch's lock: an event that names the record either did before, or sees the entry (`Screen.screened_again`);
- a record that only events have named is erased (`RETURNED`: the hub takes it up); one that a delivery has told of is
  restricted instead and a person decides, for what it says may be of somebody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
from sqlmodel import Session

from ingest.pipeline.ports import Ports
from ingest.store.erasure import delete_quarantined
from ingest.store.record import find_records, keys_on_record
from privacy.audit import AuditFields
from privacy.consent import ConsentEvent
from privacy.store.consent import Act, append_acts
from privacy.store.erasure import RETURNED, intend_erasure, tombstones_among
from privacy.store.suppression import NewEntry, add_entries
from privacy.suppression import Attribute, EntryKind
from privacy.terms import EVERY_PURPOSE, ActChannel, ConsentAct, PurposeId, RecordId, random_id

_REASON: Final = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Records that a returned person's key named: those whose erasure is intended now, and those restricted."""

    erased: Sequence[RecordId]
    restricted: Sequence[RecordId]


def keep_out(returned: pl.DataFrame, ports: Ports) -> Closed:
    """List the keys under which erased people came back, and close what the keys name.

    `returned` has `key_index` (Binary, the blind index of a source's key) and `set_id` (Binary, by which entries the
    row was known), a row for each pair.
    """
    at, pairs = ports.clock(), returned.select("key_index", "set_id").unique().sort("key_index", "set_id")
    indexes = pairs["key_index"].unique().sort().to_list()
    digests = ports.suppression.tokens_of(Attribute.SOURCE_KEY, [index.hex() for index in indexes])
    tokens = dict(zip(indexes, digests, strict=True))
    new = [
        NewEntry(
            set_id=set_id,
            kind=EntryKind.ERASED,
            attribute=Attribute.SOURCE_KEY,
            token=tokens[index],
            at=at,
            reason=_REASON,
        )
        for index, set_id in pairs.iter_rows()
    ]
    with ports.unit_of_work() as session:
        add_entries(session, new, by=ports.principal, at=at, key_version=ports.suppression.version)  # locks the epoch
        fields = AuditFields(rows=len(new), reason=_REASON, outcome="suppressed")
        ports.audit(session, "suppression.add", ports.principal, fields)
        delete_quarantined(session, indexes)
        closed = close_named(session, indexes, ports)
    ports.reached("returned_kept_out")
    return closed


def close_named(session: Session, key_indexes: Sequence[bytes], ports: Ports) -> Closed:
    """Close the records that some listed keys name, in the caller's transaction, under the epoch's lock."""
    named = find_records(session, key_indexes)
    gone = tombstones_among(session, named.values())
    told = keys_on_record(session, list(named))
    live = sorted((record, index in told) for index, record in named.items() if record not in gone)
    closed = Closed(
        erased=tuple(record for record, is_told in live if not is_told),
        restricted=tuple(record for record, is_told in live if is_told),
    )
    if closed.erased:
        erasure_id = random_id()
        at = ports.clock()
        intend_erasure(session, erasure_id, closed.erased, by=ports.principal, at=at, counts=RETURNED)
        fields = AuditFields(erasure=erasure_id, records=tuple(closed.erased), outcome="intended")
        ports.audit(session, "erasure.intent", ports.principal, fields)
    if closed.restricted:
        _restrict(session, closed.restricted, ports)
    return closed


def _restrict(session: Session, records: Sequence[RecordId], ports: Ports) -> None:
    """Restrict records for every purpose; a person erases them, or lifts it."""
    at = ports.clock()
    event, everything = (
        ConsentEvent(act=ConsentAct.RESTRICTED, at=at, channel=ActChannel.IMPORT),
        PurposeId(EVERY_PURPOSE),
    )
    acts = [
        Act(record_id=record, purpose=everything, event=event, actor=ports.principal, purpose_version=0)
        for record in records
    ]
    append_acts(session, acts, recorded_at=at)
    fields = AuditFields(records=tuple(records), reason=_REASON, outcome="restricted")
    ports.audit(session, "suppression.add", ports.principal, fields)
