"""A/B tests with a hold-out: who is drawn into it, how many are needed, and when one may look.

- `draw_arms`: within each group (such as the reason for leaving) the same share is kept out, at random.
- `sample_size`: customers per arm so that a difference of this size is missed seldom.
- `look`: a test that stays true however often one looks. An ordinary p-value looked at every day calls every second
  test a success in the end; this one errs at most `alpha` of the time over all looks together.
"""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from predict.evaluate import Interval
from predict.frames import PSEUDONYM
from predict.shares import share

ARM = "arm"
CONTACT, HOLD_OUT = "contact", "hold_out"
FIRST_LOOK = 25  # customers per arm before the normal approximation behind `look` may be used
LEAST_EVENTS = 5  # and as many responses, and as many without, over both arms

Booleans = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Look:
    """What one look shows: difference (contact minus hold-out) and its always-valid interval and p-value."""

    difference: Interval
    p: float


def draw_arms(frame: pl.DataFrame, *, hold_out: float, seed: int, within: str | None = None) -> pl.DataFrame:
    """Draw who is kept out: columns pseudonym and arm, sorted by pseudonym; the order of rows changes nothing.

    Args:
        frame: has `pseudonym`, one row each, and the column `within`, if one is named.
        hold_out: share of each group that is not contacted, above 0 and below 1; what does not divide is rounded at
            random, so that small groups are not always spared.
        seed: draws; keep it, and the arms can be drawn again.
        within: a column whose groups are drawn from apart.
    """
    if not 0 < hold_out < 1:
        raise ValueError("a hold-out is a share above 0 and below 1: nobody kept out leaves nothing to compare with")
    rows = frame.sort(PSEUDONYM)
    rng = np.random.default_rng(seed)
    kept = np.zeros(rows.height, dtype=np.bool_)
    groups = rows[within].rank("dense").fill_null(0).to_numpy() if within else np.zeros(rows.height)
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        wanted = math.floor(members.size * hold_out + rng.random())
        kept[rng.permutation(members)[:wanted]] = True
    arm = pl.when(pl.Series(kept)).then(pl.lit(HOLD_OUT)).otherwise(pl.lit(CONTACT)).alias(ARM)
    return rows.select(PSEUDONYM, arm)


def sample_size(base: float, lifted: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Give the customers needed in each of two equal arms to tell `lifted` from `base` (two-sided).

    Fleiss, Levin & Paik, Statistical Methods for Rates and Proportions, 3rd ed. 2003, eq. 4.14:
    n = (z_{1-alpha/2} sqrt(2 p q) + z_{power} sqrt(p1 q1 + p2 q2))^2 / (p1 - p2)^2, p the mean of the two.
    """
    if not (0 < base < 1 and 0 < lifted < 1) or base == lifted:
        raise ValueError("two different shares between 0 and 1 are needed")
    middle = (base + lifted) / 2
    chance = stats.norm.ppf(1 - alpha / 2) * math.sqrt(2 * middle * (1 - middle))
    found = stats.norm.ppf(power) * math.sqrt(base * (1 - base) + lifted * (1 - lifted))
    return math.ceil(float((chance + found) ** 2) / (base - lifted) ** 2)


def look(contact: tuple[int, int], hold_out: tuple[int, int], *, worthwhile: float, alpha: float = 0.05) -> Look:
    """Look at (responses, customers) of both arms; the test stands as soon as p falls below `alpha`.

    Mixture sequential probability ratio test (Robbins, Ann. Math. Stat. 41, 1970; Johari, Koomen, Pekelis & Walsh,
    KDD 2017, eq. 6 and 10) with a normal mixture of variance tau^2 and the estimated variance V of the difference d:

        L = sqrt(V / (V + tau^2)) exp(tau^2 d^2 / (2 V (V + tau^2))),  p = min(1, 1 / L)
        interval: d +- sqrt(2 V (V + tau^2) / tau^2 * (ln(1 / alpha) + ln((V + tau^2) / V) / 2))

    V takes one response more of each kind in each arm, so that arms without responses do not look certain.

    Args:
        contact: responses and customers of those contacted so far.
        hold_out: the same of those kept out.
        worthwhile: tau, the difference that would matter; set before the test and left alone. The test errs as seldom
            with any, and ends soonest when the difference is of this size.
        alpha: chance of a false alarm over all looks.
    """
    first, second = share(*contact).figure, share(*hold_out).figure
    if not _enough(contact, hold_out):
        return Look(Interval(first - second, -1.0, 1.0), 1.0)
    gap, spread, tau = first - second, _spread(*contact) + _spread(*hold_out), worthwhile**2
    evidence = 0.5 * math.log(spread / (spread + tau)) + tau * gap**2 / (2 * spread * (spread + tau))
    inside = math.log(1 / alpha) + 0.5 * math.log((spread + tau) / spread)
    half = math.sqrt(2 * spread * (spread + tau) / tau * inside)
    return Look(Interval(gap, gap - half, gap + half), min(1.0, math.exp(-evidence)))


def _enough(contact: tuple[int, int], hold_out: tuple[int, int]) -> bool:
    responses, size = contact[0] + hold_out[0], contact[1] + hold_out[1]
    return min(contact[1], hold_out[1]) >= FIRST_LOOK and min(responses, size - responses) >= LEAST_EVENTS


def _spread(events: int, size: int) -> float:
    """Variance of a share with one event more of each kind (Agresti & Caffo, Am. Stat. 54, 2000)."""
    padded = (events + 1) / (size + 2)
    return padded * (1 - padded) / (size + 2)
