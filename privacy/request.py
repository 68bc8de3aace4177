"""A person's request about their own data: which right, where it stands, which step may follow (GDPR Art. 12, 15-22).

Rules kept here:
- nothing of a person is shown, changed or erased for a request before its asker is identified (Art. 12(6));
- a step that the table of steps does not name cannot be taken; a closed request stays closed;
- a refusal and an extension have a reason from a list: codes, never free text about a person;
- identity is noted by how it was proven; no copy of a document is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from privacy.deadline import Clock
from privacy.errors import PrivacyError
from privacy.terms import PrincipalId, RecordId


class Right(StrEnum):
    """What a person can ask for."""

    ACCESS = "access"  # Art. 15
    RECTIFICATION = "rectification"  # Art. 16
    ERASURE = "erasure"  # Art. 17
    RESTRICTION = "restriction"  # Art. 18
    PORTABILITY = "portability"  # Art. 20
    OBJECTION = "objection"  # Art. 21
    HUMAN_REVIEW = "human_review"  # Art. 22(3)


class RequestState(StrEnum):
    """Where a request stands."""

    RECEIVED = "received"
    IDENTITY_PENDING = "identity_pending"  # proof was asked for: the clock stands still
    IDENTIFIED = "identified"
    IN_PROGRESS = "in_progress"
    EXTENDED = "extended"  # in progress, with two further months
    FULFILLED = "fulfilled"
    REFUSED = "refused"


class Arrival(StrEnum):
    """By which way a request came; the law prescribes none."""

    API = "api"
    EMAIL = "email"
    LETTER = "letter"
    PHONE = "phone"
    IN_PERSON = "in_person"


class Proof(StrEnum):
    """How somebody proved who they are."""

    VERIFIED_LOGIN = "verified_login"  # a token of scope `verified`
    CODE = "one_time_code"
    ELECTRONIC_ID = "electronic_id"
    DOCUMENT_SEEN = "document_seen"  # looked at, not copied
    KNOWN_CONTACT = "known_contact"  # written from, or called back at, an address that was on record


class ExtensionReason(StrEnum):
    """Why two further months are necessary (Art. 12(3))."""

    COMPLEX = "complex"
    MANY_REQUESTS = "many_requests"  # of the same person


class RefusalReason(StrEnum):
    """Why a request is refused."""

    UNFOUNDED = "manifestly_unfounded"  # Art. 12(5)
    EXCESSIVE = "excessive"  # Art. 12(5)
    NOT_IDENTIFIED = "not_identified"  # Art. 11(2), 12(2), 12(6)
    NOTHING_HELD = "nothing_held"  # the answer to whom the hub does not know
    OTHERS_RIGHTS = "rights_of_others"  # Art. 15(4), 20(4)
    ACCURATE = "data_accurate"  # Art. 16
    LEGAL_OBLIGATION = "legal_obligation"  # Art. 17(3)(b)
    LEGAL_CLAIMS = "legal_claims"  # Art. 17(3)(e), 21(1)
    OVERRIDING_GROUNDS = "overriding_grounds"  # Art. 21(1): only with a balancing test on record
    OTHER_BASIS = "not_consent_or_contract"  # Art. 20(1)(a)
    NOT_AUTOMATED = "not_solely_automated"  # Art. 22(1)


_EVERY_RIGHT: Final = frozenset(Right)
REFUSABLE: Final[Mapping[RefusalReason, frozenset[Right]]] = {
    RefusalReason.UNFOUNDED: _EVERY_RIGHT,
    RefusalReason.EXCESSIVE: _EVERY_RIGHT,
    RefusalReason.NOT_IDENTIFIED: _EVERY_RIGHT,
    RefusalReason.NOTHING_HELD: _EVERY_RIGHT,
    RefusalReason.OTHERS_RIGHTS: frozenset({Right.ACCESS, Right.PORTABILITY}),
    RefusalReason.ACCURATE: frozenset({Right.RECTIFICATION, Right.RESTRICTION}),
    RefusalReason.LEGAL_OBLIGATION: frozenset({Right.ERASURE}),
    RefusalReason.LEGAL_CLAIMS: frozenset({Right.ERASURE, Right.OBJECTION}),
    RefusalReason.OVERRIDING_GROUNDS: frozenset({Right.OBJECTION}),
    RefusalReason.OTHER_BASIS: frozenset({Right.PORTABILITY}),
    RefusalReason.NOT_AUTOMATED: frozenset({Right.HUMAN_REVIEW}),
}
"""Which right each reason can refuse."""

_R: Final = RequestState
STEPS: Final[Mapping[RequestState, frozenset[RequestState]]] = {
    _R.RECEIVED: frozenset({_R.IDENTITY_PENDING, _R.IDENTIFIED, _R.REFUSED}),
    _R.IDENTITY_PENDING: frozenset({_R.IDENTIFIED, _R.REFUSED}),
    _R.IDENTIFIED: frozenset({_R.IN_PROGRESS, _R.EXTENDED, _R.REFUSED}),
    _R.IN_PROGRESS: frozenset({_R.EXTENDED, _R.FULFILLED, _R.REFUSED}),
    _R.EXTENDED: frozenset({_R.FULFILLED, _R.REFUSED}),
    _R.FULFILLED: frozenset(),
    _R.REFUSED: frozenset(),
}
"""The steps that may follow each state."""

CLOSED: Final = frozenset({RequestState.FULFILLED, RequestState.REFUSED})
WORKED_ON: Final = frozenset({RequestState.IN_PROGRESS, RequestState.EXTENDED})
"""States in which the asker is identified and the work may be done."""


class StepRefused(PrivacyError):
    """A step that may not follow; `because` is a rule's name."""

    def __init__(self, because: str, remedy: str) -> None:
        super().__init__(f"refused: {because}. {remedy}")
        self.because = because
        self.remedy = remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a request's history; `reason` is a code of the step's own list, "" where it has none."""

    state: RequestState
    at: datetime
    actor: PrincipalId
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRequest:
    """A request as it stands.

    `record_id` is one record of the person, None until the asker is identified; `duplicate_of` an earlier request of
    the same person for the same right that was open then; `due_on` the last day in time, None while the clock stands
    still; `version` counts the steps.
    """

    request_id: bytes
    right: Right
    state: RequestState
    arrival: Arrival
    language: str
    received_at: datetime
    due_on: date | None
    record_id: RecordId | None
    duplicate_of: bytes | None
    closed_at: datetime | None
    version: int

    @property
    def is_open(self) -> bool:
        """Say whether it still waits for an answer."""
        return self.state not in CLOSED

    def is_overdue(self, today: date) -> bool:
        """Say whether its last day is over without an answer."""
        return self.is_open and self.due_on is not None and self.due_on < today


def verify_step(request: SubjectRequest, state: RequestState) -> None:
    """Refuse a step that may not follow.

    Raises:
        StepRefused: names the rule and what to do first.

    """
    if not request.is_open:
        raise StepRefused("request_is_closed", "Open a new request: a closed one stays as it was answered")
    if state not in STEPS[request.state]:
        allowed = ", ".join(sorted(STEPS[request.state]))
        raise StepRefused("step_does_not_follow", f"It is {request.state}; next can be: {allowed}")


def verify_refusal(right: Right, reason: RefusalReason) -> None:
    """Refuse a refusal whose reason does not belong to the right.

    Raises:
        StepRefused: the law knows no such reason for this right.

    """
    if right not in REFUSABLE[reason]:
        fit = ", ".join(sorted(each for each, rights in REFUSABLE.items() if right in rights))
        raise StepRefused("reason_not_for_this_right", f"For {right} there are: {fit}")


def clock_of(received: date, steps: Sequence[tuple[RequestState, date]]) -> Clock:
    """Fold the history of a request, oldest first, into what moves its deadline."""
    asked = next((on for state, on in steps if state is RequestState.IDENTITY_PENDING), None)
    proved = next((on for state, on in steps if state is RequestState.IDENTIFIED), None)
    extended = any(state is RequestState.EXTENDED for state, _ in steps)
    return Clock(received=received, asked=asked, proved=proved, extended=extended)
