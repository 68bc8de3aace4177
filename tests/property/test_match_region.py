"""Whom changed records may move: what is followed from them is closed, and nobody else's cluster is another one."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from ingest.match.linkage import link
from ingest.pipeline.few_around import Arrivals, Home, closed_around
from ingest.pipeline.few_part import Bond, Pair
from tests.property.test_match_linkage import ROWS, Weights, edges_of, few, numbers, weights

if TYPE_CHECKING:
    from ingest.match.saved import SavedModel

homes = st.lists(st.integers(0, ROWS - 1), min_size=ROWS, max_size=ROWS)
changed = st.sets(st.integers(0, ROWS - 1), min_size=1, max_size=4)


@dataclass(frozen=True)
class Threshold:
    """All of a model that is asked here."""

    threshold: float


@dataclass(slots=True)
class InMemory(Home):
    """A home that is read from what a test says, a few records at a time."""

    told: Weights = field(default_factory=dict)
    ids: list[str | None] = field(default_factory=list)
    entities: list[int] = field(default_factory=list)

    def read(self) -> None:
        fresh = self.wanted - self.near.keys()
        bonds = {pair: bond for pair, bond in bonds_of(self.told).items() if fresh.intersection(pair)}
        entity_of = {record: bytes([100 + self.entities[record[0]]]) for record in fresh}
        self.near |= {record: {} for record in fresh}
        self.entity_of |= entity_of
        for entity in entity_of.values():
            self.mates[entity] = [bytes([row]) for row in range(ROWS) if self.entities[row] + 100 == entity[0]]
        for (one, other), bond in bonds.items():
            for record, beside in ((one, other), (other, one)):
                if record in fresh:
                    self.near[record][beside] = bond.probability
        met = fresh.union(*bonds)
        self.names |= {record: record for record in met}
        self.numbers |= {record: self.ids[record[0]] for record in met}
        self.wanted.clear()


def bonds_of(told: Weights) -> dict[Pair, Bond]:
    return {(bytes([a]), bytes([b])): Bond(p, ()) for (a, b), p in told.items()}


def groups(rows: set[int], told: Weights, ids: list[str | None], threshold: float) -> dict[int, set[int]]:
    inside = {pair: p for pair, p in told.items() if rows.issuperset(pair)}
    found = link(edges_of(inside), ids).clusters(threshold)
    return {row: {other for other in rows if found[other] == found[row]} for row in rows}


@given(st.tuples(*[st.one_of(weights, few)] * 2), changed, numbers, homes, st.sampled_from([0.0, 0.25, 0.5, 0.8]))
def test_whoever_is_not_followed_stays_with_whom_they_were(
    edges: tuple[Weights, Weights], rows: set[int], ids: list[str | None], entities: list[int], threshold: float
) -> None:
    told, new = edges
    fresh = {pair: p for pair, p in new.items() if rows.intersection(pair)}
    after = {pair: p for pair, p in told.items() if rows.isdisjoint(pair)} | fresh
    model = cast("SavedModel", Threshold(threshold))
    home = InMemory(cast("Session", None), model, told=told, ids=ids, entities=entities)
    records = [bytes([row]) for row in rows]
    found = {record[0] for record in closed_around(home, Arrivals(home, records, bonds_of(fresh)), records).records}
    everybody = set(range(ROWS))
    was, now = groups(everybody, told, ids, threshold), groups(everybody, after, ids, threshold)
    assert rows <= found
    assert all(was[row] == now[row] for row in everybody - found)
    assert groups(found, after, ids, threshold) == {row: now[row] for row in found}
    assert all((entities[row] == entities[other]) <= (other in found) for row in found for other in everybody)
