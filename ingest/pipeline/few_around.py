"""Those whom one record may move, found from it step by step: clusters by chains, not parts, which may be huge.

A record changes its own cluster, those that its members leave, and so on from whoever is left. So followed are
clusters with the record and without it, and entities, until they close. Each is a whole cluster of the part
(`ingest.match.chains`), so together they are clustered as there. Where people decided anything, or a cluster may be
out of proportion (which is measured in its part), the part has to be read: None.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from sqlmodel import Session

from ingest.match.chains import Chains, Number
from ingest.match.saved import SavedModel
from ingest.match.suspicion import LARGE
from ingest.pipeline.few_part import Bond, FewPart, Pair, as_bond, ends_of
from ingest.store.match_decision import decisions_of
from ingest.store.match_serving import serving_version
from ingest.store.match_whole import names_of
from ingest.store.neighbour import edges_beside, entities_around, numbers_among

_AT_ONCE: Final = 30
_MOST: Final = 3_000
"""Records beyond which a part might as well be read."""


class _DecidedOn(Exception):
    """People decided on somebody who was met."""


@dataclass(slots=True)
class _Home:
    """What has been read of a home: edges of whom `entity_of` names, names and numbers of whoever was met."""

    session: Session
    model: SavedModel
    serving: tuple[int, int]
    bonds: dict[Pair, Bond] = field(default_factory=dict)
    near: dict[bytes, dict[bytes, float]] = field(default_factory=dict)
    entity_of: dict[bytes, bytes] = field(default_factory=dict)
    names: dict[bytes, bytes] = field(default_factory=dict)
    numbers: dict[bytes, Number] = field(default_factory=dict)
    waiting: set[bytes] = field(default_factory=set)

    def edges(self, record: bytes) -> Mapping[bytes, float]:
        if record not in self.near:
            self._read([record, *sorted(self.waiting - self.near.keys())[:_AT_ONCE]])
        return self.near[record]

    def _read(self, records: Collection[bytes]) -> None:
        """Read the edges of some records and of whoever is one with them."""
        around = entities_around(self.session, records)
        fresh = sorted({*around, *records} - self.near.keys())
        if decisions_of(self.session, fresh):
            raise _DecidedOn
        self.entity_of |= around
        self.near |= {record: {} for record in fresh}
        read = {each.pair: as_bond(each, self.model) for each in edges_beside(self.session, fresh)}
        self.bonds |= read
        for pair, bond in read.items():
            for one, other in (pair, pair[::-1]):
                if one in self.near:
                    self.near[one][other] = bond.probability
        self.meet({*fresh, *ends_of(read, self.model)})

    def meet(self, records: Collection[bytes]) -> None:
        fresh = sorted(set(records) - self.names.keys())
        if fresh:
            self.names |= dict.fromkeys(fresh, b"") | names_of(self.session, fresh)
            self.numbers |= numbers_among(self.session, fresh, self.serving)
        self.waiting = set(records) or self.waiting

    def number(self, record: bytes) -> Number:
        return self.numbers.get(record)

    def name(self, record: bytes) -> bytes:
        return self.names[record]


@dataclass(frozen=True, slots=True)
class Arrived:
    """A record with its edges, which take the place of those that it had."""

    record: bytes
    name: bytes
    number: int | None
    bonds: Mapping[Pair, Bond]


@dataclass(slots=True)
class _WithIt:
    """A home as it would be with the record."""

    home: _Home
    arrived: Arrived
    fresh: dict[bytes, dict[bytes, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for pair, bond in self.arrived.bonds.items():
            for one, other in (pair, pair[::-1]):
                self.fresh.setdefault(one, {})[other] = bond.probability

    def edges(self, record: bytes) -> Mapping[bytes, float]:
        mine = self.arrived.record
        stored = {} if record == mine else self.home.edges(record)
        return {other: p for other, p in stored.items() if other != mine} | self.fresh.get(record, {})

    def meet(self, records: Collection[bytes]) -> None:
        self.home.meet([record for record in records if record != self.arrived.record])

    def number(self, record: bytes) -> Number:
        return self.arrived.number if record == self.arrived.record else self.home.number(record)

    def name(self, record: bytes) -> bytes:
        return self.arrived.name if record == self.arrived.record else self.home.name(record)


def part_moved(session: Session, seeds: Iterable[bytes], arrived: Arrived, model: SavedModel) -> FewPart | None:
    """Read the clusters that change if a record arrives, closed by entities; None if the whole part has to be read.

    `seeds` are records of two that were there before and whose edge is new.
    """
    home = _Home(session, model, serving_version(session))
    chains = Chains(home, model.threshold), Chains(_WithIt(home, arrived), model.threshold)
    try:
        found = _closed(home, chains, [arrived.record, *seeds])
    except _DecidedOn:
        return None
    mine = arrived.record
    sizes = Counter(chains[1].cluster_of(record)[0] for record in found or ())
    if found is None or max(sizes.values()) > LARGE:
        return None
    entity_of = {record: entity for record, entity in home.entity_of.items() if record in found}
    there = entity_of.keys() | {mine}
    stored = {pair: bond for pair, bond in home.bonds.items() if mine not in pair}
    return FewPart(
        {pair: bond for pair, bond in (stored | dict(arrived.bonds)).items() if there.issuperset(pair)},
        entity_of,
        {},
        {record: home.names[record] for record in found if record in home.names} | {mine: arrived.name},
        {record: number for record, number in home.numbers.items() if record in found} | {mine: arrived.number},
    )


def _closed(home: _Home, chains: tuple[Chains, Chains], seeds: Iterable[bytes]) -> set[bytes] | None:
    """Follow clusters before and after, and entities, from some records; None if there is no end of it."""
    found: set[bytes] = set()
    due = list(seeds)
    while due:
        record = due.pop()
        if record in found:
            continue
        found.add(record)
        if len(found) > _MOST:
            return None
        after = chains[1].cluster_of(record)
        home.edges(record)
        mates: list[bytes] = []
        if record in home.entity_of:
            entity = home.entity_of[record]
            mates = [other for other, its in home.entity_of.items() if its == entity]
            mates += chains[0].cluster_of(record)
        due += chain(after, mates)
    return found
