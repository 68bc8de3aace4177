"""What stands beside a few records: who is of one entity with them, and how their edges stand; for who waits for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from ingest.store.batch import COUNTED
from ingest.store.match_edge import BACKWARD, FORWARD
from ingest.store.match_serving import serving_version
from ingest.tables.batch import Batch
from ingest.tables.identity import Crosswalk
from ingest.tables.match import MatchForm
from ingest.tables.record import SourceRecord
from privacy.store.bulk import among_keys, select_among
from privacy.terms import EntityKind

_NAMED: Final = aliased(Crosswalk)
_AROUND: Final = (
    select(col(Crosswalk.record_id), col(Crosswalk.entity_id))
    .join(_NAMED, col(_NAMED.entity_id) == col(Crosswalk.entity_id))
    .where(among_keys(col(_NAMED.record_id)))
)
_NUMBERS: Final = (  # with the state beside each row: asked for it, SQLite would begin with the batches
    select(
        col(SourceRecord.record_id),
        col(SourceRecord.key_index),
        col(Batch.state),
        col(MatchForm.revision),
        col(MatchForm.number),
        col(SourceRecord.kind),
        col(MatchForm.key_version),
        col(MatchForm.form_version),
    )
    .outerjoin(MatchForm, col(MatchForm.record_id) == col(SourceRecord.record_id))
    .outerjoin(Batch, col(Batch.batch_id) == col(MatchForm.batch_id))
    .where(among_keys(col(SourceRecord.record_id)))
)


@dataclass(frozen=True, slots=True)
class StoredEdge:
    """An edge as it stands there, the smaller record first, with what clusters are made and doubted by."""

    pair: tuple[bytes, bytes]
    probability: float
    weight: float
    closing: bool
    levels: bytes
    model: bytes


def entities_around(session: Session, records: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return the entity of each of some records, and of all other records of those entities."""
    return dict(select_among(session, _AROUND, sorted(records)))


def numbers_among(session: Session, records: Sequence[bytes]) -> dict[bytes, int | str | None]:
    """Return the checked number of each of some records that can be matched in the version that serves."""
    return dict(names_and_numbers(session, records)[1])


def names_and_numbers(
    session: Session, records: Sequence[bytes]
) -> tuple[dict[bytes, bytes], dict[bytes, int | str | None]]:
    """Return the name of each of some records, and of those that can be matched its checked number.

    They can in the version that serves, by their newest revision that counts.
    """
    serving = {(kind.value, *serving_version(session, kind)) for kind in EntityKind}
    names: dict[bytes, bytes] = {}
    newest: dict[bytes, tuple[int, int | None]] = {}
    for record, name, state, revision, number, *version in select_among(session, _NUMBERS, records):
        names[record] = name
        if state in COUNTED and tuple(version) in serving and revision >= newest.get(record, (0, None))[0]:
            newest[record] = revision, number
    return names, {record: number for record, (_, number) in newest.items()}


def edges_beside(session: Session, records: Sequence[bytes]) -> list[StoredEdge]:
    """Return what `match_edge.edges_near` does, in no order and without a frame."""
    rows = chain(select_among(session, FORWARD, records), select_among(session, BACKWARD, records))
    edges = {(one, other): StoredEdge((one, other), *told) for one, other, *told in rows}
    return list(edges.values())
