"""The part that one record is in, read, clustered and moved without a frame: for somebody who waits for the answer.

The steps are those of `ingest.pipeline.part` and `region`, and so is the answer; tests hold both equal. What is too
large or in doubt, or what people decided on, is clustered as it is there.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

import numpy as np
import polars as pl
from sqlmodel import Session

from ingest.identity.clustering import Member, Regrouping, moves_among
from ingest.match.chains import Number
from ingest.match.linkage import joins_from
from ingest.match.partition import partition_of_few
from ingest.match.saved import SavedModel
from ingest.match.suspicion import OWN
from ingest.pipeline.part import CLUSTER, EDGE, Part, partition_of
from ingest.store.match_decision import Verdict, decisions_of
from ingest.store.match_whole import names_of
from ingest.store.neighbour import StoredEdge, edges_beside, entities_around

_FEW: Final = 300
"""Records of a part that is clustered in a loop over its edges."""
Pair = tuple[bytes, bytes]
_HOME: Final = {"record": pl.Binary, "entity": pl.Binary}


@dataclass(frozen=True, slots=True)
class Bond:
    """What clusters are made and doubted by: how likely a pair is one, and its levels of `OWN`."""

    probability: float
    levels: tuple[int, ...]


@dataclass(slots=True)
class FewPart:
    """Connected records, complete: their edges, the entity of each, its checked number, and what people decided.

    `numbers` has who can be matched. `names` says in which order they are joined where it does not matter otherwise.
    """

    bonds: dict[Pair, Bond]
    entity_of: dict[bytes, bytes]
    decisions: dict[Pair, Verdict]
    names: dict[bytes, bytes] = field(default_factory=dict)
    numbers: dict[bytes, Number] = field(default_factory=dict)

    @property
    def records(self) -> list[bytes]:
        """All records, in the order of their names."""
        return sorted(self.entity_of, key=lambda record: (self.names.get(record, b""), record))


def bond_of(probability: float, levels: Mapping[str, int]) -> Bond:
    """Return what clusters need of an edge; what records are not compared by is absent (-1)."""
    return Bond(probability, tuple(levels.get(name, -1) for name in OWN))


def part_around(
    session: Session, seeds: Iterable[bytes], fresh: Mapping[Pair, Bond], replaced: Collection[bytes], model: SavedModel
) -> FewPart:
    """Read the parts that some records are in, with new edges; the stored ones of who is `replaced` do not count."""
    found: dict[bytes, bytes] = {}
    bonds, told = dict(fresh), dict[Pair, Verdict]()
    frontier, gone = set(seeds), set(replaced)
    while near := _not_yet(session, frontier, found):
        found |= near
        stored = edges_beside(session, sorted(near))
        read = {each.pair: as_bond(each, model) for each in stored if not gone.intersection(each.pair)}
        decided = decisions_of(session, sorted(near))
        bonds, told = read | bonds, told | decided
        frontier = {*ends_of(read, model), *chain.from_iterable(decided)}
    inside = {pair: bond for pair, bond in bonds.items() if pair[0] in found and pair[1] in found}
    return FewPart(inside, found, told, names_of(session, sorted(found)) if len(found) > 1 else {})


def ends_of(bonds: Mapping[Pair, Bond], model: SavedModel) -> set[bytes]:
    """Return who hangs together by some edges."""
    least = joins_from(model.threshold)
    return {record for pair, bond in bonds.items() if bond.probability >= least for record in pair}


def _not_yet(session: Session, records: Collection[bytes], found: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    fresh = set(records) - found.keys()
    around = entities_around(session, fresh) if fresh else {}
    return {record: entity for record, entity in around.items() if record not in found}


def as_bond(edge: StoredEdge, model: SavedModel) -> Bond:
    """Read a stored edge; the levels of another model say nothing."""
    if edge.model != model.digest:
        return bond_of(edge.probability, {})
    levels = np.frombuffer(edge.levels, dtype=np.int8).tolist()
    return bond_of(edge.probability, dict(zip(model.model.names, levels, strict=True)))


def clustered(part: FewPart, model: SavedModel) -> tuple[dict[bytes, bytes], list[str]]:
    """Return the cluster of each record, named by one of its records, and why anything of it is doubted."""
    records = part.records
    found = None
    if len(records) <= _FEW and not part.decisions:
        rows = {record: row for row, record in enumerate(records)}
        ends = ((sorted((rows[one], rows[other])), bond) for (one, other), bond in part.bonds.items())
        edges = sorted((left, right, bond.probability, bond.levels) for (left, right), bond in ends)
        numbers = [None if (told := part.numbers.get(record)) is None else str(told) for record in records]
        found = partition_of_few(edges, numbers, model.threshold)
    if found is None:
        found = partition_of(_in_frames(part, records), model)
    return {record: records[row] for record, row in zip(records, found.clusters, strict=True)}, sorted(
        set(found.doubts["reason"])
    )


def _in_frames(part: FewPart, records: Sequence[bytes]) -> Part:
    edges = [(*pair, bond.probability, *bond.levels) for pair, bond in part.bonds.items()]
    homes = [(record, part.entity_of[record]) for record in records]
    return Part(
        edges=pl.DataFrame(edges, schema=EDGE, orient="row").sort("record", "other"),
        members=pl.DataFrame(homes, schema=_HOME, orient="row"),
        numbers=part.numbers,
        decisions=part.decisions,
    )


def unlike(part: FewPart, clusters: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return the entity of each record of an entity that is not a cluster, or of a cluster that is not an entity."""
    of_entity, of_cluster = defaultdict[bytes, set[bytes]](set), defaultdict[bytes, set[bytes]](set)
    for record, entity in part.entity_of.items():
        of_entity[entity].add(clusters[record])
        of_cluster[clusters[record]].add(entity)
    return {
        record: entity
        for record, entity in part.entity_of.items()
        if len(of_entity[entity]) > 1 or len(of_cluster[clusters[record]]) > 1
    }


def moved(part: FewPart, clusters: Mapping[bytes, bytes], members: Sequence[Member]) -> list[Regrouping]:
    """Say who of some members moves if records are clustered so."""
    together: defaultdict[tuple[str, bytes], list[bytes]] = defaultdict(list)
    for record, *_ in members:
        together[CLUSTER, clusters[record]].append(record)
    several = {token: records for token, records in together.items() if len(records) > 1}
    kept = {entity for record, entity, *_ in members if record not in part.numbers}
    corrected = {record for record, entity, *_ in members if entity not in kept}
    return moves_among(several, members, corrected=corrected).regroupings
