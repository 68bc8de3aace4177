"""Article 12: answer in plain language within a month, help people use their rights, and make sure who is asking."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlmodel import col

from hub.outbox.tables import OutboxLetter
from hub.requests import handling
from hub.requests.answering import DoneElsewhere
from hub.requests.letter import refusal_text
from hub.requests.seat import seat_of
from privacy.answer import AnswerMissing, Elsewhere
from privacy.deadline import Clock, due_on
from privacy.request import ExtensionReason, Proof, RefusalReason, RequestState, Right, StepRefused, verify_refusal
from privacy.store.request import steps_of
from tests.builders import FixedClock
from tests.request_builders import Office

NORWAY, BAVARIA = seat_of("NO"), seat_of("DE-BY")


def letters(desk: Office) -> list[str]:
    with desk.hub.reading() as session:
        query = select(col(OutboxLetter.kind))
        return list(session.execute(query).scalars())


def test_art12_3_the_answer_is_due_within_one_month_of_receipt() -> None:
    """It is due on the same day of the next month, moved to the next working day of the controller's country."""
    assert due_on(Clock(received=date(2026, 3, 3)), NORWAY.is_working_day) == date(2026, 4, 7)  # Easter
    assert due_on(Clock(received=date(2025, 12, 6)), BAVARIA.is_working_day) == date(2026, 1, 7)  # Epiphany in Bavaria
    assert due_on(Clock(received=date(2025, 12, 6)), seat_of("DE-HH").is_working_day) == date(2026, 1, 6)
    assert due_on(Clock(received=date(2026, 4, 17)), NORWAY.is_working_day) == date(2026, 5, 18)  # a Sunday and 17 May
    assert due_on(Clock(received=date(2026, 5, 20)), seat_of("FI").is_working_day) == date(2026, 6, 22)  # Midsummer


def test_art12_3_two_further_months_only_with_a_reason_told_in_the_first(desk: Office, clock: FixedClock) -> None:
    """The extension moves the deadline, and the person is written to with the reason and the new day."""
    request = desk.started("shop:k3")
    found = handling.extend(desk.hub, request.request_id, ExtensionReason.COMPLEX, desk.dpo)
    assert found.due_on == date(2025, 9, 1)
    assert sorted(letters(desk)) == ["request_extended", "request_received"]
    late = desk.started("shop:k3", Right.RESTRICTION)
    clock.forward(days=31)
    with pytest.raises(StepRefused, match="extension_not_in_first_month"):
        handling.extend(desk.hub, late.request_id, ExtensionReason.COMPLEX, desk.dpo)


@pytest.mark.parametrize("language", ["nb", "nn", "sv", "en", "de"])
def test_art12_4_a_refusal_says_why_and_where_to_complain(language: str) -> None:
    """A refusal names the reason, the supervisory authority and the courts, in the language of the request."""
    told = refusal_text(RefusalReason.EXCESSIVE, BAVARIA, language)
    assert "Bayerisches Landesamt für Datenschutzaufsicht" in told
    assert "https://www.lda.bayern.de. " in told, "the sentence ends before the next one begins"


def test_art12_5_a_request_is_refused_only_for_a_reason_that_the_law_knows() -> None:
    """`Manifestly unfounded` and `excessive` refuse any request; every other reason only the right it belongs to."""
    for right in Right:
        verify_refusal(right, RefusalReason.UNFOUNDED)
        verify_refusal(right, RefusalReason.EXCESSIVE)
    with pytest.raises(StepRefused):
        verify_refusal(Right.ACCESS, RefusalReason.LEGAL_OBLIGATION)


@pytest.mark.parametrize("right", Right)
def test_art12_3_no_request_is_closed_as_answered_before_what_was_asked_for_is_done(desk: Office, right: Right) -> None:
    """`varde request fulfil` is refused, and names the command for what is missing, until the deed is on record."""
    request = desk.started("shop:k3", right)
    with pytest.raises(AnswerMissing, match="varde request"):
        handling.fulfil(desk.hub, request.request_id, desk.dpo)
    with desk.hub.reading() as session:
        assert steps_of(session, request.request_id)[-1].state is RequestState.IN_PROGRESS


def test_art12_3_what_was_done_elsewhere_is_said_with_a_reason_and_a_reference(desk: Office) -> None:
    """A request about another system is closed with a reason of a list and the name of the case; the log is told."""
    request = desk.started("shop:k3", Right.ERASURE)
    done = DoneElsewhere(reason=Elsewhere.OTHER_SYSTEM, reference="case-2026-17")
    assert not handling.fulfil_elsewhere(desk.hub, request.request_id, done, desk.dpo).is_open
    assert [each["reason"] for each in desk.audited("request.elsewhere")] == ["other_system"]


def test_art12_6_proof_of_identity_is_asked_for_where_there_is_doubt_and_stops_the_clock(
    desk: Office, clock: FixedClock
) -> None:
    """The clock stands from the asking to the proof; how it was proven is kept, no document is."""
    request = desk.opened()
    assert handling.ask_for_proof(desk.hub, request.request_id, desk.dpo).due_on is None
    clock.forward(days=7)
    found = handling.identify(desk.hub, request.request_id, desk.who("shop:k1"), Proof.DOCUMENT_SEEN, desk.dpo)
    assert found.due_on == date(2025, 7, 8)
    with desk.hub.reading() as session:
        assert [step.reason for step in steps_of(session, request.request_id)] == ["", "", "document_seen"]


def test_art12_6_nobody_is_worked_for_before_they_are_identified(desk: Office) -> None:
    """No step leads from an unidentified request to work or to an answer but a refusal."""
    request = desk.opened()
    for act in (handling.start, handling.fulfil):
        with pytest.raises(StepRefused):
            act(desk.hub, request.request_id, desk.dpo)
    found = handling.refuse(desk.hub, request.request_id, RefusalReason.NOT_IDENTIFIED, desk.dpo)
    assert found.state is RequestState.REFUSED
