"""When to write, how often, and when to stop: sequences as data.

A *sequence* begins at its trigger and has steps, each some days after the one before. It ends for good with the first
event on `STOPS` at or after its beginning: reply, purchase. An objection ends every sequence, whenever it was made; an
open complaint ends every sequence that is under way, and none begins while it is open. Closing the complaint resumes
nothing: only a new trigger, such as the service fix, begins anew. `predict.winback.due` says what is due.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from predict.errors import RuleRefused
from predict.winback.leaving import Leaving


class Trigger(StrEnum):
    """What begins a sequence."""

    BEYOND_RHYTHM = "beyond_rhythm"  # silent for `days` more than the customer's own usual gap
    QUARTER_END = "quarter_end"  # `days` before the calendar quarter ends (UTC)
    SERVICE_FIXED = "service_fixed"  # `days` after what the customer complained about was put right
    FUNCTION_LAUNCHED = "function_launched"  # `days` after the function that the customer missed was launched


class Happened(StrEnum):
    """What can happen to a customer that matters here."""

    REPLY = "reply"
    PURCHASE = "purchase"
    OBJECTION = "objection"
    COMPLAINT_OPENED = "complaint_opened"
    COMPLAINT_CLOSED = "complaint_closed"
    SERVICE_FIXED = "service_fixed"
    FUNCTION_LAUNCHED = "function_launched"


STOPS: Final = (Happened.REPLY, Happened.PURCHASE)
BY_EVENT: Final = (Trigger.SERVICE_FIXED, Trigger.FUNCTION_LAUNCHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A message from a template, some days after the beginning or after the step before was sent."""

    after_days: int
    template: str
    channel: str

    def __post_init__(self) -> None:
        """Insist on days that do not run backwards."""
        if self.after_days < 0:
            raise RuleRefused(self.template, "a step lies before the one before it", "give days of 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One sequence: trigger, whom it is for, and its steps."""

    name: str
    trigger: Trigger
    days: int
    reasons: tuple[Leaving, ...]
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        """Insist on steps, reasons and days."""
        if not self.steps or not self.reasons or self.days < 0:
            raise RuleRefused(self.name, "it needs reasons, steps, and days of 0 or more", "complete the entry")


DEFAULT_PLANS: Final = (
    Plan(
        name="after_service_fix",
        trigger=Trigger.SERVICE_FIXED,
        days=3,
        reasons=(Leaving.SERVICE_FRUSTRATED,),
        steps=(
            Step(after_days=0, template="service_fixed", channel="email"),
            Step(after_days=21, template="talk", channel="email"),
        ),
    ),
    Plan(
        name="function_is_there",
        trigger=Trigger.FUNCTION_LAUNCHED,
        days=0,
        reasons=(Leaving.FEATURE_SEEKING, Leaving.LURED_AWAY),
        steps=(Step(after_days=0, template="function_launched", channel="email"),),
    ),
    Plan(
        name="beyond_own_rhythm",
        trigger=Trigger.BEYOND_RHYTHM,
        days=30,
        reasons=(Leaving.DRIFTING, Leaving.PRICE_SENSITIVE, Leaving.UNKNOWN),
        steps=(
            Step(after_days=0, template="what_is_new", channel="email"),
            Step(after_days=30, template="talk", channel="email"),
        ),
    ),
    Plan(
        name="before_quarter_end",
        trigger=Trigger.QUARTER_END,
        days=21,
        reasons=(Leaving.PRICE_SENSITIVE, Leaving.LURED_AWAY),
        steps=(Step(after_days=0, template="offer", channel="email"),),
    ),
)
"""A start, in order of precedence: a customer is in one sequence at a time."""


def plans_of(stored: Sequence[Mapping[str, Any]]) -> tuple[Plan, ...]:
    """Read sequences from plain JSON values.

    Raises:
        RuleRefused: an entry lacks a field, has one too many, or a name stands twice.
    """
    try:
        plans = tuple(
            Plan(
                name=str(one["name"]),
                trigger=Trigger(one["trigger"]),
                days=int(one["days"]),
                reasons=tuple(Leaving(reason) for reason in one["reasons"]),
                steps=tuple(Step(**step) for step in one["steps"]),
            )
            for one in stored
        )
    except (KeyError, TypeError, ValueError) as exc:
        remedy = f"give name, trigger ({', '.join(Trigger)}), days, reasons and steps"
        raise RuleRefused("sequences", "an entry is not a sequence", remedy) from exc
    if len({plan.name for plan in plans}) != len(plans):
        raise RuleRefused("sequences", "a name stands twice", "name each once")
    return plans
