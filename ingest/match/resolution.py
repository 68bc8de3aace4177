"""Who is one person: records in, clusters with their reasons out, whatever the order of the records."""

from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from ingest.match.calibration import ROUNDS, Curve, curve_of
from ingest.match.candidates import closing_pairs
from ingest.match.edges import outlined, weighed
from ingest.match.engine import HERE, Engine
from ingest.match.keys import keys_of
from ingest.match.linkage import LEAST, Linkage, link, parts_of, together
from ingest.match.model import Model
from ingest.match.rarity import rarities, usual_shares
from ingest.match.rules import ruled
from ingest.match.spec import Spec
from ingest.match.suspicion import suspicions
from ingest.match.threshold import Threshold, choose
from ingest.match.training import train


@dataclass(frozen=True)
class Resolution:
    """What was found.

    `clusters` has record and cluster (UInt32, a name in this resolution only); `edges` left and right (rows of
    `records`), weights, levels, rule and probability of those of the `compared` pairs that have a say: likely ones, and
    any within a part that hangs together by links; `weights` (log2 odds) is of all compared; `doubts` cluster, size and
    reason of those that somebody should look at.
    """

    records: pl.DataFrame
    clusters: pl.DataFrame
    edges: pl.DataFrame
    compared: int
    weights: pl.Series
    doubts: pl.DataFrame
    linkage: Linkage
    threshold: Threshold
    model: Model
    report: dict[str, Any]


def resolve(
    records: pl.DataFrame,
    spec: Spec,
    model: Model | None = None,
    *,
    least: float | None = None,
    engine: Engine = HERE,
) -> Resolution:
    """Resolve records in comparable form; without a model one is trained on them first.

    `records` are as `form.comparable_people` returns them: sorted by record, so that their order leaves no trace. The
    linkage goes down to a mean probability of `least`; None: as far as the threshold needs it. Pairs are found and
    compared by `engine`.
    """
    report: dict[str, Any] = {}
    if model is None:
        model, report = train(records, spec)
    rare = rarities(records, usual_shares(spec, model))
    edges, curve = _believed(records, _edges(records, spec, model, rare, engine), spec, model.curve)
    down_to = least or model.threshold or LEAST
    linkage, threshold, found = _clustered(records, edges, model.threshold, down_to)
    parts = parts_of(edges, records.height, down_to)
    telling = edges.filter(together(edges, parts) | (edges["probability"] >= LEAST)).sort("left", "right")
    return Resolution(
        records=records,
        clusters=records.select("record", "source", found),
        edges=weighed(telling, spec, model, rare).with_columns(telling["probability"], pl.col("rule").cast(pl.String)),
        compared=edges.height,
        weights=edges["weight"],
        doubts=suspicions(found, telling),
        linkage=linkage,
        threshold=threshold,
        model=replace(model, curve=curve, threshold=threshold.at),
        report=report,
    )


def _believed(
    records: pl.DataFrame, edges: pl.DataFrame, spec: Spec, curve: Curve | None
) -> tuple[pl.DataFrame, Curve | None]:
    """Give edges the probabilities of a curve, measured on their own clusters if none is known, and ask the rules."""
    if curve is not None:
        return ruled(records, edges.with_columns(curve.probability(edges["weight"])), spec.rules), curve
    told = ruled(records, edges, spec.rules)
    for _ in range(ROUNDS):
        curve = curve_of(told, _clustered(records, told, None, LEAST)[2])
        told = ruled(records, edges.with_columns(curve.probability(edges["weight"])), spec.rules)
    return told, curve


def _clustered(
    records: pl.DataFrame, edges: pl.DataFrame, at: float | None, least: float
) -> tuple[Linkage, Threshold, pl.Series]:
    """Join records at a threshold; None: at the one that the edges choose."""
    linkage = link(edges, records["checked_id"], least=least)
    threshold = choose(linkage, float(edges["probability"].sum()), at=at)
    return linkage, threshold, pl.Series("cluster", linkage.clusters(threshold.at), dtype=pl.UInt32)


def _edges(records: pl.DataFrame, spec: Spec, model: Model, rare: dict[str, pl.Series], engine: Engine) -> pl.DataFrame:
    """Score candidates, and then those who have a likely neighbour in common."""
    known = tuple(each for each in spec.comparisons if each.name in model.m)
    first = engine.candidate_pairs(records, keys_of(spec), model.alone)
    edges = outlined(engine.levels_of(records, first, known), spec, model, rare)
    closing = closing_pairs(edges.filter(pl.col("weight") >= 0), edges)
    return pl.concat([edges, outlined(engine.levels_of(records, closing, known), spec, model, rare)])
