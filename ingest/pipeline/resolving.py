"""Who moves when a batch is settled by a model: edges of its records, then clusters of every part that they touch.

A part is what entities, people's decisions and edges hang together by, of the edges those that may join somebody
(`linkage.joins_from`): the others lead to ever more records, of a hundred thousand into thousands, and never join one.
A part is joined anew as a whole from the edge store, so nothing but the batch's own candidates is opened. What is
planned here is written by settling.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
from sqlmodel import Session

from ingest.identity.clustering import Regrouping, moves_of
from ingest.match.linkage import joins_from
from ingest.match.partition import Decided, Partition, partition, partition_of_few
from ingest.match.saved import SavedModel
from ingest.match.suspicion import OWN
from ingest.pipeline.comparing import Compared, Comparing
from ingest.pipeline.ports import Ports
from ingest.pipeline.remembered import Remembered
from ingest.store import identity
from ingest.store.match_decision import Verdict, decisions_of
from ingest.store.match_edge import edges_near
from ingest.store.match_form import forms_of
from ingest.store.match_whole import names_among
from ingest.store.record import records_of_batch
from privacy.terms import BatchId

CLUSTER: Final = "cluster"
EDGE: Final = {
    "record": pl.Binary,
    "other": pl.Binary,
    "probability": pl.Float64,
    **{f"level_{name}": pl.Int8 for name in OWN},
}
_FEW: Final = 16
"""Records of a part that is clustered without a frame."""
_INDEX: Final = {"record": pl.Binary, "field": pl.String, "token": pl.Binary}


@dataclass(frozen=True)
class Resolved:
    """What is to be written: the batch's edges, those of its records that are gone, and who moves."""

    compared: Compared
    gone: list[tuple[bytes, bytes]]
    regroupings: list[Regrouping]


@dataclass(frozen=True)
class Part:
    """Connected records, complete: their edges, who is in which entity, their numbers, and what people decided.

    `members` lie in the order of the records' names: of two joinings that are equally likely the same one comes first
    in a delivery and in a rebuild, whatever ids chance has given.
    """

    edges: pl.DataFrame
    members: pl.DataFrame
    numbers: Mapping[bytes, int | str | None]
    decisions: Mapping[tuple[bytes, bytes], Verdict]

    def told(self, pair: tuple[bytes, bytes], verdict: Verdict) -> "Part":
        """Return the part with one more word on it, the smaller record first."""
        return replace(self, decisions={**self.decisions, pair: verdict})


def resolved(batch_id: BatchId, ports: Ports, remembered: Remembered) -> Resolved | None:
    """Plan what a batch changes; None if it brought nobody who is matched. Who is `remembered` is not opened."""
    if ports.matching is None:
        return None
    with ports.read_only() as session:
        touched = forms_of(session, [bytes(record) for record in records_of_batch(session, batch_id)])
    if touched.is_empty():
        return None
    compared = Comparing(batch_id, ports, remembered).run(touched)
    model = ports.matching.model
    with ports.read_only() as session:
        before = edges_near(session, compared.touched.to_list())
        fresh = Fresh(as_joined(compared.edges), set(compared.touched))
        seeds = {*compared.touched, *seeds_of(compared.edges, before, model)}
        bound = _bound(session, seeds, fresh, model)
        part = _part(session, bound.without_the_lone(model))
    gone = before.join(fresh.edges, on=["record", "other"], how="anti").select("record", "other").rows()
    return Resolved(compared, gone, regrouped(part, model))


@dataclass(frozen=True)
class Fresh:
    """New edges, and the records whose stored ones they take the place of."""

    edges: pl.DataFrame
    replaced: Collection[bytes]


@dataclass(frozen=True)
class _Bound:
    """What hangs together: the entity of each record, the edges, and the records that somebody decided on."""

    entity_of: Mapping[bytes, bytes]
    edges: pl.DataFrame
    decided: Collection[bytes]

    def without_the_lone(self, model: SavedModel) -> "_Bound":
        """Leave out whoever is alone and stays it: nearly everybody in a first delivery."""
        linked, sizes = _ends(self.edges, model) | set(self.decided), Counter(self.entity_of.values())
        kept = {record: home for record, home in self.entity_of.items() if record in linked or sizes[home] > 1}
        return replace(self, entity_of=kept)


def part_of(session: Session, records: Iterable[bytes], model: SavedModel) -> Part:
    """Read the parts that some records are in, as they are stored."""
    return connected(session, records, Fresh(pl.DataFrame(schema=EDGE), ()), model)


def seeds_of(edges: pl.DataFrame, before: pl.DataFrame, model: SavedModel) -> set[bytes]:
    """Return the records, beside the compared ones, whose parts new edges may change.

    An edge between two that were there changes their part, likely or not; whoever hung together with a compared record
    `before` may go by others now.
    """
    closing = edges.filter("closing")
    return _ends(edges, model) | _ends(before, model) | {*closing["record"], *closing["other"]}


def _ends(edges: pl.DataFrame, model: SavedModel) -> set[bytes]:
    """Return who hangs together by some edges."""
    likely = edges.filter(pl.col("probability") >= joins_from(model.threshold))
    return {*likely["record"], *likely["other"]}


def connected(session: Session, records: Iterable[bytes], fresh: Fresh, model: SavedModel) -> Part:
    """Read the parts that some records are in, with new edges."""
    return _part(session, _bound(session, records, fresh, model))


def _bound(session: Session, records: Iterable[bytes], fresh: Fresh, model: SavedModel) -> _Bound:
    frontier, told = set(records), set[bytes]()
    replaced = pl.Series(list(fresh.replaced), dtype=pl.Binary).implode()
    found: dict[bytes, bytes] = {}
    edges: list[pl.DataFrame] = [fresh.edges]
    while near := identity.with_their_entities(session, frontier, found):
        found |= near
        stored = as_compared(edges_near(session, sorted(near)), model)
        kept = stored.filter(~pl.col("record").is_in(replaced) & ~pl.col("other").is_in(replaced))
        edges.append(kept)
        decided = {record for pair in decisions_of(session, sorted(near)) for record in pair}
        told |= decided
        frontier = _ends(kept, model) | decided
    return _Bound(found, pl.concat(edges).unique(["record", "other"]).sort("record", "other"), told)


def _part(session: Session, bound: _Bound) -> Part:
    whole = sorted(bound.entity_of)
    forms = forms_of(session, whole)
    inside = pl.Series(whole, dtype=pl.Binary).implode()
    return Part(
        edges=bound.edges.filter(pl.col("record").is_in(inside) & pl.col("other").is_in(inside)),
        members=_by_name(session, identity.members_frame(session, bound.entity_of)),
        numbers=dict(forms.select("record", "number").iter_rows()),
        decisions=decisions_of(session, whole),
    )


def regrouped(part: Part, model: SavedModel) -> list[Regrouping]:
    """Cluster a part, and say who moves.

    A record without a form was taken in before there was a model: entities that hold one stay whole.
    """
    both = part.members.join(clusters_of(part, model), on="record", maintain_order="left")
    several = (pl.col("cluster").n_unique().over("entity") > 1) | (pl.col("entity").n_unique().over("cluster") > 1)
    unlike = both.filter(several)  # an entity that is a cluster stays as it is: so are most
    joined = unlike.select("record", "cluster").filter(pl.len().over("cluster") > 1)
    return moved_by(joined, replace(part, members=unlike.drop("cluster")))


def clusters_of(part: Part, model: SavedModel) -> pl.DataFrame:
    """Cluster records: record, cluster (one of its records), in the order of the part's members."""
    records = part.members["record"]
    return pl.DataFrame({"record": records, "cluster": records.gather(partition_of(part, model).clusters)})


def partition_of(part: Part, model: SavedModel) -> Partition:
    """Cluster a part, with what is doubted of it; rows are those of its members."""
    told = _partition_of_few(part, model) if part.members.height <= _FEW and not part.decisions else None
    return told or _partition_of_many(part, model)


def _partition_of_few(part: Part, model: SavedModel) -> Partition | None:
    row_of = {record: row for row, record in enumerate(part.members["record"])}
    edges = []
    for one, other, probability, *levels in part.edges.iter_rows():
        if one in row_of and other in row_of:
            left, right = sorted((row_of[one], row_of[other]))
            edges.append((left, right, probability, tuple(levels)))
    return partition_of_few(sorted(edges), _numbers(part), model.threshold)


def _numbers(part: Part) -> list[str | None]:
    return [None if (told := part.numbers.get(record)) is None else str(told) for record in part.members["record"]]


def _partition_of_many(part: Part, model: SavedModel) -> Partition:
    rows = part.members.select("record").with_row_index("row")
    edges = part.edges.join(rows, on="record").rename({"row": "one"})
    edges = edges.join(rows, left_on="other", right_on="record").rename({"row": "two"}).drop("record", "other")
    ends = edges.with_columns(left=pl.min_horizontal("one", "two"), right=pl.max_horizontal("one", "two"))
    row_of = dict(rows.select("record", "row").iter_rows()) if part.decisions else {}
    ordered = ends.drop("one", "two").sort("left", "right")
    return partition(ordered, _numbers(part), model.threshold, _decided(part.decisions, row_of))


def moved_by(joined: pl.DataFrame, part: Part) -> list[Regrouping]:
    """Say who moves if records are clustered so: record, cluster of those that are not alone."""
    named = joined.select("record", pl.lit(CLUSTER).alias("field"), pl.col("cluster").alias("token"))
    outcome = moves_of(named.cast(pl.Schema(_INDEX)), part.members, (CLUSTER,), corrected=_matched(part))
    return outcome.regroupings


def _by_name(session: Session, members: pl.DataFrame) -> pl.DataFrame:
    names = names_among(session, members["record"].to_list())
    return members.join(names, on="record", how="left", maintain_order="left").sort("name", "record").drop("name")


def _matched(part: Part) -> set[bytes]:
    """Return the records whose entity stands or falls with this: all of it have a form."""
    known = part.members.with_columns(has_form=pl.col("record").is_in(list(part.numbers)))
    whole = known.filter(pl.col("has_form").all().over("entity"))
    return set(whole["record"])


def _decided(decisions: Mapping[tuple[bytes, bytes], Verdict], row_of: Mapping[bytes, int]) -> Decided:
    told: dict[Verdict, list[tuple[int, int]]] = {verdict: [] for verdict in Verdict}
    for (one, other), verdict in sorted(decisions.items()):
        if one in row_of and other in row_of:
            a, b = row_of[one], row_of[other]
            told[verdict].append((min(a, b), max(a, b)))
    return Decided(told[Verdict.SAME], told[Verdict.DIFFERENT])


def as_compared(stored: pl.DataFrame, model: SavedModel) -> pl.DataFrame:
    """Read the levels that clusters are doubted by; those of another model say nothing."""
    names = model.model.names
    mine = stored.select(pl.col("model") == pl.lit(model.digest)).to_series().to_numpy()
    levels = np.full((stored.height, len(names)), -1, dtype=np.int8)
    told = b"".join(stored["levels"].filter(pl.Series(mine, dtype=pl.Boolean)))
    levels[mine] = np.frombuffer(told, dtype=np.int8).reshape(-1, len(names))
    own = [name for name in OWN if name in names]
    columns = [pl.Series(f"level_{name}", levels[:, names.index(name)], dtype=pl.Int8) for name in own]
    return as_joined(stored.select("record", "other", "probability").with_columns(columns))


def as_joined(edges: pl.DataFrame) -> pl.DataFrame:
    """Return what clusters are made and doubted by; what records of this kind are not compared by is absent (-1)."""
    absent = [name for name in EDGE if name not in edges.columns]
    return edges.with_columns(pl.lit(-1, dtype=pl.Int8).alias(name) for name in absent).select(*EDGE)
