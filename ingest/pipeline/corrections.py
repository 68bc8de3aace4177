"""Corrections on the way in: a source that still delivers the wrong value is corrected before anything is sealed.

Nearly every delivery touches nobody who was ever corrected; then nothing is opened.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ingest.canonical.identity import attributes_of
from ingest.identity.correction import Correction, corrected, read
from ingest.pipeline.ports import Ports
from ingest.store.correction import any_corrections, sealed_corrections
from privacy.audit import AuditFields
from privacy.sealing import Cell, SealedTable, open_sealed
from privacy.terms import EntityKind, KeyId, RecordId, random_id


def correction_cell(instance: bytes, record: RecordId, number: int) -> Cell:
    """Address the document of one correction."""
    return Cell(instance=instance, table=SealedTable.RECORD_CORRECTION, field=1, row=record, revision=number)


def open_corrections(records: Sequence[RecordId], ports: Ports) -> dict[RecordId, list[Correction]]:
    """Open the corrections of some records, oldest first, for one audited act; records without any are absent."""
    with ports.read_only() as session:
        sealed = sealed_corrections(session, records) if any_corrections(session) else []
    if not sealed:
        return {}
    act_id = random_id()
    with ports.unit_of_work() as session:
        fields = AuditFields(act_id=act_id, opened=len(sealed), reason="correction")
        ports.audit(session, "open_batch", ports.principal, fields)
    keys = ports.keys.get([KeyId(each.key_id) for each in sealed], act_id=act_id)
    found: dict[RecordId, list[Correction]] = defaultdict(list)
    for each in sealed:
        key = keys.get(KeyId(each.key_id))
        if key is not None:
            cell = correction_cell(ports.instance, each.record_id, each.number)
            found[each.record_id].append(read(json.loads(open_sealed(each.sealed, key=key, cell=cell))))
    return dict(found)


def with_corrections(fresh: pl.DataFrame, kind: EntityKind, ports: Ports) -> pl.DataFrame:
    """Correct identity rows on their way in: attributes and `_document` of those whose record was corrected.

    `fresh` has record (Binary), `_line` (its rows' order), `_document` (JSON text) beside the attributes; a corrected
    attribute that the source does not deliver at all becomes a column, so that it is indexed and sealed too.
    """
    known = [RecordId(record) for record in fresh.filter(~pl.col("is_new"))["record"].unique().to_list()]
    corrections = open_corrections(known, ports)
    if not corrections:
        return fresh
    names = {name for many in corrections.values() for each in many for name in each} & attributes_of(kind).keys()
    missing = sorted(names - set(fresh.columns))
    wide = fresh.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in missing)
    touched = pl.col("record").is_in(list(corrections))
    mended = _mended(wide.filter(touched), corrections, sorted(names))
    return pl.concat([wide.filter(~touched), mended]).sort("_line")


def _mended(rows: pl.DataFrame, corrections: Mapping[RecordId, Sequence[Correction]], names: list[str]) -> pl.DataFrame:
    """Correct the few rows of corrected records one by one: each has corrections of its own."""
    documents = []
    for record, document in rows.select("record", "_document").iter_rows():
        documents.append(corrected(json.loads(document), corrections[RecordId(record)]))
    columns = [_column(rows, name, documents) for name in names]
    written = [json.dumps(each, ensure_ascii=False) for each in documents]
    return rows.with_columns(*columns, _document=pl.Series(written, dtype=pl.String))


def _column(rows: pl.DataFrame, name: str, documents: Sequence[Mapping[str, Any]]) -> pl.Series:
    values = [each.get(name) for each in documents]
    return pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String).cast(
        rows.schema[name]
    )
