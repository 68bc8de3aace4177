"""Four eyes on a reveal: another person agrees, to this and nothing else, once, for a while."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hub.errors import AccessRefused
from hub.reveals.ask import Ask
from hub.reveals.request import approve, request, waiting
from hub.reveals.reveal import reveal
from privacy.store.principal import Principal
from privacy.terms import Role
from tests.builders import FixedClock, an_id
from tests.reveal_builders import Company, person


@pytest.fixture(autouse=True)
def _four_eyes(here: Company) -> None:
    here.policy(second_person=True, approvers=["dpo", "success"], within_minutes=30)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(AccessRefused) as refused:
        act()
    return refused.value.because


def agreed(here: Company, ask: Ask, by: Principal | None = None) -> Ask:
    """Ask, let the DPO agree, and return the ask with its request."""
    request_id = request(here.hub, by or here.success, ask)
    approve(here.hub, here.dpo, request_id)
    return replace(ask, request_id=request_id)


def test_an_approved_request_serves_one_reveal(here: Company) -> None:
    ask = agreed(here, here.ask(1))
    assert reveal(here.hub, here.success, ask).opened == 1
    assert refusal(lambda: reveal(here.hub, here.success, ask)) == "approval_was_used"
    actions = [here.audited(f"reveal.{step}") for step in ("request", "approve", "intent", "complete")]
    assert [len(each) for each in actions] == [1, 1, 1, 1]
    assert actions[2][0]["request"] == actions[1][0]["act_id"] == ask.request_id, "who reads the log finds who agreed"
    assert actions[1][0]["four_eyes"] is False, "both credentials are of one account"
    assert "four_eyes" not in actions[2][0], "only the approval knows that"


def test_without_a_request_or_an_approval_nothing_is_shown(here: Company) -> None:
    assert refusal(lambda: reveal(here.hub, here.success, here.ask(1))) == "second_person_needed"
    request_id = request(here.hub, here.success, here.ask(1))
    ask = here.ask(1, request_id=request_id)
    assert refusal(lambda: reveal(here.hub, here.success, ask)) == "request_not_approved"
    assert len(here.audited("reveal.refused")) == 2


def test_who_asked_cannot_approve_with_whatever_credential(here: Company) -> None:
    request_id = request(here.hub, here.success, here.ask(1))
    second_credential = person(here.hub, "success", Role.DPO, here.owner)
    for own in (here.success, second_credential):
        assert refusal(lambda own=own: approve(here.hub, own, request_id)) == "four_eyes"
    assert refusal(lambda: approve(here.hub, here.owner, request_id)) == "role_may_not_reveal"
    approve(here.hub, here.colleague, request_id)
    assert refusal(lambda: approve(here.hub, here.dpo, request_id)) == "request_approved_already"


@pytest.mark.parametrize(
    "changes",
    [{"person": 2}, {"reason": "answer_to_customer"}, {"attributes": frozenset({"email", "phone"})}],
)
def test_an_approval_is_for_what_was_asked(here: Company, changes: dict[str, Any]) -> None:
    ask = agreed(here, here.ask(1, attributes=frozenset({"email"})))
    other = here.ask(changes.pop("person", 1), **{"attributes": ask.attributes} | changes, request_id=ask.request_id)
    assert refusal(lambda: reveal(here.hub, here.success, other)) == "request_is_for_another_reveal"
    assert refusal(lambda: reveal(here.hub, here.colleague, ask)) == "request_is_for_another_reveal"
    assert reveal(here.hub, here.success, ask).opened == 1


def test_an_approval_runs_out_and_so_does_a_request(here: Company, clock: FixedClock) -> None:
    ask = agreed(here, here.ask(1))
    late = request(here.hub, here.success, here.ask(2))
    clock.forward(minutes=30)
    assert refusal(lambda: reveal(here.hub, here.success, ask)) == "approval_has_run_out"
    clock.forward(days=1)
    assert refusal(lambda: approve(here.hub, here.dpo, late)) == "approval_has_run_out"
    assert refusal(lambda: approve(here.hub, here.dpo, an_id(5))) == "request_is_for_another_reveal"


def test_a_request_that_would_be_refused_is_refused_at_once(here: Company) -> None:
    assert refusal(lambda: request(here.hub, here.owner, here.ask(1))) == "role_may_not_reveal"
    assert (
        refusal(lambda: request(here.hub, here.success, here.ask(1, pseudonym=an_id(1)))) == "pseudonym_points_nowhere"
    )
    assert len(here.audited("reveal.refused")) == 2
    assert waiting(here.hub, here.dpo) == []


def test_waiting_requests_are_listed_to_whom_they_concern(here: Company) -> None:
    asked = request(here.hub, here.success, here.ask(1))
    used = agreed(here, here.ask(2))
    reveal(here.hub, here.success, used)
    for who, sees in ((here.success, True), (here.dpo, True), (here.colleague, True), (here.owner, False)):
        assert [each.request_id for each in waiting(here.hub, who)] == ([asked] if sees else [])
