"""Who is one person: records in, clusters with their reasons out, whatever the order of the records."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from ingest.match.calibration import ROUNDS, curve_of
from ingest.match.candidates import candidate_pairs, closing_pairs
from ingest.match.edges import score
from ingest.match.linkage import Linkage, link
from ingest.match.model import Model
from ingest.match.rules import lifted, pairs_of_rules
from ingest.match.spec import Spec
from ingest.match.suspicion import suspicions
from ingest.match.threshold import Threshold, choose
from ingest.match.training import train


@dataclass(frozen=True)
class Resolution:
    """What was found.

    `clusters` has record and cluster (UInt32, a name in this resolution only); `edges` left and right (rows of
    `records`), weights, levels, rule and probability; `doubts` cluster, size and reason of those that somebody should
    look at.
    """

    records: pl.DataFrame
    clusters: pl.DataFrame
    edges: pl.DataFrame
    doubts: pl.DataFrame
    linkage: Linkage
    threshold: Threshold
    model: Model
    report: dict[str, Any]


def resolve(records: pl.DataFrame, spec: Spec, model: Model | None = None) -> Resolution:
    """Resolve records in comparable form; without a model one is trained on them first.

    `records` are as `form.comparable_people` returns them: sorted by record, so that their order leaves no trace.
    """
    report: dict[str, Any] = {}
    if model is None:
        model, report = train(records, spec)
    edges = lifted(records, _edges(records, spec, model), spec.rules)
    linkage, threshold, found = _clustered(records, edges)
    for _ in range(ROUNDS if edges.height else 0):
        edges = edges.with_columns(curve_of(edges, found).probability(edges["weight"])).drop("rule")
        edges = lifted(records, edges, spec.rules)
        linkage, threshold, found = _clustered(records, edges)
    return Resolution(
        records=records,
        clusters=records.select("record", "source", found),
        edges=edges,
        doubts=suspicions(found, edges),
        linkage=linkage,
        threshold=threshold,
        model=model,
        report=report,
    )


def _clustered(records: pl.DataFrame, edges: pl.DataFrame) -> tuple[Linkage, Threshold, pl.Series]:
    linkage = link(edges, records["checked_id"].to_list())
    threshold = choose(linkage, float(edges["probability"].sum()))
    return linkage, threshold, pl.Series("cluster", linkage.clusters(threshold.at), dtype=pl.UInt32)


def _edges(records: pl.DataFrame, spec: Spec, model: Model) -> pl.DataFrame:
    """Score candidates, and then those who have a likely neighbour in common."""
    first = pl.concat([candidate_pairs(records, spec.candidates), pairs_of_rules(records, spec.rules)])
    edges = score(records, first.unique().sort("left", "right"), spec, model)
    closing = closing_pairs(edges.filter(pl.col("weight") >= 0), edges)
    return pl.concat([edges, score(records, closing, spec, model)]).sort("left", "right")
