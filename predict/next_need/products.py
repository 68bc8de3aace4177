"""Which product, or function, a customer may want next: ranked in three ways; the simplest is used unless beaten.

- *popularity*: what most customers bought lately, the same for everybody (G-TopFreq);
- *own frequency*: what this customer bought most often, then most lately; filled up with what is popular (GP-TopFreq);
- *model*: a logistic regression of each customer and product on the columns of the view and on popularity, filled up
  alike.

The first two are hard to beat (Li et al., A Next Basket Recommendation Reality Check, TOIS 41, 2023; names are theirs):
the model is used only where its precision on later customers is clearly higher than that of the own frequency.

Frames have a row for each customer and product of theirs: pseudonym, as_of, the product, numbers; a training frame has
the label as well.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import numpy as np
import polars as pl

from predict.errors import FrameRefused, TooFewCustomers
from predict.evaluate import Interval
from predict.frames import AS_OF, PSEUDONYM, Matrix, Vector
from predict.logistic import Logistic, fit_logistic
from predict.next_need.texts import PRODUCT_WORDS
from predict.shares import Z_95
from predict.split import TAUGHT, thinned

MANY: Final = 10
_PENALTY: Final = 0.001
_POPULARITY: Final = "popularity"
_RANK: Final = "rank"
_BUYERS_JUDGED: Final = 30


class Way(StrEnum):
    """How products are ranked."""

    POPULARITY = "popularity"
    OWN_FREQUENCY = "own frequency"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of a frame of pairs by what they say; the defaults are those of `next_need_products_*`."""

    product: str = "product"
    often: str = "product_orders_730d"
    lately: str = "product_orders_90d"
    since: str = "days_since_product"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Precision among the first ten, per way, with 95 % intervals over customers who bought anything; `way` is used."""

    customers: int
    precision: dict[Way, Interval]
    gain: Interval
    way: Way


def learn(pairs: pl.DataFrame, label: str, *, until: datetime, columns: Columns, seed: int = 0) -> Logistic:
    """Learn from every cut before `until`; outcomes of those cuts must be known by then.

    Raises:
        TooFewCustomers: no such cut, or outcomes of one kind only.
        FrameRefused: a column is missing.
    """
    _require(pairs, columns)
    teach = _with_popularity(pairs.filter(pl.col(AS_OF) < until), columns).sort(AS_OF, PSEUDONYM, columns.product)
    outcome = np.asarray(teach[label].cast(pl.Float64).to_numpy(), dtype=np.float64)
    if not 0 < outcome.sum() < outcome.size:
        advice = "collect until purchases after a first cut are known"
        raise TooFewCustomers(have=int(outcome.sum()), need=1, of_what="purchases again", advice=advice)
    rows = thinned(np.arange(outcome.size), TAUGHT, seed=seed)
    names = _numbers(pairs, columns, label)
    return fit_logistic(_matrix(teach, names)[rows], outcome[rows], names, penalty=_PENALTY)


def ranked(pairs: pl.DataFrame, way: Way, *, columns: Columns, model: Logistic | None = None) -> pl.DataFrame:
    """Name each customer's next products: pseudonym, as_of, place (from 1), the product, own (bought before).

    Raises:
        FrameRefused: a column is missing, or the way needs a model that is not given.
    """
    _require(pairs, columns)
    if way is Way.POPULARITY:
        return _fill(pairs.select(PSEUDONYM, AS_OF).unique(), pairs.head(0), pairs, columns, anew=False)
    if way is Way.MODEL and model is None:
        raise FrameRefused("*", "the way `model` needs one", "learn it first")
    own = _own(pairs, columns) if model is None or way is Way.OWN_FREQUENCY else _by_model(pairs, model, columns)
    best = own.filter(pl.col(_RANK) <= MANY)
    return _fill(pairs.select(PSEUDONYM, AS_OF).unique(), best, pairs, columns, anew=True)


def unused(pairs: pl.DataFrame, *, columns: Columns) -> pl.DataFrame:
    """Name what each customer has no row for, of the twenty that most customers use: as `ranked`, nothing is own.

    What was given up has a row, so it is not named as new.

    Raises:
        FrameRefused: a column is missing.
    """
    _require(pairs, columns)
    return _fill(pairs.select(PSEUDONYM, AS_OF).unique(), pairs.head(0), pairs, columns, anew=True)


def judge(
    pairs: pl.DataFrame,
    bought: pl.DataFrame,
    model: Logistic,
    *,
    columns: Columns,
    window: tuple[datetime, timedelta],
) -> Judged:
    """Measure the three ways on the customers of one cut who bought anything in the window that follows.

    Args:
        pairs: the frame of pairs; only the cut is ranked.
        bought: pseudonym, the product, at: what was bought, and when; only what lies in the window counts.
        model: learned from cuts whose windows ended by the cut.
        columns: what the columns of `pairs` say.
        window: the cut and the horizon.

    Raises:
        TooFewCustomers: fewer than 30 customers bought anything.
    """
    at, horizon = window
    cut = pairs.filter(pl.col(AS_OF) == at)
    within = (pl.col("at") >= at) & (pl.col("at") < at + horizon)
    truth = bought.filter(within).select(PSEUDONYM, columns.product).unique()
    buyers = cut.select(PSEUDONYM).unique().join(truth, on=PSEUDONYM, how="semi").sort(PSEUDONYM)
    if buyers.height < _BUYERS_JUDGED:
        advice = "wait for more purchases"
        raise TooFewCustomers(have=buyers.height, need=_BUYERS_JUDGED, of_what="customers who bought", advice=advice)
    found = {way: _hits(ranked(cut, way, columns=columns, model=model), truth, buyers, columns) for way in Way}
    gain = _mean(found[Way.MODEL] - found[Way.OWN_FREQUENCY])
    return Judged(
        customers=buyers.height,
        precision={way: _mean(hits) for way, hits in found.items()},
        gain=gain,
        way=Way.MODEL if gain.low > 0 else Way.OWN_FREQUENCY,
    )


def because(listed: pl.DataFrame, pairs: pl.DataFrame, language: str, *, columns: Columns) -> pl.DataFrame:
    """Say why each product is named: what the customer bought before, or that many buy it; column `because`."""
    own, others = PRODUCT_WORDS[language]
    key = [PSEUDONYM, AS_OF, columns.product]
    known = listed.join(pairs.select(*key, columns.often, columns.since), on=key, how="left", maintain_order="left")
    figures = [pl.col(name).cast(pl.Int64).cast(pl.String) for name in (columns.often, columns.since)]
    said = pl.when(pl.col("own")).then(pl.format(own, *figures)).otherwise(pl.lit(others)).alias("because")
    return known.select(*listed.columns, said)


def popularity(pairs: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """Give the share of each cut's customers who bought a product lately: as_of, the product, popularity."""
    everybody = pairs.group_by(AS_OF).agg(customers=pl.col(PSEUDONYM).n_unique())
    lately = pairs.group_by(AS_OF, columns.product).agg(buyers=(pl.col(columns.lately) > 0).sum())
    share = (pl.col("buyers") / pl.col("customers")).alias(_POPULARITY)
    return lately.join(everybody, on=AS_OF).select(AS_OF, columns.product, share)


def _own(pairs: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    order = (-pl.col(columns.often).cast(pl.Float64), pl.col(columns.since), pl.col(columns.product))
    return _placed(pairs, pl.struct(*order))


def _by_model(pairs: pl.DataFrame, model: Logistic, columns: Columns) -> pl.DataFrame:
    rows = _with_popularity(pairs, columns)
    odds = pl.Series("odds", model.log_odds(_matrix(rows, model.names)))
    return _placed(rows.with_columns(odds), pl.struct(-pl.col("odds"), pl.col(columns.product)))


def _placed(pairs: pl.DataFrame, order: pl.Expr) -> pl.DataFrame:
    return pairs.with_columns(order.rank("ordinal").over(PSEUDONYM, AS_OF).alias(_RANK))


def _fill(
    customers: pl.DataFrame, best: pl.DataFrame, pairs: pl.DataFrame, columns: Columns, *, anew: bool
) -> pl.DataFrame:
    """Fill up to ten places with what is popular; `anew`: only what the customer never bought."""
    product, person = columns.product, [PSEUDONYM, AS_OF]
    order = pl.struct(-pl.col(_POPULARITY), pl.col(product)).rank("ordinal").over(AS_OF)
    shown = popularity(pairs, columns).with_columns(order.alias(_RANK)).filter(pl.col(_RANK) <= 2 * MANY)
    filling = customers.join(shown, on=AS_OF)
    if anew:
        filling = filling.join(pairs.select(*person, product), on=[*person, product], how="anti")
    own = pl.lit(value=True)
    chosen = [] if best.is_empty() else [best.select(*person, product, pl.col(_RANK).cast(pl.Int64), own=own)]
    after = filling.select(*person, product, pl.col(_RANK).cast(pl.Int64) + MANY, own=~own)
    place = pl.col(_RANK).rank("ordinal").over(person).cast(pl.Int64).alias("place")
    listed = pl.concat([*chosen, after]).with_columns(place).filter(pl.col("place") <= MANY)
    return listed.select(*person, "place", product, "own").sort(AS_OF, PSEUDONYM, "place")


def _hits(listed: pl.DataFrame, truth: pl.DataFrame, buyers: pl.DataFrame, columns: Columns) -> Vector:
    """Give the share of ten places that was bought, for each buyer in order."""
    right = listed.join(truth, on=[PSEUDONYM, columns.product], how="semi").group_by(PSEUDONYM).agg(hits=pl.len())
    hits = buyers.join(right, on=PSEUDONYM, how="left", maintain_order="left")["hits"].fill_null(0)
    return np.asarray(hits.cast(pl.Float64).to_numpy() / MANY, dtype=np.float64)


def _mean(values: Vector) -> Interval:
    """Give the mean over customers with its 95 % interval (normal: there are 30 at least)."""
    middle, half = float(values.mean()), Z_95 * float(values.std(ddof=1)) / values.size**0.5
    return Interval(middle, middle - half, middle + half)


def _with_popularity(pairs: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    return pairs.join(popularity(pairs, columns), on=[AS_OF, columns.product], how="left", maintain_order="left")


def _numbers(pairs: pl.DataFrame, columns: Columns, label: str) -> tuple[str, ...]:
    others = {PSEUDONYM, AS_OF, columns.product, label}
    kept = {name for name, kind in pairs.schema.items() if name not in others and kind.is_numeric()}
    return tuple(sorted({*kept, _POPULARITY}))


def _matrix(rows: pl.DataFrame, names: tuple[str, ...]) -> Matrix:
    return np.asarray(rows.select(pl.col(names).cast(pl.Float64)).to_numpy(), dtype=np.float64)


def _require(pairs: pl.DataFrame, columns: Columns) -> None:
    for name in (PSEUDONYM, AS_OF, columns.product, columns.often, columns.lately, columns.since):
        if name not in pairs.columns:
            raise FrameRefused(name, "is missing", "read a view with a row for each customer and product")
