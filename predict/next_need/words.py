"""Put the trigger of a customer into a sentence: one expression a trigger, none a row."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from predict.likelihood.texts import DAYS
from predict.next_need.trigger import Shown, Trigger

_PLACE: Final = "{value}"
_PERCENT: Final = 100


def sentences(triggers: Sequence[Trigger], language: str) -> pl.Expr:
    """Say what brought the need up and what may fit, from columns `trigger` and `trigger_value`; else null."""
    said = [
        pl.when(pl.col("trigger") == one.name).then(_filled(one.words[language], _shown(one.shown, language)))
        for one in triggers
    ]
    return pl.coalesce(said) if said else pl.lit(None, dtype=pl.String)


def _filled(words: str, value: pl.Expr) -> pl.Expr:
    """Put the value in its place; other braces are text."""
    before, place, after = words.partition(_PLACE)
    return pl.concat_str(pl.lit(before), value, pl.lit(after)) if place else pl.lit(before)


def _shown(shown: Shown, language: str) -> pl.Expr:
    value = pl.col("trigger_value")
    match shown:
        case Shown.PERCENT:
            return pl.concat_str(_whole(value * _PERCENT), pl.lit("%" if language == "en" else " %"))
        case Shown.DAYS:
            one, many = DAYS[language]
            days = _whole(value.abs())
            return pl.when(days == "1").then(_number(one, days)).otherwise(_number(many, days))
        case Shown.COUNT:
            return _whole(value)


def _number(words: str, number: pl.Expr) -> pl.Expr:
    before, _, after = words.partition("{n}")
    return pl.concat_str(pl.lit(before), number, pl.lit(after))


def _whole(value: pl.Expr) -> pl.Expr:
    return value.round(0).cast(pl.Int64).cast(pl.String)
