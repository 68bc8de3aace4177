"""What a win-back campaign brought, against its hold-out: each figure with formula, inputs, n and interval.

The *campaign frame* has one row a customer:

| column | type | meaning |
|---|---|---|
| pseudonym | Binary | who |
| arm | String | `contact` or `hold_out`, as drawn (`predict.winback.experiment`), whoever was reached in the end |
| left_at | Datetime | when the customer left |
| started_at | Datetime | when the campaign began for him, the same for both arms |
| written | Boolean | a letter left to him, or may have |
| responded | Boolean | clicked or replied, to anything of ours, since the first letter that was written |
| returned_at | Datetime | first order or contract after `started_at`, null: not yet |
| left_again_at | Datetime | when he left again, null: not |
| cost_minor | Int64 | what contact and offer cost, in minor units; 0 in the hold-out |
| value_minor | Int64 | a year's contribution if he returns, as before he left (`.former`), in minor units |

Nothing at or after `at` is seen. Customers count only once they have had the whole window, in both arms. Rows without
`pseudonym` and `left_at` are of customers who may not be read any more (`predict.winback.intention`).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import polars as pl

from predict.errors import FrameRefused
from predict.evaluate import Interval
from predict.shares import Z_95, difference, ratio, share
from predict.value.figures import Figure, recovered, returns
from predict.winback.experiment import ARM, CONTACT, HOLD_OUT

COLUMNS: Mapping[str, type[pl.DataType]] = MappingProxyType(
    {
        "pseudonym": pl.Binary,
        ARM: pl.String,
        "left_at": pl.Datetime,
        "started_at": pl.Datetime,
        "written": pl.Boolean,
        "responded": pl.Boolean,
        "returned_at": pl.Datetime,
        "left_again_at": pl.Datetime,
        "cost_minor": pl.Int64,
        "value_minor": pl.Int64,
    }
)
MAY_BE_NULL = frozenset({"returned_at", "left_again_at", "pseudonym", "left_at"})
_NOTHING: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """A figure with its interval, what it was made of, and of how many customers; NaN where it cannot be said."""

    name: str
    figure: Interval
    n: int
    formula: str
    inputs: Mapping[str, float] = field(default_factory=lambda: _NOTHING)

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values; what cannot be said is null."""
        bounds = {"figure": self.figure.figure, "low": self.figure.low, "high": self.figure.high}
        told = {name: value if math.isfinite(value) else None for name, value in bounds.items()}
        return {"name": self.name, **told, "n": self.n, "formula": self.formula, "inputs": dict(self.inputs)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The instant of looking, and how long a customer has for coming back and for leaving again."""

    at: datetime
    returns_days: int = 90
    repeats_days: int = 180


def kpis(campaign: pl.DataFrame, window: Window) -> tuple[Kpi, ...]:
    """Compute all figures of a campaign frame.

    Raises:
        FrameRefused: a column is missing or of another type, or an arm has another name.
    """
    check_campaign(campaign)
    rows = observed(campaign, window)
    contact, kept = (rows.filter(pl.col(ARM) == arm) for arm in (CONTACT, HOLD_OUT))
    won, unasked = _returned(contact), _returned(kept)
    return (
        _share_of("response_rate", "clicked or replied since / a letter left to them", _responses(contact)),
        _share_of("win_back_rate", "returned / drawn to be written to, whoever was", won),
        _share_of("unasked_return_rate", "returned / drawn to be left alone", unasked),
        _compared("win_back_uplift", "win_back_rate - unasked_return_rate", difference(won, unasked), (won, unasked)),
        _compared("win_back_ratio", "win_back_rate / unasked_return_rate", ratio(won, unasked), (won, unasked)),
        *_money(contact, difference(won, unasked)),
        time_to_return(campaign, window),
        repeat_churn(campaign, window),
    )


def check_campaign(campaign: pl.DataFrame) -> None:
    """Insist on the columns of a campaign frame.

    Raises:
        FrameRefused: as said.
    """
    for name, kind in COLUMNS.items():
        if name not in campaign.columns or campaign.schema[name] != kind:
            raise FrameRefused(name, f"is missing or not {kind.__name__}", "give the columns of a campaign frame")
        if name not in MAY_BE_NULL and campaign[name].null_count():
            raise FrameRefused(name, "has nulls", "null means not happened yet, or not to be read")
    if not campaign[ARM].is_in([CONTACT, HOLD_OUT]).all():
        raise FrameRefused(ARM, f"is not {CONTACT} or {HOLD_OUT}", "draw the arms with draw_arms")


def observed(campaign: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Keep those who have had the whole window by `at`, with `returned`: whether they came back inside it."""
    end = pl.col("started_at") + timedelta(days=window.returns_days)
    back = pl.col("returned_at").is_between("started_at", end, closed="left").fill_null(value=False)
    return campaign.filter(end <= window.at).with_columns(returned=back)


def time_to_return(campaign: pl.DataFrame, window: Window) -> Kpi:
    """Give the days until half of the contacted would have returned, among those who return within the window.

    Customers who have not had the whole window yet are left out, so that the quick do not count more than the slow.
    The interval is that of the order statistics (Conover, Practical Nonparametric Statistics, 3rd ed. 1999, ch. 3.2).
    """
    rows = observed(campaign, window).filter((pl.col(ARM) == CONTACT) & pl.col("returned"))
    days = ((pl.col("returned_at") - pl.col("started_at")).dt.total_seconds() / 86400).alias("days")
    found = rows.select(days)["days"].sort()
    count = found.len()
    figure = Interval(math.nan, math.nan, math.nan)
    if count:
        half = Z_95 * math.sqrt(count) / 2
        low, high = max(0, math.floor(count / 2 - half)), min(count - 1, math.ceil(count / 2 + half))
        middle = found.median()
        figure = Interval(float(str(middle)), float(found[low]), float(found[high]))
    formula = f"median of returned_at - started_at, in days, of those who returned within {window.returns_days} days"
    return Kpi(name="time_to_return_days", figure=figure, n=count, formula=formula)


def repeat_churn(campaign: pl.DataFrame, window: Window) -> Kpi:
    """Give the share of the returned who left again within `repeats_days`, of those seen for so long."""
    end = pl.col("returned_at") + timedelta(days=window.repeats_days)
    seen = campaign.filter((pl.col(ARM) == CONTACT) & pl.col("returned_at").is_not_null() & (end <= window.at))
    again = int(seen.select((pl.col("left_again_at") < end).fill_null(value=False).sum()).item())
    return _share_of("repeat_churn", f"left again within {window.repeats_days} days / returned", (again, seen.height))


def cohorts(campaign: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Give by month of leaving and arm, of who may be read: customers, returned, rate, low, high."""
    rows = observed(campaign.drop_nulls("left_at"), window).with_columns(
        left_month=pl.col("left_at").dt.truncate("1mo")
    )
    counted = rows.group_by("left_month", ARM).agg(customers=pl.len(), returned=pl.col("returned").sum())
    rates = [share(*pair) for pair in counted.select("returned", "customers").iter_rows()]  # per month, not per row
    columns = {name: [getattr(rate, kind) for rate in rates] for name, kind in _BOUNDS.items()}
    bounds = [pl.Series(name, values, dtype=pl.Float64) for name, values in columns.items()]
    return counted.with_columns(bounds).sort("left_month", ARM)


_BOUNDS: Mapping[str, str] = MappingProxyType({"rate": "figure", "low": "low", "high": "high"})


def _money(contact: pl.DataFrame, uplift: Interval) -> tuple[Kpi, Kpi]:
    """Recovered CLV and return on the campaign by `predict.value.figures`: only what the hold-out did not do counts."""
    value = contact.filter("returned")["value_minor"].cast(pl.Float64).to_numpy()
    cost = float(contact["cost_minor"].sum())
    won = [recovered(one, contact.height, value) for one in (uplift.figure, uplift.low, uplift.high)]
    earned = [returns(one.figure if one.figure is not None else math.nan, cost) for one in won]
    return _kpi(won, contact.height), _kpi(earned, contact.height, name="campaign_roi")


def _kpi(told: list[Figure], n: int, *, name: str | None = None) -> Kpi:
    """Join the figure of an uplift with those of its bounds."""
    figures = [math.nan if one.figure is None else one.figure for one in told]
    middle = told[0]
    return Kpi(
        name=name or middle.name, figure=Interval(*figures), n=n, formula=middle.formula, inputs=dict(middle.inputs)
    )


def _responses(contact: pl.DataFrame) -> tuple[int, int]:
    written = contact.filter("written")
    return int(written["responded"].sum()), written.height


def _returned(rows: pl.DataFrame) -> tuple[int, int]:
    return int(rows["returned"].sum()), rows.height


def _share_of(name: str, formula: str, counted: tuple[int, int]) -> Kpi:
    inputs = {"counted": float(counted[0]), "of": float(counted[1])}
    return Kpi(name=name, figure=share(*counted), n=counted[1], formula=formula, inputs=inputs)


def _compared(name: str, formula: str, figure: Interval, arms: tuple[tuple[int, int], tuple[int, int]]) -> Kpi:
    (won, contacted), (unasked, kept) = arms
    inputs = {
        "returned": float(won),
        "contacted": float(contacted),
        "returned_unasked": float(unasked),
        "kept_out": float(kept),
    }
    return Kpi(name=name, figure=figure, n=contacted + kept, formula=formula, inputs=inputs)
