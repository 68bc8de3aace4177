"""Rules with a trust that was learned once: what a rule is worth must not depend on which records came together.

`rules.lifted` measures a rule on the pairs at hand, which is right for a whole set; a delivery of ten records has
nothing to measure. So the trust that a whole set taught is kept with its model.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from ingest.match.spec import Rule


def trusts_of(frame: pl.DataFrame, edges: pl.DataFrame, rules: Sequence[Rule]) -> dict[str, float]:
    """Measure each rule: the mean probability of its pairs, by name; a rule without pairs is absent.

    `edges` are those of rows of `frame`, with the probability that was given before any rule.
    """
    found = {rule.name: edges.filter(_holds(frame, edges, rule))["probability"].mean() for rule in rules}
    return {name: share for name, share in found.items() if isinstance(share, float)}


def lifted_by(
    frame: pl.DataFrame, edges: pl.DataFrame, rules: Sequence[Rule], trusts: Mapping[str, float]
) -> pl.DataFrame:
    """Add `rule` (String, the most trusted that joins the pair, else null) and lift `probability` to its trust."""
    told = edges.with_columns(rule=pl.lit(None, dtype=pl.String), trust=pl.lit(0.0))
    for rule in rules:
        worth = trusts.get(rule.name, 0.0)
        better = _holds(frame, edges, rule) & (told["trust"] < worth)
        told = told.with_columns(
            rule=pl.when(better).then(pl.lit(rule.name)).otherwise("rule"),
            trust=pl.when(better).then(pl.lit(worth)).otherwise("trust"),
        )
    return told.with_columns(probability=pl.max_horizontal("probability", "trust")).drop("trust")


def _holds(frame: pl.DataFrame, edges: pl.DataFrame, rule: Rule) -> pl.Series:
    """Say of each pair whether the rule's columns are equal and no comparison contradicts."""
    equal = pl.Series([True], dtype=pl.Boolean).new_from_index(0, edges.height)
    for column in rule.equal:
        left, right = frame[column].gather(edges["left"]), frame[column].gather(edges["right"])
        equal = equal & (left == right).fill_null(value=False)
    for name in rule.unless:
        if f"level_{name}" in edges.columns:
            equal = equal & (edges[f"level_{name}"] != 0)
    return equal
