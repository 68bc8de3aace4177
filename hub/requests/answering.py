"""Whether a request may be closed as answered: what its right asks for was done, as the closing transaction sees it.

| right | on record |
|---|---|
| access, portability | an export of that form has left, for the request or for the person since it came |
| rectification | a correction, likewise |
| erasure | an erasure of the person is completed |
| restriction | a restriction stands: of every purpose, or of one and said since the request came |
| objection | a balancing test found for the person, or an objection stands that was made since the request came |
| human review | a human's word on a score, for the request |

Or somebody said that it was done elsewhere: a reason from a list, a reference, and the audit log was told.
For the same reason it is not refused once its deed is on record; an objection that only stands waits to be weighed.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never

from sqlmodel import Session

from hub.compose import Hub
from ingest.store.identity import records_beside
from privacy.answer import Answer, AnswerMissing, Elsewhere
from privacy.audit import AuditFields
from privacy.consent import Head
from privacy.request import RefusalReason, RequestState, Right, StepRefused, SubjectRequest
from privacy.store.answer import add_answer, has_answer, was_answered_before
from privacy.store.balancing import PREVAILED, balancing_tests
from privacy.store.consent import Place, heads_of
from privacy.store.epoch import lock_epoch
from privacy.store.erasure import is_erased
from privacy.store.request import requests_of
from privacy.store.score_review import reviews_of_request
from privacy.terms import EVERY_PURPOSE, PrincipalId, RecordId, random_id

_CAN_BE_LIFTED: Final = frozenset({Right.RESTRICTION, Right.OBJECTION})
"""Rights whose deed another act can undo; what answers the others is appended for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneElsewhere:
    """Why a request counts as answered although the hub did nothing, and the case or file that shows it."""

    reason: Elsewhere
    reference: str


def note_answer(
    hub: Hub, session: Session, right: Right, whose: tuple[RecordId, bytes | None], by: PrincipalId
) -> None:
    """Note in a deed's transaction that it answers a right; `whose` is the record, and the request if there is one."""
    record, request_id = whose
    done = Answer(answer_id=random_id(), right=right, record_id=record, request_id=request_id, at=hub.clock(), actor=by)
    add_answer(session, done)


def note_elsewhere(
    hub: Hub, session: Session, request: SubjectRequest, said: tuple[RecordId, DoneElsewhere], by: PrincipalId
) -> None:
    """Note, audited, what somebody says was done for a request where the hub cannot see it."""
    record, done = said
    answer = Answer(
        answer_id=random_id(),
        right=request.right,
        record_id=record,
        request_id=request.request_id,
        at=hub.clock(),
        actor=by,
        reason=done.reason.value,
        reference=done.reference,
    )
    add_answer(session, answer)
    fields = AuditFields(
        act_id=request.request_id, records=(record,), reason=done.reason.value, outcome=request.right.value
    )
    hub.audit(session, "request.elsewhere", by, fields)


def verify_answered(session: Session, request: SubjectRequest) -> None:
    """Refuse to close a request for which nothing was done; no act can undo the deed before the caller's commit.

    Raises:
        AnswerMissing: says what is missing, and the command that does it.

    """
    records = _records_of(session, request)
    if has_answer(session, request, records):
        return
    if request.right in _CAN_BE_LIFTED:
        lock_epoch(session)  # nobody lifts a restriction or an objection between this look and the closing
    if not _stands(session, request, records):
        raise AnswerMissing(request.right)


def is_answered(session: Session, request: SubjectRequest) -> bool:
    """Say whether what a request asks for is on record, as the caller's snapshot has it."""
    records = _records_of(session, request)
    return has_answer(session, request, records) or _stands(session, request, records)


def verify_refusable(session: Session, request: SubjectRequest, reason: RefusalReason) -> None:
    """Refuse to refuse a request whose deed is on record, or as excessive where nothing was answered before it.

    Raises:
        StepRefused: names which of the two, and what to do.

    """
    records = _records_of(session, request)
    if _is_done(session, request, records):
        raise StepRefused("done_already", "What it asks for is on record since it came: `varde request fulfil`")
    if reason is RefusalReason.EXCESSIVE and not _repeats(session, request, records):
        raise StepRefused(
            "earlier_answer_missing",
            f"Excessive is what repeats: no request for {request.right} of an identified asker was answered before it",
        )


def _is_done(session: Session, request: SubjectRequest, records: Collection[RecordId]) -> bool:
    """Say whether the deed leaves nothing to refuse; an objection is weighed although it stands meanwhile."""
    if request.right is Right.OBJECTION and not has_answer(session, request, records):
        return _is_upheld(session, request)
    return has_answer(session, request, records) or _stands(session, request, records)


def _repeats(session: Session, request: SubjectRequest, records: Collection[RecordId]) -> bool:
    """Say whether the same right of the same person was answered before a request came, on request or without one."""
    earlier = any(
        each.right is request.right
        and each.state is RequestState.FULFILLED
        and each.request_id != request.request_id
        and each.received_at <= request.received_at
        for each in requests_of(session, records)
    )
    return earlier or was_answered_before(session, request, records)


def _records_of(session: Session, request: SubjectRequest) -> set[RecordId]:
    """Return every record of the asker; of whoever was erased only the one that the request names is known."""
    record = request.record_id
    return set() if record is None else {record, *records_beside(session, record)}


def _stands(session: Session, request: SubjectRequest, records: Collection[RecordId]) -> bool:
    """Say whether the deed is seen in what it left behind, for rights whose deed does so."""
    match request.right:
        case Right.ACCESS | Right.PORTABILITY | Right.RECTIFICATION:
            return False
        case Right.ERASURE:
            return request.record_id is not None and is_erased(session, request.record_id)
        case Right.RESTRICTION:
            return _is_restricted(heads_of(session, records), since=request.received_at)
        case Right.OBJECTION:
            return _is_upheld(session, request) or _has_objected(
                heads_of(session, records).values(), since=request.received_at
            )
        case Right.HUMAN_REVIEW:
            return bool(reviews_of_request(session, request.request_id))
        case _:
            assert_never(request.right)


def _is_upheld(session: Session, request: SubjectRequest) -> bool:
    return any(each.outcome == PREVAILED for each in balancing_tests(session, request.request_id))


def _is_restricted(heads: Mapping[Place, Head], *, since: datetime) -> bool:
    return any(
        head.restricted and (purpose == EVERY_PURPOSE or _is_of(head.restricted_at, since))
        for (_, purpose), head in heads.items()
    )


def _has_objected(heads: Iterable[Head], *, since: datetime) -> bool:
    return any(head.objected and _is_of(head.objected_at, since) for head in heads)


def _is_of(at: datetime | None, since: datetime) -> bool:
    return at is not None and at >= since
