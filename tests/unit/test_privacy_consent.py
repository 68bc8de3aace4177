from datetime import datetime, timedelta

import pytest

from privacy.consent import Axes, ConsentEvent, Head, axes_of, fold, head_after, notice_shown
from privacy.terms import ActChannel, ConsentAct, ConsentState
from tests.privacy_builders import NOTICE, an_act, on

IMPORT = ActChannel.IMPORT


def state(*events: ConsentEvent, day: int = 31) -> ConsentState:
    """Fold both ways; the two must agree before either is believed."""
    head = Head()
    for event in events:
        if event.at <= on(day):
            head = head_after(head, event)
    axes = fold(events, at=on(day))
    assert axes_of(head, at=on(day)) == axes
    return axes.state


def test_no_history_is_unknown() -> None:
    assert fold([], at=on(1)) == Axes() == axes_of(Head(), at=on(1))


def test_consent_stands_from_its_instant_under_its_notice() -> None:
    given = an_act(ConsentAct.GIVEN, 2)
    assert state(given, day=1) is ConsentState.UNKNOWN
    assert fold([given], at=on(2)) == Axes(ConsentState.GIVEN, notice_version=NOTICE)


def test_withdrawal_wins_the_same_instant() -> None:
    assert state(an_act(ConsentAct.WITHDRAWN, 2), an_act(ConsentAct.GIVEN, 2)) is ConsentState.WITHDRAWN
    assert state(an_act(ConsentAct.GIVEN, 2), an_act(ConsentAct.REFUSED, 2, IMPORT)) is ConsentState.REFUSED


def test_person_may_consent_again_after_withdrawing() -> None:
    assert state(an_act(ConsentAct.WITHDRAWN, 2), an_act(ConsentAct.GIVEN, 3)) is ConsentState.GIVEN


@pytest.mark.parametrize("no", [ConsentAct.WITHDRAWN, ConsentAct.REFUSED, ConsentAct.REVOKED])
def test_import_never_overrides_the_persons_own_no(no: ConsentAct) -> None:
    imported_yes = an_act(ConsentAct.GIVEN, 9, IMPORT)
    expected = ConsentState.REFUSED if no is ConsentAct.REFUSED else ConsentState.WITHDRAWN
    assert state(an_act(no, 2), imported_yes) is expected
    assert state(imported_yes, an_act(no, 2), an_act(ConsentAct.EXPIRED, 10)) is expected


def test_import_overrides_an_imported_no_of_the_same_record() -> None:
    acts = (an_act(ConsentAct.REFUSED, 2, IMPORT), an_act(ConsentAct.GIVEN, 3, IMPORT))
    assert state(*acts) is ConsentState.GIVEN
    assert state(*acts, day=2) is ConsentState.REFUSED


def test_import_counts_again_once_the_person_has_said_yes() -> None:
    acts = (
        an_act(ConsentAct.WITHDRAWN, 2),
        an_act(ConsentAct.GIVEN, 4),
        an_act(ConsentAct.WITHDRAWN, 5, IMPORT),
    )
    assert state(*acts) is ConsentState.WITHDRAWN
    assert state(*acts, day=4) is ConsentState.GIVEN


def test_request_only_moves_unknown() -> None:
    asked = an_act(ConsentAct.REQUESTED, 5)
    assert state(asked) is ConsentState.REQUESTED
    assert state(an_act(ConsentAct.GIVEN, 2), asked) is ConsentState.GIVEN
    assert state(an_act(ConsentAct.WITHDRAWN, 2), asked) is ConsentState.WITHDRAWN


@pytest.mark.parametrize(
    ("end", "ended"),
    [(ConsentAct.EXPIRED, ConsentState.EXPIRED), (ConsentAct.INVALIDATED, ConsentState.INVALIDATED)],
)
def test_an_end_ends_a_yes_and_never_replaces_a_no(end: ConsentAct, ended: ConsentState) -> None:
    assert state(an_act(ConsentAct.GIVEN, 2), an_act(end, 3)) is ended
    assert state(an_act(ConsentAct.REFUSED, 2, IMPORT), an_act(end, 3)) is ConsentState.REFUSED
    assert state(an_act(end, 3), an_act(ConsentAct.RENEWED, 4)) is ConsentState.GIVEN


def test_consent_lapses_at_its_until_and_takes_its_notice_with_it() -> None:
    given = an_act(ConsentAct.GIVEN, 2, until=on(10))
    assert fold([given], at=on(9)).until == on(10)
    assert fold([given], at=on(10)) == Axes(ConsentState.EXPIRED)
    assert state(given, day=9) is ConsentState.GIVEN
    assert state(given, day=10) is ConsentState.EXPIRED


def test_of_two_yeses_at_one_instant_the_shorter_counts() -> None:
    assert state(an_act(ConsentAct.GIVEN, 2, until=on(5)), an_act(ConsentAct.GIVEN, 2), day=6) is ConsentState.EXPIRED


def test_of_two_yeses_at_one_instant_the_one_without_notice_counts() -> None:
    told, untold = an_act(ConsentAct.GIVEN, 2), an_act(ConsentAct.GIVEN, 2, notice_version=None)
    assert fold([untold, told], at=on(3)).notice_version is None
    assert axes_of(head_after(head_after(Head(), untold), told), at=on(3)).notice_version is None


def test_objection_and_restriction_stand_apart_from_consent() -> None:
    acts = [
        an_act(ConsentAct.OBJECTED, 2),
        an_act(ConsentAct.RESTRICTED, 3),
        an_act(ConsentAct.GIVEN, 4),
        an_act(ConsentAct.OBJECTION_LIFTED, 5),
        an_act(ConsentAct.RESTRICTION_LIFTED, 6),
    ]
    seen = [fold(acts, at=on(day)) for day in (2, 3, 4, 5, 6)]
    assert [axes.objected for axes in seen] == [True, True, True, False, False]
    assert [axes.restricted for axes in seen] == [False, True, True, True, False]
    head = Head()
    for act, axes in zip(acts, seen, strict=True):
        head = head_after(head, act)
        assert axes_of(head, at=act.at) == axes


@pytest.mark.parametrize(
    ("made", "lifted"),
    [
        (ConsentAct.OBJECTED, ConsentAct.OBJECTION_LIFTED),
        (ConsentAct.RESTRICTED, ConsentAct.RESTRICTION_LIFTED),
    ],
)
def test_import_may_restrict_but_never_lift(made: ConsentAct, lifted: ConsentAct) -> None:
    acts = [an_act(made, 2, IMPORT), an_act(lifted, 3, IMPORT)]
    head = head_after(head_after(Head(), acts[0]), acts[1])
    for axes in (fold(acts, at=on(4)), axes_of(head, at=on(4))):
        assert axes.objected is (made is ConsentAct.OBJECTED)
        assert axes.restricted is (made is ConsentAct.RESTRICTED)


def test_lifting_loses_the_same_instant() -> None:
    acts = [an_act(ConsentAct.OBJECTION_LIFTED, 2), an_act(ConsentAct.OBJECTED, 2)]
    assert fold(acts, at=on(2)).objected
    assert fold(acts[::-1], at=on(2)).objected
    assert head_after(head_after(Head(), acts[1]), acts[0]).objected


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": datetime(2025, 3, 2)},  # noqa: DTZ001 - the naive instant is what must be refused
        {"until": datetime(2026, 3, 2)},  # noqa: DTZ001 - the same
        {"until": on(2)},
        {"until": on(2) - timedelta(microseconds=1)},
        {"act": ConsentAct.WITHDRAWN, "until": on(9)},
    ],
)
def test_impossible_events_cannot_be_made(wrong: dict[str, object]) -> None:
    fields = {"act": ConsentAct.GIVEN, "at": on(2), "channel": ActChannel.PAGE} | wrong
    with pytest.raises(ValueError, match="consent"):
        ConsentEvent(**fields)  # type: ignore[arg-type] # the cases are chosen to be wrong in value, not in type


def test_of_two_notices_at_one_instant_the_same_counts_in_either_order() -> None:
    one, other = (an_act(ConsentAct.GIVEN, 2, notice_version=notice) for notice in ("n1", "n2"))
    forth, back = (head_after(head_after(Head(), first), then) for first, then in ((one, other), (other, one)))
    assert forth == back
    assert axes_of(forth, at=on(3)) == fold([one, other], at=on(3)) == fold([other, one], at=on(3))


def test_only_asking_and_agreeing_name_a_text_that_was_shown() -> None:
    shown = {act for act in ConsentAct if notice_shown(act, "privacy-2025-01") == "privacy-2025-01"}
    assert shown == {ConsentAct.REQUESTED, ConsentAct.GIVEN, ConsentAct.RENEWED}
    assert {notice_shown(act, "privacy-2025-01") for act in set(ConsentAct) - shown} == {None}
