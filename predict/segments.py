"""Does the model serve every group alike? Per level of what the view released beside the numbers.

Of each level: how many customers, how many had the outcome, how far the mean chance lies from the share that came true,
which share of those who had the outcome were among the ones to look after (recall), which share of those called upon
had it (precision), each share with its 95 % Wilson interval. A level of fewer than `LEAST` customers is counted and not
judged: its intervals would say nothing, and a figure of few people is about them.
"""

from typing import Any, Final

import polars as pl

from predict.frames import AS_OF, PSEUDONYM, Vector
from predict.shares import told_share
from predict.telling.said import Sentence, said

LEAST: Final = 30
UNTOLD: Final = "not told"


def levels_at(segments: pl.DataFrame | None, keys: pl.DataFrame) -> pl.DataFrame:
    """Give the level columns of some rows, in their order; who has none is `not told`."""
    if segments is None:
        return keys.select([])
    joined = keys.select(PSEUDONYM, AS_OF).join(segments, on=[PSEUDONYM, AS_OF], how="left", maintain_order="left")
    return joined.drop(PSEUDONYM, AS_OF).select(pl.all().cast(pl.String).fill_null(UNTOLD))


def by_segment(levels: pl.DataFrame, outcome: Vector, probability: Vector, chosen: Vector) -> list[dict[str, Any]]:
    """Judge each level of each column; `chosen` is 1.0 for who is among those to be looked after."""
    told = levels.with_columns(outcome=outcome, probability=probability, chosen=chosen)
    found: list[dict[str, Any]] = []
    for column in levels.columns:  # per column, not per row
        hit = (pl.col("outcome") * pl.col("chosen")).sum()
        rows = told.group_by(level=pl.col(column)).agg(
            customers=pl.len(), outcomes=pl.col("outcome").sum(), chosen=pl.col("chosen").sum(), hits=hit,
            probability=pl.col("probability").mean(),
        )  # fmt: skip
        found.extend(_judged(column, row) for row in rows.sort("level").to_dicts())
    return found


def uneven(found: list[dict[str, Any]], recall: float) -> list[Sentence]:
    """Say which levels are served clearly worse than all: the interval of their recall lies below the recall of all."""
    return [
        said("remark.uneven", segment=one["segment"], level=one["level"], recall=one["recall"], all=recall)
        for one in found
        if "recall" in one and one["recall"]["high"] < recall
    ]


def _judged(column: str, row: dict[str, Any]) -> dict[str, Any]:
    customers, outcomes = int(row["customers"]), int(row["outcomes"])
    told: dict[str, Any] = {"segment": column, "level": row["level"], "customers": customers}
    if customers < LEAST:
        return told
    told |= {"outcomes": outcomes, "share": told_share(outcomes, customers), "foretold": float(row["probability"])}
    if outcomes:
        told["recall"] = told_share(int(row["hits"]), outcomes)
    if row["chosen"]:
        told["precision"] = told_share(int(row["hits"]), int(row["chosen"]))
    return told
