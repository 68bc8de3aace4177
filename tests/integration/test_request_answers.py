"""A request is closed as fulfilled only when what it asks for was done: right by right, on both databases."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hub.consents import Subject, Wish, record_wish
from hub.erasing import erase as erase_person
from hub.erasing import roll_forward
from hub.requests import erasing, handling, own, rectifying, weighing
from hub.requests.answering import DoneElsewhere
from hub.requests.export import Form, complete, export
from hub.requests.reviewing import Review, ReviewReason, Verdict, review
from hub.subject_tokens import issue
from privacy.answer import ADMITS, AnswerMissing, Elsewhere, verify_elsewhere
from privacy.request import RefusalReason, RequestState, Right, StepRefused, SubjectRequest
from privacy.store.answer import answers_of_request
from privacy.store.request import steps_of
from privacy.store.subject_token import SubjectScope, SubjectToken
from privacy.terms import EVERY_PURPOSE, ActChannel, ConsentAct, PurposeId
from tests.builders import DATABASES, FixedClock, an_id
from tests.conftest import HubFactory
from tests.request_builders import Office, copied, stocked
from tests.spec.test_art22_human_review import scored

WHO = "shop:k3"
Deed = Callable[[Office, SubjectRequest], object]


@pytest.fixture(params=DATABASES)
def desk(request: pytest.FixtureRequest, hub_factory: HubFactory, tmp_path: Path) -> Office:
    return stocked(hub_factory(request.param), tmp_path)


@pytest.fixture
def small(tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    with copied(tmp_path, clock) as found:
        yield found


def exported(form: Form) -> Deed:
    return lambda desk, request: desk.answered(request, form)


def corrected(desk: Office, request: SubjectRequest) -> object:
    return rectifying.correct(desk.hub, request.request_id, {"given_name": "Cecilie"}, desk.dpo)


def restricted(desk: Office, request: SubjectRequest) -> object:
    return weighing.restrict(desk.hub, request.request_id, desk.dpo)


def weighed(desk: Office, request: SubjectRequest, outcome: weighing.Outcome = weighing.Outcome.UPHELD) -> object:
    ground = weighing.Ground.NONE if outcome is weighing.Outcome.UPHELD else weighing.Ground.FRAUD
    found = weighing.Weighing(purpose=PurposeId("churn"), outcome=outcome, ground=ground, document_ref="lia-7")
    weighing.balance(desk.hub, request.request_id, found, desk.dpo)
    return outcome


def reviewed(desk: Office, request: SubjectRequest) -> object:
    word = Review(module="churn", verdict=Verdict.CONFIRMED, reason=ReviewReason.PLAUSIBLE)
    return review(desk.hub, request.request_id, word, desk.dpo)


def erased(desk: Office, _: SubjectRequest) -> object:
    return erase_person(desk.hub, desk.who(WHO), desk.dpo)


DEEDS: dict[Right, Deed] = {
    Right.ACCESS: exported(Form.HTML),
    Right.PORTABILITY: exported(Form.PORTABLE),
    Right.RECTIFICATION: corrected,
    Right.RESTRICTION: restricted,
    Right.OBJECTION: weighed,
    Right.HUMAN_REVIEW: reviewed,
    Right.ERASURE: erased,
}


def fulfil(desk: Office, request: SubjectRequest) -> SubjectRequest:
    return handling.fulfil(desk.hub, request.request_id, desk.dpo)


def said(desk: Office, act: ConsentAct, purpose: str, who: str = WHO) -> int:
    return record_wish(
        desk.hub, desk.who(who), Wish(act=act, purpose=PurposeId(purpose), channel=ActChannel.AGENT), desk.dpo
    )


def test_every_right_is_closed_by_its_deed_and_by_nothing_less(desk: Office) -> None:
    scored(desk, WHO)
    assert DEEDS.keys() == set(Right)
    for right, deed in DEEDS.items():
        request = desk.started(WHO, right)
        with pytest.raises(AnswerMissing, match="varde request") as refused:
            fulfil(desk, request)
        assert refused.value.right is right
        with pytest.raises(AnswerMissing):
            handling.verify_fulfillable(desk.hub, request.request_id, None, desk.dpo)
        with desk.hub.reading() as session:
            assert steps_of(session, request.request_id)[-1].state is RequestState.IN_PROGRESS
        deed(desk, request)
        handling.verify_fulfillable(desk.hub, request.request_id, None, desk.dpo)
        assert fulfil(desk, request).state is RequestState.FULFILLED


def test_what_was_done_is_not_refused_any_more_whatever_the_reason(desk: Office) -> None:
    """The person would be told that nothing is done for them, while it was; an overridden objection is no deed."""
    scored(desk, WHO)
    for right, deed in DEEDS.items():
        request = desk.started(WHO, right)
        handling.verify_may_refuse(desk.hub, request.request_id, RefusalReason.UNFOUNDED, desk.dpo)
        deed(desk, request)
        for act in (handling.refuse, handling.verify_may_refuse):
            with pytest.raises(StepRefused, match=r"done_already.*varde request fulfil"):
                act(desk.hub, request.request_id, RefusalReason.UNFOUNDED, desk.dpo)


def test_an_objection_that_stands_while_it_is_weighed_can_be_overridden(small: Office, clock: FixedClock) -> None:
    request = small.started(WHO, Right.OBJECTION)
    clock.forward(hours=1)
    said(small, ConsentAct.OBJECTED, "churn")
    weighed(small, request, weighing.Outcome.OVERRIDDEN)
    assert not handling.refuse(small.hub, request.request_id, RefusalReason.OVERRIDING_GROUNDS, small.dpo).is_open


def test_excessive_is_only_what_repeats_an_answer(small: Office, clock: FixedClock) -> None:
    request = small.started(WHO)
    small.exported("shop:k1")  # somebody else's
    small.exported(WHO, Form.PORTABLE)  # another right
    for unanswered in (request, small.opened()):  # nobody is identified in the second
        with pytest.raises(StepRefused, match="earlier_answer_missing"):
            handling.refuse(small.hub, unanswered.request_id, RefusalReason.EXCESSIVE, small.dpo)
    small.answered(request)
    fulfil(small, request)
    clock.forward(hours=1)
    again = small.started(WHO)
    assert again.duplicate_of is None
    assert handling.refuse(small.hub, again.request_id, RefusalReason.EXCESSIVE, small.dpo).closed_at is not None


def test_a_restriction_is_not_lifted_between_the_look_and_the_closing(desk: Office, clock: FixedClock) -> None:
    """Whoever lifts it waits for the closing: no request is closed as fulfilled on a restriction that is gone."""
    request = desk.started(WHO, Right.RESTRICTION)
    restricted(desk, request)
    clock.forward(hours=1)
    lifted, order = Event(), []

    def lift() -> None:
        said(desk, ConsentAct.RESTRICTION_LIFTED, EVERY_PURPOSE)
        order.append("lifted")
        lifted.set()

    other = Thread(target=lift)

    def reached(step: str) -> None:
        if step == "answer_verified":
            other.start()
            order.append("early" if lifted.wait(0.5) else "waits")

    object.__setattr__(desk.hub, "reached", reached)
    assert fulfil(desk, request).state is RequestState.FULFILLED
    other.join(10)
    assert order == ["waits", "lifted"]


def test_a_restriction_that_was_lifted_again_answers_nothing(small: Office, clock: FixedClock) -> None:
    request = small.started(WHO, Right.RESTRICTION)
    restricted(small, request)
    clock.forward(hours=1)
    said(small, ConsentAct.RESTRICTION_LIFTED, EVERY_PURPOSE)
    with pytest.raises(AnswerMissing, match="restriction_missing"):
        fulfil(small, request)


def test_the_persons_own_act_since_the_request_answers_it_and_an_older_one_does_not(
    small: Office, clock: FixedClock
) -> None:
    said(small, ConsentAct.OBJECTED, "winback")
    said(small, ConsentAct.RESTRICTED, "churn")
    clock.forward(hours=1)
    objection, restriction = small.started(WHO, Right.OBJECTION), small.started(WHO, Right.RESTRICTION)
    for request in (objection, restriction):
        with pytest.raises(AnswerMissing):
            fulfil(small, request)
    said(small, ConsentAct.OBJECTED, "churn", "shop:k1")  # somebody else
    with pytest.raises(AnswerMissing):
        fulfil(small, objection)
    said(small, ConsentAct.OBJECTED, "churn")
    said(small, ConsentAct.RESTRICTED, "winback")
    assert not any(fulfil(small, request).is_open for request in (objection, restriction))


def test_an_objection_that_was_overridden_is_refused_and_not_fulfilled(small: Office) -> None:
    request = small.started(WHO, Right.OBJECTION)
    weighed(small, request, weighing.Outcome.OVERRIDDEN)
    with pytest.raises(AnswerMissing, match="objection_missing"):
        fulfil(small, request)


def test_an_export_for_another_person_or_of_before_or_in_another_form_answers_nothing(
    small: Office, clock: FixedClock
) -> None:
    small.exported(WHO)
    small.exported("shop:k1")
    clock.forward(hours=1)
    request = small.started(WHO)
    small.exported(WHO, Form.PORTABLE)
    done = export(small.hub, request.request_id, Form.JSON, small.dpo)  # taken out, and never handed over
    with pytest.raises(AnswerMissing, match="export_missing"):
        fulfil(small, request)
    complete(small.hub, done, small.dpo.principal_id)
    assert not fulfil(small, request).is_open


def test_what_the_person_took_out_themselves_since_answers_a_request_by_mail(small: Office) -> None:
    request = small.started(WHO)
    token = _token(small, small.who(WHO))
    done, by = own.take_out(small.hub, token, Form.HTML, "nb")
    own.handed_over(small.hub, done, by)
    assert not fulfil(small, request).is_open


def test_an_erasure_that_broke_off_is_no_answer_until_it_is_finished(small: Office) -> None:
    request = small.started(WHO, Right.ERASURE)

    def breaks(step: str) -> None:
        if step == "erasure_shredded":
            raise RuntimeError

    object.__setattr__(small.hub, "reached", breaks)
    with pytest.raises(RuntimeError):
        erasing.carry_out(small.hub, request.request_id, small.dpo)
    object.__setattr__(small.hub, "reached", lambda _: None)
    with pytest.raises(AnswerMissing, match="erasure_missing"):
        fulfil(small, request)
    roll_forward(small.hub, small.dpo.principal_id)
    assert not fulfil(small, request).is_open


def test_what_was_done_elsewhere_is_said_with_a_reason_and_where_it_is_shown(desk: Office) -> None:
    request = desk.started(WHO, Right.ERASURE)
    done = DoneElsewhere(reason=Elsewhere.OTHER_SYSTEM, reference="case-2026-17")
    handling.verify_fulfillable(desk.hub, request.request_id, done, desk.dpo)
    assert not handling.fulfil_elsewhere(desk.hub, request.request_id, done, desk.dpo).is_open
    (told,) = desk.audited("request.elsewhere")
    assert (told["act_id"], told["reason"], told["outcome"]) == (request.request_id, "other_system", "erasure")
    with desk.hub.reading() as session:
        (kept,) = answers_of_request(session, request.request_id)
    assert (kept.reason, kept.reference, kept.actor) == ("other_system", "case-2026-17", desk.dpo.principal_id)
    assert desk.told(WHO)["records"]["request_answer"]["rows"][0]["reference"] == "case-2026-17"
    for statement in ("UPDATE request_answer SET reason = ''", "DELETE FROM request_answer"):
        with pytest.raises(DBAPIError), desk.hub.engine.begin() as connection:
            connection.execute(text(statement))
    later = desk.started(WHO, Right.ERASURE)
    with pytest.raises(AnswerMissing):  # a word on one request answers no other
        fulfil(desk, later)


@pytest.mark.parametrize(
    ("right", "reason", "reference", "because"),
    [
        (Right.ERASURE, Elsewhere.IN_PERSON, "case-1", "reason_not_for_this_right"),
        (Right.ACCESS, Elsewhere.AT_THE_SOURCE, "case-1", "reason_not_for_this_right"),
        (Right.ACCESS, Elsewhere.IN_PERSON, "", "reference_unfit"),
        (Right.ACCESS, Elsewhere.IN_PERSON, "cia@example.org", "reference_unfit"),
        (Right.ACCESS, Elsewhere.IN_PERSON, "sent to her brother", "reference_unfit"),
        (Right.ACCESS, Elsewhere.IN_PERSON, "900-12-347", "reference_unfit"),
        (Right.ACCESS, Elsewhere.IN_PERSON, "x" * 65, "reference_unfit"),
        (Right.ACCESS, Elsewhere.IN_PERSON, "Kari-Nordmann", "reference_unfit"),
    ],
)
def test_a_word_that_does_not_fit_or_names_somebody_is_refused(
    small: Office, right: Right, reason: Elsewhere, reference: str, because: str
) -> None:
    request = small.started(WHO, right)
    done = DoneElsewhere(reason=reason, reference=reference)
    for act in (handling.fulfil_elsewhere, handling.verify_fulfillable):
        with pytest.raises(StepRefused, match=because) as refused:
            act(small.hub, request.request_id, done, small.dpo)
        assert not reference or reference not in str(refused.value)


@pytest.mark.parametrize("right", Right)
def test_every_right_can_be_answered_elsewhere(right: Right) -> None:
    fitting = [reason for reason, rights in ADMITS.items() if right in rights]
    assert Elsewhere.OTHER_SYSTEM in fitting
    for reason in fitting:
        verify_elsewhere(right, reason, "arkiv:2026/14.b")


def test_a_word_on_work_that_nobody_began_is_refused(small: Office) -> None:
    done = DoneElsewhere(reason=Elsewhere.OTHER_SYSTEM, reference="case-1")
    for request_id in (small.opened().request_id, an_id(9)):
        with pytest.raises(StepRefused):
            handling.fulfil_elsewhere(small.hub, request_id, done, small.dpo)


def _token(desk: Office, subject: Subject) -> str:
    opens = SubjectToken(
        record_id=min(subject.records),
        scope=SubjectScope.VERIFIED,
        purposes=frozenset({PurposeId(EVERY_PURPOSE)}),
        expires_at=desk.hub.clock() + timedelta(minutes=10),
    )
    return issue(desk.hub, opens, desk.owner)
