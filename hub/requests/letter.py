"""What the person is told of a refusal: the reason in plain words, where to complain, and the courts (Art. 12(4))."""

from hub.requests.seat import Seat
from hub.requests.words import word
from privacy.request import RefusalReason


def refusal_text(reason: RefusalReason, seat: Seat, language: str) -> str:
    """Write the paragraph that a refusal is answered with, in the request's language."""
    authority = seat.authority
    return " ".join(
        [
            word("refusal", "said", language, reason=word("reasons", reason.value, language)),
            word("rights", "complaint", language, authority=authority.name, site=authority.site),
            word("refusal", "court", language),
        ]
    )
