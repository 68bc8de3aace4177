"""Article 21: the data subject shall have the right to object at any time."""

from dataclasses import replace

import pytest

from hub.requests.handling import refuse
from hub.requests.weighing import Ground, Outcome, Weighing, balance
from privacy.decision import Because, Deny, Permit, decide, decide_part
from privacy.request import RefusalReason, Right, StepRefused
from privacy.terms import LegalBasis, PurposeId
from tests.privacy_builders import a_purpose, a_standing
from tests.request_builders import Office, used

OBJECTED = a_standing(objected=True)


@pytest.mark.parametrize("basis", [LegalBasis.LEGITIMATE_INTERESTS, LegalBasis.PUBLIC_TASK])
def test_art21_1_objection_ends_processing_on_points_e_and_f(basis: LegalBasis) -> None:
    """An objection refuses what rests on legitimate interests or a public task."""
    assert decide(a_purpose(legal_basis=basis), OBJECTED) == Deny(Because.OBJECTED)


def test_art21_1_an_objection_to_a_purpose_on_consent_is_a_withdrawal() -> None:
    """Who objects to what rests on consent is refused as if they had withdrawn it: the word used does not matter."""
    assert decide(a_purpose(), OBJECTED) == Deny(Because.OBJECTED)


NOT_E_OR_F = [LegalBasis.CONTRACT, LegalBasis.LEGAL_OBLIGATION, LegalBasis.VITAL_INTERESTS]


@pytest.mark.parametrize("basis", NOT_E_OR_F)
def test_art21_1_does_not_reach_points_b_c_and_d(basis: LegalBasis) -> None:
    """A contract, a legal obligation and vital interests go on in spite of an objection."""
    purpose = a_purpose(legal_basis=basis)
    assert decide(purpose, OBJECTED) == Permit()
    assert decide_part(purpose, a_standing(), [OBJECTED]) == Permit()


@pytest.mark.parametrize("basis", LegalBasis)
def test_art21_3_objection_to_direct_marketing_is_absolute(basis: LegalBasis) -> None:
    """For direct marketing an objection refuses on every basis, and of one record for the whole person."""
    purpose = a_purpose(legal_basis=basis, direct_marketing=True)
    assert decide(purpose, OBJECTED) == Deny(Because.OBJECTED_MARKETING)
    assert decide_part(purpose, a_standing(), [OBJECTED]) == Deny(Because.SILENCED_BY_PART)


WEIGHED = Weighing(
    purpose=PurposeId("churn"), outcome=Outcome.OVERRIDDEN, ground=Ground.FRAUD, document_ref="lia-churn-2025"
)


def test_art21_1_an_objection_that_is_upheld_ends_the_use(desk: Office) -> None:
    """The balancing test is on record, and the person is out of the next read."""
    request = desk.started("shop:k1", Right.OBJECTION)
    records = {bytes(record) for record in desk.who("shop:k1").records}
    assert records & used(desk, "churn")
    balance(desk.hub, request.request_id, replace(WEIGHED, outcome=Outcome.UPHELD, ground=Ground.NONE), desk.dpo)
    assert not records & used(desk, "churn")


def test_art21_1_only_compelling_grounds_on_record_refuse_an_objection(desk: Office) -> None:
    """Without a balancing test there is no such refusal; with one, the use goes on and the reason is told."""
    request = desk.started("shop:k1", Right.OBJECTION)
    with pytest.raises(StepRefused, match="ground_and_outcome_disagree"):
        balance(desk.hub, request.request_id, replace(WEIGHED, ground=Ground.NONE), desk.dpo)
    with pytest.raises(StepRefused, match="balancing_test_missing"):
        refuse(desk.hub, request.request_id, RefusalReason.OVERRIDING_GROUNDS, desk.dpo)
    balance(desk.hub, request.request_id, WEIGHED, desk.dpo)
    with pytest.raises(StepRefused, match="test_on_record"):
        balance(desk.hub, request.request_id, WEIGHED, desk.dpo)
    assert refuse(desk.hub, request.request_id, RefusalReason.OVERRIDING_GROUNDS, desk.dpo).closed_at is not None


def test_art21_3_an_objection_to_direct_marketing_is_never_weighed(desk: Office) -> None:
    """A balancing test of it is refused: no ground overrides such an objection."""
    request = desk.started("shop:k1", Right.OBJECTION)
    with pytest.raises(StepRefused, match="direct_marketing_is_not_weighed"):
        balance(desk.hub, request.request_id, replace(WEIGHED, purpose=PurposeId("winback")), desk.dpo)


def test_art21_what_rests_on_a_contract_is_not_ended_by_objecting(desk: Office) -> None:
    """Balancing it is refused: Article 21(1) speaks of interests and public tasks only."""
    request = desk.started("shop:k1", Right.OBJECTION)
    with pytest.raises(StepRefused, match="purpose_not_open_to_objection"):
        balance(desk.hub, request.request_id, replace(WEIGHED, purpose=PurposeId("service")), desk.dpo)
