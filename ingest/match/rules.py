"""Exact rules beside the model: what anybody can check with two records in hand.

On some sources they beat every model, on others they are wrong for one pair in three; which it is here the model tells
on average, without a label: a rule is trusted as far as its pairs are likely altogether. So a rule lifts the pairs that
the model, for want of other columns, leaves in doubt, and never one that a comparison contradicts.
"""

from collections.abc import Sequence

import polars as pl

from ingest.match.candidates import block_of
from ingest.match.spec import Rule


def lifted(frame: pl.DataFrame, edges: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Add `rule` (String, the most trusted that joins the pair, else null) and lift `probability` to its trust."""
    return ruled(frame, edges, rules).with_columns(pl.col("rule").cast(pl.String))


def ruled(frame: pl.DataFrame, edges: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Do as `lifted` does, with `rule` as one of a list of names: a byte a pair, of which there are many."""
    names = pl.Enum([rule.name for rule in rules])
    kept = edges.with_columns(rule=pl.lit(None, dtype=names), trust=pl.lit(0.0))
    for rule in rules:
        kept = _under(frame, kept, rule)
    return kept.with_columns(probability=pl.max_horizontal("probability", "trust")).drop("trust")


def _under(frame: pl.DataFrame, edges: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """Put the pairs of a rule under it where it is trusted more than those before."""
    blocks = block_of(frame, rule.equal)
    joined = (blocks.gather(edges["left"]) == blocks.gather(edges["right"])).fill_null(value=False)
    contradicted = [pl.col(f"level_{name}") == 0 for name in rule.unless if f"level_{name}" in edges.columns]
    holds = edges.select(joined & ~pl.any_horizontal(contradicted or [pl.lit(value=False)])).to_series()
    trust = edges["probability"].filter(holds).mean()
    better = holds & (pl.lit(trust if isinstance(trust, float) else 0.0) > pl.col("trust"))
    return edges.with_columns(
        rule=pl.when(better).then(pl.lit(rule.name, dtype=edges.schema["rule"])).otherwise("rule"),
        trust=pl.when(better).then(pl.lit(trust, dtype=pl.Float64)).otherwise("trust"),
    )
