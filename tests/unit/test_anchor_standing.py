"""When consent-based and marketing purposes are closed, as the design's sixth invariant has it."""

from datetime import timedelta

import pytest

from hub.anchors.anchor import Outcome, Sighting
from hub.anchors.standing import Because, Closed, Confirmation, Open, standing_of, verify_open
from hub.errors import AccessRefused
from privacy.terms import LegalBasis
from tests.builders import NOON
from tests.privacy_builders import a_purpose

HARMLESS = (Outcome.PUBLISHED, Outcome.AGREES, Outcome.EMPTY, Outcome.UNREADABLE)
GRAVE = {
    Outcome.AHEAD: Because.ROLLED_BACK,
    Outcome.CONTRADICTED: Because.CONTRADICTED,
    Outcome.REFUSED: Because.UNREACHABLE,
    Outcome.UNREACHABLE: Because.UNREACHABLE,
}


def standing(*outcomes: Outcome, log: int = 0, confirmed: tuple[Confirmation, ...] = ()) -> Open | Closed:
    seen = {f"dir:{number}": Sighting(outcome=outcome) for number, outcome in enumerate(outcomes)}
    return standing_of(seen, log=log, confirmed=confirmed, at=NOON)


def test_every_outcome_is_harmless_or_closes() -> None:
    assert {*HARMLESS, *GRAVE} == set(Outcome)
    assert standing(*HARMLESS) == Open()
    for outcome, because in GRAVE.items():
        assert standing(*HARMLESS, outcome) == Closed(because)


def test_gravest_reason_is_told() -> None:
    assert standing(Outcome.UNREACHABLE, Outcome.CONTRADICTED) == Closed(Because.CONTRADICTED)
    assert standing(Outcome.CONTRADICTED, Outcome.AHEAD) == Closed(Because.ROLLED_BACK)


def test_log_after_a_restore_is_closed_until_its_gap_is_confirmed() -> None:
    assert standing(Outcome.EMPTY, log=2) == Closed(Because.ROLLED_BACK)
    first, second = Confirmation(1, Because.ROLLED_BACK), Confirmation(2, Because.CONTRADICTED)
    assert standing(Outcome.EMPTY, log=2, confirmed=(first,)) == Closed(Because.ROLLED_BACK)
    assert standing(Outcome.EMPTY, log=2, confirmed=(first, second)) == Open()


def test_confirmation_opens_for_its_own_reason_only() -> None:
    confirmed = (Confirmation(0, Because.UNREACHABLE, NOON + timedelta(hours=1)),)
    assert standing(Outcome.UNREACHABLE, confirmed=confirmed) == Open()
    assert standing(Outcome.AHEAD, confirmed=confirmed) == Closed(Because.ROLLED_BACK)
    assert standing(Outcome.UNREACHABLE, log=1, confirmed=confirmed) == Closed(Because.ROLLED_BACK)


def test_confirmation_of_an_anchor_that_does_not_answer_runs_out() -> None:
    confirmed = (Confirmation(0, Because.UNREACHABLE, NOON),)
    assert standing(Outcome.UNREACHABLE, confirmed=confirmed) == Closed(Because.UNREACHABLE)


@pytest.mark.parametrize(
    "changes",
    [
        {"legal_basis": LegalBasis.CONSENT},
        {"legal_basis": LegalBasis.CONSENT, "direct_marketing": True},
        {"legal_basis": LegalBasis.LEGITIMATE_INTERESTS, "direct_marketing": True},
    ],
)
def test_what_a_forgotten_withdrawal_would_break_is_closed(changes: dict[str, object]) -> None:
    purpose = a_purpose(**changes)
    verify_open(Open(), purpose)
    with pytest.raises(AccessRefused, match="log_is_behind_its_anchor") as told:
        verify_open(Closed(Because.ROLLED_BACK), purpose)
    assert "accept-gap" in str(told.value)


@pytest.mark.parametrize("basis", [LegalBasis.LEGITIMATE_INTERESTS, LegalBasis.CONTRACT, LegalBasis.LEGAL_OBLIGATION])
def test_other_purposes_go_on(basis: LegalBasis) -> None:
    verify_open(Closed(Because.CONTRADICTED), a_purpose(legal_basis=basis, direct_marketing=False))
