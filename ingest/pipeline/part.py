"""Records that hang together, clustered and moved: what follows from edges, numbers and decisions, wherever read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from ingest.identity.clustering import Regrouping, moves_of
from ingest.match.linkage import Decided
from ingest.match.partition import Partition, partition, partition_of_few
from ingest.match.saved import SavedModel
from ingest.match.suspicion import OWN
from ingest.store.match_decision import Verdict

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


def unlike(part: Part, model: SavedModel) -> pl.DataFrame:
    """Cluster a part; return the records of entities that are no cluster and of clusters that are no entity.

    Few are. Columns record, entity, cluster.
    """
    both = part.members.join(clusters_of(part, model), on="record", maintain_order="left")
    several = (pl.col("cluster").n_unique().over("entity") > 1) | (pl.col("entity").n_unique().over("cluster") > 1)
    return both.filter(several)


def moves_for(clustered: pl.DataFrame, members: pl.DataFrame, part: Part) -> list[Regrouping]:
    """Say who moves of those that are `unlike`; `members` are their rows of `identity.members_frame`.

    A record without a form was taken in before there was a model: entities that hold one stay whole.
    """
    joined = clustered.select("record", "cluster").filter(pl.len().over("cluster") > 1)
    return moved_by(joined, replace(part, members=members))


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
