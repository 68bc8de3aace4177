"""What is decided of a restriction and an objection: stored only, and whose interests weigh more (Art. 18, 21).

An objection to direct marketing is never weighed (Art. 21(2), 21(3)): it stands. To another use it stands unless
compelling grounds override it, and these are on record with the assessment that found them (Art. 21(1)).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hub.compose import Hub
from hub.consents import Subject, Wish, record_wish, write_wish
from hub.recipients.store import NoticeKind
from hub.recipients.telling import Deed, enqueue_notices
from hub.requests.handling import verify_may_handle
from hub.requests.steps import get_request, subject_of, verify_worked_on
from privacy.audit import AuditFields
from privacy.request import Right, StepRefused
from privacy.store.balancing import PREVAILED, Weighed, add_balancing_test, balancing_tests
from privacy.store.principal import Principal
from privacy.terms import EVERY_PURPOSE, ActChannel, ConsentAct, LegalBasis, PurposeId


class Outcome(StrEnum):
    """Whose interests weigh more."""

    UPHELD = PREVAILED  # the person's: the use ends
    OVERRIDDEN = "overridden"  # compelling grounds of the controller's


class Ground(StrEnum):
    """Compelling legitimate grounds (Art. 21(1)); a wish to earn more is none."""

    NONE = "none"
    LEGAL_CLAIMS = "legal_claims"
    SECURITY = "security"
    FRAUD = "fraud_prevention"
    SAFETY = "safety_of_people"


_OBJECTABLE: Final = frozenset({LegalBasis.LEGITIMATE_INTERESTS, LegalBasis.PUBLIC_TASK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """A balancing test as the DPO found it; `document_ref` names the assessment in their files."""

    purpose: PurposeId
    outcome: Outcome
    ground: Ground
    document_ref: str


def restrict(hub: Hub, request_id: bytes, by: Principal) -> int:
    """Restrict the person's data for every purpose: stored, not used (Art. 18); return the epoch since which it holds.

    Raises:
        StepRefused: the request is not being worked on, or is for another right.

    """
    verify_may_handle(by)
    subject = _worked_on(hub, request_id, Right.RESTRICTION)
    wish = Wish(act=ConsentAct.RESTRICTED, purpose=PurposeId(EVERY_PURPOSE), channel=ActChannel.AGENT)
    deed = Deed(kind=NoticeKind.RESTRICTION, act_id=request_id, records=subject.records, by=by.principal_id)
    return record_wish(hub, subject, wish, by, beside=lambda session: enqueue_notices(hub, session, deed))


def balance(hub: Hub, request_id: bytes, weighing: Weighing, by: Principal) -> None:
    """Put a balancing test on record, once for a purpose; where the person's interests prevail the use ends at once.

    Raises:
        StepRefused: direct marketing is not weighed, the purpose rests on another basis, or the test is on record.

    """
    verify_may_handle(by)
    subject = _worked_on(hub, request_id, Right.OBJECTION)
    _verify_weighing(hub, weighing)
    with hub.unit_of_work() as session:
        if weighing.purpose in {each.purpose for each in balancing_tests(session, request_id)}:
            raise StepRefused("test_on_record", "It stands as it was; a new request is weighed anew")
        add_balancing_test(
            session,
            Weighed(
                request_id=request_id,
                purpose=weighing.purpose,
                outcome=weighing.outcome.value,
                ground=weighing.ground.value,
                document_ref=weighing.document_ref,
                decided_by=by.principal_id,
                decided_at=hub.clock(),
            ),
        )
        if weighing.outcome is Outcome.UPHELD:
            wish = Wish(act=ConsentAct.OBJECTED, purpose=weighing.purpose, channel=ActChannel.AGENT)
            write_wish(hub, session, subject, wish, by.principal_id)
        fields = AuditFields(
            act_id=request_id, purpose=weighing.purpose, outcome=weighing.outcome.value, reason=weighing.ground.value
        )
        hub.audit(session, "request.balance", by.principal_id, fields)


def _worked_on(hub: Hub, request_id: bytes, right: Right) -> Subject:
    with hub.reading() as session:
        return subject_of(session, verify_worked_on(get_request(session, request_id), right))


def _verify_weighing(hub: Hub, weighing: Weighing) -> None:
    purpose, overridden = hub.policy().purpose(weighing.purpose), weighing.outcome is Outcome.OVERRIDDEN
    if purpose.direct_marketing and overridden:
        raise StepRefused("direct_marketing_is_not_weighed", "The objection stands: --outcome upheld (Art. 21(3))")
    if purpose.legal_basis not in _OBJECTABLE and not purpose.direct_marketing:
        raise StepRefused("purpose_not_open_to_objection", f"It rests on {purpose.legal_basis}; see Art. 7(3), 17, 18")
    if overridden is (weighing.ground is Ground.NONE):
        raise StepRefused("ground_and_outcome_disagree", "Compelling grounds are named where they override, else none")
