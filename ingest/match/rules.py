"""Exact rules beside the model: what anybody can check with two records in hand.

On some sources they beat every model, on others they are wrong for one pair in three; which it is here the model tells
on average, without a label: a rule is trusted as far as its pairs are likely altogether. So a rule lifts the pairs that
the model, for want of other columns, leaves in doubt, and never one that a comparison contradicts.
"""

from collections.abc import Sequence

import polars as pl

from ingest.match.candidates import candidate_pairs
from ingest.match.spec import Rule


def pairs_of_rules(frame: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Return left, right of each pair that some rule joins, each once, in order."""
    return candidate_pairs(frame, [rule.equal for rule in rules])


def lifted(frame: pl.DataFrame, edges: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Add `rule` (String, the most trusted that joins the pair, else null) and lift `probability` to its trust."""
    kept = edges.with_columns(rule=pl.lit(None, dtype=pl.String), trust=pl.lit(0.0))
    for rule in rules:
        kept = _under(frame, kept, rule)
    return kept.with_columns(probability=pl.max_horizontal("probability", "trust")).drop("trust")


def _under(frame: pl.DataFrame, edges: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """Put the pairs of a rule under it where it is trusted more than those before."""
    joined = candidate_pairs(frame, [rule.equal]).with_columns(joined=pl.lit(value=True))
    contradicted = [pl.col(f"level_{name}") == 0 for name in rule.unless if f"level_{name}" in edges.columns]
    both = edges.join(joined, on=["left", "right"], how="left", maintain_order="left")
    holds = pl.col("joined").fill_null(value=False) & ~pl.any_horizontal(contradicted or [pl.lit(value=False)])
    trust = both.filter(holds)["probability"].mean()
    better = holds & (pl.lit(trust if isinstance(trust, float) else 0.0) > pl.col("trust"))
    return both.with_columns(
        rule=pl.when(better).then(pl.lit(rule.name)).otherwise("rule"),
        trust=pl.when(better).then(pl.lit(trust, dtype=pl.Float64)).otherwise("trust"),
    ).drop("joined")
