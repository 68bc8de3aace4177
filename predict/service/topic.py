"""What somebody will ask about, given that he asks: a multinomial logistic regression over the topics of the source.

Nobody labels it: the view tells what the last case was about (`TOPIC`) and whether there was one within 30 days
(`CAME`), so what was asked after an instant stands in the same customer's row at the next one. Only instants that lie a
horizon or more apart teach, for else a case before the first would be told as if it came after.

It is kept only where it is better than the shares that topics have among all who ask, by log loss at the last instant
with its 95 % interval; else these shares are the answer, and the report says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression

from predict.frames import AS_OF, PSEUDONYM, Matrix, Vector
from predict.levels import RARE_BELOW
from predict.threads import few_threads

TOPIC: Final = "last_ticket_topic"
CAME: Final = "tickets_30d"
LEAST: Final = 200
"""Cases from which topics can be learned; with fewer the shares are noise, too, and no topic is told."""
_PENALTY: Final = 0.1
_DRAWS: Final = 1000
_SURELY: Final = 1e-9

Topics = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class TopicModel:
    """Topics, their shares among all who asked, and what moves them; without coefficients the shares are the answer.

    A value is centred and scaled before its coefficient counts; what is not known moves nothing.
    """

    topics: tuple[str, ...]
    shares: Vector
    columns: tuple[str, ...] = ()
    centre: Vector = field(default_factory=lambda: np.empty(0))
    scale: Vector = field(default_factory=lambda: np.empty(0))
    coefficients: Matrix | None = None
    intercept: Vector | None = None

    def probability(self, raw: Matrix) -> Matrix:
        """Give the chance of each topic for rows of `columns`; each row adds up to one."""
        if self.coefficients is None or self.intercept is None:
            return np.tile(self.shares, (raw.shape[0], 1))
        odds = self.scaled(raw) @ self.coefficients.T + self.intercept
        weights = np.exp(odds - odds.max(axis=1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float64)

    def scaled(self, raw: Matrix) -> Matrix:
        """Centre and scale rows; what is not known lies at the mean."""
        return np.nan_to_num((raw - self.centre) / self.scale)

    def as_mapping(self) -> dict[str, Any]:
        """Turn it into plain JSON values; `topics_of` reads them back."""
        parts = {name: getattr(self, name) for name in ("shares", "centre", "scale", "coefficients", "intercept")}
        lists = {name: None if part is None else part.tolist() for name, part in parts.items()}
        return {"topics": list(self.topics), "columns": list(self.columns), **lists}


def topics_of(stored: Mapping[str, Any]) -> TopicModel:
    """Read a topic model back from plain JSON values."""

    def numbers(name: str) -> Any:  # noqa: ANN401 - a vector or a matrix
        return None if stored[name] is None else np.asarray(stored[name], dtype=np.float64)

    return TopicModel(
        topics=tuple(map(str, stored["topics"])),
        shares=numbers("shares"),
        columns=tuple(map(str, stored["columns"])),
        centre=numbers("centre"),
        scale=numbers("scale"),
        coefficients=numbers("coefficients"),
        intercept=numbers("intercept"),
    )


def asked_next(frame: pl.DataFrame, *, horizon_days: int) -> pl.DataFrame:
    """Find what was asked about after each row: pseudonym, as_of and `asked`, of those who asked before the next."""
    cuts = frame.select(pl.col(AS_OF).unique().sort()).with_columns(next=pl.col(AS_OF).shift(-1))
    apart = cuts.filter(pl.col("next") - pl.col(AS_OF) >= pl.duration(days=horizon_days))
    later = frame.filter(pl.col(CAME) > 0, pl.col(TOPIC).is_not_null())
    later = later.select(PSEUDONYM, pl.col(AS_OF).alias("next"), asked=pl.col(TOPIC).cast(pl.String))
    return frame.select(PSEUDONYM, AS_OF).join(apart, on=AS_OF).join(later, on=[PSEUDONYM, "next"]).drop("next")


def learned(raw: Matrix, columns: tuple[str, ...], asked: pl.Series) -> TopicModel:
    """Learn topics from rows of those who asked; those of fewer than `RARE_BELOW` are left out: a model names none."""
    counted = asked.value_counts(sort=True)
    common = counted.filter(pl.col("count") >= RARE_BELOW)[asked.name].sort()
    there = asked.is_in(common.implode())
    wanted = _coded(asked.filter(there), tuple(common))
    base = TopicModel(tuple(common), np.bincount(wanted, minlength=common.len()) / max(wanted.size, 1))
    if common.len() < 2:  # noqa: PLR2004 - nothing to tell apart
        return base
    told = raw[there.to_numpy()]
    told = np.where(np.isfinite(told).any(axis=0), told, 0.0)  # what nobody has moves nothing
    spread = np.nanstd(told, axis=0)
    model = replace(base, columns=columns, centre=np.nanmean(told, axis=0), scale=np.where(spread > 0, spread, 1.0))
    with few_threads(told):
        fit = LogisticRegression(C=_PENALTY, max_iter=300).fit(model.scaled(told), wanted)
    weights, intercept = fit.coef_, fit.intercept_
    if common.len() == 2:  # noqa: PLR2004 - scikit-learn tells one side of two only
        weights, intercept = np.vstack([-weights / 2, weights / 2]), np.array([-intercept[0] / 2, intercept[0] / 2])
    return replace(model, coefficients=weights, intercept=intercept)


def gained(model: TopicModel, raw: Matrix, asked: pl.Series, *, seed: int) -> dict[str, Any]:
    """Judge a topic model by others than those who taught it: log loss gained over the shares, how often it is right.

    The interval is the 2.5th to 97.5th percentile of resampled customers.
    """
    there = asked.is_in(pl.Series(model.topics).implode())
    wanted = _coded(asked.filter(there), model.topics)
    chances = model.probability(raw[there.to_numpy()])
    row = np.arange(wanted.size)
    gain = np.log(np.clip(chances[row, wanted], _SURELY, 1)) - np.log(np.clip(model.shares[wanted], _SURELY, 1))
    right = chances.argmax(axis=1) == wanted
    usual = wanted == int(np.argmax(model.shares))
    drawn = np.random.default_rng(seed).integers(0, max(wanted.size, 1), (_DRAWS, wanted.size))
    low, high = np.percentile(gain[drawn].mean(axis=1), [2.5, 97.5]) if wanted.size else (0.0, 0.0)
    return {
        "asked": int(wanted.size),
        "log_loss_gained": {"figure": float(gain.mean()) if gain.size else 0.0, "low": float(low), "high": float(high)},
        "right": float(right.mean()) if right.size else 0.0,
        "right_by_the_most_frequent": float(usual.mean()) if usual.size else 0.0,
    }


def _coded(asked: pl.Series, topics: tuple[str, ...]) -> Topics:
    return np.asarray(asked.cast(pl.Enum(topics)).to_physical().cast(pl.Int64).to_numpy(), dtype=np.int64)
