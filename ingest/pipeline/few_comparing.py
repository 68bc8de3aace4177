"""Comparisons of one record with those who share a key with it, without a frame: for somebody who waits for them.

The steps are those of `ingest.pipeline.comparing`, and so are the edges: tests hold both equal.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from sqlmodel import Session

from ingest.match.candidates import LARGEST_BLOCK
from ingest.match.condition import Row
from ingest.match.few_edges import FewEdge, FewEdges
from ingest.match.kinds import COMPARABLE, Comparable
from ingest.match.linkage import LEAST
from ingest.match.rarity import Usual, usual_shares
from ingest.match.whole import LEAST_KEPT
from ingest.pipeline.arriving import Formed, comparable_rows
from ingest.pipeline.commonness import Commonness
from ingest.pipeline.comparing import LARGEST_CIRCLE
from ingest.pipeline.few_part import Bond, Pair, bond_of
from ingest.pipeline.opening import open_documents
from ingest.pipeline.ports import Indexes, Matching, Ports
from ingest.store.match_form import FewForm, few_forms_of
from ingest.store.neighbour import edges_beside
from privacy.terms import RecordId

_WHY: Final = "lookup"


@dataclass(frozen=True, slots=True)
class Beside:
    """The record and its keyed name, and those who share a key with it that few carry.

    `forms` are of all whom tokens name for comparing; `near` are those of them who still have what they share.
    """

    mine: Formed
    name: bytes
    known: bool
    forms: Mapping[bytes, FewForm]
    near: Sequence[bytes]
    counts: Commonness


@dataclass(frozen=True, slots=True)
class Compared:
    """An edge as it would be written; `closing` as `match_edge` keeps it."""

    edge: FewEdge
    closing: bool

    @property
    def bond(self) -> Bond:
        """What clusters are made of."""
        return bond_of(self.edge.probability, self.edge.levels)


Edges = dict[Pair, Compared]


@dataclass(frozen=True, slots=True)
class Yardstick:
    """By what records are compared, read once for all who ask; nobody's values.

    `counted` says of each column whose rarity is usual what counts know it by.
    """

    edges: FewEdges
    usual: Mapping[str, Usual]
    counted: Mapping[str, str]
    indexes: Indexes
    read: Comparable

    @classmethod
    def of(cls, matching: Matching) -> "Yardstick":
        """Read a model."""
        model = matching.model
        usual = usual_shares(model.spec, model.model)
        counted = {column: matching.named(column) for column in usual}
        return cls(FewEdges(model), usual, counted, matching.indexes, COMPARABLE[matching.kind])

    def edges_of(self, rows: Mapping[bytes, Row], pairs: Sequence[Pair], beside: Beside) -> list[FewEdge]:
        """Compare pairs of records, whose rows are in order; one of whom one cannot be opened any more is left out."""
        row_of = {record: row for row, record in enumerate(rows)}
        asked = sorted((row_of[one], row_of[other]) for one, other in pairs if one in row_of and other in row_of)
        told = list(rows.values())
        return self.edges.edges_of(
            told, asked, beside.counts.rarities(told, beside.mine.values, self.indexes, self.usual)
        )


class Comparison:
    """The comparisons of one record; opens each of the others once."""

    def __init__(self, yardstick: Yardstick, beside: Beside, ports: Ports) -> None:
        self._yardstick = yardstick
        self._beside = beside
        self._ports = ports
        self._rows: dict[bytes, Row] = {beside.mine.record: beside.mine.values}

    def first(self) -> Edges:
        """Compare the record with its candidates."""
        mine = self._beside.mine.record
        pairs = [(min(mine, other), max(mine, other)) for other in self._beside.near]
        return self._scored(pairs, LEAST, closing=False)

    def second(self, asked: Sequence[Pair]) -> Edges:
        """Compare those to whom a new link gives a neighbour in common."""
        return self._scored(asked, LEAST_KEPT, closing=True)

    def _scored(self, pairs: Sequence[Pair], least: float, *, closing: bool) -> Edges:
        fresh = sorted({record for pair in pairs for record in pair} - self._rows.keys())
        if fresh:
            self._open(fresh)
        records = list(self._rows)
        found = self._yardstick.edges_of(self._rows, pairs, self._beside)
        return {
            (records[each.left], records[each.right]): Compared(each, closing)
            for each in found
            if each.probability >= least or each.weight >= 0
        }

    def _open(self, fresh: Sequence[bytes]) -> None:
        missing = [record for record in fresh if record not in self._beside.forms]
        forms = self._beside.forms
        if missing:
            with self._ports.read_only() as session:
                forms = {**forms, **few_forms_of(session, missing)}
        opened = open_documents([RecordId(record) for record in fresh], self._ports, why=_WHY)
        read = self._yardstick.read
        given = [_given(document, forms.get(record), read) for record, document in opened.items()]
        rows = self._rows | dict(zip(opened, comparable_rows(given, read), strict=True))
        self._rows = dict(sorted(rows.items()))


def closing_pairs(session: Session, mine: bytes, first: Edges) -> list[Pair]:
    """List the pairs not compared yet of whom each is linked to a third, by a new link one of them."""
    linked = [pair for pair, each in first.items() if each.edge.weight >= 0]
    stored = edges_beside(session, sorted({record for pair in linked for record in pair}))
    old = [each for each in stored if mine not in each.pair]
    links = [each.pair for each in old if each.weight >= 0 and not each.closing]
    near: defaultdict[bytes, list[tuple[bytes, bool]]] = defaultdict(list)
    for one, other, new in [*((*pair, True) for pair in linked), *((*pair, False) for pair in links)]:
        near[one].append((other, new))
        near[other].append((one, new))
    asked = {
        (min(one, other), max(one, other))
        for neighbours in near.values()
        if len(neighbours) <= LARGEST_CIRCLE
        for (one, new), (other, new_too) in combinations(neighbours, 2)
        if new or new_too
    }
    return sorted(asked - first.keys() - {each.pair for each in old})


def carried_by_few(carried: Mapping[int, Collection[bytes]], mine: bytes) -> dict[int, set[bytes]]:
    """Return the others who carry each token that few enough carry, the record itself among them."""
    others = {token: set(held) - {mine} for token, held in carried.items()}
    return {token: held for token, held in others.items() if len(held) < LARGEST_BLOCK}


def still_carried(few: Mapping[int, Collection[bytes]], forms: Mapping[bytes, FewForm]) -> dict[int, set[bytes]]:
    """Leave out who has a token no longer."""
    return {
        token: {record for record in held if record in forms and token in forms[record].tokens}
        for token, held in few.items()
    }


def in_vain(few: Mapping[int, Collection[bytes]], alone: Mapping[int, int]) -> set[int]:
    """Name the tokens that make no pair by themselves: more carry them than may, the record itself among them."""
    return {token for token, held in few.items() if len(held) + 1 > alone.get(token, LARGEST_BLOCK)}


def that_share(few: Mapping[int, Collection[bytes]], vain: Collection[int]) -> list[bytes]:
    """Name those who carry a token that is not in vain, or several."""
    shared = Counter(record for held in few.values() for record in held)
    return sorted({record for token, held in few.items() for record in held if shared[record] > 1 or token not in vain})


def _as_text(value: Any) -> str | None:  # noqa: ANN401 - a value of JSON
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _given(document: bytes, form: FewForm | None, read: Comparable) -> dict[str, str | None]:
    """Read an opened document; a row without a country is read by that of its form."""
    told = json.loads(document)
    given = {name: _as_text(told.get(name)) for name in read.attributes}
    source, country = (None, None) if form is None else (form.source, form.country)
    return given | {"source": source, "country": given["country"] or country}
