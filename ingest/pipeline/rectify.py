"""Rectification (GDPR Art. 16): a person's right values, brought by a batch of its own that is settled like any other.

For each record a revision with the corrected document and, beside it, the correction itself, which goes on to correct
what the source delivers later. Blind indexes of the wrong values go, those of the right ones come; records that only a
wrong value held together part when the batch is settled.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlmodel import Session

from ingest.errors import LaneBusy
from ingest.identity.correction import Corrected, form_of
from ingest.pipeline.abreast import refuse_moved
from ingest.pipeline.arrival import new_key
from ingest.pipeline.forming import form_chunk
from ingest.pipeline.indexing import index_chunk
from ingest.pipeline.ports import Ports
from ingest.pipeline.rectified import (
    Bringing,
    Change,
    by_country,
    correction_row,
    frame_of,
    index_columns,
    revision_columns,
)
from ingest.pipeline.revising import revision_cell
from ingest.pipeline.settle import settle
from ingest.store.batch import find_in_lane
from ingest.store.correction import (
    CONTRACT,
    Told,
    add_correction_batch,
    add_corrections,
    drop_indexes,
    sealed_corrections,
    told_revisions,
)
from ingest.store.match_form import add_forms
from ingest.store.match_run import add_few
from ingest.store.record import add_indexes, add_revisions, tokens_of_records
from privacy.audit import AuditFields
from privacy.keys import KeyKind, NewKey
from privacy.sealing import open_sealed
from privacy.store.bulk import Same
from privacy.terms import BatchId, EntityKind, KeyId, RecordId, random_id

_NAME: Final = ("email_name", "phone_name")
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("email", "email_name"),
    "phone": ("phone", "phone_name"),
    "national_id": ("number",),
    "given_name": _NAME,
    "family_name": _NAME,
    "full_name": _NAME,
}
"""The blind indexes that each attribute takes part in."""


def _nothing(_session: Session) -> None:
    """Write nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectification:
    """The right values of one person by attribute (None: there is none), asked for by a request; never printed.

    `country` reads a telephone number without its country code where nobody knows by which the record's source does;
    `beside` writes what else belongs to the act, in the same transaction.
    """

    request_id: bytes
    records: Sequence[RecordId]
    values: Mapping[str, str | None] = field(repr=False)
    country: str
    beside: Callable[[Session], object] = _nothing


_Documents = Mapping[RecordId, Sequence[tuple[Told, Mapping[str, Any]]]]


def rectify(asked: Rectification, ports: Ports) -> int:
    """Correct a person's records; return how many were changed: 0 if they say so already.

    Raises:
        LaneBusy: a delivery of the same source is being taken in; or (`MatchingMoved`) matching moved on: try again.

    """
    with ports.read_only() as session:
        told, before = told_revisions(session, asked.records), sealed_corrections(session, asked.records)
    numbers = {each.record_id: each.number for each in before}
    changes = _changes(asked.values, _opened(told, asked, ports), numbers)
    if not changes:
        return 0
    batch_id = BatchId(random_id())
    ports.keys.add(
        [NewKey(key=key, owner=each.last.record_id, batch_id=batch_id) for each in changes for key in each.keys]
    )
    ports.reached("keys_durable")
    with ports.unit_of_work() as session:
        _write(session, asked, changes, Bringing(batch_id, ports))
    ports.reached("rectified")
    settle(batch_id, ports)
    return len(changes)


def _opened(told: Sequence[Told], asked: Rectification, ports: Ports) -> _Documents:
    """Open every revision of the person: a wrong value may come back from any of them."""
    with ports.unit_of_work() as session:
        fields = AuditFields(
            act_id=asked.request_id, records=tuple(asked.records), opened=len(told), columns=tuple(sorted(asked.values))
        )
        ports.audit(session, "request.rectify.intent", ports.principal, fields)
    keys = ports.keys.get([KeyId(each.key_id) for each in told], act_id=asked.request_id)
    found: dict[RecordId, list[tuple[Told, dict[str, Any]]]] = defaultdict(list)
    for each in told:
        key = keys.get(KeyId(each.key_id))
        if key is not None:
            cell = revision_cell(ports.instance, each.record_id, each.revision)
            found[each.record_id].append((each, json.loads(open_sealed(each.sealed, key=key, cell=cell))))
    return found


def _changes(values: Mapping[str, str | None], documents: _Documents, numbers: Mapping[RecordId, int]) -> list[Change]:
    """Say what becomes of each record: an attribute is corrected wherever it was told, else in one record."""
    carriers = {
        name: [record for record, many in documents.items() if any(each.get(name) for _, each in many)]
        or sorted(documents)[:1]
        for name in values
    }
    changes = []
    for record, many in sorted(documents.items()):
        mine = {name: value for name, value in values.items() if record in carriers[name]}
        correction = _correction(mine, [each for _, each in many])
        if correction:
            last, newest = many[-1]
            change = Change(
                last=last,
                keys=(new_key(KeyKind.RECORD), new_key(KeyKind.RECORD)),
                number=numbers.get(record, 0) + 1,
                correction=correction,
                document={**newest, **{name: each.value for name, each in correction.items()}},
            )
            changes.append(change)
    return changes


def _correction(values: Mapping[str, str | None], told: Sequence[Mapping[str, Any]]) -> dict[str, Corrected]:
    """Let each right value displace every other that the record ever told; one that it tells already is no change."""
    return {
        name: Corrected(value, frozenset(form_of(each.get(name)) for each in told) - {form_of(value)})
        for name, value in values.items()
        if told[-1].get(name) != value
    }


def _write(session: Session, asked: Rectification, changes: Sequence[Change], bringing: Bringing) -> None:
    ports, batch_id = bringing.ports, bringing.batch_id
    refuse_moved(session, ports.matching, CONTRACT)
    for each in changes:
        lane = find_in_lane(session, f"people:{each.last.source}")
        if lane is not None and lane.lease_until > ports.clock():
            raise LaneBusy(CONTRACT)
    add_correction_batch(session, _batch(bringing, len(changes)))
    for country, some in by_country(session, changes, asked.country):
        _revise(session, some, country, bringing)
    add_corrections(session, [correction_row(each, asked.request_id, bringing) for each in changes])
    fields = AuditFields(
        act_id=asked.request_id,
        batch=batch_id,
        records=tuple(each.last.record_id for each in changes),
        columns=tuple(sorted(asked.values)),
    )
    ports.audit(session, "request.rectify", ports.principal, fields)
    asked.beside(session)


def _revise(session: Session, changes: Sequence[Change], country: str, bringing: Bringing) -> None:
    """Write corrected records whose numbers are read by one country, and by what they are found."""
    indexed = index_chunk(frame_of(changes), kind=EntityKind.PERSON, country=country, indexes=bringing.ports.indexes)
    for each in changes:
        stale = {field for name in each.correction for field in _FIELDS.get(name, ())}
        drop_indexes(session, each.last.record_id, stale, tokens_of_records(session, [each.last.record_id]))
    add_indexes(session, index_columns(indexed.rows, bringing.batch_id))
    _form(session, changes, country, bringing)
    add_revisions(session, revision_columns(changes, indexed.of_row["tokens"].to_list(), bringing))


def _form(session: Session, changes: Sequence[Change], country: str, bringing: Bringing) -> None:
    """Say by what the corrected records are found when they are matched."""
    if bringing.ports.matching is not None:
        formed = form_chunk(frame_of(changes), country, bringing.ports.matching)
        records = [each.last.record_id for each in changes]
        forms = formed.columns(records, [each.last.revision + 1 for each in changes])
        add_forms(session, {**forms, "batch_id": Same(bringing.batch_id)})
        for found, entries in formed.entries(records):
            add_few(session, found, entries)


def _batch(bringing: Bringing, rows: int) -> dict[str, Any]:
    at = bringing.ports.clock()
    return {
        "batch_id": bringing.batch_id,
        "contract_hash": hashlib.sha256(CONTRACT.encode()).digest(),
        "source": CONTRACT,
        "canonical_table": "people",
        "idempotency_key": hashlib.sha256(bringing.batch_id).digest(),
        "lane": f"{CONTRACT}:{bringing.batch_id.hex()}",
        "started_at": at,
        "lease_until": at,
        "visible_at": at,
        "principal_id": bringing.ports.principal,
        "rows_read": rows,
        "rows_accepted": rows,
    }
