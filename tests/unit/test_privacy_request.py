"""The steps of a subject request: which may follow which, which reasons fit which right."""

from dataclasses import replace
from datetime import date
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.request import (
    CLOSED,
    REFUSABLE,
    STEPS,
    Arrival,
    RefusalReason,
    RequestState,
    Right,
    StepRefused,
    SubjectRequest,
    clock_of,
    verify_refusal,
    verify_step,
)
from tests.builders import NOON, an_id

R = RequestState


def a_request(state: RequestState = R.RECEIVED, due: date | None = date(2025, 7, 1)) -> SubjectRequest:
    return SubjectRequest(
        request_id=an_id(1),
        right=Right.ACCESS,
        state=state,
        arrival=Arrival.EMAIL,
        language="nb",
        received_at=NOON,
        due_on=due,
        record_id=None,
        duplicate_of=None,
        closed_at=None,
        version=1,
    )


@given(st.lists(st.sampled_from(R), max_size=12))
def test_no_path_leads_to_work_or_an_answer_past_identity(wanted: list[RequestState]) -> None:
    request, path = a_request(), [R.RECEIVED]
    for state in wanted:
        try:
            verify_step(request, state)
        except StepRefused:
            continue
        request = replace(request, state=state)
        path.append(state)
    if {R.IN_PROGRESS, R.EXTENDED, R.FULFILLED} & set(path):
        assert path.index(R.IDENTIFIED) < min(path.index(each) for each in path if each in STEPS[R.IDENTIFIED])
    assert all(later in STEPS[earlier] for earlier, later in pairwise(path))
    assert not CLOSED & set(path[:-1])
    assert len(set(path)) == len(path)


@pytest.mark.parametrize("state", sorted(CLOSED))
def test_a_closed_request_stays_as_it_was_answered(state: RequestState) -> None:
    for step in R:
        with pytest.raises(StepRefused, match="request_is_closed"):
            verify_step(a_request(state), step)


def test_every_open_state_leads_to_an_answer() -> None:
    for state in set(R) - CLOSED:
        assert R.REFUSED in STEPS[state]


def test_a_refusal_has_a_reason_of_its_right() -> None:
    refused = 0
    for right, reason in product(Right, RefusalReason):
        if right in REFUSABLE[reason]:
            verify_refusal(right, reason)
            continue
        refused += 1
        with pytest.raises(StepRefused, match="reason_not_for_this_right"):
            verify_refusal(right, reason)
    assert refused
    assert set(REFUSABLE) == set(RefusalReason)


def test_late_is_open_and_past_its_day() -> None:
    today = date(2025, 7, 1)
    assert not a_request(due=today).is_overdue(today)
    assert a_request(due=date(2025, 6, 30)).is_overdue(today)
    assert not a_request(due=None).is_overdue(today)
    assert not a_request(R.FULFILLED, date(2025, 6, 30)).is_overdue(today)


def test_the_history_tells_what_moves_the_deadline() -> None:
    days = [date(2025, 6, day) for day in (1, 3, 9, 10)]
    steps = list(zip((R.RECEIVED, R.IDENTITY_PENDING, R.IDENTIFIED, R.EXTENDED), days, strict=True))
    clock = clock_of(days[0], steps)
    assert (clock.asked, clock.proved, clock.extended) == (days[1], days[2], True)
    assert clock_of(days[0], steps[:1]).asked is None
