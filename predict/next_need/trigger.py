"""What brings a need up, as data that a person can read, change and dispute.

A *trigger* fires for a customer when all its signs are met and none of `unless` is. It names the need that may follow
and the outcomes (labels) by which somebody can tell whether it did. It is *open* to a customer whose signs are all
known: of whoever never used the product nobody can say that use did not grow. The defaults below are a start to be
edited, not a finding: `predict.next_need.hits` measures each, and one that was measured and does not matter is
suggested to nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import polars as pl

from predict.errors import RuleRefused
from predict.feature import LANGUAGES
from predict.next_need.texts import WORDS


class Shown(StrEnum):
    """How the value of a trigger's first sign is told."""

    PERCENT = "percent"
    DAYS = "days"
    COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A feature, divided by `per` if given, at or above `at_least`, at or below `at_most`, or between the two."""

    feature: str
    per: str | None = None
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        """Insist on a line to cross."""
        if self.at_least is None and self.at_most is None:
            raise RuleRefused(self.feature, "it has no line to cross", "give at_least, at_most or both")

    def value(self, columns: Sequence[str]) -> pl.Expr:
        """Give the value as Float64; null where it is not known, or a column is not there."""
        if not {self.feature, self.per or self.feature} <= set(columns):
            return pl.lit(None, dtype=pl.Float64)
        value = pl.col(self.feature).cast(pl.Float64).fill_nan(None)
        if self.per is None:
            return value
        over = pl.col(self.per).cast(pl.Float64).fill_nan(None)
        return pl.when(over > 0).then(value / over)

    def met(self, columns: Sequence[str]) -> pl.Expr:
        """Say whether the line is crossed; null where the value is not known."""
        value, met = self.value(columns), pl.lit(value=True)
        if self.at_least is not None:
            met = met & (value >= self.at_least)
        if self.at_most is not None:
            met = met & (value <= self.at_most)
        return pl.when(value.is_not_null()).then(met)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What brings a need up.

    - `need`: what may be wanted then; actions name it as their reason (`predict.next_need.action`).
    - `told_by`: labels by which a hit can be told, and those alone that mean the need itself: who is active buys more
      of everything. It speaks in modules that learn one of them. None: it speaks everywhere and is never measured.
    - `words`: the sentence for customer and employee in each language; `{value}` is the value of the first sign.
    """

    name: str
    need: str
    signs: tuple[Sign, ...]
    words: Mapping[str, str]
    unless: tuple[Sign, ...] = ()
    told_by: tuple[str, ...] = ()
    shown: Shown = Shown.PERCENT

    def __post_init__(self) -> None:
        """Insist on signs and on words in every language."""
        if not self.signs:
            raise RuleRefused(self.name, "a trigger has signs", "add one")
        if set(self.words) != set(LANGUAGES):
            raise RuleRefused(self.name, "its words are not in every language", f"write {', '.join(LANGUAGES)}")

    def open_to(self, columns: Sequence[str]) -> pl.Expr:
        """Say whether the trigger could fire: every sign is known and nothing stands against it."""
        known = pl.all_horizontal(one.value(columns).is_not_null() for one in self.signs)
        against = [one.met(columns).fill_null(value=False) for one in self.unless]
        return known & ~pl.any_horizontal(against) if against else known

    def fires(self, columns: Sequence[str]) -> pl.Expr:
        """Say whether the trigger fires; what is not known does not."""
        met = pl.all_horizontal(one.met(columns).fill_null(value=False) for one in self.signs)
        return met & self.open_to(columns)


_NEEDED: Final = frozenset({"name", "need", "signs", "words"})
_FIELDS: Final = "give name, need, signs and words; unless, told_by and shown may be left out"
_SETTLED: Final = (Sign(feature="upgrades_365d", at_least=1), Sign(feature="downgrades_365d", at_least=1))

DEFAULT_TRIGGERS: Final = (
    Trigger(
        name="team_growth",
        need="licences",
        signs=(Sign(feature="seat_fill", at_least=0.85),),
        unless=_SETTLED,
        told_by=("upgraded",),
        words=WORDS["team_growth"],
    ),
    Trigger(
        name="use_growth",
        need="premium",
        signs=(Sign(feature="use_peak_28d", at_least=0.3),),
        unless=_SETTLED,
        told_by=("upgraded",),
        words=WORDS["use_growth"],
    ),
    Trigger(
        name="project_end",
        need="maintenance",
        signs=(Sign(feature="project_days_left", at_least=-90, at_most=-1),),
        told_by=("took_service",),
        words=WORDS["project_end"],
        shown=Shown.DAYS,
    ),
    Trigger(
        name="season_ahead",
        need="capacity",
        signs=(Sign(feature="use_season_ahead", at_least=0.3),),
        told_by=("took_service",),
        words=WORDS["season_ahead"],
    ),
    Trigger(
        name="order_due",
        need="reorder",
        signs=(Sign(feature="days_since_last_order", per="days_per_order", at_least=0.8, at_most=2),),
        told_by=("bought",),
        words=WORDS["order_due"],
    ),
    Trigger(
        name="few_functions",
        need="function",
        signs=(Sign(feature="features_90d", at_least=1, at_most=2), Sign(feature="active_weeks_in_a_row", at_least=4)),
        words=WORDS["few_functions"],
        shown=Shown.COUNT,
    ),
)
"""A start, in the order in which triggers that fire together are named before they were measured."""


def as_mapping(triggers: Sequence[Trigger]) -> list[dict[str, Any]]:
    """Give plain JSON values; `triggers_of` reads them back."""
    return [_plain(one) for one in triggers]


def triggers_of(stored: Sequence[Mapping[str, Any]]) -> tuple[Trigger, ...]:
    """Read triggers from plain JSON values.

    Raises:
        RuleRefused: a field is missing, unknown or without sense, or a name stands twice.
    """
    try:
        triggers = tuple(_trigger_of(one) for one in stored)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise RuleRefused("triggers", "a value is of a wrong kind", _FIELDS) from exc
    if len({one.name for one in triggers}) != len(triggers):
        raise RuleRefused("triggers", "a name stands twice", "name each once")
    return triggers


def _trigger_of(stored: Mapping[str, Any]) -> Trigger:
    name = str(stored.get("name", "a trigger without a name"))
    for what, fields in (("unknown", set(stored) - set(Trigger.__slots__)), ("missing", _NEEDED - set(stored))):
        if fields:
            raise RuleRefused(name, f"{what}: {', '.join(sorted(map(str, fields)))}", _FIELDS)
    return Trigger(
        name=str(stored["name"]),
        need=str(stored["need"]),
        signs=tuple(Sign(**one) for one in stored["signs"]),
        words={str(language): str(text) for language, text in stored["words"].items()},
        unless=tuple(Sign(**one) for one in stored.get("unless", ())),
        told_by=tuple(map(str, stored.get("told_by", ()))),
        shown=Shown(stored.get("shown", Shown.PERCENT)),
    )


def _plain(one: Trigger) -> dict[str, Any]:
    def signs(some: tuple[Sign, ...]) -> list[dict[str, Any]]:
        return [{name: value for name in Sign.__slots__ if (value := getattr(sign, name)) is not None} for sign in some]

    return {
        "name": one.name,
        "need": one.need,
        "signs": signs(one.signs),
        "words": dict(one.words),
        "unless": signs(one.unless),
        "told_by": list(one.told_by),
        "shown": one.shown.value,
    }
