"""How much a purchase is worth: Gamma-Gamma (Fader & Hardie, "The Gamma-Gamma model of monetary value", 2013).

A customer's purchases vary around a mean of his own with shape p; the means vary between customers as an inverse
gamma with q and gamma. It supposes that how much and how often have nothing to do with each other: `dependence` says
whether that holds.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln
from scipy.stats import spearmanr

from predict.errors import TooFewCustomers
from predict.frames import Vector
from predict.value.history import History
from predict.value.purchases import LEAST

DEPENDENT_FROM = 0.3  # rank correlation of how much and how often from which a report warns


@dataclass(frozen=True, slots=True)
class Spending:
    """The three figures of the market; `gamma` is in units of money."""

    p: float
    q: float
    gamma: float

    def expected(self, history: History) -> Vector:
        """Give the mean worth of a customer's purchases to come: between his own mean and everybody's (equation 5)."""
        x = history.repeats
        own = np.where(x > 0, history.mean_spend, 0.0)
        return np.asarray(self.p * (self.gamma + own * x) / (self.p * x + self.q - 1), dtype=np.float64)


def fit_spending(history: History) -> Spending:
    """Fit the three figures to those who bought again, by maximum likelihood (equation 1a).

    Raises:
        TooFewCustomers: fewer than `LEAST` bought again for more than nothing.
    """
    paid = (history.repeats > 0) & (history.mean_spend > 0)
    if int(paid.sum()) < LEAST:
        advice = "deliver the amounts of purchases, or wait for second purchases"
        raise TooFewCustomers(have=int(paid.sum()), need=LEAST, of_what="customers who paid again", advice=advice)
    x, mean = history.repeats[paid], history.mean_spend[paid]
    scale = float(np.median(mean))
    start = np.log([2.0, 3.0, 2.0])
    found = minimize(_loss, start, args=(x, mean / scale), method="Nelder-Mead", options=_OPTIONS)
    p, q, gamma = map(float, np.exp(found.x))
    return Spending(p, q, gamma * scale)


def dependence(history: History) -> float:
    """Give the rank correlation of how much and how often among those who bought again; near 0 is supposed."""
    again = (history.repeats > 0) & (history.mean_spend > 0)
    if np.unique(history.repeats[again]).size < 2:  # noqa: PLR2004 - one value has no rank
        return 0.0
    return float(spearmanr(history.repeats[again], history.mean_spend[again]).statistic)


def _loss(logs: Vector, x: Vector, mean: Vector) -> float:
    p, q, gamma = np.exp(np.clip(logs, -15, 15))
    each = (
        gammaln(p * x + q)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(gamma)
        + (p * x - 1) * np.log(mean)
        + p * x * np.log(x)
        - (p * x + q) * np.log(gamma + mean * x)
    )
    return -float(np.mean(each))


_OPTIONS = {"maxiter": 4000, "xatol": 1e-6, "fatol": 1e-10}
