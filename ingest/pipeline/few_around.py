"""Those whom records may move, found from them step by step: clusters by chains, not parts, which may be huge.

A record changes its own cluster, those that its members leave, and so on from whoever is left. So followed are
clusters with the changed records and without them, and entities, until they close. Each is a whole cluster of the part
(`ingest.match.chains`), so together they are clustered as there. Where people decided anything, or a cluster may be
out of proportion (which is measured in its part), the part has to be read.

Whoever is asked for and was not read yet waits until all the others have gone as far as they can: then those who are
waited for are read at once.
"""

from collections import defaultdict
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
from ingest.store.neighbour import edges_beside, entities_around, names_and_numbers

_AHEAD: Final = 30
"""Neighbours that are read beside one record who is asked for: most are asked for next."""
_MOST: Final = 3_000
"""Records beyond which a part might as well be read."""


class DecidedOn(Exception):
    """People decided on somebody who was met."""


class _NotRead(Exception):
    """Somebody is waited for."""


@dataclass(slots=True)
class Home:
    """What has been read of a home: edges of whom `entity_of` names, names and numbers of whoever was met."""

    session: Session
    model: SavedModel
    ahead: int = 0
    bonds: dict[Pair, Bond] = field(default_factory=dict)
    near: dict[bytes, dict[bytes, float]] = field(default_factory=dict)
    entity_of: dict[bytes, bytes] = field(default_factory=dict)
    names: dict[bytes, bytes] = field(default_factory=dict)
    numbers: dict[bytes, Number] = field(default_factory=dict)
    mates: defaultdict[bytes, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    wanted: set[bytes] = field(default_factory=set)
    waiting: set[bytes] = field(default_factory=set)

    def edges(self, record: bytes) -> Mapping[bytes, float]:
        """Return a record's edges."""
        known = self.near.get(record)
        if known is None:
            self.wanted.add(record)
            raise _NotRead
        return known

    def meet(self, records: Collection[bytes]) -> None:
        """Make sure that names and numbers are known."""
        unknown = [record for record in records if record not in self.names]
        if unknown:
            self.wanted.update(unknown)
            raise _NotRead
        self.waiting = set(records) or self.waiting

    def number(self, record: bytes) -> Number:
        """Return a record's checked number."""
        return self.numbers.get(record)

    def name(self, record: bytes) -> bytes:
        """Return a record's name."""
        return self.names[record]

    def read(self) -> None:
        """Read the edges of whoever is waited for, and of whoever is one with them."""
        asked = [*self.wanted, *sorted(self.waiting - self.near.keys())[: self.ahead]]
        around = entities_around(self.session, asked)
        fresh = sorted({*around, *asked} - self.near.keys())
        if decisions_of(self.session, fresh):
            raise DecidedOn
        read = {each.pair: as_bond(each, self.model) for each in edges_beside(self.session, fresh)}
        self.take_in({record: around.get(record) for record in fresh}, read)
        self.wanted.clear()

    def take_in(self, homes: Mapping[bytes, bytes | None], read: Mapping[Pair, Bond]) -> None:
        """Take in records, each with its entity, and all their edges."""
        for record, entity in homes.items():
            self.near[record] = {}
            if entity is not None:
                self.entity_of[record] = entity
                self.mates[entity].append(record)
        self.bonds |= read
        for pair, bond in read.items():
            for one, other in (pair, pair[::-1]):
                if one in homes:
                    self.near[one][other] = bond.probability
        met = sorted({*homes, *ends_of(read, self.model)} - self.names.keys())
        names, numbers = names_and_numbers(self.session, met)
        self.names |= dict.fromkeys(met, b"") | names
        self.numbers |= numbers


class Arrivals:
    """A home as it would be with records that arrive, whose edges take the place of those that they had.

    `names` and `numbers` are of those whom the home does not know so.
    """

    def __init__(self, home: Home, replaced: Collection[bytes], bonds: Mapping[Pair, Bond]) -> None:
        self._home = home
        self._replaced = frozenset(replaced)
        self._fresh: defaultdict[bytes, dict[bytes, float]] = defaultdict(dict)
        self.names: dict[bytes, bytes] = {}
        self.numbers: dict[bytes, Number] = {}
        for pair, bond in bonds.items():
            for one, other in (pair, pair[::-1]):
                self._fresh[one][other] = bond.probability

    def edges(self, record: bytes) -> Mapping[bytes, float]:
        """Return a record's edges as they would be."""
        fresh = self._fresh.get(record, {})
        stored = {} if record in self.names else self._home.edges(record)
        if record in self._replaced:
            return fresh
        if not fresh and self._replaced.isdisjoint(stored):
            return stored
        return {other: p for other, p in stored.items() if other not in self._replaced} | fresh

    def meet(self, records: Collection[bytes]) -> None:
        """Make sure that names and numbers are known."""
        self._home.meet([record for record in records if record not in self.names])

    def number(self, record: bytes) -> Number:
        """Return a record's checked number as it would be."""
        return self.numbers[record] if record in self.numbers else self._home.number(record)

    def name(self, record: bytes) -> bytes:
        """Return a record's name."""
        return self.names[record] if record in self.names else self._home.name(record)


@dataclass(frozen=True, slots=True)
class Closed:
    """Records that are whole clusters and whole entities, and how many the largest cluster has."""

    records: Collection[bytes]
    largest: int


def closed_around(home: Home, arrivals: Arrivals, seeds: Iterable[bytes], *, most: int | None = None) -> Closed:
    """Follow clusters before and after, and entities, from some records; not beyond `most` records.

    Raises:
        DecidedOn: people decided on somebody whom this leads to.

    """
    before, after = Chains(home, home.model.threshold), Chains(arrivals, home.model.threshold)
    found: set[bytes] = set()
    due, largest = list(seeds), 0
    while due and (most is None or len(found) <= most):
        later = []
        while due:
            record = due.pop()
            if record in found:
                continue
            try:
                mates = after.cluster_of(record)
                home.edges(record)
                entity = home.entity_of.get(record)
                beside = [] if entity is None else [*home.mates[entity], *before.cluster_of(record)]
            except _NotRead:
                later.append(record)
                continue
            found.add(record)
            largest = max(largest, len(mates))
            due += chain(mates, beside)
        if later:
            home.read()
        due = later
    return Closed(found, largest)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A record with its edges, which take the place of those that it had."""

    record: bytes
    name: bytes
    number: int | None
    bonds: Mapping[Pair, Bond]


def part_moved(session: Session, seeds: Iterable[bytes], arrived: Arrived, model: SavedModel) -> FewPart | None:
    """Read the clusters that change if a record arrives, closed by entities; None if the whole part has to be read.

    `seeds` are records of two that were there before and whose edge is new.
    """
    mine, home = arrived.record, Home(session, model, ahead=_AHEAD)
    arrivals = Arrivals(home, {mine}, arrived.bonds)
    arrivals.names[mine], arrivals.numbers[mine] = arrived.name, arrived.number
    try:
        found = closed_around(home, arrivals, [mine, *seeds], most=_MOST)
    except DecidedOn:
        return None
    if len(found.records) > _MOST or found.largest > LARGE:
        return None
    entity_of = {record: home.entity_of[record] for record in found.records if record in home.entity_of}
    there = entity_of.keys() | {mine}
    stored = {pair: bond for pair, bond in home.bonds.items() if mine not in pair}
    return FewPart(
        {pair: bond for pair, bond in (stored | dict(arrived.bonds)).items() if there.issuperset(pair)},
        entity_of,
        {},
        {record: home.names[record] for record in found.records if record in home.names} | {mine: arrived.name},
        {record: number for record, number in home.numbers.items() if record in found.records} | {mine: arrived.number},
    )
