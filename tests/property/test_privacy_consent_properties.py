from datetime import datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from privacy.consent import ConsentEvent, Head, axes_of, fold, head_after
from privacy.terms import ActChannel, ConsentAct, ConsentState
from tests.privacy_builders import on


@st.composite
def events(draw: st.DrawFn) -> ConsentEvent:
    """Draw acts on few instants, so that ties are common."""
    act = draw(st.sampled_from(ConsentAct))
    at = on(1) + timedelta(hours=draw(st.integers(0, 6)))
    until = None
    if act in {ConsentAct.GIVEN, ConsentAct.RENEWED} and draw(st.booleans()):
        until = at + timedelta(hours=draw(st.integers(1, 4)))
    return ConsentEvent(
        act=act,
        at=at,
        channel=draw(st.sampled_from([ActChannel.PAGE, ActChannel.IMPORT])),
        notice_version=draw(st.sampled_from([None, "n1", "n2"])),
        until=until,
    )


histories = st.lists(events(), max_size=9)
later = st.integers(0, 12).map(lambda hours: on(1) + timedelta(hours=hours))


def head_of(history: list[ConsentEvent]) -> Head:
    head = Head()
    for event in history:
        head = head_after(head, event)
    return head


@given(histories, later)
def test_head_agrees_with_fold_in_any_order_of_arrival(history: list[ConsentEvent], at: datetime) -> None:
    known = [event for event in history if event.at <= at]
    assert axes_of(head_of(known), at=at) == fold(history, at=at)


@given(histories, st.randoms())
def test_head_depends_neither_on_order_nor_on_repetition(history: list[ConsentEvent], random: Random) -> None:
    shuffled = history + history[: len(history) // 2]
    random.shuffle(shuffled)
    assert head_of(shuffled) == head_of(history)


@given(histories, events())
def test_own_no_binds_until_the_persons_own_yes(history: list[ConsentEvent], last: ConsentEvent) -> None:
    imports = [event for event in history if event.channel is ActChannel.IMPORT]
    no = ConsentEvent(act=ConsentAct.WITHDRAWN, at=last.at, channel=ActChannel.PAGE)
    assert fold([*imports, no], at=on(20)).state is ConsentState.WITHDRAWN


@given(histories)
def test_a_restrictive_act_now_always_ends_permission(history: list[ConsentEvent]) -> None:
    now = on(2)
    for channel in ActChannel:
        no = ConsentEvent(act=ConsentAct.WITHDRAWN, at=now, channel=channel)
        assert fold([*history, no], at=now).state in {ConsentState.WITHDRAWN, ConsentState.REFUSED}
        objection = ConsentEvent(act=ConsentAct.OBJECTED, at=now, channel=channel)
        assert fold([*history, objection], at=now).objected
