"""Corrected records as the rows that they become: revisions, corrections and blind indexes, nothing in clear."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import polars as pl
from sqlmodel import Session

from ingest.identity.comparable import STANDARDISER_VERSION
from ingest.identity.correction import Correction, written
from ingest.pipeline.corrections import correction_cell
from ingest.pipeline.ports import Ports
from ingest.pipeline.revising import revision_cell
from ingest.store.correction import Told
from ingest.store.match_form import few_forms_of
from privacy.keys import Key
from privacy.sealing import seal
from privacy.store.bulk import Columns, Same
from privacy.terms import BatchId


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of one record, the keys of its revision and of the correction itself, and how it is counted."""

    last: Told
    number: int
    keys: tuple[Key, Key]
    correction: Correction = field(repr=False)
    document: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bringing:
    """The batch that brings corrections, and what it needs from outside."""

    batch_id: BatchId
    ports: Ports


def by_country(session: Session, changes: Sequence[Change], usual: str) -> Iterator[tuple[str, list[Change]]]:
    """Yield changes with the country by which their records' numbers are read: that of their source's contract.

    It is known of who is matched by a model; others are read by the `usual` one, as their next delivery may not.
    """
    forms = few_forms_of(session, [each.last.record_id for each in changes])

    def country_of(change: Change) -> str:
        known = forms.get(change.last.record_id)
        return usual if known is None or not known.country else known.country

    for country, some in groupby(sorted(changes, key=country_of), key=country_of):
        yield country, list(some)


def frame_of(changes: Sequence[Change]) -> pl.DataFrame:
    """Return the corrected documents as rows with their `record`, all as text."""
    names = sorted({name for each in changes for name in each.document})
    columns = {name: [each.document.get(name) for each in changes] for name in names}
    frame = pl.DataFrame({name: list(map(_text, values)) for name, values in columns.items()})
    records = pl.Series("record", [each.last.record_id for each in changes], dtype=pl.Binary)
    return frame.with_columns(pl.all().cast(pl.String)).with_columns(records)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def index_columns(rows: pl.DataFrame, batch_id: BatchId) -> Columns:
    """Return columns of `record_index`."""
    return {
        "record_id": rows["record"].to_list(),
        "field": rows["field"].to_list(),
        "token": rows["token"].to_list(),
        "batch_id": Same(batch_id),
        "standardiser_version": Same(STANDARDISER_VERSION),
        "key_version": Same(1),
    }


def revision_columns(changes: Sequence[Change], tokens: Sequence[bytes], bringing: Bringing) -> Columns:
    """Seal the corrected documents; the digest stays that of what the source said, whose repetition is no news."""
    ports = bringing.ports
    numbers = [each.last.revision + 1 for each in changes]
    sealed = [
        seal(
            json.dumps(each.document, ensure_ascii=False).encode(),
            key=each.keys[0],
            cell=revision_cell(ports.instance, each.last.record_id, number),
        )
        for each, number in zip(changes, numbers, strict=True)
    ]
    return {
        "record_id": [each.last.record_id for each in changes],
        "revision": numbers,
        "batch_id": Same(bringing.batch_id),
        "key_id": [each.keys[0].key_id for each in changes],
        "content_index": [each.last.content_index for each in changes],
        "sealed": sealed,
        "arrived_at": Same(ports.clock()),
        "tokens": list(tokens),
    }


def correction_row(change: Change, request_id: bytes, bringing: Bringing) -> dict[str, Any]:
    """Seal what was corrected, as a row of `record_correction`."""
    record, ports, key = change.last.record_id, bringing.ports, change.keys[1]
    document = json.dumps(written(change.correction), ensure_ascii=False).encode()
    return {
        "record_id": record,
        "number": change.number,
        "batch_id": bringing.batch_id,
        "request_id": request_id,
        "key_id": key.key_id,
        "sealed": seal(document, key=key, cell=correction_cell(ports.instance, record, change.number)),
        "corrected_at": ports.clock(),
    }
