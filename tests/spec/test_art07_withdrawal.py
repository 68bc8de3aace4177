"""Article 7(3): the data subject shall have the right to withdraw his or her consent at any time."""

from privacy.consent import Axes, ConsentEvent, fold
from privacy.decision import Because, Deny, Permit, decide, standing_of
from privacy.terms import ActChannel, ConsentAct
from tests.privacy_builders import a_purpose, an_act, on


def answer(*events: ConsentEvent, day: int) -> Permit | Deny:
    purpose = a_purpose()
    return decide(purpose, standing_of(purpose, fold(events, at=on(day)), Axes(), ground_declared=True))


def test_art07_3_consent_may_be_withdrawn_at_any_time() -> None:
    """From the instant of withdrawal the decision refuses."""
    acts = (an_act(ConsentAct.GIVEN, 2), an_act(ConsentAct.WITHDRAWN, 5))
    assert answer(*acts, day=5) == Deny(Because.CONSENT_WITHDRAWN)


def test_art07_3_withdrawal_does_not_affect_what_was_lawful_before() -> None:
    """A decision about an instant before the withdrawal still permits: history is appended, not changed."""
    acts = (an_act(ConsentAct.GIVEN, 2), an_act(ConsentAct.WITHDRAWN, 5))
    assert answer(*acts, day=4) == Permit()


def test_art07_3_it_is_as_easy_to_withdraw_as_to_give() -> None:
    """Every channel by which consent can be given also withdraws it, at once."""
    for channel in ActChannel:
        acts = (an_act(ConsentAct.GIVEN, 2, channel), an_act(ConsentAct.WITHDRAWN, 5, channel))
        assert answer(*acts, day=3) == Permit()
        assert answer(*acts, day=5) == Deny(Because.CONSENT_WITHDRAWN)


def test_art07_1_a_later_file_does_not_prove_what_the_person_denied() -> None:
    """A yes that an import brings does not override the person's own no, although it is newer."""
    acts = (an_act(ConsentAct.WITHDRAWN, 5), an_act(ConsentAct.GIVEN, 9, ActChannel.IMPORT))
    assert answer(*acts, day=10) == Deny(Because.CONSENT_WITHDRAWN)


def test_art07_2_consent_covers_the_text_that_was_shown() -> None:
    """Consent is kept with the notice that was shown; under another notice it does not count."""
    shown_before = an_act(ConsentAct.GIVEN, 2, notice_version="privacy-2019-01")
    assert answer(shown_before, day=3) == Deny(Because.CONSENT_SUPERSEDED)
