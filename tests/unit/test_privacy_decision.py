from privacy.consent import Axes
from privacy.decision import (
    UNREADABLE,
    Because,
    Deny,
    Permit,
    decide,
    decide_part,
    decision_rows,
    silences,
    standing_of,
    standings,
)
from privacy.terms import ConsentState, LegalBasis
from tests.privacy_builders import NOTICE, a_purpose, a_standing

WITHDRAWN = a_standing(state=ConsentState.WITHDRAWN)
UNKNOWN = a_standing(state=ConsentState.UNKNOWN)


def test_there_are_224_standings_and_no_two_alike() -> None:
    every = list(standings())
    assert len(every) == len(set(every)) == 7 * 2**5


def test_rows_are_the_decision_written_out() -> None:
    for basis in LegalBasis:
        for marketing in (False, True):
            purpose = a_purpose(legal_basis=basis, direct_marketing=marketing)
            for standing, row in zip(standings(), decision_rows(purpose), strict=True):
                answer = decide(purpose, standing)
                assert row["permit"] is isinstance(answer, Permit)
                assert row["because"] == (answer.because if isinstance(answer, Deny) else None)
                assert row["silences"] is silences(standing, purpose)
                assert (row["state"], row["objected"]) == (standing.state, standing.objected)
                assert list(row) == [*standing.__dataclass_fields__, "permit", "because", "silences"]


def test_unreadable_is_a_refusal_on_every_basis() -> None:
    for basis in LegalBasis:
        assert decide(a_purpose(legal_basis=basis), a_standing(readable=False)) == Deny(Because.UNREADABLE)
        assert decide(a_purpose(legal_basis=basis), UNREADABLE) == Deny(Because.UNREADABLE)


def test_whoever_silences_is_denied_too() -> None:
    for basis in LegalBasis:
        for marketing in (False, True):
            purpose = a_purpose(legal_basis=basis, direct_marketing=marketing)
            for standing in standings():
                if silences(standing, purpose):
                    assert isinstance(decide(purpose, standing), Deny)
                    assert silences(standing), "without a purpose the strictest basis is assumed"


def test_one_parts_no_binds_the_others_and_silence_binds_nobody() -> None:
    purpose, given = a_purpose(), a_standing()
    assert decide_part(purpose, given, []) == Permit()
    assert decide_part(purpose, given, [UNKNOWN, given]) == Permit()
    assert decide_part(purpose, given, [UNKNOWN, WITHDRAWN]) == Deny(Because.SILENCED_BY_PART)
    assert decide_part(purpose, UNKNOWN, [given]) == Deny(Because.CONSENT_UNKNOWN)


def test_an_expiry_binds_all_parts_on_consent_only() -> None:
    expired = a_standing(state=ConsentState.EXPIRED)
    assert silences(expired, a_purpose())
    assert not silences(expired, a_purpose(legal_basis=LegalBasis.LEGITIMATE_INTERESTS))


def test_a_refusal_is_heard_where_the_person_has_a_say() -> None:
    for basis in LegalBasis:
        heard = basis in {LegalBasis.CONSENT, LegalBasis.LEGITIMATE_INTERESTS, LegalBasis.PUBLIC_TASK}
        assert silences(WITHDRAWN, a_purpose(legal_basis=basis)) is heard
        assert isinstance(decide(a_purpose(legal_basis=basis), WITHDRAWN), Deny) is heard


def test_standing_takes_the_restrictive_of_this_purpose_and_every_purpose() -> None:
    purpose, given = a_purpose(), Axes(ConsentState.GIVEN, notice_version=NOTICE)
    alone = standing_of(purpose, given, Axes(), ground_declared=True)
    assert alone == a_standing()
    objected = standing_of(purpose, given, Axes(objected=True), ground_declared=False)
    assert objected == a_standing(objected=True, ground_declared=False)
    restricted = standing_of(purpose, given, Axes(restricted=True), ground_declared=True)
    assert restricted == a_standing(restricted=True)
    refused = standing_of(purpose, given, Axes(ConsentState.REFUSED), ground_declared=True)
    assert refused == a_standing(state=ConsentState.REFUSED)
    own_no = standing_of(purpose, Axes(ConsentState.WITHDRAWN), Axes(ConsentState.REFUSED), ground_declared=True)
    assert own_no.state is ConsentState.WITHDRAWN


def test_consent_to_every_purpose_gives_nothing() -> None:
    every = Axes(ConsentState.GIVEN, notice_version=NOTICE)
    assert standing_of(a_purpose(), Axes(), every, ground_declared=True).state is ConsentState.UNKNOWN


def test_notice_counts_while_the_purpose_accepts_it() -> None:
    purpose = a_purpose(accepted_notices=frozenset({NOTICE, "older"}))
    for notice, current in ((NOTICE, True), ("older", True), ("oldest", False), (None, False)):
        axes = Axes(ConsentState.GIVEN, notice_version=notice)
        assert standing_of(purpose, axes, Axes(), ground_declared=True).notice_current is current
