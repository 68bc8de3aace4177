"""Why a person's data are used for a purpose or not, in words, and since when: by the gate's own rules."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from hub.me.words import word
from hub.views.permission import ERASED, UNSETTLED
from privacy.consent import Axes, Head
from privacy.decision import Because
from privacy.terms import ConsentState, LegalBasis

NOTHING_HELD: Final = "nothing_held"
"""Of whom nothing is held nothing is used."""

TOLD_FIRST: Final = (
    ERASED,
    *(Because.RESTRICTED, Because.OBJECTED_MARKETING, Because.OBJECTED, Because.CONSENT_WITHDRAWN),
    *(Because.CONSENT_REFUSED, Because.UNREADABLE, Because.CONSENT_EXPIRED, Because.CONSENT_INVALIDATED),
    *(Because.CONSENT_SUPERSEDED, Because.SPECIAL_CATEGORY, Because.SILENCED_BY_PART, UNSETTLED),
    *(Because.CONSENT_REQUESTED, Because.CONSENT_UNKNOWN, Because.GROUND_NOT_DECLARED),
)
"""Of several rules that keep a person's records out, the one that is told: what they said themselves comes first."""

_STATES: Final = {
    Because.CONSENT_WITHDRAWN: ConsentState.WITHDRAWN,
    Because.CONSENT_REFUSED: ConsentState.REFUSED,
    Because.CONSENT_EXPIRED: ConsentState.EXPIRED,
    Because.CONSENT_INVALIDATED: ConsentState.INVALIDATED,
    Because.CONSENT_SUPERSEDED: ConsentState.GIVEN,
}


def why_in_words(basis: LegalBasis, rule: str | None, language: str) -> str:
    """Say why: by the legal basis where the data are used (no rule refuses), else by the rule.

    Who is used on consent has given it; what a purpose rests on is said of everybody, so it is in other words.
    """
    if rule is None and basis is LegalBasis.CONSENT:
        return word("why", "given", language)
    if rule is None:
        return word("why", "used", language, why=word("bases", basis.value, language))
    return word("why", rule, language)


def since_of(basis: LegalBasis, rule: str | None, stood: Sequence[tuple[Head, Axes]]) -> datetime | None:
    """Return since when it is so by an act of the person's, the first that still stands; None if by none."""
    return min(_instants(basis, rule, stood), default=None)


def _instants(basis: LegalBasis, rule: str | None, stood: Sequence[tuple[Head, Axes]]) -> Iterator[datetime]:
    for head, axes in stood:
        mark = head.standing_mark
        if rule == Because.RESTRICTED and axes.restricted and head.restricted_at is not None:
            yield head.restricted_at
        elif rule in {Because.OBJECTED, Because.OBJECTED_MARKETING} and axes.objected and head.objected_at is not None:
            yield head.objected_at
        elif rule == Because.CONSENT_REQUESTED and head.requested_at is not None:
            yield head.requested_at
        elif mark is not None and axes.state is _state_of(basis, rule):
            yield mark.at if mark.until is None or axes.state is not ConsentState.EXPIRED else mark.until


def _state_of(basis: LegalBasis, rule: str | None) -> ConsentState | None:
    if rule is None:
        return ConsentState.GIVEN if basis is LegalBasis.CONSENT else None
    return _STATES.get(Because(rule)) if rule in set(Because) else None
