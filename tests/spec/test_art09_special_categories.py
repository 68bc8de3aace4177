"""Article 9: special categories shall not be processed unless the data subject has given explicit consent."""

from dataclasses import fields

import pytest

from privacy.decision import Because, Deny, Permit, decide, standings
from privacy.errors import PolicyInvalid
from privacy.purposes import Purpose
from privacy.terms import ConsentState, DataCategory, LegalBasis
from tests.privacy_builders import a_purpose, a_standing

SPECIAL = frozenset({DataCategory.SPECIAL})
OTHER_BASES = [basis for basis in LegalBasis if basis is not LegalBasis.CONSENT]


@pytest.mark.parametrize("basis", OTHER_BASES)
def test_art09_1_no_purpose_may_declare_special_categories_on_another_basis(basis: LegalBasis) -> None:
    """A purpose that lists special categories on any basis but consent cannot be made."""
    with pytest.raises(PolicyInvalid, match=r"Art\. 9\(2\)\(a\)"):
        a_purpose(legal_basis=basis, data_categories=SPECIAL)


@pytest.mark.parametrize("basis", OTHER_BASES)
def test_art09_1_the_decision_refuses_even_a_purpose_that_slipped_past_that_check(basis: LegalBasis) -> None:
    """Were there such a purpose all the same, every standing of a person would be refused."""
    slipped = object.__new__(Purpose)
    sound = a_purpose()
    for field in fields(Purpose):
        object.__setattr__(slipped, field.name, getattr(sound, field.name))
    object.__setattr__(slipped, "legal_basis", basis)
    object.__setattr__(slipped, "data_categories", SPECIAL)
    assert all(isinstance(decide(slipped, standing), Deny) for standing in standings())
    assert decide(slipped, a_standing()) == Deny(Because.SPECIAL_CATEGORY)


def test_art09_2a_explicit_consent_to_the_specified_purpose_permits() -> None:
    """Only consent that stands, for this purpose, permits; every other state refuses."""
    purpose = a_purpose(data_categories=SPECIAL)
    assert decide(purpose, a_standing()) == Permit()
    for state in set(ConsentState) - {ConsentState.GIVEN}:
        assert isinstance(decide(purpose, a_standing(state=state)), Deny)


def test_art35_3b_special_categories_need_an_impact_assessment() -> None:
    """A purpose on special categories cannot be made without the reference of an impact assessment."""
    with pytest.raises(PolicyInvalid, match="dpia_ref"):
        a_purpose(data_categories=SPECIAL, dpia_ref=None)
