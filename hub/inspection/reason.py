"""The rules of the gate in plain sentences for a DPO, and selections of events in words."""

from collections.abc import Mapping
from typing import Final

from hub.me.why import NOTHING_HELD
from hub.retention.sight import RETENTION
from hub.views.feature import Comparison, Condition, Rows
from hub.views.permission import ERASED, UNSETTLED
from hub.views.spec import Outcome
from privacy.decision import Because

_SENTENCES: Final[Mapping[str, str]] = {
    Because.UNREADABLE: "Their standing cannot be read, and unknown means no.",
    Because.RESTRICTED: "Their data are restricted: stored and nothing else (Article 18(2)).",
    Because.OBJECTED_MARKETING: "They object to direct marketing, which is absolute (Article 21(3)).",
    Because.OBJECTED: "They object to this use (Article 21(1)).",
    Because.SPECIAL_CATEGORY: "The purpose lists special categories without resting on consent (Article 9(1)).",
    Because.CONSENT_UNKNOWN: "They were never asked for consent, or never answered.",
    Because.CONSENT_REQUESTED: "They were asked for consent and have not answered.",
    Because.CONSENT_REFUSED: "They refused consent.",
    Because.CONSENT_WITHDRAWN: "They withdrew their consent (Article 7(3)).",
    Because.CONSENT_EXPIRED: "Their consent has run out.",
    Because.CONSENT_INVALIDATED: "Their consent does not count: it was found invalid.",
    Because.CONSENT_SUPERSEDED: "They consented under a notice that counts no more.",
    Because.GROUND_NOT_DECLARED: "No source of theirs declares this legal basis and that notice was given.",
    Because.SILENCED_BY_PART: "Another record of the same person said no, which binds this one.",
    ERASED: "They were erased (Article 17).",
    UNSETTLED: "They came with a delivery that is not settled yet: it is not known whose part they are.",
    NOTHING_HELD: "Nothing is held of them.",
    RETENTION: "Rows of theirs are past their time for this purpose (Article 5(1)(e)); what is left makes no row.",
    "in_view": "They are in the view.",
    "counts_in_figures": "They count in figures of several customers; no row of theirs leaves.",
    "counts_towards_organisation": "The view has a row for each organisation; what they did counts towards theirs.",
}
_COMPARED: Final[Mapping[Comparison, str]] = {
    Comparison.IN: "is",
    Comparison.NOT_IN: "is not",
    Comparison.GE: "is at least",
    Comparison.GT: "is above",
    Comparison.LE: "is at most",
    Comparison.LT: "is below",
    Comparison.NULL: "is empty",
    Comparison.NOT_NULL: "is not empty",
}


def in_words(rule: str) -> str:
    """Put a rule in a sentence; one that is not known here keeps its name."""
    return _SENTENCES.get(rule, f"The rule {rule} keeps them out.")


def selection_in_words(rows: Rows) -> str:
    """Put a selection of events in words: `orders (status is placed) in the last 180 days`."""
    filters = f" ({conditions_in_words(rows.conditions)})" if rows.conditions else ""
    return f"{rows.table}{filters} {standing_in_words(rows) or window_in_words(rows)}"


def standing_in_words(rows: Rows) -> str:
    """Say what it takes to stand, where that is asked; empty where events are."""
    if rows.latest_of is None:
        return ""
    window = "" if rows.window_days is None and not rows.offset_days else f" {window_in_words(rows)}"
    ends = f", {rows.until} not past" if rows.until else ""
    return f"as the latest of its {rows.latest_of}{ends}{window}"


def outcome_in_words(outcome: Outcome) -> str:
    """Put in words what makes a label true: no event, an event, or what stands at the end of its days."""
    return " and ".join(_part(each) for each in outcome.parts)


def conditions_in_words(conditions: tuple[Condition, ...]) -> str:
    """Put a filter in words."""
    return " and ".join(_condition(each) for each in conditions)


def window_in_words(rows: Rows) -> str:
    """Put a window in words."""
    ended = f", ending {rows.offset_days} days before" if rows.offset_days else ""
    return f"at any time before{ended}" if rows.window_days is None else f"in the last {rows.window_days} days{ended}"


def _part(part: Outcome) -> str:
    """Put one part of an outcome in words: its days are the label's, so they are not repeated."""
    said = " or ".join(selection_in_words(rows).removesuffix(" at any time before") for rows in part.rows)
    if part.rows[0].latest_of is None:
        return f"{'an' if part.wanted else 'no'} event in {said}"
    return f"{'something' if part.wanted else 'nothing'} standing at the end of {said}"


def _condition(condition: Condition) -> str:
    values = " or ".join(str(value) for value in condition.values)
    return f"{condition.column} {_COMPARED[condition.comparison]} {values}".strip()
