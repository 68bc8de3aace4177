"""What a home means, for comparing two of them: by source keys, opened documents, standings and rows.

Random ids and instants of arrival do not matter; that nothing is left over does.
"""

import json
from datetime import timedelta
from typing import Any

import polars as pl
from sqlalchemy import func, select
from sqlmodel import Session, SQLModel, col

from hub.compose import Hub
from hub.keystore.tables import WrappedKey
from hub.lake import catalogue
from hub.lake.reading import reading as lake_reading
from hub.lake.terms import FileState, name_of
from ingest.canonical.catalogue import LAKE_TABLES
from ingest.pipeline.revising import revision_cell
from ingest.store.batch import BatchState
from ingest.tables.batch import Batch, BatchMetric, QuarantineRow
from ingest.tables.identity import ContactOf, Crosswalk
from ingest.tables.record import HeldText, RecordIndex, RecordRevision, SourceRecord
from privacy.consent import axes_of
from privacy.keys import NO_ACT, KeyKind
from privacy.sealing import Cell, SealedTable, open_sealed
from privacy.store.audit_verify import verify_log
from privacy.store.consent import heads_of
from privacy.terms import EntityKind, KeyId, RecordId
from tests.faults.ingest_company import KEYS, NOON


def meaning(hub: Hub, keys: list[tuple[str, str, EntityKind]] | None = None) -> dict[str, Any]:
    """Say what a home holds, in terms that do not change with random ids and clocks."""
    with hub.reading() as session:
        names = _names(hub, session, keys or KEYS)
        counted = {
            bytes(row.batch_id): row
            for row in session.execute(select(Batch)).scalars()
            if row.state in {BatchState.VISIBLE.value, BatchState.SETTLED.value}
        }
        return {
            "records": _count(session, SourceRecord),
            "batches": sorted(_counts_of(row) for row in counted.values()),
            "documents": _documents(hub, session, names),
            "indexes": _count(session, RecordIndex),
            "contacts": sorted(
                (names[row.person_record], names[row.organisation_record])
                for row in session.execute(select(ContactOf)).scalars()
            ),
            "quarantine": sorted(
                (row.line, row.column_name, row.rule) for row in session.execute(select(QuarantineRow)).scalars()
            ),
            "metrics": _count(session, BatchMetric),
            "texts": _texts(hub, session, names),
            "standings": _standings(hub, session, names),
            "entities": _entities(session, names),
            "lake": {table: rows for table in LAKE_TABLES if (rows := _lake_rows(hub, table, names))},
        }


def names_of(hub: Hub, keys: list[tuple[str, str, EntityKind]] | None = None) -> dict[bytes, str]:
    with hub.reading() as session:
        return _names(hub, session, keys or KEYS)


def _names(hub: Hub, session: Session, keys: list[tuple[str, str, EntityKind]]) -> dict[bytes, str]:
    """Name every record by its source key; one that no key explains is named by its id, so that it is noticed."""
    indexes = hub.indexes()
    by_index = {bytes(indexes.source_key(source, kind).token_of(key)): key for source, key, kind in keys}
    rows = session.execute(select(SourceRecord)).scalars()
    return {row.record_id: by_index.get(row.key_index, row.record_id.hex()) for row in rows}


def _counts_of(row: Batch) -> tuple[Any, ...]:
    counted = row.rows_accepted + row.rows_quarantined + row.rows_duplicate + row.rows_suppressed
    assert counted == row.rows_read
    return row.contract, row.state, row.rows_read, row.rows_accepted, row.rows_quarantined, row.rows_duplicate


def _count(session: Session, table: type[SQLModel]) -> int:
    return int(session.execute(select(func.count()).select_from(table)).scalar_one())


def _documents(hub: Hub, session: Session, names: dict[bytes, str]) -> dict[str, list[Any]]:
    """Open every revision, in order, per source key."""
    rows = session.execute(select(RecordRevision).order_by(col(RecordRevision.revision))).scalars().all()
    keys = hub.keystore.get([KeyId(row.key_id) for row in rows], act_id=NO_ACT)
    opened: dict[str, list[Any]] = {}
    for row in rows:
        cell = revision_cell(hub.instance, RecordId(row.record_id), row.revision)
        document = json.loads(open_sealed(row.sealed, key=keys[KeyId(row.key_id)], cell=cell))
        opened.setdefault(names[row.record_id], []).append(document)
    return opened


def _texts(hub: Hub, session: Session, names: dict[bytes, str]) -> list[tuple[str, str]]:
    rows = session.execute(select(HeldText)).scalars().all()
    keys = hub.keystore.get([KeyId(row.key_id) for row in rows], act_id=NO_ACT)
    opened = []
    for row in rows:
        cell = Cell(instance=hub.instance, table=SealedTable.HELD_TEXT, field=1, row=row.text_id)
        text = open_sealed(row.sealed, key=keys[KeyId(row.key_id)], cell=cell).decode()
        opened.append((names[row.record_id] if row.record_id else "", text))
    return sorted(opened)


def _standings(hub: Hub, session: Session, names: dict[bytes, str]) -> dict[tuple[str, str], tuple[Any, ...]]:
    heads = heads_of(session, [RecordId(record) for record in names])
    at = NOON + timedelta(days=1)
    return {
        (names[record], purpose): (axes.state.value, axes.objected, axes.restricted, axes.notice_version)
        for (record, purpose), head in heads.items()
        if (axes := axes_of(head, at=at)) is not None
    }


def _entities(session: Session, names: dict[bytes, str]) -> list[list[str]]:
    groups: dict[bytes, list[str]] = {}
    for row in session.execute(select(Crosswalk)).scalars():
        groups.setdefault(row.entity_id, []).append(names[row.record_id])
    return sorted(sorted(group) for group in groups.values())


def _lake_rows(hub: Hub, table: str, names: dict[bytes, str]) -> list[tuple[Any, ...]]:
    frame = lake_frame(hub, table)
    for column in ("person", "organisation"):
        known = [None if value is None else names.get(value, value.hex()) for value in frame[column].to_list()]
        frame = frame.with_columns(pl.Series(column, known, dtype=pl.String))
    if "copy_ref" in frame.columns:  # a digest under a key of this home's own
        frame = frame.with_columns(pl.col("copy_ref").is_not_null())
    return sorted(frame.rows(), key=repr)


def lake_frame(hub: Hub, table: str) -> pl.DataFrame:
    with lake_reading(hub.lake) as reader:
        return reader.collect(reader.scan(table))


# Order in the house -------------------------------------------------------------------------------------------------


def assert_in_order(hub: Hub) -> None:
    """Nothing left over: every key seals something, every file is live, every batch row is done, the log verifies."""
    with hub.reading() as session:
        verify_log(session, hub.verifier_key())
        staged = session.execute(select(Batch.state)).scalars().all()
        assert set(staged) <= {BatchState.SETTLED.value, BatchState.ABORTED.value}
        files = catalogue.files_of(session, states=[FileState.LIVE])
        assert catalogue.open_intents(session) == []
        used = {bytes(file.key_id) for file in files}
        for table in (RecordRevision, HeldText, QuarantineRow):
            used |= {bytes(key) for key in session.execute(select(col(table.key_id))).scalars()}
        aborted = select(col(Batch.batch_id)).where(col(Batch.state) == BatchState.ABORTED.value)
        for swept in (RecordRevision, RecordIndex, HeldText, ContactOf, QuarantineRow, BatchMetric):
            assert session.execute(select(swept).where(col(swept.batch_id).in_(aborted))).first() is None
    assert set(hub.lake.files.names()) == {name_of(file.table, file.file_id) for file in files}
    assert keys_held(hub) == used


def keys_held(hub: Hub) -> set[bytes]:
    """List the key store's keys, without the hub's own named ones."""
    own = {KeyKind.INDEX.value, KeyKind.SIGNING.value, KeyKind.DOMAIN.value}
    with keystore_session(hub) as session:
        rows = session.execute(select(WrappedKey)).scalars().all()
        return {bytes(row.key_id) for row in rows if row.kind not in own and not row.name}


def keystore_session(hub: Hub) -> Session:
    return Session(hub.keystore._engine)
