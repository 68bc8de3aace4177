"""How long a silence has to be before it means leaving: proposed from the customers' own rhythm.

Somebody who buys every g days on average, at no fixed times, is silent for H days with chance exp(-H / g) though he
carries on (a Poisson process; BG/NBD supposes the same). `by_rhythm` is the mean of that over customers: the share whom
a fixed silence of H days would call leavers for nothing but their rhythm. The proposal is the shortest of `CHOICES` at
which it is at most `MISTAKEN`; where none is long enough, the longest. Who acted once has no rhythm and is left out.

A label of contracts that end is no silence: nothing is advised where the outcome is rarer than half of what rhythm
alone would make it.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from predict.frames import Vector
from predict.readiness import Finding, Light
from predict.telling.said import Sentence, said

CHOICES: Final = (30, 60, 90, 120, 180)
MISTAKEN: Final = 0.2
SILENCE_FROM: Final = 0.5
LEAST: Final = 50


def by_rhythm(gaps: Vector, days: float) -> float:
    """Give the share of customers who would be silent for so many days by their rhythm alone; gaps in days."""
    return float(np.mean(np.exp(-days / np.maximum(gaps, 1.0))))


def proposed(gaps: Vector, *, horizon_days: int, base_rate: float) -> dict[str, Any]:
    """Propose a horizon: plain JSON values; empty where fewer than `LEAST` customers have a rhythm.

    Args:
        gaps: each customer's usual days between two acts, NaN: unknown.
        horizon_days: the horizon of the label.
        base_rate: the share of customers with the outcome at that horizon.
    """
    known = gaps[np.isfinite(gaps) & (gaps > 0)]
    if known.size < LEAST:
        return {}
    silent = {days: by_rhythm(known, days) for days in CHOICES}
    days = next((one for one in CHOICES if silent[one] <= MISTAKEN), CHOICES[-1])
    here = by_rhythm(known, horizon_days)
    return {
        "horizon_days": horizon_days,
        "proposed_days": days,
        "by_rhythm": {str(one): share for one, share in silent.items()},
        "by_rhythm_here": here,
        "median_gap_days": float(np.median(known)),
        "customers": int(known.size),
        "of": int(gaps.size),
        "too_short": days > horizon_days and base_rate >= SILENCE_FROM * here,
    }


def advice(told: Mapping[str, Any]) -> Sentence | None:
    """Say what the rhythm advises; None where the horizon is long enough."""
    if not told.get("too_short"):
        return None
    days = told["proposed_days"]
    shares = {"here": told["by_rhythm_here"], "there": told["by_rhythm"][str(days)]}
    return said("remark.too_short", days=told["horizon_days"], proposed=days, **shares)


def finding(told: Mapping[str, Any]) -> list[Finding]:
    """Put the proposal among what readiness says; nothing where there is none, or where the outcome is no silence."""
    advised = advice(told)
    if not told or (told["proposed_days"] > told["horizon_days"] and advised is None):
        return []
    light = Light.AMBER if advised else Light.GREEN
    name = "days of the horizon, by the customers' own rhythm"
    return [
        Finding(name=name, light=light, have=told["horizon_days"], need=told["proposed_days"], advice=advised or "")
    ]
