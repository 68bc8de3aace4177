"""What stands beside a few records: who is of one entity with them, and how their edges stand; for who waits for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from ingest.store.match_edge import BACKWARD, FORWARD
from ingest.tables.identity import Crosswalk
from privacy.store.bulk import among_keys, select_among

_NAMED: Final = aliased(Crosswalk)
_AROUND: Final = (
    select(col(Crosswalk.record_id), col(Crosswalk.entity_id))
    .join(_NAMED, col(_NAMED.entity_id) == col(Crosswalk.entity_id))
    .where(among_keys(col(_NAMED.record_id)))
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


def edges_beside(session: Session, records: Sequence[bytes]) -> list[StoredEdge]:
    """Return what `match_edge.edges_near` does, in no order and without a frame."""
    rows = chain(select_among(session, FORWARD, records), select_among(session, BACKWARD, records))
    edges = {(one, other): StoredEdge((one, other), *told) for one, other, *told in rows}
    return list(edges.values())
