"""Who a record is that somebody is about to deliver: what settling a delivery of it alone would decide, and no change.

For a shop's till or a service desk that cannot wait for the next delivery. The way is that of `comparing` and
`resolving`, step by step, for one record: candidates by its tokens, opened in memory for an audited act; levels and
weights; pairs that a new link gives a neighbour in common; the part that all this touches, clustered anew. Nothing is
written but the audit log, so the delivery that brings the record later decides for itself (ADR 0061), and a test holds
both to the same answer.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from sqlmodel import Session

from ingest.errors import StateMoved
from ingest.identity.clustering import Member
from ingest.match.saved import SavedModel
from ingest.pipeline.arriving import Arriving, formed
from ingest.pipeline.commonness import Commonness, commonness_of
from ingest.pipeline.few_around import Arrived, part_moved
from ingest.pipeline.few_comparing import (
    Beside,
    Comparison,
    Edges,
    Yardstick,
    carried_by_few,
    closing_pairs,
    in_vain,
    still_carried,
    that_share,
)
from ingest.pipeline.few_part import FewPart, as_bond, clustered, ends_of, moved, part_around, unlike
from ingest.pipeline.ports import Matching, Ports
from ingest.pipeline.shut_out import is_shut_out
from ingest.store.identity import homes_of, members_among
from ingest.store.match_edge import Edge
from ingest.store.match_form import carriers_of_each, few_forms_of
from ingest.store.neighbour import edges_beside, numbers_among
from ingest.store.record import find_records
from privacy.store.erasure import tombstones_among
from privacy.terms import EntityId, EntityKind, RecordId, random_id

_TRIES: Final = 4
_YOUNGEST: Final = 2**62
"""When the entity of a record that is not there yet was made: after all that are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What settling would decide of one record.

    `entity` is the one that it would belong to, None for one of its own; `edges` compare it with others, the likeliest
    first, and `homes` says in which entity each of those would be. `moved` counts other records that it would let
    change entity; `doubts` are why somebody should look at those it hangs together with. All of it is so at a `version`
    of the crosswalk. Of a record that would not be
    let in, nothing is said (`taken_in`).
    """

    record: RecordId
    known: bool
    taken_in: bool = True
    entity: EntityId | None = None
    edges: Sequence[Edge] = ()
    homes: Mapping[bytes, EntityId] = field(default_factory=dict)
    version: tuple[int, int] = (0, 0)
    moved: int = 0
    doubts: Sequence[str] = ()


class Lookup:
    """Answers for one record at a time; keeps what answering needs, and nobody's values. Safe in any thread."""

    def __init__(self, matching: Matching) -> None:
        self._matching = matching
        self._yardstick = Yardstick.of(matching)
        self._counts: Commonness | None = None

    @property
    def model(self) -> SavedModel:
        """By which model it answers."""
        return self._matching.model

    @property
    def kind(self) -> EntityKind:
        """Of what."""
        return self._matching.kind

    def find(self, arriving: Arriving, ports: Ports) -> Found:
        """Say who a record is; whoever is opened for it, the audit log was told before.

        Raises:
            StateMoved: somebody was joined or taken in each time that it was worked out.
            TypeError: the record is not of the kind that is matched so.

        """
        if arriving.kind is not self.kind:
            raise TypeError("a record is compared with those of its own kind")
        for _ in range(_TRIES):
            beside = self._beside(arriving, ports)
            if beside is None or is_shut_out(arriving, ports):
                return Found(record=RecordId(random_id()), known=False, taken_in=False)
            found = self._found(beside, ports)
            if found is not None:
                return found
        raise StateMoved

    def _beside(self, arriving: Arriving, ports: Ports) -> Beside | None:
        """Find who shares a key; None if the record is known and somebody who is being erased."""
        index = ports.indexes.source_key(arriving.source, self.kind).token_of(arriving.key)
        with ports.read_only() as session:
            self._counts = counts = commonness_of(session, self._yardstick.counted, self._counts)
            known = find_records(session, [index]).get(index)
            if known is not None and tombstones_among(session, [known]):
                return None
            mine = formed(arriving, known or RecordId(random_id()), self._matching)
            carried = carriers_of_each(session, mine.tokens, self.kind)
            few = carried_by_few(carried, mine.record)
            vain = in_vain(few, mine.alone)
            forms = few_forms_of(session, that_share(few, vain))
        near = that_share(still_carried(few, forms), vain)
        return Beside(mine, index, known is not None, forms, near, counts)

    def _found(self, beside: Beside, ports: Ports) -> Found | None:
        """Compare and cluster; None if somebody was joined or taken in meanwhile."""
        comparison = Comparison(self._yardstick, beside, ports)
        edges = comparison.first()
        with ports.read_only() as session:
            asked = closing_pairs(session, beside.mine.record, edges)
            if not asked:
                return self._decided(session, beside, edges)
        edges = comparison.second(asked) | edges
        with ports.read_only() as session:
            return self._decided(session, beside, edges)

    def _decided(self, session: Session, beside: Beside, edges: Edges) -> Found | None:
        self._counts = counts = commonness_of(session, self._yardstick.counted, self._counts)
        if counts.version != beside.counts.version:
            return None
        mine, model = beside.mine.record, self.model
        part = self._part(session, beside, edges)
        clusters, doubts = clustered(part, model)
        members = _members(session, unlike(part, clusters), None if beside.known else mine)
        groups = moved(part, clusters, members)
        elsewhere = {record for pair in edges for record in pair} - part.entity_of.keys()
        homes = homes_of(session, [RecordId(record) for record in sorted(elsewhere)])
        home = {record: EntityId(entity) for record, entity in part.entity_of.items()}
        home |= {move.record: move.to_entity for group in groups for move in group.moves}
        was = part.entity_of[mine]
        return Found(
            record=mine,
            known=beside.known,
            entity=home[mine] if beside.known or home[mine] != was else None,
            edges=_as_edges(mine, edges, home | dict(homes), model),
            homes=home | dict(homes),
            version=counts.version,
            moved=sum(len(group.moves) for group in groups) - (home[mine] != was),
            doubts=doubts,
        )

    def _part(self, session: Session, beside: Beside, edges: Edges) -> FewPart:
        """Read whom the record's arrival may move, itself among them, with the edges that there would be."""
        mine, bonds = beside.mine.record, {pair: each.bond for pair, each in edges.items()}
        arrived = Arrived(mine, beside.name, beside.mine.number, bonds)
        closing = {record for pair, each in edges.items() if each.closing for record in pair} - {mine}
        part = part_moved(session, closing, arrived, self.model)
        if part is None:
            part = self._whole_part(session, closing, arrived)
        part.entity_of.setdefault(mine, random_id())
        return part

    def _whole_part(self, session: Session, closing: Collection[bytes], arrived: Arrived) -> FewPart:
        """Read all that the record hangs together with, as a delivery does."""
        mine, model = arrived.record, self.model
        before = {each.pair: as_bond(each, model) for each in edges_beside(session, [mine])}
        seeds = {mine, *closing, *ends_of(arrived.bonds, model), *ends_of(before, model)}
        part = part_around(session, seeds, arrived.bonds, {mine}, model)
        there = part.entity_of.keys() | {mine}
        part.bonds |= {pair: bond for pair, bond in arrived.bonds.items() if there.issuperset(pair)}
        part.names[mine] = arrived.name
        part.numbers |= numbers_among(session, sorted(there - {mine})) | {mine: arrived.number}
        return part


def _members(session: Session, homes: Mapping[bytes, bytes], new: bytes | None) -> list[Member]:
    """Return who may move, with the entity that each was born with; the `new` record's is made after all others."""
    there = members_among(session, {record: entity for record, entity in homes.items() if record != new})
    return there if new is None or new not in homes else [*there, (new, homes[new], homes[new], _YOUNGEST)]


def _as_edges(mine: bytes, edges: Edges, home: Mapping[bytes, EntityId], model: SavedModel) -> list[Edge]:
    """Write a record's edges as the store gives them, the likeliest first."""
    own = [(pair, each.edge) for pair, each in edges.items() if mine in pair and home.keys() >= set(pair)]
    own.sort(key=lambda told: (-told[1].probability, -told[1].weight, told[0]))
    return [
        Edge(
            record=RecordId(one),
            other=RecordId(other),
            probability=edge.probability,
            weight=edge.weight,
            rule=edge.rule,
            levels=np.array(list(edge.levels.values()), dtype=np.int8).tobytes(),
            weights=edge.weights,
            model=model.digest,
            together=home[one] == home[other],
        )
        for (one, other), edge in own
    ]
