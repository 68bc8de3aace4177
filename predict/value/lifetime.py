"""Customer lifetime value, actual and predicted: the one definition behind value at risk, recovered value and returns.

Value is contribution margin in minor units of one currency, discounted to today, over a stated number of months. It
counts what is to come; what was is told beside it. Two situations (Fader & Hardie, Journal of Interactive Marketing
23, 2009): without a contract customers are silent, and purchases (`predict.value.purchases`) times their worth
(`predict.value.spend`) are foretold; with one they say when they leave, and margin is multiplied by survival.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from predict.frames import Matrix, Vector
from predict.value.history import History
from predict.value.purchases import Purchasing
from predict.value.spend import Spending

DRAWS: Final = 400
TAILS: Final = (0.05, 0.95)
DAYS_A_MONTH: Final = 365.25 / 12
_BATCH: Final = 20_000  # customers a batch: bounds the memory of draws, not the result


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a value rests on beside the customer: said by the controller and shown with every figure.

    `margin` is the share of a purchase that is contribution; `unit_days` the unit of time of the histories.
    """

    months: int
    yearly_discount: float
    margin: float = 1.0
    unit_days: float = 1.0

    @property
    def weights(self) -> Vector:
        """Give what one unit of money is worth today in the middle of each month to come."""
        middles = np.arange(self.months) + 0.5
        return np.asarray((1 + self.yearly_discount) ** (-middles / 12), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Value:
    """The expected value of each customer with the bounds of 90 % of what may come."""

    expected: Vector
    low: Vector
    high: Vector


def actual(amount: Vector, margin: float) -> Vector:
    """Give the contribution that a customer has brought: what was paid, times the margin; not discounted."""
    return np.asarray(amount * margin, dtype=np.float64)


def without_contract(
    history: History, market: tuple[Purchasing, Spending], terms: Terms, *, seed: int, draws: int = DRAWS
) -> Value:
    """Foretell value from purchases, month by month; the bounds are of futures drawn for each customer."""
    purchasing, spending = market
    edges = np.arange(terms.months + 1) * DAYS_A_MONTH / terms.unit_days
    by_then = np.column_stack(
        [np.zeros(history.repeats.size), *(purchasing.expected(history, one) for one in edges[1:])]
    )
    worth = spending.expected(history) * terms.margin
    expected = (np.diff(by_then, axis=1) @ terms.weights) * worth
    low, high = _futures(history, market, terms, (np.random.default_rng(seed), draws))
    return Value(np.asarray(expected), low, high)


def with_contract(
    monthly_margin: Vector, leaving: tuple[Vector, Vector, Vector], horizon_days: int, terms: Terms
) -> Value:
    """Multiply margin by survival: value = sum over months of margin * survival^month * discount.

    Args:
        monthly_margin: contribution a month while the contract runs, in minor units.
        leaving: the calibrated chance of leaving within the horizon, and its bounds (low, high).
        horizon_days: the horizon of that chance.
        terms: months, discount; the margin is in the first argument already.

    The chance is taken to be the same in every horizon to come. Markets lose the restless first, so for customers who
    stay this is too low (Fader & Hardie 2010): a cautious figure. High chances give the low bound.
    """
    chance, low, high = leaving
    values = (_surviving(monthly_margin, one, horizon_days, terms) for one in (chance, high, low))
    return Value(*values)


def _surviving(margin: Vector, leaving: Vector, horizon_days: int, terms: Terms) -> Vector:
    monthly = (1 - leaving) ** (DAYS_A_MONTH / horizon_days)
    months = monthly[:, None] ** (np.arange(terms.months) + 0.5)
    return np.asarray(margin * (months @ terms.weights), dtype=np.float64)


def _futures(
    history: History, market: tuple[Purchasing, Spending], terms: Terms, randomness: tuple[np.random.Generator, int]
) -> tuple[Vector, Vector]:
    """Draw whether a customer is still there, how often he buys until he leaves, and for how much."""
    alive = market[0].alive(history)
    pieces = []
    for start in range(0, history.repeats.size, _BATCH):
        rows = slice(start, start + _BATCH)
        part = History(history.repeats[rows], history.last[rows], history.observed[rows], history.mean_spend[rows])
        pieces.append(np.quantile(_drawn(part, alive[rows], market, terms, randomness), TAILS, axis=1))
    low, high = np.hstack(pieces) if pieces else np.empty((2, 0))
    return np.asarray(low), np.asarray(high)


def _drawn(
    history: History,
    alive: Vector,
    market: tuple[Purchasing, Spending],
    terms: Terms,
    randomness: tuple[np.random.Generator, int],
) -> Matrix:
    """Give one row of futures for each customer: purchases until he leaves, times what they are worth, discounted."""
    rng, draws = randomness
    purchasing, spending = market
    x, size = history.repeats[:, None], (history.repeats.size, draws)
    horizon = terms.months * DAYS_A_MONTH / terms.unit_days
    rate = rng.gamma(purchasing.r + x, 1 / (purchasing.alpha + history.observed[:, None]), size)
    leaves = np.clip(rng.beta(purchasing.a, purchasing.b + x, size), 1e-12, 1.0)
    count = np.minimum(rng.poisson(rate * horizon), rng.geometric(leaves)) * (rng.random(size) < alive[:, None])
    own = np.where(x > 0, history.mean_spend[:, None], 0.0)
    scale = rng.gamma(spending.q + spending.p * x, 1 / (spending.gamma + own * x), size)
    paid = rng.gamma(np.maximum(spending.p * count, 1e-12)) / scale * (count > 0)
    return np.asarray(paid * terms.margin * terms.weights.mean(), dtype=np.float64)
