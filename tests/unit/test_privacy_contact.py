"""Contact is permitted by purpose and channel together; stated beats learned; six months' peace after a no."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.consent import ConsentEvent, Head, head_after
from privacy.contact import (
    ChannelStanding,
    ContactWish,
    Reached,
    Situation,
    Spared,
    Unreached,
    ask_not_before,
    channel_rows,
    channel_standings,
    decide_channel,
    decide_contact,
    may_ask,
    preferred,
)
from privacy.terms import ActChannel, ConsentAct, ConsentState, ContactChannel, LegalBasis

EVERY = list(channel_standings())
OSLO = "Europe/Oslo"
SEAT = ZoneInfo(OSLO)
wishes = st.builds(
    lambda channels, hours, number: ContactWish(
        channels=frozenset(channels),
        hour_from=hours and hours[0],
        hour_to=hours and hours[1],
        time_zone=OSLO if hours else "",
        at_most=number and number[0],
        per_days=number and number[1],
    ),
    st.lists(st.sampled_from(ContactChannel), max_size=3),
    st.none() | st.tuples(st.integers(0, 11), st.integers(12, 24)),
    st.none() | st.tuples(st.integers(0, 5), st.integers(1, 60)),
)


def a_channel(state: ConsentState = ConsentState.GIVEN, **more: object) -> ChannelStanding:
    facts: dict[str, object] = {"objected": False, "restricted": False, "readable": True, "declared": None}
    return ChannelStanding(state=state, **facts | more)  # type: ignore[arg-type]  # facts by name, as the test changes them


def a_situation(**changes: object) -> Situation:
    facts: dict[str, object] = {"channel": a_channel(), "purpose_permits": True, "suppressed": False}
    return Situation(**facts | {"wished": True, "often": False, "in_hours": True} | changes)  # type: ignore[arg-type]  # facts by name, as the test changes them


@pytest.mark.parametrize("marketing", [False, True])
def test_over_every_standing_a_channel_is_open_only_by_a_yes_or_a_ground(*, marketing: bool) -> None:
    for standing in EVERY:
        answer = decide_channel(standing, direct_marketing=marketing)
        if isinstance(answer, Spared):
            continue
        assert standing.readable
        assert not standing.restricted
        assert standing.state not in {ConsentState.REFUSED, ConsentState.WITHDRAWN}
        assert not (marketing and standing.objected)
        if answer.ground is LegalBasis.CONSENT:
            assert standing.state is ConsentState.GIVEN
        else:
            assert answer.ground is standing.declared
            assert not marketing or answer.ground is LegalBasis.LEGITIMATE_INTERESTS


def test_what_is_permitted_for_marketing_is_permitted_without() -> None:
    for standing in EVERY:
        if isinstance(decide_channel(standing, direct_marketing=True), Reached):
            assert isinstance(decide_channel(standing, direct_marketing=False), Reached)


@pytest.mark.parametrize("marketing", [False, True])
def test_contact_is_permitted_when_all_of_it_permits_and_only_then(*, marketing: bool) -> None:
    for standing, flags in product(EVERY, product((False, True), repeat=5)):
        permits, suppressed, wished, often, in_hours = flags
        situation = Situation(
            channel=standing,
            purpose_permits=permits,
            suppressed=suppressed,
            wished=wished,
            often=often,
            in_hours=in_hours,
        )
        channel = decide_channel(standing, direct_marketing=marketing)
        allowed = permits and isinstance(channel, Reached) and not suppressed and wished and not often and in_hours
        assert isinstance(decide_contact(situation, direct_marketing=marketing), Reached) is allowed


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"suppressed": True, "purpose_permits": False}, Unreached.SUPPRESSED),
        ({"purpose_permits": False}, Unreached.PURPOSE),
        ({"channel": a_channel(ConsentState.UNKNOWN)}, Unreached.NO_GROUND),
        ({"channel": a_channel(ConsentState.EXPIRED)}, Unreached.NO_GROUND),
        ({"channel": a_channel(ConsentState.UNKNOWN, declared=LegalBasis.CONSENT)}, Unreached.NO_GROUND),
        ({"channel": a_channel(ConsentState.UNKNOWN, declared=LegalBasis.CONTRACT)}, Unreached.NO_GROUND),
        ({"channel": a_channel(objected=True)}, Unreached.OBJECTED),
        ({"wished": False, "often": True}, Unreached.OTHER_CHANNEL),
        ({"often": True, "in_hours": False}, Unreached.TOO_OFTEN),
        ({"in_hours": False}, Unreached.OUTSIDE_HOURS),
    ],
)
def test_the_first_reason_is_told(changes: dict[str, object], because: Unreached) -> None:
    assert decide_contact(a_situation(**changes), direct_marketing=True) == Spared(because)


def test_rows_are_the_decision_written_out() -> None:
    rows = channel_rows(direct_marketing=True)
    assert len(rows) == len(EVERY) == len({tuple(row.items())[:5] for row in rows})
    assert all((row["ground"] is None) is not (row["because"] is None) for row in rows)


@given(wishes, wishes)
def test_what_was_stated_beats_what_was_learned(stated: ContactWish, learned: ContactWish) -> None:
    found = preferred(stated, learned)
    assert found.channels == (stated.channels or learned.channels)
    hours = stated if stated.hour_from is not None else learned
    assert (found.hour_from, found.hour_to, found.time_zone) == (hours.hour_from, hours.hour_to, hours.time_zone)
    number = stated if stated.at_most is not None else learned
    assert (found.at_most, found.per_days) == (number.at_most, number.per_days)
    assert preferred(stated, ContactWish()) == stated


@pytest.mark.parametrize(
    ("begin", "end", "inside", "outside"), [(9, 17, (9, 16), (8, 17)), (22, 6, (22, 23, 0, 5), (6, 21))]
)
def test_hours_are_of_the_person_s_clock(
    begin: int, end: int, inside: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    wish = ContactWish(hour_from=begin, hour_to=end, time_zone=OSLO)
    summer = datetime(2025, 7, 1, tzinfo=UTC) - timedelta(hours=2)  # midnight in Oslo
    assert all(wish.admits_instant(summer + timedelta(hours=hour)) for hour in inside)
    assert not any(wish.admits_instant(summer + timedelta(hours=hour)) for hour in outside)


@pytest.mark.parametrize(
    "wrong",
    [
        {"hour_from": 9},
        {"hour_from": 9, "hour_to": 17},
        {"time_zone": OSLO},
        {"hour_from": 9, "hour_to": 9, "time_zone": OSLO},
        {"hour_from": 24, "hour_to": 3, "time_zone": OSLO},
        {"at_most": 3},
        {"at_most": -1, "per_days": 7},
        {"at_most": 1, "per_days": 0},
    ],
)
def test_half_a_wish_is_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"hours|messages"):
        ContactWish(**wrong)  # type: ignore[arg-type]  # facts by name, as the test changes them


def a_head(*acts: tuple[ConsentAct, date]) -> Head:
    head = Head()
    for act, day in acts:
        at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        head = head_after(head, ConsentEvent(act=act, at=at, channel=ActChannel.PAGE))
    return head


@pytest.mark.parametrize(
    ("said", "last"),
    [
        (date(2025, 1, 15), date(2025, 7, 15)),
        (date(2025, 8, 31), date(2026, 2, 28)),
        (date(2023, 8, 31), date(2024, 2, 29)),
        (date(2025, 12, 31), date(2026, 6, 30)),
    ],
)
@pytest.mark.parametrize("act", [ConsentAct.REFUSED, ConsentAct.WITHDRAWN, ConsentAct.OBJECTED])
def test_nobody_asks_for_six_calendar_months_after_a_no(act: ConsentAct, said: date, last: date) -> None:
    heads = [a_head((act, said)), Head()]
    assert ask_not_before(heads, SEAT) == last
    assert not may_ask(heads, SEAT, on=said)
    assert not may_ask(heads, SEAT, on=last)
    assert may_ask(heads, SEAT, on=last + timedelta(days=1))


def test_the_six_months_are_counted_in_days_of_the_seat() -> None:
    """Midnight of 4 February in Oslo is still 3 February in UTC: the person said it on the 4th."""
    said = datetime(2026, 2, 3, 23, tzinfo=UTC)
    head = head_after(Head(), ConsentEvent(act=ConsentAct.REFUSED, at=said, channel=ActChannel.PAGE))
    assert ask_not_before([head], SEAT) == date(2026, 8, 4)
    assert ask_not_before([head], UTC) == date(2026, 8, 3)


def test_the_latest_no_counts_and_a_yes_since_ends_the_wait() -> None:
    first, second = date(2025, 1, 1), date(2025, 3, 1)
    assert ask_not_before([a_head((ConsentAct.REFUSED, first)), a_head((ConsentAct.OBJECTED, second))], SEAT) == date(
        2025, 9, 1
    )
    assert may_ask([a_head((ConsentAct.REFUSED, first), (ConsentAct.GIVEN, second))], SEAT, on=second)
    assert may_ask([a_head((ConsentAct.OBJECTED, first), (ConsentAct.OBJECTION_LIFTED, second))], SEAT, on=second)
    assert may_ask([a_head((ConsentAct.EXPIRED, first)), a_head((ConsentAct.REQUESTED, first))], SEAT, on=first)
    assert may_ask([], SEAT, on=first)
