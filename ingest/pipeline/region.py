"""The records that changes may move, read with all that decides about them: small parts whole, large ones by chains.

A part is what entities, people's decisions and edges hang together by, of the edges those that may join somebody
(`linkage.joins_from`): the others lead to ever more records and never join one. Nearly all parts are a handful of
records, read and joined many at once. The largest of a million holds a tenth of everybody: of such a one only the
clusters are read that may change (`ingest.pipeline.few_around`), unless people decided on somebody in it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

import polars as pl
from sqlmodel import Session

from ingest.identity.clustering import Regrouping
from ingest.match.linkage import joins_from
from ingest.match.saved import SavedModel
from ingest.match.suspicion import LARGE
from ingest.pipeline.few_around import Arrivals, DecidedOn, Home, closed_around
from ingest.pipeline.few_part import Bond, Pair
from ingest.pipeline.part import EDGE, Part, as_compared, moves_for, unlike
from ingest.store import identity
from ingest.store.match_decision import Verdict, decisions_of
from ingest.store.match_edge import edges_near
from ingest.store.neighbour import entities_around, names_and_numbers

_HOME: Final = {"record": pl.Binary, "entity": pl.Binary}
_SMALL: Final = 24
"""Records up to which a part is read on."""
_MANY: Final = 1_000
"""Records of large parts from which on they say themselves what size of a cluster is usual there."""


@dataclass(frozen=True)
class Fresh:
    """New edges, and the records whose stored ones they take the place of."""

    edges: pl.DataFrame
    replaced: Collection[bytes]


@dataclass(frozen=True)
class _Bound:
    """What hangs together: the entity of each record, the edges, and what people decided."""

    entity_of: Mapping[bytes, bytes]
    edges: pl.DataFrame
    decided: Mapping[Pair, Verdict]

    def without_the_lone(self, model: SavedModel) -> "_Bound":
        """Leave out whoever is alone and stays it: nearly everybody in a first delivery."""
        linked, sizes = ends_of(self.edges, model).union(*self.decided), Counter(self.entity_of.values())
        kept = {record: home for record, home in self.entity_of.items() if record in linked or sizes[home] > 1}
        return replace(self, entity_of=kept)


def part_of(session: Session, records: Iterable[bytes], model: SavedModel) -> Part:
    """Read the parts that some records are in, as they are stored."""
    reading = _Reading(session, Fresh(pl.DataFrame(schema=EDGE), ()), model)
    reading.grow(records)
    return _part(session, reading.bound())


def part_touched(
    session: Session, changed: Collection[bytes], beside: Iterable[bytes], fresh: Fresh, model: SavedModel
) -> Part:
    """Read whom new edges may move.

    Args:
        session: a snapshot.
        changed: records whose edges are other ones than before.
        beside: records that hang together with them, or did before.
        fresh: the new edges.
        model: by which records are joined.

    """
    reading, seeds = _Reading(session, fresh, model, most=_SMALL), {*changed, *beside}
    reading.grow(seeds)
    bound = _by_chains(reading, changed)
    if bound is None:
        reading = _Reading(session, fresh, model)
        reading.grow(seeds)
        bound = reading.bound()
    return _part(session, bound.without_the_lone(model))


def regrouped(session: Session, part: Part, model: SavedModel) -> list[Regrouping]:
    """Cluster a part, and say who moves."""
    clustered = unlike(part, model)
    members = identity.members_frame(session, dict(clustered.select("record", "entity").iter_rows()))
    return moves_for(clustered, members, part)


def ends_of(edges: pl.DataFrame, model: SavedModel) -> set[bytes]:
    """Return who hangs together by some edges."""
    likely = edges.filter(pl.col("probability") >= joins_from(model.threshold))
    return {*likely["record"], *likely["other"]}


@dataclass(slots=True)
class _Parts:
    """Which records hang together, and how many they are."""

    above: dict[bytes, bytes] = field(default_factory=dict)
    sizes: dict[bytes, int] = field(default_factory=dict)

    def root(self, record: bytes) -> bytes:
        while (above := self.above.setdefault(record, record)) != record:
            self.above[record] = record = self.above[above]
        return record

    def size(self, record: bytes) -> int:
        return self.sizes.get(self.root(record), 1)

    def gather(self, entity: bytes, record: bytes) -> None:
        """Let a record hang together with its entity, which is none."""
        if entity not in self.above:
            self.sizes[entity] = 0
        self.join(entity, record)

    def join(self, one: bytes, other: bytes) -> None:
        kept, gone = self.root(one), self.root(other)
        if kept != gone:
            if self.sizes.get(kept, 1) < self.sizes.get(gone, 1):
                kept, gone = gone, kept
            self.above[gone] = kept
            self.sizes[kept] = self.sizes.get(kept, 1) + self.sizes.pop(gone, 1)


@dataclass(slots=True)
class _Reading:
    """Parts while they are read, step by step; one that grows beyond `most` records stays `open`."""

    session: Session
    fresh: Fresh
    model: SavedModel
    most: int | None = None
    entity_of: dict[bytes, bytes] = field(default_factory=dict)
    stored: list[pl.DataFrame] = field(default_factory=list)
    decided: dict[Pair, Verdict] = field(default_factory=dict)
    beyond: set[bytes] = field(default_factory=set)
    parts: _Parts = field(default_factory=_Parts)

    def grow(self, records: Iterable[bytes]) -> None:
        """Read the parts of some records."""
        frontier = set(records)
        self._hang_together(self.fresh.edges)
        while frontier:
            around = entities_around(self.session, frontier)
            near = {record: entity for record, entity in around.items() if record not in self.entity_of}
            self.entity_of |= near
            for record, entity in near.items():
                self.parts.gather(entity, record)
            read = as_compared(edges_near(self.session, sorted(near)), self.model)
            self.stored.append(read)
            decided = decisions_of(self.session, sorted(near))
            self.decided |= decided
            for one, other in decided:
                self.parts.join(one, other)
            told = set[bytes]().union(*decided)
            frontier = (self._hang_together(self._standing(read)) | told) - self.entity_of.keys()
            if self.most is not None:
                large = {record for record in frontier if self.parts.size(record) > self.most}
                self.beyond |= large
                frontier -= large

    def _hang_together(self, edges: pl.DataFrame) -> set[bytes]:
        likely = edges.filter(pl.col("probability") >= joins_from(self.model.threshold))
        for one, other in likely.select("record", "other").iter_rows():
            self.parts.join(one, other)
        return {*likely["record"], *likely["other"]}

    def _standing(self, edges: pl.DataFrame) -> pl.DataFrame:
        """Leave out the edges that new ones take the place of."""
        replaced = pl.Series(list(self.fresh.replaced), dtype=pl.Binary).implode()
        return edges.filter(~pl.col("record").is_in(replaced) & ~pl.col("other").is_in(replaced))

    def left_open(self) -> set[bytes]:
        """Return the records that were read of parts that go on."""
        roots = {self.parts.root(record) for record in self.beyond - self.entity_of.keys()}
        return {record for record in self.entity_of if self.parts.root(record) in roots} if roots else set()

    def edges(self) -> pl.DataFrame:
        """Return all edges as they will stand."""
        standing = self._standing(pl.concat(self.stored)) if self.stored else self.fresh.edges.clear()
        return pl.concat([self.fresh.edges, standing]).unique(["record", "other"]).sort("record", "other")

    def bound(self) -> _Bound:
        """Return all that was read."""
        return _Bound(self.entity_of, self.edges(), self.decided)


def _by_chains(reading: _Reading, changed: Collection[bytes]) -> _Bound | None:
    """Put in place of the parts that were left open those of them who may move; None if they have to be read whole."""
    inside = reading.left_open()
    if not inside:
        return reading.bound()
    if not inside.isdisjoint(chain.from_iterable(reading.decided)):
        return None
    home = _home(reading, inside)
    arrivals = Arrivals(home, reading.fresh.replaced, dict(_bonds(reading.fresh.edges)))
    try:
        found = closed_around(home, arrivals, sorted(inside.intersection(changed)))
    except DecidedOn:
        return None
    if found.largest > LARGE and len(found.records) < _MANY:
        return None
    entity_of = {record: home.entity_of[record] for record in found.records if record in home.entity_of}
    entity_of |= {record: entity for record, entity in reading.entity_of.items() if record not in inside}
    replaced = set(reading.fresh.replaced)
    rows = [(*pair, bond.probability, *bond.levels) for pair, bond in home.bonds.items() if replaced.isdisjoint(pair)]
    edges = pl.concat([reading.edges(), pl.DataFrame(rows, schema=EDGE, orient="row")])
    return _Bound(entity_of, edges.unique(["record", "other"]).sort("record", "other"), reading.decided)


def _home(reading: _Reading, inside: Collection[bytes]) -> Home:
    """Go on from what was read of some records."""
    home = Home(reading.session, reading.model)
    among = pl.Series(sorted(inside), dtype=pl.Binary).implode()
    stored = pl.concat(reading.stored).filter(pl.col("record").is_in(among) | pl.col("other").is_in(among))
    home.take_in({record: reading.entity_of[record] for record in inside}, dict(_bonds(stored)))
    return home


def _bonds(edges: pl.DataFrame) -> Iterator[tuple[Pair, Bond]]:
    """Read edges row by row: of the few in large parts."""
    for one, other, probability, *levels in edges.select(*EDGE).iter_rows():
        yield (one, other), Bond(probability, tuple(levels))


def _part(session: Session, bound: _Bound) -> Part:
    whole = sorted(bound.entity_of)
    inside = pl.Series(whole, dtype=pl.Binary).implode()
    names, numbers = names_and_numbers(session, whole)
    ordered = sorted(whole, key=lambda record: (names.get(record, b""), record))
    return Part(
        edges=bound.edges.filter(pl.col("record").is_in(inside) & pl.col("other").is_in(inside)),
        members=pl.DataFrame(
            {"record": ordered, "entity": [bound.entity_of[record] for record in ordered]}, schema=_HOME
        ),
        numbers=numbers,
        decisions=bound.decided,
    )
