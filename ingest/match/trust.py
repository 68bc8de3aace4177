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
    beside = _with_values(frame, edges, rules)
    found = {rule.name: beside.filter(_holds(edges, rule))["probability"].mean() for rule in rules}
    return {name: share for name, share in found.items() if isinstance(share, float)}


def lifted_by(
    frame: pl.DataFrame, edges: pl.DataFrame, rules: Sequence[Rule], trusts: Mapping[str, float]
) -> pl.DataFrame:
    """Add `rule` (String, the most trusted that joins the pair, else null) and lift `probability` to its trust."""
    worth = {rule: trusts[rule.name] for rule in rules if trusts.get(rule.name, 0.0) > 0}
    lifting = sorted(worth, key=worth.__getitem__, reverse=True)  # of equal trust the first stays the first
    if not lifting:
        return edges.with_columns(rule=pl.lit(None, dtype=pl.String))
    holds = {rule: pl.when(_holds(edges, rule)) for rule in lifting}
    return (
        _with_values(frame, edges, lifting)
        .with_columns(
            rule=pl.coalesce(holds[rule].then(pl.lit(rule.name)) for rule in lifting),
            probability=pl.max_horizontal("probability", *(holds[rule].then(worth[rule]) for rule in lifting)),
        )
        .select(*edges.columns, "rule")
    )


def _with_values(frame: pl.DataFrame, edges: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Put what the rules look at beside each pair: `COLUMN of left` and `COLUMN of right`."""
    seen = frame.select({column for rule in rules for column in rule.equal})
    ends = [seen[edges[end]].rename({name: f"{name} of {end}" for name in seen.columns}) for end in ("left", "right")]
    return pl.concat([edges, *ends], how="horizontal")


def _holds(edges: pl.DataFrame, rule: Rule) -> pl.Expr:
    """Say of each pair whether the rule's columns are equal and no comparison contradicts."""
    equal = [pl.col(f"{column} of left") == pl.col(f"{column} of right") for column in rule.equal]
    levels = [name for name in (f"level_{each}" for each in rule.unless) if name in edges.columns]
    return pl.all_horizontal(*equal, *(pl.col(name) != 0 for name in levels)).fill_null(value=False)
