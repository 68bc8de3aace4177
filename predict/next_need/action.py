"""Actions and offers as data: what may be done about a need, what it costs, through which channel and how long.

A catalogue is written by the controller; `action_catalogue_of` reads it from plain JSON values. Amounts are in minor
units of one currency. Doing nothing is an action, too (`NOTHING`): it costs nothing, and many come unasked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from predict.errors import RuleRefused

NOTHING: Final = "nothing"
HIGHEST_SHARE: Final = 0.5
_SHARES: Final = ("margin_limit", "hold_out", "explore")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is believed before anything was seen: this share buys, as if seen of so many customers."""

    share: float = 0.05
    weight: float = 20

    def __post_init__(self) -> None:
        """Insist on a share between 0 and 1 and on some weight."""
        if not (0 < self.share < 1 and self.weight > 0):
            raise RuleRefused("expected", "is no share between 0 and 1 with a weight above 0", "correct it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action; `cost_minor` is paid once the customer buys; valid from the first day to the day before the last."""

    name: str
    needs: tuple[str, ...]
    channels: tuple[str, ...]
    cost_minor: int = 0
    valid_from: date = date.min
    valid_until: date = date.max
    expected: Expected = field(default_factory=Expected)

    def __post_init__(self) -> None:
        """Insist on needs, channels, a cost and days in order."""
        words = (self.name, *self.needs, *self.channels)
        named = self.needs and self.channels and self.name != NOTHING and all(word.isidentifier() for word in words)
        if not named or self.cost_minor < 0 or self.valid_from >= self.valid_until:
            rule = "it needs a name, needs and channels (letters, digits, _), a cost of 0 or more, and days in order"
            raise RuleRefused(self.name, rule, "correct the entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionCatalogue:
    """Actions, what a need is worth (contribution margin), what a contact costs, and how much is left to chance.

    - `margin_limit`: the largest share of the margin that an action may cost.
    - `hold_out`: share of customers for whom nothing is done, by lot: what would have come unasked.
    - `explore`: share of choices spread evenly over all that fits, so that everything is tried now and then.
    """

    actions: tuple[Action, ...]
    margins: Mapping[str, int]
    channels: Mapping[str, int]
    margin_limit: float = 0.5
    hold_out: float = 0.1
    explore: float = 0.05
    unasked: Expected = field(default_factory=lambda: Expected(share=0.02))

    def __post_init__(self) -> None:
        """Insist on names that stand once and lead somewhere, and on shares."""
        names = [one.name for one in self.actions]
        needs = {need for one in self.actions for need in one.needs}
        ways = {way for one in self.actions for way in one.channels}
        if len(set(names)) != len(names) or not names:
            raise RuleRefused("actions", "a name stands twice, or there is none", "name each once")
        if not (needs <= set(self.margins) and ways <= set(self.channels)):
            raise RuleRefused("actions", "a need has no margin, or a channel no cost", "add them to the catalogue")
        if min(self.margins.values()) <= 0 or min(self.channels.values()) < 0:
            raise RuleRefused("catalogue", "a margin is not above 0, or a contact costs less than 0", "correct it")
        if not (0 <= self.margin_limit <= 1 and 0 < self.hold_out <= HIGHEST_SHARE and 0 < self.explore <= 1):
            rule = "margin_limit lies in 0 to 1, hold_out above 0 and at most .5, explore above 0 and at most 1"
            raise RuleRefused("catalogue", rule, "correct the shares")


def action_catalogue_of(stored: Mapping[str, Any]) -> ActionCatalogue:
    """Read a catalogue from plain JSON values; days as YYYY-MM-DD, `expected` and `unasked` as {share, weight}.

    Raises:
        RuleRefused: a field is missing, unknown or without sense.
    """
    try:
        _verify_known(stored, ActionCatalogue.__slots__)
        given: dict[str, Any] = {name: float(stored[name]) for name in _SHARES if name in stored}
        if "unasked" in stored:
            given["unasked"] = _expected_of(stored["unasked"])
        return ActionCatalogue(
            actions=tuple(_action_of(one) for one in stored["actions"]),
            margins={str(need): int(margin) for need, margin in stored["margins"].items()},
            channels={str(way): int(cost) for way, cost in stored["channels"].items()},
            **given,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        advice = "give actions (name, needs, channels), margins by need and channels with their cost"
        raise RuleRefused("catalogue", "an entry lacks a field or has one too many", advice) from exc


def _action_of(stored: Mapping[str, Any]) -> Action:
    _verify_known(stored, Action.__slots__)
    return Action(
        name=str(stored["name"]),
        needs=tuple(map(str, stored["needs"])),
        channels=tuple(map(str, stored["channels"])),
        cost_minor=int(stored.get("cost_minor", 0)),
        valid_from=date.fromisoformat(stored.get("valid_from", date.min.isoformat())),
        valid_until=date.fromisoformat(stored.get("valid_until", date.max.isoformat())),
        expected=_expected_of(stored.get("expected", {})),
    )


def _expected_of(stored: Mapping[str, Any]) -> Expected:
    return Expected(**{name: float(value) for name, value in stored.items()})


def _verify_known(stored: Mapping[str, Any], known: Any) -> None:  # noqa: ANN401 - the slots of a class
    if set(stored) - set(known):
        raise ValueError("unknown fields")
