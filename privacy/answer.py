"""What answers a subject request: a deed on record, without which it is not closed as fulfilled (Art. 12, 15-22).

Rules kept here:
- to say that a request was answered answers nothing: what the right asks for must have been done for this request, or
  for this person since it was received;
- what was done where the hub cannot see it is said with a reason from a list that fits the right, and a reference to
  where that is shown: a name of a case or a file, which cannot be an address, a number of a person, or a sentence.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from privacy.request import Right, StepRefused
from privacy.terms import PrincipalId, RecordId


class Elsewhere(StrEnum):
    """Why a request counts as answered although the hub did not do it."""

    OTHER_SYSTEM = "other_system"  # it was about data that another system holds, and was done there
    AT_THE_SOURCE = "at_the_source"  # the system that delivers the data was put right, or emptied
    IN_PERSON = "in_person"  # shown or handed over on the spot, by letter, or in another way than a file of ours
    DONE_BEFORE = "done_before"  # it had been done before the request came


ADMITS: Final[Mapping[Elsewhere, frozenset[Right]]] = {
    Elsewhere.OTHER_SYSTEM: frozenset(Right),
    Elsewhere.AT_THE_SOURCE: frozenset({Right.RECTIFICATION, Right.ERASURE}),
    Elsewhere.IN_PERSON: frozenset({Right.ACCESS, Right.PORTABILITY, Right.HUMAN_REVIEW}),
    Elsewhere.DONE_BEFORE: frozenset(Right) - {Right.ERASURE},  # whoever was erased before is not here to be identified
}
"""Which right each reason can answer."""

_MISSING: Final[Mapping[Right, tuple[str, str]]] = {
    Right.ACCESS: ("export_missing", "Give them their data first: `varde request export --to FILE --form html`"),
    Right.RECTIFICATION: ("correction_missing", "Correct it first: `varde request correct --set DETAIL=VALUE`"),
    Right.ERASURE: ("erasure_missing", "Erase first: `varde request erase`; one that broke off, with `varde serve`"),
    Right.RESTRICTION: ("restriction_missing", "No restriction stands. First: `varde request restrict`"),
    Right.PORTABILITY: ("export_missing", "Give them the archive first: `varde request export --form portable`"),
    Right.OBJECTION: (
        "objection_missing",
        "No objection was upheld, and none stands since the request came. First: `varde request balance`",
    ),
    Right.HUMAN_REVIEW: ("review_missing", "A human looks at the score first: `varde request review`"),
}
_OR: Final = ". Done where the hub cannot see it: `varde request fulfil --elsewhere REASON --reference CASE`"
_REFERENCE: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:/-]{0,62}[A-Za-z0-9])?")
_PERSONAL_NUMBER: Final = re.compile(r"[0-9]{7}")  # no telephone or identity number is shorter


class AnswerMissing(StepRefused):
    """Nothing is on record of what the right asks for; `remedy` names the command that does it."""

    def __init__(self, right: Right) -> None:
        because, first = _MISSING[right]
        super().__init__(because, f"{first}{_OR}")
        self.right = right


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A deed that answers a right of a person, by one record of theirs.

    `request_id` is None where it was done without a request; `reason` and `reference` are "" where the hub did it.
    """

    answer_id: bytes
    right: Right
    record_id: RecordId
    request_id: bytes | None
    at: datetime
    actor: PrincipalId
    reason: str = ""
    reference: str = ""


def verify_elsewhere(right: Right, reason: Elsewhere, reference: str) -> None:
    """Refuse a word on what was done elsewhere that does not belong to the right, or could say who somebody is.

    Raises:
        StepRefused: the reason is none for this right, or the reference is no plain name of a case or file.

    """
    if right not in ADMITS[reason]:
        fit = ", ".join(sorted(each for each, rights in ADMITS.items() if right in rights))
        raise StepRefused("reason_not_for_this_right", f"For {right} there are: {fit}")
    if not _REFERENCE.fullmatch(reference) or _PERSONAL_NUMBER.search(re.sub(r"[^A-Za-z0-9]", "", reference)):
        raise StepRefused(
            "reference_unfit",
            "Name a case or a file, of at most 64 letters, digits and . _ : / -, with fewer than 7 digits in a row and "
            "nothing of a person",
        )
