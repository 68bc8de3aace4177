"""What a way of choosing actions is worth, from what another way did, by its logged chances.

*IPS* weighs what followed by how much likelier the judged way is to choose the same (Horvitz & Thompson, JASA 47,
1952); *SNIPS* divides by the weights, which costs a little bias and saves much variance (Swaminathan & Joachims, NIPS
2015); *DR* lets a table of means by need and action say what is expected, and weighs only what that missed (Dudik et
al., Statistical Science 29, 2014). The table of each half of the customers is counted from the other half. Intervals
are 95 %, of customers drawn again, normal.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import polars as pl

from predict.errors import TooFewCustomers
from predict.evaluate import Interval
from predict.frames import AS_OF, PSEUDONYM, Vector
from predict.next_need.action import NOTHING, ActionCatalogue
from predict.next_need.suggest import OPTIONS, SEPARATOR
from predict.shares import Z_95

JUDGED_FROM: Final = 50
"""Logged choices below which nothing is said."""
_ROW, _FOLD = "row", "fold"


class Judging(StrEnum):
    """A way of choosing that can be judged from the log."""

    AS_DONE = "as it was done"
    EVENLY = "evenly, untargeted"
    NOTHING = "nothing at all"
    BEST = "always what brought most by now"


@dataclass(frozen=True, slots=True)
class Value:
    """Mean value a customer in minor units, three ways, each with its interval."""

    ips: Interval
    snips: Interval
    dr: Interval


def values(log: pl.DataFrame) -> dict[Judging, Value]:
    """Judge four ways of choosing by one log; where there was nothing to choose nothing is judged.

    Args:
        log: pseudonym, as_of, need, action, propensity, options, value_minor (what followed); one row a choice.

    Raises:
        TooFewCustomers: fewer than 50 choices were logged.
    """
    log = log.filter(pl.col(OPTIONS) != "")
    if log.height < JUDGED_FROM:
        advice = "suggest, and wait until the outcomes are known"
        raise TooFewCustomers(have=log.height, need=JUDGED_FROM, of_what="suggestions", advice=advice)
    rows = _numbered(log)
    return {way: _judged(rows, way) for way in Judging}


def with_values(log: pl.DataFrame, catalogue: ActionCatalogue) -> pl.DataFrame:
    """Add `value_minor`, what followed a choice: the margin if the customer bought, less what the action cost.

    `bought` (Boolean) says whether the need came about in the window; the catalogue prices both.
    """
    priced = pl.DataFrame(
        [(one.name, one.cost_minor) for one in catalogue.actions],
        schema={"action": pl.String, "cost": pl.Int64},
        orient="row",
    )
    margin = pl.col("need").replace_strict(dict(catalogue.margins), default=0, return_dtype=pl.Int64)
    contact = pl.col("channel").replace_strict(dict(catalogue.channels), default=0, return_dtype=pl.Int64).fill_null(0)
    joined = log.join(priced, on="action", how="left", maintain_order="left")
    value = pl.col("bought") * (margin - pl.col("cost").fill_null(0)) - contact
    return joined.with_columns(value.cast(pl.Float64).alias("value_minor")).drop("cost")


def _numbered(log: pl.DataFrame) -> pl.DataFrame:
    """Give each row a number, and halve customers: the same customer is never on both sides."""
    half = pl.col(PSEUDONYM).rank("dense") % 2
    return log.sort(AS_OF, PSEUDONYM).with_row_index(_ROW).with_columns(half.alias(_FOLD))


def _judged(rows: pl.DataFrame, way: Judging) -> Value:
    if way is Judging.AS_DONE:
        plain = _interval(_vector(rows, "value_minor"))
        return Value(plain, plain, plain)
    options = _options(rows, way)
    means = _means(rows)
    told = options.join(means, on=[_FOLD, "need", "option"], how="left").with_columns(pl.col("mean").fill_null(0.0))
    expected = told.group_by(_ROW).agg(expected=(pl.col("chance") * pl.col("mean")).sum())
    taken = told.filter(pl.col("option") == pl.col("action")).select(_ROW, "chance", "mean")
    joined = rows.join(expected, on=_ROW, how="left").join(taken, on=_ROW, how="left").sort(_ROW)
    names = ("chance", "mean", "expected", "propensity", "value_minor")
    chance, mean, hoped, propensity, value = (_vector(joined, name) for name in names)
    weight = chance / propensity
    snips = float((weight * value).sum() / max(weight.sum(), 1e-12))
    moved = weight * (value - snips) / max(float(weight.mean()), 1e-12)
    return Value(
        ips=_interval(weight * value),
        snips=_around(snips, moved),
        dr=_interval(hoped + weight * (value - mean)),
    )


def _options(rows: pl.DataFrame, way: Judging) -> pl.DataFrame:
    """Give each row's options with the chance that the judged way gives them."""
    listed = pl.concat_list(pl.lit(NOTHING), pl.col(OPTIONS).str.split(SEPARATOR))
    long = rows.select(_ROW, _FOLD, "need", "action", option=listed).explode("option")
    if way is Judging.NOTHING:
        return long.with_columns(chance=(pl.col("option") == NOTHING).cast(pl.Float64))
    if way is Judging.EVENLY:
        real = pl.col("option") != NOTHING
        return long.with_columns(chance=real / real.sum().over(_ROW))
    ranked = long.join(_means(rows), on=[_FOLD, "need", "option"], how="left")
    best = pl.struct(-pl.col("mean").fill_null(0.0), "option").rank("ordinal").over(_ROW) == 1
    return ranked.with_columns(chance=best.cast(pl.Float64)).drop("mean")


def _means(rows: pl.DataFrame) -> pl.DataFrame:
    """Count the mean value by need and action in the *other* half."""
    counted = rows.group_by(_FOLD, "need", option="action").agg(mean=pl.col("value_minor").mean())
    return counted.with_columns((1 - pl.col(_FOLD).cast(pl.Int64)).cast(rows.schema[_FOLD]).alias(_FOLD))


def _vector(rows: pl.DataFrame, name: str) -> Vector:
    return np.asarray(rows[name].fill_null(0).cast(pl.Float64).to_numpy(), dtype=np.float64)


def _interval(each: Vector) -> Interval:
    return _around(float(each.mean()), each)


def _around(figure: float, each: Vector) -> Interval:
    half = Z_95 * float(each.std(ddof=1)) / each.size**0.5
    return Interval(figure, figure - half, figure + half)
