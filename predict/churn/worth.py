"""What a customer is worth if he stays, and what is at risk: the one definition (`predict.value`) on a churn view.

| who | value |
|---|---|
| has a contract (`monthly_amount` above 0) | margin a month, times survival from the chance of leaving, discounted |
| buys without one | purchases to come (BG/NBD) times their worth (Gamma-Gamma), times the margin share, discounted |
| neither is on record | not known: null, and no part of any sum |

A view tells of one year. Of who bought before it the year is taken for the time observed, with every order in it a
repeat; of who came later the first order begins it. Where no order's day is released, the last activity stands for it.
Value at risk is the chance of leaving times the value if he stays: without a contract that of a customer who is still
there, with one that of a customer who leaves no more easily than others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl

from predict.errors import TooFewCustomers
from predict.frames import Vector
from predict.value.figures import value_at_risk
from predict.value.history import History
from predict.value.lifetime import Terms, Value, with_contract, without_contract
from predict.value.margin_shares import shares_of
from predict.value.margins import Margins, margins_of
from predict.value.purchases import Purchasing, fit_purchasing
from predict.value.spend import Spending, fit_spending

MONTHLY: Final = "monthly_amount"
ORDERS, AMOUNT = "orders_365d", "amount_365d"
LAST: Final = ("days_since_last_order", "days_since_last_activity")
FIRST: Final = ("days_since_first_order", "days_since_first_activity")
YEAR: Final = 365.0
TAUGHT: Final = 20_000
DRAWS: Final = 100
COLUMNS: Final = ("value_minor", "value_low_minor", "value_high_minor", "value_at_risk_minor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """The market of customers (None: too few buy again), the usual chance of leaving, and what the company says."""

    margins: Margins
    usual: float
    market: tuple[Purchasing, Spending] | None = None

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values; `worth_of` reads them back."""
        figures = None
        if self.market is not None:
            spending = {name: getattr(self.market[1], name) for name in ("p", "q", "gamma")}
            figures = [dict(self.market[0].as_mapping()), spending]
        return {"margins": self.margins.as_mapping(), "usual": self.usual, "market": figures}


def worth_of(stored: Mapping[str, Any]) -> Worth:
    """Read a worth back from its JSON values."""
    market = stored["market"]
    figures = None if market is None else (Purchasing(**market[0]), Spending(**market[1]))
    said = stored["margins"] if "margins" in stored else _earlier(stored["terms"])
    return Worth(margins=margins_of(said), usual=float(stored["usual"]), market=figures)


def tells_worth(rows: pl.DataFrame) -> bool:
    """Say whether a frame has what value is made of."""
    return MONTHLY in rows.columns or _history(rows.head(0)) is not None


def learn_worth(rows: pl.DataFrame, margins: Margins, *, usual: float) -> Worth:
    """Fit the market to customers of one cut; contracts need none. Margins by a column that is missing go."""
    margins = margins if margins.by in rows.columns else replace(margins, by="", levels={})
    history = _history(rows.head(TAUGHT))
    if history is None:
        return Worth(margins=margins, usual=usual)
    try:
        market = fit_purchasing(history), fit_spending(history)
    except TooFewCustomers:
        return Worth(margins=margins, usual=usual)
    return Worth(margins=margins, usual=usual, market=market)


def valued(
    rows: pl.DataFrame, chance: tuple[Vector, Vector, Vector], worth: Worth, *, horizon_days: int
) -> pl.DataFrame:
    """Give the columns `COLUMNS` in the order of the rows; null where nothing is known.

    Args:
        rows: a scoring frame.
        chance: the calibrated chance of leaving, and its bounds (low, high).
        worth: what was learned.
        horizon_days: the horizon of that chance.
    """
    parts = np.full((rows.height, len(COLUMNS)), np.nan)
    share, whole = shares_of(rows, worth.margins), _whole(worth.margins)
    bought = _history(rows)
    if bought is not None and worth.market is not None and rows.height:
        value = _times(without_contract(bought, worth.market, whole, seed=0, draws=DRAWS), share)
        there = value.expected / np.maximum(worth.market[0].alive(bought), 1e-9)
        known = bought.repeats > 0
        parts[known] = _laid(value, chance[0] * there)[known]
    if MONTHLY in rows.columns:
        margin = _column(rows, MONTHLY) * share
        under = np.isfinite(margin) & (margin > 0)
        usual = np.full(int(under.sum()), worth.usual)
        asked = (chance[0][under], chance[1][under], chance[2][under])
        value = with_contract(margin[under], asked, horizon_days, whole)
        stays = with_contract(margin[under], (usual, usual, usual), horizon_days, whole)
        parts[under] = _laid(value, chance[0][under] * stays.expected)
    return pl.DataFrame(parts, schema=dict.fromkeys(COLUMNS, pl.Float64)).fill_nan(None)


def at_risk(values: pl.DataFrame, chance: Vector, worth: Worth) -> dict[str, Any]:
    """Sum up what is at risk, with formula, inputs and the terms that it rests on; empty where no value is known."""
    known = values["value_at_risk_minor"].is_not_null().to_numpy()
    if not known.any():
        return {}
    leaving = chance[known]
    stays = values["value_at_risk_minor"].drop_nulls().to_numpy() / np.maximum(leaving, 1e-12)
    told = value_at_risk(leaving, np.asarray(stays, dtype=np.float64)).as_mapping()
    return told | {"customers": int(known.sum()), "of": int(known.size), "terms": worth.margins.as_mapping()}


def _earlier(terms: Mapping[str, Any]) -> dict[str, Any]:
    """Read terms as artefacts kept them before there were margins by group."""
    return {name: terms[name] for name in ("months", "yearly_discount", "margin")}


def _whole(margins: Margins) -> Terms:
    """Count what is paid whole: each customer's margin is applied afterwards."""
    return Terms(months=margins.months, yearly_discount=margins.yearly_discount)


def _times(value: Value, share: Vector) -> Value:
    """Apply each customer's margin: values and their bounds are proportional to it."""
    return Value(value.expected * share, value.low * share, value.high * share)


def _laid(value: Value, risk: Vector) -> Any:  # noqa: ANN401 - a matrix of numpy
    return np.column_stack([value.expected, value.low, value.high, risk])


def _history(rows: pl.DataFrame) -> History | None:
    """Lay the year's purchases out; None where the view does not tell them."""
    last, first = (next((name for name in names if name in rows.columns), None) for names in (LAST, FIRST))
    if last is None or first is None or not {ORDERS, AMOUNT} <= set(rows.columns):
        return None
    orders, amount = np.nan_to_num(_column(rows, ORDERS)), np.nan_to_num(_column(rows, AMOUNT))
    tenure = np.nan_to_num(_column(rows, first), nan=YEAR)
    observed = np.clip(tenure, 1.0, YEAR)
    repeats = np.where(tenure > YEAR, orders, np.maximum(orders - 1, 0.0))
    silent = np.clip(np.nan_to_num(_column(rows, last), nan=YEAR), 0.0, observed)
    mean = np.divide(amount, orders, out=np.full(orders.size, np.nan), where=(orders > 0) & (repeats > 0))
    return History(repeats, np.where(repeats > 0, observed - silent, 0.0), observed, mean)


def _column(rows: pl.DataFrame, name: str) -> Vector:
    return np.asarray(rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy(), dtype=np.float64)
