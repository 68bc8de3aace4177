"""Why customers leave, as clues that a person can read, change and dispute.

A *clue* is a feature that crosses a line; it carries points. Of the clues of a reason whose features are known for a
customer, the reason's *strength* is the share of points that are met. The rules are data: `rules_of` reads them from
plain JSON values, `as_mapping` writes them, and the defaults below are a start to be edited, not a finding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from predict.errors import RuleRefused


class Leaving(StrEnum):
    """Why a customer left; `UNKNOWN` where no rule speaks clearly enough."""

    PRICE_SENSITIVE = "price_sensitive"
    SERVICE_FRUSTRATED = "service_frustrated"
    FEATURE_SEEKING = "feature_seeking"
    DRIFTING = "drifting"
    LURED_AWAY = "lured_away"
    UNKNOWN = "unknown"


KNOWN: Final = tuple(reason for reason in Leaving if reason is not Leaving.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """A feature at or above `at_least`, at or below `at_most`, or between the two."""

    feature: str
    points: float
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        """Insist on points and on a line to cross."""
        if not self.points > 0:
            raise RuleRefused(self.feature, "its points are not above zero", "give it points, or take it out")
        if self.at_least is None and self.at_most is None:
            raise RuleRefused(self.feature, "it has no line to cross", "give at_least, at_most or both")


@dataclass(frozen=True, slots=True)
class Rule:
    """The clues of one reason."""

    reason: Leaving
    clues: tuple[Clue, ...]

    def __post_init__(self) -> None:
        """Insist on clues, and that the unknown has none."""
        if not self.clues or self.reason is Leaving.UNKNOWN:
            raise RuleRefused(self.reason, "a rule names one of the known reasons and has clues", "add a clue")


DEFAULT_RULES: Final = (
    Rule(
        Leaving.SERVICE_FRUSTRATED,
        (
            Clue(feature="tickets_1095d", points=2, at_least=4),
            Clue(feature="escalations_1095d", points=3, at_least=1),
            Clue(feature="ticket_hours_1095d", points=2, at_least=72),
            Clue(feature="open_tickets", points=2, at_least=1),
            Clue(feature="last_satisfaction", points=2, at_most=2),
        ),
    ),
    Rule(
        Leaving.PRICE_SENSITIVE,
        (
            Clue(feature="downgrades_1095d", points=3, at_least=1),
            Clue(feature="discount_share_1095d", points=3, at_least=0.4),
            Clue(feature="cancelled_share_1095d", points=1, at_least=0.15),
            Clue(feature="payment_delay_days", points=1, at_least=14),
            Clue(feature="price_tickets", points=3, at_least=1),
        ),
    ),
    Rule(
        Leaving.FEATURE_SEEKING,
        (
            Clue(feature="feature_requests", points=3, at_least=1),
            Clue(feature="features_1095d", points=2, at_least=8),
            Clue(feature="features_tried_once_share", points=1, at_least=0.4),
        ),
    ),
    Rule(
        Leaving.LURED_AWAY,
        (
            Clue(feature="competitor_mentions", points=3, at_least=1),
            Clue(feature="data_exports_90d", points=2, at_least=1),
            Clue(feature="activity_change_before_leaving", points=2, at_least=-0.1),
        ),
    ),
    Rule(
        Leaving.DRIFTING,
        (
            Clue(feature="activity_change_before_leaving", points=3, at_most=-0.5),
            Clue(feature="mail_click_share_180d", points=1, at_most=0.02),
            Clue(feature="tickets_1095d", points=1, at_most=0),
            Clue(feature="features_1095d", points=1, at_most=2),
        ),
    ),
)
"""A start, in the order in which ties are settled: first those whom a wrong answer would hurt most."""


def as_mapping(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Give plain JSON values; lines that are not drawn are left out."""
    return [
        {
            "reason": rule.reason.value,
            "clues": [
                {
                    name: value
                    for name in ("feature", "points", "at_least", "at_most")
                    if (value := getattr(clue, name)) is not None
                }
                for clue in rule.clues
            ],
        }
        for rule in rules
    ]


def rules_of(stored: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Read rules from plain JSON values.

    Raises:
        RuleRefused: a rule has no clues, a clue no line or no points, a reason is none of ours or stands twice.
    """
    try:
        rules = tuple(Rule(Leaving(one["reason"]), tuple(Clue(**clue) for clue in one["clues"])) for one in stored)
    except (KeyError, TypeError, ValueError) as exc:
        known = ", ".join(KNOWN)
        raise RuleRefused("rules", "an entry is not {reason, clues}", f"name one of {known} and its clues") from exc
    if len({rule.reason for rule in rules}) != len(rules):
        raise RuleRefused("rules", "a reason stands twice", "put its clues into one rule")
    return rules
