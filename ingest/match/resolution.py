"""Who is one person: records in, clusters with their reasons out, whatever the order of the records."""

from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from ingest.match.calibration import ROUNDS, Curve, curve_of
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
    curve = model.curve
    for _ in range(ROUNDS if curve is None else 0):
        curve = curve_of(edges, _clustered(records, edges, None)[2])
        edges = _believed(records, edges, spec, curve)
    if model.curve is not None:
        edges = _believed(records, edges, spec, model.curve)
    linkage, threshold, found = _clustered(records, edges, model.threshold)
    return Resolution(
        records=records,
        clusters=records.select("record", "source", found),
        edges=edges,
        doubts=suspicions(found, edges),
        linkage=linkage,
        threshold=threshold,
        model=replace(model, curve=curve, threshold=threshold.at),
        report=report,
    )


def _believed(records: pl.DataFrame, edges: pl.DataFrame, spec: Spec, curve: Curve) -> pl.DataFrame:
    """Give edges the probabilities of a curve, and the rules their say anew."""
    return lifted(records, edges.with_columns(curve.probability(edges["weight"])).drop("rule"), spec.rules)


def _clustered(records: pl.DataFrame, edges: pl.DataFrame, at: float | None) -> tuple[Linkage, Threshold, pl.Series]:
    """Join records at a threshold; None: at the one that the edges choose."""
    linkage = link(edges, records["checked_id"].to_list())
    threshold = choose(linkage, float(edges["probability"].sum()), at=at)
    return linkage, threshold, pl.Series("cluster", linkage.clusters(threshold.at), dtype=pl.UInt32)


def _edges(records: pl.DataFrame, spec: Spec, model: Model) -> pl.DataFrame:
    """Score candidates, and then those who have a likely neighbour in common."""
    first = pl.concat([candidate_pairs(records, spec.candidates), pairs_of_rules(records, spec.rules)])
    edges = score(records, first.unique().sort("left", "right"), spec, model)
    closing = closing_pairs(edges.filter(pl.col("weight") >= 0), edges)
    return pl.concat([edges, score(records, closing, spec, model)]).sort("left", "right")
