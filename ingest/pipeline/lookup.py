"""Who a record is that somebody is about to deliver: what settling a delivery of it alone would decide, and no change.

For a shop's till or a service desk that cannot wait for the next delivery. The way is that of `comparing` and
`resolving`, step by step, for one record: candidates by its tokens, opened in memory for an audited act; levels and
weights; pairs that a new link gives a neighbour in common; the part that all this touches, clustered anew. Nothing is
written but the audit log, so the delivery that brings the record later decides for itself (ADR 0061), and a test holds
both to the same answer.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Final

import polars as pl
from sqlmodel import Session

from ingest.errors import StateMoved
from ingest.identity.clustering import Regrouping
from ingest.match.candidates import LARGEST_BLOCK
from ingest.match.edges import weighed
from ingest.match.few_pairs import FewPairs
from ingest.match.linkage import LEAST
from ingest.match.rarity import usual_shares
from ingest.match.saved import SavedModel
from ingest.match.whole import LEAST_KEPT, believed, kept
from ingest.pipeline.arriving import Arriving, Formed, formed
from ingest.pipeline.commonness import Commonness, commonness_of
from ingest.pipeline.comparing import LARGEST_CIRCLE, comparable
from ingest.pipeline.edging import edge_columns
from ingest.pipeline.opening import open_documents
from ingest.pipeline.ports import Matching, Ports
from ingest.pipeline.resolving import Fresh, Part, as_joined, connected, moved_by, partition_of, seeds_of
from ingest.pipeline.shut_out import is_shut_out
from ingest.store.identity import homes_of
from ingest.store.match_edge import Edge, edges_near
from ingest.store.match_form import carriers_of_each, forms_of, tokens_of
from ingest.store.match_whole import names_among
from ingest.store.record import find_records
from privacy.store.erasure import tombstones_among
from privacy.terms import EntityId, RecordId, random_id

_WHY: Final = "lookup"
_TRIES: Final = 4
_YOUNGEST: Final = 2**62
"""When the entity of a record that is not there yet was made: after all that are."""
_MEMBER: Final = {"record": pl.Binary, "entity": pl.Binary, "own_entity": pl.Binary, "own_created_us": pl.Int64}
Pair = tuple[bytes, bytes]


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


@dataclass(frozen=True, slots=True)
class _Beside:
    """The record and its keyed name, and those who share a key with it that few carry: their forms."""

    mine: Formed
    name: bytes
    known: bool
    forms: pl.DataFrame
    counts: Commonness


class Lookup:
    """Answers for one record at a time; keeps what answering needs, and nobody's values. Safe in any thread."""

    def __init__(self, matching: Matching) -> None:
        self._matching = matching
        spec, model = matching.model.spec, matching.model.model
        self._few = FewPairs([each for each in spec.comparisons if each.name in model.m])
        self._usual = usual_shares(spec, model)
        self._counts: Commonness | None = None

    @property
    def model(self) -> SavedModel:
        """By which model it answers."""
        return self._matching.model

    def find(self, arriving: Arriving, ports: Ports) -> Found:
        """Say who a record is; whoever is opened for it, the audit log was told before.

        Raises:
            StateMoved: somebody was joined or taken in each time that it was worked out.

        """
        for _ in range(_TRIES):
            beside = self._beside(arriving, ports)
            if beside is None or is_shut_out(arriving, ports):
                return Found(record=RecordId(random_id()), known=False, taken_in=False)
            edges = _Comparison(self, self._matching, beside, ports).edges()
            with ports.read_only() as session:
                part = _part(session, beside, edges, self._matching)
                others = homes_of(session, [RecordId(each) for each in _others(edges, part)])
                counts = commonness_of(session, list(self._usual), self._counts)
            if counts.version == beside.counts.version:  # else somebody was joined or taken in meanwhile
                return self._found(beside, edges, part, others)
        raise StateMoved

    def scored(self, frame: pl.DataFrame, pairs: Iterable[Pair], beside: _Beside) -> pl.DataFrame:
        """Score pairs of records; those of whom one cannot be opened any more are left out."""
        row_of = {record: row for row, record in enumerate(frame["record"])}
        rows = sorted((row_of[one], row_of[other]) for one, other in pairs if one in row_of and other in row_of)
        model = self._matching.model
        rare = beside.counts.rarities(frame, beside.mine.values, self._matching.indexes, self._usual)
        told = believed(frame, weighed(self._few.levels_of(frame, rows), model.spec, model.model, rare), model)
        ends = {name: frame["record"].gather(told[end]) for name, end in (("record", "left"), ("other", "right"))}
        return told.drop("left", "right").with_columns(**ends)

    def _beside(self, arriving: Arriving, ports: Ports) -> _Beside | None:
        """Find who shares a key; None if the record is known and somebody who is being erased."""
        index = ports.indexes.source_key(arriving.source).token_of(arriving.key)
        with ports.read_only() as session:
            self._counts = counts = commonness_of(session, list(self._usual), self._counts)
            known = find_records(session, [index]).get(index)
            if known is not None and tombstones_among(session, [known]):
                return None
            mine = formed(arriving, known or RecordId(random_id()), self._matching)
            carried = carriers_of_each(session, mine.tokens, self._matching.kind)
            others = {record for records in carried.values() for record in records} - {mine.record}
            forms = _that_share(forms_of(session, sorted(others)), carried.keys())
        return _Beside(mine, index, known is not None, forms, counts)

    def _found(self, beside: _Beside, edges: pl.DataFrame, part: Part, others: Mapping[RecordId, EntityId]) -> Found:
        mine, model = beside.mine.record, self._matching.model
        found = partition_of(part, model)
        records = part.members["record"]
        clusters = pl.DataFrame({"record": records, "cluster": records.gather(found.clusters)})
        groups = moved_by(clusters.filter(pl.len().over("cluster") > 1), part)
        home: dict[bytes, EntityId] = {**_homes(part, groups), **others}
        own = edges.filter((pl.col("record") == mine) | (pl.col("other") == mine))
        own = own.sort("probability", "weight", "record", "other", descending=[True, True, False, False])
        was = dict(part.members.select("record", "entity").iter_rows())
        return Found(
            record=mine,
            known=beside.known,
            entity=home[mine] if beside.known or home[mine] != was[mine] else None,
            edges=_as_edges(own, home, model),
            homes=home,
            version=beside.counts.version,
            moved=sum(len(group.moves) for group in groups) - (home[mine] != was[mine]),
            doubts=sorted(set(found.doubts["reason"])),
        )


class _Comparison:
    """The comparisons of one record; opens each of the others once."""

    def __init__(self, lookup: Lookup, matching: Matching, beside: _Beside, ports: Ports) -> None:
        self._lookup = lookup
        self._matching = matching
        self._beside = beside
        self._ports = ports
        self._frame = beside.mine.frame

    def edges(self) -> pl.DataFrame:
        """Compare the record with its candidates, then whom a new link gives a neighbour in common."""
        mine = self._beside.mine.record
        pairs = [(min(mine, other), max(mine, other)) for other in self._beside.forms["record"]]
        first = kept(self._scored(pairs, self._beside.forms), LEAST).with_columns(closing=pl.lit(value=False))
        closing = self._closing(first)
        if not closing:
            return first
        second = kept(self._scored(closing, None), LEAST_KEPT).with_columns(closing=pl.lit(value=True))
        return pl.concat([first, second]).unique(["record", "other"], keep="first", maintain_order=True)

    def _scored(self, pairs: Sequence[Pair], forms: pl.DataFrame | None) -> pl.DataFrame:
        fresh = sorted({record for pair in pairs for record in pair} - set(self._frame["record"]))
        if fresh:
            if forms is None:
                with self._ports.read_only() as session:
                    forms = forms_of(session, fresh)
            opened = open_documents([RecordId(record) for record in fresh], self._ports, why=_WHY)
            self._frame = pl.concat([self._frame, comparable(opened, forms)]).sort("record")
        return self._lookup.scored(self._frame, pairs, self._beside)

    def _closing(self, first: pl.DataFrame) -> list[Pair]:
        """List the pairs not compared yet of whom each is linked to a third, by a new link one of them."""
        mine = self._beside.mine.record
        linked = first.filter(pl.col("weight") >= 0).select("record", "other").rows()
        with self._ports.read_only() as session:
            stored = edges_near(session, sorted({record for pair in linked for record in pair}))
        old = stored.filter((pl.col("record") != mine) & (pl.col("other") != mine))
        links = old.filter((pl.col("weight") >= 0) & ~pl.col("closing")).select("record", "other").rows()
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
        known = {*first.select("record", "other").rows(), *old.select("record", "other").rows()}
        return sorted(asked - known)


def _that_share(forms: pl.DataFrame, tokens: Iterable[int]) -> pl.DataFrame:
    """Keep the forms that hold a token now which few enough hold, the record itself among them."""
    held = tokens_of(forms).filter(pl.col("token").is_in(list(tokens)))
    few = held.filter(pl.len().over("token") < LARGEST_BLOCK)
    return forms.join(few.select("record").unique(), on="record", how="semi")


def _part(session: Session, beside: _Beside, edges: pl.DataFrame, matching: Matching) -> Part:
    """Read the part that the record is in with its edges, as if it had been delivered."""
    mine, told, model = beside.mine.record, as_joined(edges), matching.model
    if beside.known:
        seeds = {mine, *seeds_of(edges, edges_near(session, [mine]), model)}
        part = connected(session, seeds, Fresh(told, {mine}), model)
        return replace(part, numbers={**part.numbers, mine: beside.mine.number})
    is_mine = (pl.col("record") == mine) | (pl.col("other") == mine)
    seeds = seeds_of(edges, edges.clear(), model)
    part = connected(session, seeds - {mine}, Fresh(told.filter(~is_mine), ()), model)
    there = [*part.members["record"], mine]
    own = told.filter(is_mine & pl.col("record").is_in(there) & pl.col("other").is_in(there))
    entity = random_id()
    row = pl.DataFrame([(mine, entity, entity, _YOUNGEST)], schema=_MEMBER, orient="row")
    names = names_among(session, there)
    names = names.vstack(pl.DataFrame({"record": [mine], "name": [beside.name]}, schema=names.schema))
    members = pl.concat([part.members, row]).join(names, on="record").sort("name", "record").drop("name")
    return replace(
        part,
        edges=pl.concat([part.edges, own]).sort("record", "other"),
        members=members,
        numbers={**part.numbers, mine: beside.mine.number},
    )


def _others(edges: pl.DataFrame, part: Part) -> set[bytes]:
    """Return the records that are like the one in question, but not like enough to hang together with it."""
    return {*edges["record"], *edges["other"]} - set(part.members["record"])


def _homes(part: Part, groups: Sequence[Regrouping]) -> dict[bytes, EntityId]:
    """Return in which entity each record of a part would be."""
    home: dict[bytes, EntityId] = dict(part.members.select("record", "entity").iter_rows())
    return home | {move.record: move.to_entity for group in groups for move in group.moves}


def _as_edges(edges: pl.DataFrame, home: Mapping[bytes, EntityId], model: SavedModel) -> list[Edge]:
    """Write a record's edges as the store gives them, with those who are near enough to hang together with it."""
    columns = edge_columns(edges, model)
    names = ("record_id", "other_record", "probability", "weight", "rule", "levels", "weights")
    rows = zip(*(columns[name] for name in names), strict=True)
    return [
        Edge(
            record=RecordId(one),
            other=RecordId(other),
            probability=probability,
            weight=weight,
            rule=rule,
            levels=levels,
            weights=weights,
            model=model.digest,
            together=home[one] == home[other],
        )
        for one, other, probability, weight, rule, levels, weights in rows
        if {one, other} <= home.keys()
    ]
