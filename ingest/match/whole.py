"""All records compared at once with a saved model: what a home's edges are, whatever came in which order."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from ingest.match.candidates import closing_pairs
from ingest.match.edges import weighed
from ingest.match.engine import HERE, Engine
from ingest.match.keys import keys_of
from ingest.match.linkage import LEAST
from ingest.match.pooled import Pool, counted, rarities
from ingest.match.rarity import usual_shares
from ingest.match.saved import SavedModel
from ingest.match.trust import lifted_by

LEAST_KEPT: Final = 0.01
"""Probability below which an edge between two who have a neighbour in common is not kept: inside a cluster what speaks
against it counts. Elsewhere only likely edges are: two of three others were of `LEAST` at most, and joined nothing."""
_PAIRS_AT_ONCE: Final = 500_000


def compared(frame: pl.DataFrame, model: SavedModel, engine: Engine = HERE) -> pl.DataFrame:
    """Compare records with one another; `frame` has them in comparable form.

    Returns the edges that are kept, in order: left, right (rows of `frame`, left first), `level_NAME`, `weight_NAME`,
    `weight_look_alikes`, `weight`, `probability`, `rule`, `closing`.
    """
    usual = usual_shares(model.spec, model.model)
    pools: Mapping[str, Pool] = dict(counted(frame, list(usual)))
    rare = rarities(frame, pools, usual)
    pairs = engine.candidate_pairs(frame, keys_of(model.spec), model.model.alone)
    first = kept(_scored(frame, pairs, model, rare, engine), LEAST)
    second = kept(
        _scored(frame, closing_pairs(first.filter(pl.col("weight") >= 0), first), model, rare, engine), LEAST_KEPT
    )
    both = [first.with_columns(closing=pl.lit(value=False)), second.with_columns(closing=pl.lit(value=True))]
    return pl.concat(both).sort("left", "right")


def _scored(
    frame: pl.DataFrame, pairs: pl.DataFrame, model: SavedModel, rare: Mapping[str, pl.Series], engine: Engine
) -> pl.DataFrame:
    """Score pairs some at a time, and keep those that have a say: most of a million records' pairs are nothing."""
    known = tuple(each for each in model.spec.comparisons if each.name in model.model.m)
    levels = engine.levels_of(frame, pairs, known)
    slices = [*levels.iter_slices(_PAIRS_AT_ONCE)] or [levels]
    scored = [believed(frame, weighed(each, model.spec, model.model, rare), model) for each in slices]
    return pl.concat([kept(each, LEAST_KEPT) for each in scored])


def believed(frame: pl.DataFrame, edges: pl.DataFrame, model: SavedModel) -> pl.DataFrame:
    """Give edges of rows of `frame` the probabilities that clusters taught, and rules their say."""
    curve = model.model.curve
    if curve is not None:
        edges = edges.with_columns(curve.probability(edges["weight"]))
    return lifted_by(frame, edges, model.spec.rules, model.trusts)


def kept(edges: pl.DataFrame, least: float) -> pl.DataFrame:
    """Leave out the edges that have no say: less likely than `least`, with a weight that speaks against one person."""
    return edges.filter((pl.col("probability") >= least) | (pl.col("weight") >= 0))
