"""How many purchases are to come: BG/NBD (Fader, Hardie & Lee, Marketing Science 24, 2005, "Counting your customers").

While alive a customer buys as a Poisson process with rate lambda ~ Gamma(r, alpha); after any purchase he leaves with
chance p ~ Beta(a, b). Numbers of equations are those of the paper.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, expit, gammaln, hyp2f1

from predict.errors import TooFewCustomers
from predict.frames import Vector
from predict.value.history import History

STAYS: Final = 1e-3
"""Odds of leaving at a purchase below which nobody is taken to leave: twenty purchases are told 1 % too high."""
LEAST = 100  # customers with a repeat purchase; of fewer four figures cannot be told


@dataclass(frozen=True, slots=True)
class Purchasing:
    """The four figures of the market; `log_likelihood` is that of the customers they were fitted to."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float = float("nan")

    def alive(self, history: History) -> Vector:
        """Give the chance that a customer has not left; 1 without a repeat purchase: nobody leaves before one."""
        x, last, observed = history.repeats, history.last, history.observed
        repeated = np.log(self.a) - np.log(self.b + np.maximum(x, 1.0) - 1)
        odds = repeated + (self.r + x) * (np.log(self.alpha + observed) - np.log(self.alpha + last))
        return np.where(x > 0, expit(-odds), 1.0)

    def silent(self, history: History, horizon: float) -> Vector:
        """Give the chance of no purchase within a horizon: of having left, or of being alive and waiting."""
        waiting = ((self.alpha + history.observed) / (self.alpha + history.observed + horizon)) ** (
            self.r + history.repeats
        )
        alive = self.alive(history)
        return np.asarray(1 - alive * (1 - waiting), dtype=np.float64)

    def expected(self, history: History, horizon: float) -> Vector:
        """Give the purchases expected within a horizon (equation 10).

        Where hardly anybody ever leaves the equation is a large number times the difference of two that are alike, and
        says anything; then it is the rate of a customer who stays.
        """
        x, observed = history.repeats, history.observed
        left, right = self.r + x, self.b + x
        if self.a < STAYS * self.b:
            return np.asarray(left * horizon / (self.alpha + observed) * self.alive(history), dtype=np.float64)
        a = self.a if abs(self.a - 1) > _BESIDE else 1 + _BESIDE  # at 1 itself the equation is nothing by nothing
        third = a + self.b + x - 1
        share = ((self.alpha + observed) / (self.alpha + observed + horizon)) ** left
        series = hyp2f1(left, right, third, horizon / (self.alpha + observed + horizon))
        return np.asarray(third / (a - 1) * (1 - share * series) * self.alive(history), dtype=np.float64)

    def as_mapping(self) -> Mapping[str, float]:
        """Give plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


def fit_purchasing(history: History) -> Purchasing:
    """Fit the four figures by maximum likelihood.

    Raises:
        TooFewCustomers: fewer than `LEAST` bought again.
    """
    again = int((history.repeats > 0).sum())
    if again < LEAST:
        advice = "wait until more customers have bought a second time"
        raise TooFewCustomers(have=again, need=LEAST, of_what="customers with a second purchase", advice=advice)
    scale = float(history.observed.max()) / 10  # any unit of time gives the same start
    scaled = History(history.repeats, history.last / scale, history.observed / scale, history.mean_spend)
    found = minimize(_loss, np.zeros(4), args=(scaled,), method="Nelder-Mead", options=_OPTIONS)
    r, alpha, a, b = map(float, np.exp(np.clip(found.x, *_BOUNDS)))
    fitted = Purchasing(r, alpha * scale, a, b)
    return Purchasing(r, alpha * scale, a, b, log_likelihood(fitted, history))


def log_likelihood(market: Purchasing, history: History) -> float:
    """Sum up equation 6 over customers."""
    r, alpha, a, b = market.r, market.alpha, market.a, market.b
    x, last, observed = history.repeats, history.last, history.observed
    counted = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stayed = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + observed)
    left = betaln(a + 1, b + np.maximum(x, 1.0) - 1) - betaln(a, b) - (r + x) * np.log(alpha + last)
    return float(np.sum(counted + np.logaddexp(stayed, np.where(x > 0, left, -np.inf))))


def _loss(logs: Vector, history: History) -> float:
    figures = Purchasing(*map(float, np.exp(np.clip(logs, *_BOUNDS))))
    return -log_likelihood(figures, history) / history.repeats.size


_BESIDE: Final = 1e-7
_BOUNDS: Final = (-15.0, 15.0)
_OPTIONS = {"maxiter": 4000, "xatol": 1e-6, "fatol": 1e-10}
