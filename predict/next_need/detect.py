"""Find which trigger speaks for each customer: the one that was found to matter most, else the first not yet judged.

A trigger that was measured and not found to matter speaks for nobody, nor does one that another module measures.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from predict.next_need.hits import Verdict
from predict.next_need.trigger import Trigger

COLUMNS: Final = ("trigger", "need", "trigger_value", "need_rate", "untargeted_rate")
_UNJUDGED: Final = frozenset({Verdict.TOO_FEW, Verdict.NEVER})


def in_order(triggers: Sequence[Trigger], found: Sequence[Mapping[str, Any]]) -> tuple[Trigger, ...]:
    """Put triggers in the order in which they speak; those without evidence are left out."""
    known = {one["trigger"]: one for one in found}
    holding = [one for one in triggers if known.get(one.name, {}).get("verdict") == Verdict.HOLDS]
    unjudged = [one for one in triggers if known.get(one.name, {}).get("verdict", Verdict.NEVER) in _UNJUDGED]
    return (*sorted(holding, key=lambda one: -known[one.name]["gain"]["low"]), *unjudged)


def detected(frame: pl.DataFrame, triggers: Sequence[Trigger], found: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Give for each row, in its order, the columns of `COLUMNS`; null where nothing fires.

    `trigger_value` is the first sign's value; `need_rate` the share of customers so named who had the outcome,
    `untargeted_rate` that of everybody it could have named (both null until judged).
    """
    speaking = in_order(triggers, found)
    names = frame.columns
    fires = [one.fires(names) for one in speaking]
    rates = {one["trigger"]: one for one in found if "gain" in one}
    told = {
        "trigger": [pl.lit(one.name) for one in speaking],
        "need": [pl.lit(one.need) for one in speaking],
        "trigger_value": [one.signs[0].value(names) for one in speaking],
        "need_rate": [_rate(rates, one, "rate") for one in speaking],
        "untargeted_rate": [_rate(rates, one, "untargeted") for one in speaking],
    }
    kinds = dict.fromkeys(COLUMNS[2:], pl.Float64) | dict.fromkeys(COLUMNS[:2], pl.String)
    said = [_first(fires, values, kinds[name]).alias(name) for name, values in told.items()]
    return frame.with_columns(said).select(COLUMNS)


def _first(fires: list[pl.Expr], values: list[pl.Expr], kind: type[pl.DataType]) -> pl.Expr:
    """Give the value of the first trigger that fires, be it null."""
    chosen = pl.lit(None, dtype=kind)
    for fired, value in zip(reversed(fires), reversed(values), strict=True):
        chosen = pl.when(fired).then(value).otherwise(chosen)
    return chosen


def _rate(rates: Mapping[str, Any], trigger: Trigger, which: str) -> pl.Expr:
    figure = rates[trigger.name][which]["figure"] if trigger.name in rates else None
    return pl.lit(figure, dtype=pl.Float64)
