"""Why two records are one person or not: the waterfall of a pair, in words and weights.

It tells how close each comparison is, never what the records say.
"""

from dataclasses import dataclass

import polars as pl

from ingest.errors import ColumnsUnfit
from ingest.match.edges import score
from ingest.match.resolution import Resolution
from ingest.match.spec import Spec


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall: what was looked at, what it says, and what it adds (log2 odds)."""

    what: str
    says: str
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """The steps in order, their sum (log2 odds), and what became of the pair."""

    steps: tuple[Step, ...]
    weight: float
    probability: float
    rule: str | None
    together: bool


def explain(resolution: Resolution, spec: Spec, one: object, other: object) -> Explanation:
    """Explain a pair of records by their identifiers.

    `probability` is the calibrated one where the pair was a candidate, else the model's.

    Raises:
        ColumnsUnfit: one of them is not among the records, or both are the same.

    """
    if one == other:
        raise ColumnsUnfit("both are one record", "Name two")
    rows = resolution.records.with_row_index("row").filter(pl.col("record").is_in([one, other]))["row"].to_list()
    if len(rows) != 2:  # noqa: PLR2004  # a pair is two
        why = "only one of the two is among the records" if rows else "neither of the two is among the records"
        raise ColumnsUnfit(why, "Name both as the column does that is mapped to `record`")
    pair = pl.DataFrame({"left": [rows[0]], "right": [rows[1]]}, schema={"left": pl.UInt32, "right": pl.UInt32})
    scored = score(resolution.records, pair, spec, resolution.model).row(0, named=True)
    known = resolution.edges.join(pair, on=["left", "right"], how="semi")
    steps = [Step("any two records", "before anything is compared", resolution.model.prior)]
    for comparison in spec.comparisons:
        if comparison.name in resolution.model.m:
            words = comparison.words[scored[f"level_{comparison.name}"]]
            steps.append(Step(comparison.name, words, scored[f"weight_{comparison.name}"]))
    steps.append(Step("others who look alike", "how well they explain it", scored["weight_look_alikes"]))
    clusters = resolution.clusters["cluster"]
    return Explanation(
        steps=tuple(steps),
        weight=scored["weight"],
        probability=known["probability"][0] if known.height else scored["probability"],
        rule=known["rule"][0] if known.height else None,
        together=clusters[rows[0]] == clusters[rows[1]],
    )
