"""Article 18(2): restricted data shall, with the exception of storage, only be processed with a person's decision."""

import pytest

from hub.requests.weighing import restrict
from privacy.consent import Axes, fold
from privacy.decision import Because, Deny, Permit, decide, decide_part, standing_of
from privacy.request import Right
from privacy.terms import ActChannel, ConsentAct, LegalBasis
from tests.privacy_builders import a_purpose, a_standing, an_act, on
from tests.request_builders import Office, used


@pytest.mark.parametrize("basis", LegalBasis)
def test_art18_2_restricted_data_are_only_stored_whatever_the_basis(basis: LegalBasis) -> None:
    """The decision refuses every use of restricted data, on each of the six legal bases."""
    assert decide(a_purpose(legal_basis=basis), a_standing(restricted=True)) == Deny(Because.RESTRICTED)


@pytest.mark.parametrize("basis", LegalBasis)
def test_art18_2_restriction_of_one_record_holds_for_the_whole_person(basis: LegalBasis) -> None:
    """Where several records are one person, the restriction of one refuses all."""
    answer = decide_part(a_purpose(legal_basis=basis), a_standing(), [a_standing(restricted=True)])
    assert answer == Deny(Because.SILENCED_BY_PART)


def test_art18_3_the_restriction_is_lifted_by_an_act_of_its_own_and_by_no_import() -> None:
    """A new consent lifts nothing, nor does a file that says so; only somebody's act at the desk does."""
    purpose = a_purpose(legal_basis=LegalBasis.LEGITIMATE_INTERESTS)
    asked = [an_act(ConsentAct.RESTRICTED, 2), an_act(ConsentAct.GIVEN, 3)]

    def answer(lifted_by: ActChannel) -> Permit | Deny:
        acts = [*asked, an_act(ConsentAct.RESTRICTION_LIFTED, 4, lifted_by)]
        return decide(purpose, standing_of(purpose, fold(acts, at=on(5)), Axes(), ground_declared=True))

    assert answer(ActChannel.IMPORT) == Deny(Because.RESTRICTED)
    assert answer(ActChannel.AGENT) == Permit()


def test_art18_a_restriction_for_every_purpose_reaches_this_one() -> None:
    """A restriction for all purposes refuses a purpose that was consented to by name."""
    purpose, every = a_purpose(), fold([an_act(ConsentAct.RESTRICTED, 2)], at=on(3))
    own = fold([an_act(ConsentAct.GIVEN, 2)], at=on(3))
    assert decide(purpose, standing_of(purpose, own, every, ground_declared=True)) == Deny(Because.RESTRICTED)


def test_art18_1_a_request_restricts_every_use_from_the_answer_on(desk: Office) -> None:
    """A request for restriction, worked on, takes the person out of every purpose; the data stay."""
    request = desk.started("shop:k1", Right.RESTRICTION)
    records = {bytes(record) for record in desk.who("shop:k1").records}
    assert records & used(desk, "churn")
    restrict(desk.hub, request.request_id, desk.dpo)
    assert not [purpose.id for purpose in desk.hub.policy().purposes if records & used(desk, purpose.id)]
    assert desk.told("shop:k1")["identity"]
