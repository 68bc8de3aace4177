"""How often a need followed its trigger, beside what an untargeted offer would have met.

Measured at labelled instants one horizon apart, so that no purchase is counted twice. *Untargeted* is everybody to
whom the trigger is open: popularity. Whom a trigger names may buy more at any time, so that it is also held against
others of the same instant and the same band of the *own frequency*: difference of shares after Mantel and Haenszel with
Sato's variance, which holds for few and for many customers a stratum (Sato, Biometrics 45, 1989). Several triggers are
judged at once: a trigger *holds* when the interval widened for that (Bonferroni) lies above 0.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import polars as pl

from predict.evaluate import Interval
from predict.frames import AS_OF, Vector
from predict.next_need.trigger import Trigger
from predict.shares import told_share

JUDGED_FROM: Final = 30
"""Customers whom a trigger must have named before it is judged."""
LEVEL: Final = 0.05
_FIRED, _HIT, _STRATUM = "fired", "hit", "stratum"


class Verdict(StrEnum):
    """What was found of a trigger."""

    HOLDS = "holds"
    NO_EVIDENCE = "no evidence"
    TOO_FEW = "too few to judge"
    OTHERS = "told by the label of another module"
    NEVER = "no label tells it"


def measured(
    frame: pl.DataFrame, triggers: Sequence[Trigger], *, label: str, horizon_days: int, frequency: str | None
) -> list[dict[str, Any]]:
    """Measure every trigger on a training frame; plain JSON values, one entry a trigger, in their order.

    `gain` is the share of those named less that of others alike, with the 95 % interval; `customers` counts a customer
    once an instant.
    """
    rows = _apart(frame, horizon_days)
    told = [one for one in triggers if label in one.told_by]
    return [_measure(rows, one, label, (frequency, len(told))) if one in told else _untold(one) for one in triggers]


def risk_difference(counts: pl.DataFrame, *, level: float = LEVEL) -> Interval:
    """Give the Mantel-Haenszel difference of shares and its interval (Sato 1989).

    Args:
        counts: a row a stratum: `x1` hits of `n1` named, `x0` hits of `n0` others.
        level: the chance that the interval misses.
    """
    x1, n1, x0, n0 = (_vector(counts, name) for name in ("x1", "n1", "x0", "n0"))
    both = (n1 > 0) & (n0 > 0)
    x1, n1, x0, n0 = x1[both], n1[both], x0[both], n0[both]
    if not x1.size:
        return Interval(float("nan"), float("nan"), float("nan"))
    n = n1 + n0
    weight = float((n1 * n0 / n).sum())
    figure = float(((x1 * n0 - x0 * n1) / n).sum()) / weight
    p = float(((n1**2 * x0 - n0**2 * x1 + n1 * n0 * (n0 - n1) / 2) / n**2).sum())
    q = float(((x1 * (n0 - x0) + x0 * (n1 - x1)) / (2 * n)).sum())
    half = NormalDist().inv_cdf(1 - level / 2) * max(0.0, figure * p + q) ** 0.5 / weight
    return Interval(figure, figure - half, figure + half)


def _vector(counts: pl.DataFrame, name: str) -> Vector:
    return np.asarray(counts[name].cast(pl.Float64).to_numpy(), dtype=np.float64)


def _apart(frame: pl.DataFrame, horizon_days: int) -> pl.DataFrame:
    """Keep the newest instant and earlier ones at least one horizon apart."""
    kept: list[Any] = []
    for cut in frame[AS_OF].unique().sort(descending=True):
        if not kept or cut + timedelta(days=horizon_days) <= kept[-1]:
            kept.append(cut)
    return frame.filter(pl.col(AS_OF).is_in(kept))


def _measure(rows: pl.DataFrame, trigger: Trigger, label: str, beside: tuple[str | None, int]) -> dict[str, Any]:
    frequency, judged = beside
    could = rows.filter(trigger.open_to(rows.columns))
    could = could.select(
        AS_OF, trigger.fires(rows.columns).alias(_FIRED), pl.col(label).alias(_HIT), _band(could, frequency)
    )
    named = could.filter(_FIRED)
    entry = _told(trigger) | {
        "customers": named.height,
        "rate": told_share(float(named[_HIT].sum()), named.height),
        "untargeted": told_share(float(could[_HIT].sum()), could.height),
    }
    if named.height < JUDGED_FROM or named.height == could.height:
        return entry | {"verdict": Verdict.TOO_FEW.value}
    counts = could.group_by(AS_OF, _STRATUM, maintain_order=True).agg(
        x1=(pl.col(_FIRED) & pl.col(_HIT)).sum(),
        n1=pl.col(_FIRED).sum(),
        x0=(~pl.col(_FIRED) & pl.col(_HIT)).sum(),
        n0=(~pl.col(_FIRED)).sum(),
    )
    gain = risk_difference(counts)
    if not np.isfinite(gain.figure):
        return entry | {"verdict": Verdict.TOO_FEW.value}
    holds = risk_difference(counts, level=LEVEL / judged).low > 0
    verdict = Verdict.HOLDS if holds else Verdict.NO_EVIDENCE
    told = {"figure": gain.figure, "low": gain.low, "high": gain.high, "of": named.height}
    return entry | {"gain": told, "verdict": verdict.value}


def _band(rows: pl.DataFrame, frequency: str | None) -> pl.Expr:
    """Sort customers into three bands of their own frequency; unknown is a band of its own."""
    if frequency is None or frequency not in rows.columns:
        return pl.lit(0).alias(_STRATUM)
    column = pl.col(frequency).cast(pl.Float64)
    lines = [rows.select(column.quantile(share)).item() for share in (1 / 3, 2 / 3)]
    above = [(column > line).cast(pl.Int64) for line in lines if line is not None]
    band = pl.sum_horizontal(above, ignore_nulls=False).fill_null(-1) if above else pl.lit(-1)
    return band.alias(_STRATUM)


def _told(trigger: Trigger) -> dict[str, Any]:
    return {"trigger": trigger.name, "need": trigger.need}


def _untold(trigger: Trigger) -> dict[str, Any]:
    return _told(trigger) | {"verdict": (Verdict.OTHERS if trigger.told_by else Verdict.NEVER).value}
