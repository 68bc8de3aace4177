"""Article 21: the data subject shall have the right to object at any time."""

import pytest

from privacy.decision import Because, Deny, Permit, decide, decide_part
from privacy.terms import LegalBasis
from tests.privacy_builders import a_purpose, a_standing

OBJECTED = a_standing(objected=True)


@pytest.mark.parametrize("basis", [LegalBasis.LEGITIMATE_INTERESTS, LegalBasis.PUBLIC_TASK])
def test_art21_1_objection_ends_processing_on_points_e_and_f(basis: LegalBasis) -> None:
    assert decide(a_purpose(legal_basis=basis), OBJECTED) == Deny(Because.OBJECTED)


def test_art21_1_an_objection_to_a_purpose_on_consent_is_a_withdrawal() -> None:
    assert decide(a_purpose(), OBJECTED) == Deny(Because.OBJECTED)


NOT_E_OR_F = [LegalBasis.CONTRACT, LegalBasis.LEGAL_OBLIGATION, LegalBasis.VITAL_INTERESTS]


@pytest.mark.parametrize("basis", NOT_E_OR_F)
def test_art21_1_does_not_reach_points_b_c_and_d(basis: LegalBasis) -> None:
    purpose = a_purpose(legal_basis=basis)
    assert decide(purpose, OBJECTED) == Permit()
    assert decide_part(purpose, a_standing(), [OBJECTED]) == Permit()


@pytest.mark.parametrize("basis", LegalBasis)
def test_art21_3_objection_to_direct_marketing_is_absolute(basis: LegalBasis) -> None:
    purpose = a_purpose(legal_basis=basis, direct_marketing=True)
    assert decide(purpose, OBJECTED) == Deny(Because.OBJECTED_MARKETING)
    assert decide_part(purpose, a_standing(), [OBJECTED]) == Deny(Because.SILENCED_BY_PART)
