"""Records of a home brought together to learn a model from them: opened in memory, in audited parts, never kept."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from ingest.match.kinds import COMPARABLE
from ingest.pipeline.comparing import comparable
from ingest.pipeline.opening import open_documents
from ingest.pipeline.ports import Ports
from ingest.store.identity import members_of
from ingest.store.match_form import forms_of
from ingest.store.match_whole import records_at_rest
from privacy.store.consent import heads_of
from privacy.store.erasure import tombstones_among
from privacy.terms import EntityKind, RecordId

_AT_ONCE: Final = 20_000
_WHY: Final = "training"


def records_of_home(ports: Ports, kind: EntityKind) -> pl.DataFrame:
    """Return the records of a kind that are matched by a model in comparable form (`kinds.COMPARABLE`).

    Left out are records that were taken in by exact rules and not compared since, whoever is closed by an erasure, and
    whoever objected to anything or restricted it (Articles 21 and 18 GDPR), with every record that is one person with
    theirs: nothing has to be learned from them.
    """
    with ports.read_only() as session:
        known = [RecordId(record) for record in records_at_rest(session, kind)["record"]]
    parts = []
    for start in range(0, len(known), _AT_ONCE):
        parts.append(_part(known[start : start + _AT_ONCE], ports, kind))
        ports.progress(min(start + _AT_ONCE, len(known)))
    return pl.concat(parts).sort("record") if parts else _nobody(kind)


def _part(records: Sequence[RecordId], ports: Ports, kind: EntityKind) -> pl.DataFrame:
    with ports.read_only() as session:
        beside = members_of(session, records)
        every = [RecordId(record) for record in beside["record"]]
        stood = heads_of(session, every).items()
        refused = {record for (record, _), head in stood if head.objected or head.restricted}
        said = beside["record"].is_in(list(refused | tombstones_among(session, every)))
        kept_out = beside.filter(pl.col("entity").is_in(beside.filter(said)["entity"].implode()))["record"]
        closed = set(kept_out)
        forms = forms_of(session, [record for record in records if record not in closed])
    documents = open_documents([RecordId(each) for each in forms["record"]], ports, why=_WHY)
    return comparable(documents, forms, COMPARABLE[kind])


def _nobody(kind: EntityKind) -> pl.DataFrame:
    read = COMPARABLE[kind]
    return read.form(pl.DataFrame(schema=dict.fromkeys(("record", "source", *read.attributes), pl.String)))
