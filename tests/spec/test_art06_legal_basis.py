"""Article 6: processing shall be lawful only if and to the extent that at least one of the following applies."""

import pytest

from privacy.consent import fold
from privacy.decision import Because, Deny, Permit, decide, standing_of
from privacy.errors import PolicyInvalid
from privacy.terms import ConsentAct, ConsentState, LegalBasis
from tests.privacy_builders import a_purpose, a_standing, an_act, on


@pytest.mark.parametrize("state", [state for state in ConsentState if state is not ConsentState.GIVEN])
def test_art06_1a_without_a_standing_consent_there_is_no_processing(state: ConsentState) -> None:
    """Unknown, refused, withdrawn or expired: whatever is not a standing yes is a no, and the reason says which."""
    assert decide(a_purpose(), a_standing(state=state)) == Deny(Because(f"consent_{state}"))


def test_art06_1a_the_data_subject_has_given_consent_for_this_purpose() -> None:
    """With consent that stands for this very purpose, the decision permits."""
    assert decide(a_purpose(), a_standing()) == Permit()


def test_art06_1a_consent_to_whatever_it_be_is_consent_to_nothing() -> None:
    """A yes to all purposes at once is not specific (Article 4(11)) and permits none; a no to all of them refuses."""
    purpose, nothing = a_purpose(), fold([], at=on(3))
    to_all = fold([an_act(ConsentAct.GIVEN, 2)], at=on(3))
    assert isinstance(decide(purpose, standing_of(purpose, nothing, to_all, ground_declared=True)), Deny)
    assert decide(purpose, standing_of(purpose, to_all, nothing, ground_declared=True)) == Permit()
    none = fold([an_act(ConsentAct.WITHDRAWN, 2)], at=on(3))
    assert isinstance(decide(purpose, standing_of(purpose, to_all, none, ground_declared=True)), Deny)


def test_art06_1a_consent_under_a_superseded_notice_is_not_informed() -> None:
    """Consent to a text that is no longer accepted does not count."""
    assert decide(a_purpose(), a_standing(notice_current=False)) == Deny(Because.CONSENT_SUPERSEDED)


def test_art06_1a_consent_given_to_us_needs_no_declaration_by_a_source() -> None:
    """What the person told us themselves stands alone; a source need not have declared consent as its ground."""
    assert decide(a_purpose(), a_standing(ground_declared=False)) == Permit()


@pytest.mark.parametrize("basis", [basis for basis in LegalBasis if basis is not LegalBasis.CONSENT])
def test_art06_1b_to_f_need_a_ground_declared_and_notice_given_not_consent(basis: LegalBasis) -> None:
    """On another basis the source must have declared the ground and given notice; a yes in its place helps nothing."""
    purpose, silent = a_purpose(legal_basis=basis), a_standing(state=ConsentState.UNKNOWN, notice_current=False)
    assert decide(purpose, silent) == Permit()
    undeclared = a_standing(state=ConsentState.GIVEN, ground_declared=False)
    assert decide(purpose, undeclared) == Deny(Because.GROUND_NOT_DECLARED)


def test_art06_1f_interests_are_weighed_before_they_are_relied_on() -> None:
    """A purpose on legitimate interests cannot be made without the reference of a balancing test."""
    with pytest.raises(PolicyInvalid, match=r"Art\. 6\(1\)\(f\).*lia_ref"):
        a_purpose(legal_basis=LegalBasis.LEGITIMATE_INTERESTS, lia_ref=None)


def test_art06_1f_a_refusal_is_not_sidestepped_by_choosing_another_basis() -> None:
    """Who refused or withdrew consent is not used for the same purpose on legitimate interests."""
    purpose = a_purpose(legal_basis=LegalBasis.LEGITIMATE_INTERESTS)
    assert decide(purpose, a_standing(state=ConsentState.REFUSED)) == Deny(Because.CONSENT_REFUSED)
    assert decide(purpose, a_standing(state=ConsentState.WITHDRAWN)) == Deny(Because.CONSENT_WITHDRAWN)
