"""What the person is told at each step (Art. 12(3), 12(4)): by a letter of the outbox, where an address is on record.

Who is not identified, or has no e-mail address here, is written to by the colleague: `varde request show` says what.
"""

from sqlmodel import Session

from hub.compose import Hub
from hub.outbox.letter import Letter, enqueue
from hub.requests.seat import Seat, seat_of
from hub.requests.words import word
from privacy.request import ExtensionReason, RefusalReason, RequestState, Step, SubjectRequest


def refusal_text(reason: RefusalReason, seat: Seat, language: str) -> str:
    """Write the paragraph that a refusal is answered with, in the request's language."""
    authority = seat.authority
    return " ".join(
        [
            word("refusal", "said", language, reason=word("reasons", reason.value, language)),
            word("rights", "complaint", language, authority=authority.name, site=authority.site) + ".",
            word("refusal", "court", language),
        ]
    )


def tell(hub: Hub, session: Session, request: SubjectRequest, step: Step) -> bool:
    """Write the letter that a step asks for, in its transaction; False where there is none, or no address."""
    told = _letter_of(request, step, seat_of(hub.settings.country))
    if told is None or request.record_id is None:
        return False
    kind, values = told
    letter = Letter(to=request.record_id, kind=kind, language=request.language, values=values)
    return enqueue(hub, session, letter, by=step.actor) is not None


def _letter_of(request: SubjectRequest, step: Step, seat: Seat) -> tuple[str, dict[str, str]] | None:
    answer_by = "" if request.due_on is None else request.due_on.isoformat()
    match step.state:
        case RequestState.IDENTIFIED:
            return "request_received", {"answer_by": answer_by}
        case RequestState.EXTENDED:
            reason = word("extensions", ExtensionReason(step.reason).value, request.language)
            return "request_extended", {"answer_by": answer_by, "reason": reason}
        case RequestState.FULFILLED:
            return "request_answered", {}
        case RequestState.REFUSED:
            return "request_refused", {"text": refusal_text(RefusalReason(step.reason), seat, request.language)}
        case _:
            return None
