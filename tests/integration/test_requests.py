"""The way of a request: steps, deadlines, identity, duplicates, extension, refusal."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hub.errors import AccessRefused
from hub.finding import State
from hub.requests import handling
from hub.requests.lateness import lateness
from hub.requests.letter import refusal_text
from hub.requests.seat import seat_of
from hub.requests.steps import Asked, RequestNotFound
from privacy.purposes import LANGUAGES
from privacy.request import (
    Arrival,
    ExtensionReason,
    Proof,
    RefusalReason,
    RequestState,
    Right,
    StepRefused,
    SubjectRequest,
)
from privacy.store.principal import Principal
from privacy.store.request import find_request, open_requests, steps_of
from privacy.terms import Role
from tests.builders import DATABASES, FixedClock, an_id
from tests.conftest import HubFactory
from tests.request_builders import Office, copied, stocked

R = RequestState


@pytest.fixture(params=DATABASES)
def desk(request: pytest.FixtureRequest, hub_factory: HubFactory, tmp_path: Path) -> Office:
    return stocked(hub_factory(request.param), tmp_path)


@pytest.fixture
def small(tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    with copied(tmp_path, clock) as found:
        yield found


def now(desk: Office, request: SubjectRequest) -> SubjectRequest:
    with desk.hub.reading() as session:
        found = find_request(session, request.request_id)
    assert found is not None
    return found


def states(desk: Office, request: SubjectRequest) -> list[RequestState]:
    with desk.hub.reading() as session:
        return [step.state for step in steps_of(session, request.request_id)]


def test_a_request_goes_from_the_inbox_to_its_answer(desk: Office) -> None:
    request = desk.opened()
    assert (request.due_on, request.record_id) == (date(2025, 7, 1), None)
    handling.identify(desk.hub, request.request_id, desk.who("shop:k1"), Proof.CODE, desk.dpo)
    handling.start(desk.hub, request.request_id, desk.dpo)
    desk.answered(request)
    handling.fulfil(desk.hub, request.request_id, desk.dpo)
    assert states(desk, request) == [R.RECEIVED, R.IDENTIFIED, R.IN_PROGRESS, R.FULFILLED]
    closed = now(desk, request)
    assert (closed.is_open, closed.closed_at, closed.due_on) == (False, desk.hub.clock(), date(2025, 7, 1))
    with desk.hub.reading() as session:
        assert open_requests(session) == []
    told = [entry["outcome"] for entry in desk.audited("request.") if entry["act_id"] == request.request_id]
    assert told == ["access", "access", "access", "email"]
    for statement in ("UPDATE subject_request_step SET state = 'refused'", "DELETE FROM subject_request_step"):
        with pytest.raises(DBAPIError), desk.hub.engine.begin() as connection:
            connection.execute(text(statement))  # history is appended, and the database itself says so


def test_of_two_who_take_the_next_step_at_once_one_does(desk: Office) -> None:
    request = desk.opened()
    handling.identify(desk.hub, request.request_id, desk.who("shop:k1"), Proof.CODE, desk.dpo)
    barrier, told = Barrier(2), []

    def step(act: Callable[[], SubjectRequest]) -> None:
        barrier.wait()
        try:
            told.append(act().state)
        except StepRefused as refused:
            told.append(refused.because)

    acts = (
        lambda: handling.start(desk.hub, request.request_id, desk.dpo),
        lambda: handling.refuse(desk.hub, request.request_id, RefusalReason.UNFOUNDED, desk.dpo),
    )
    threads = [Thread(target=step, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    history = states(desk, request)
    assert now(desk, request).version == len(history)
    assert set(told) & {R.IN_PROGRESS, R.REFUSED}
    assert len(history) == 2 + sum(word in set(R) for word in told)


def test_the_clock_stands_still_for_proof_and_for_nothing_else(small: Office, clock: FixedClock) -> None:
    request = small.opened()
    clock.forward(days=2)
    assert handling.ask_for_proof(small.hub, request.request_id, small.dpo).due_on is None
    clock.forward(days=100)
    assert lateness(small.hub).state is State.OK
    found = handling.identify(small.hub, request.request_id, small.who("shop:k1"), Proof.DOCUMENT_SEEN, small.dpo)
    assert found.due_on == date(2025, 10, 9)  # 1 July and the hundred days
    with pytest.raises(StepRefused, match="step_does_not_follow"):
        handling.ask_for_proof(small.hub, request.request_id, small.dpo)


def test_two_further_months_are_had_in_the_first_one(small: Office, clock: FixedClock) -> None:
    early, late = small.started("shop:k1"), small.started("shop:k2")
    clock.forward(days=30)
    found = handling.extend(small.hub, early.request_id, ExtensionReason.COMPLEX, small.dpo)
    assert (found.state, found.due_on) == (R.EXTENDED, date(2025, 9, 1))
    clock.forward(days=1)
    with pytest.raises(StepRefused, match="extension_not_in_first_month"):
        handling.extend(small.hub, late.request_id, ExtensionReason.COMPLEX, small.dpo)
    with pytest.raises(StepRefused, match="extension_not_in_first_month"):
        handling.extend(small.hub, early.request_id, ExtensionReason.COMPLEX, small.dpo)


def test_what_is_late_or_soon_due_is_seen(small: Office, clock: FixedClock) -> None:
    request = small.opened()
    assert lateness(small.hub).state is State.OK
    clock.forward(days=24)
    assert lateness(small.hub).state is State.WARNING
    clock.forward(days=7)
    assert lateness(small.hub).state is State.FAULT
    handling.refuse(small.hub, request.request_id, RefusalReason.NOT_IDENTIFIED, small.dpo)
    assert lateness(small.hub).state is State.OK


def test_a_duplicate_is_linked_and_asks_for_its_own_proof(small: Office) -> None:
    first, again = small.started("shop:k1"), small.opened()
    other_right = small.started("shop:k1", Right.RESTRICTION)
    stranger = small.started("shop:k2")
    assert (other_right.duplicate_of, stranger.duplicate_of) == (None, None)
    with pytest.raises(StepRefused, match="step_does_not_follow"):
        handling.start(small.hub, again.request_id, small.dpo)  # nobody is identified by having asked before
    linked = handling.identify(small.hub, again.request_id, small.who("crm:c1"), Proof.CODE, small.dpo)
    assert linked.duplicate_of == first.request_id
    pending = small.opened()
    small.answered(first)
    handling.fulfil(small.hub, first.request_id, small.dpo)
    assert states(small, again)[-1] is R.FULFILLED
    assert now(small, pending).state is R.RECEIVED
    assert now(small, other_right).is_open
    assert now(small, stranger).is_open


def test_an_identifier_of_several_people_identifies_nobody(small: Office) -> None:
    request = small.opened()
    with pytest.raises(AccessRefused, match="identifier_shared"):
        handling.identify(small.hub, request.request_id, small.who("email:familien@example.org"), Proof.CODE, small.dpo)
    assert now(small, request).state is R.RECEIVED


def test_overriding_grounds_need_a_balancing_test(small: Office) -> None:
    request = small.started("shop:k1", Right.OBJECTION)
    with pytest.raises(StepRefused, match="balancing_test_missing"):
        handling.refuse(small.hub, request.request_id, RefusalReason.OVERRIDING_GROUNDS, small.dpo)


@pytest.mark.parametrize("role", [Role.AGENT, Role.SCIENTIST, Role.SERVICE, Role.SUCCESS])
def test_who_may_not_handle_learns_nothing(small: Office, role: Role) -> None:
    somebody = Principal(
        principal_id=small.owner.principal_id,
        person_id=small.owner.person_id,
        role=role,
        purposes=frozenset({"*"}),
        views=frozenset({"*"}),
    )
    for known in (small.opened().request_id, an_id(9)):
        with pytest.raises(AccessRefused, match="role_may_not_handle_requests"):
            handling.refuse(small.hub, known, RefusalReason.EXCESSIVE, somebody)
    if role is not Role.AGENT:
        with pytest.raises(AccessRefused, match="role_may_not_handle_requests"):
            handling.open_request(small.hub, _asked(small.hub.clock()), somebody)


def test_a_request_that_is_not_there_or_came_tomorrow(small: Office) -> None:
    with pytest.raises(RequestNotFound):
        handling.start(small.hub, an_id(9), small.dpo)
    with pytest.raises(StepRefused, match="received_in_the_future"):
        handling.open_request(small.hub, _asked(small.hub.clock() + timedelta(days=1)), small.dpo)


def test_days_are_those_of_the_controllers_wall() -> None:
    late_evening = datetime(2025, 6, 30, 22, 30, tzinfo=UTC)
    assert seat_of("NO").today(late_evening) == date(2025, 7, 1)
    assert seat_of("IS").today(late_evening) == date(2025, 6, 30)


@pytest.mark.parametrize("country", ["NO", "SE", "DK", "FI", "IS", "DE", "DE-BY", "DE-SH"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_names_where_to_complain(country: str, language: str) -> None:
    seat = seat_of(country)
    for reason in RefusalReason:
        told = refusal_text(reason, seat, language)
        assert seat.authority.name in told
        assert seat.authority.site in told
        assert "{" not in told
        assert reason.value not in told  # words for people, no code


def _asked(at: datetime) -> Asked:
    return Asked(right=Right.ACCESS, arrival=Arrival.LETTER, language="nb", received_at=at)
