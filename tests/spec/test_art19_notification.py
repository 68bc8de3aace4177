"""Article 19: whoever received data is told of its correction, erasure or restriction, and the person may ask who."""

import json
from pathlib import Path

import pytest

from hub.erasing import erase
from hub.erasure.certificate import told_by
from hub.recipients.sending import tell_due
from hub.recipients.store import NoticeState
from hub.requests.export import Form, export
from hub.requests.rectifying import correct
from hub.requests.weighing import restrict
from privacy.request import Right
from privacy.store.erasure import find_certificate
from tests.conftest import HubFactory
from tests.recipient_builders import Shop, shop_in
from tests.webhook_fake import is_genuine, receiver


@pytest.fixture
def shop(hub_factory: HubFactory, tmp_path: Path) -> Shop:
    return shop_in(hub_factory("sqlite"), tmp_path)


def test_art19_each_act_is_told_to_each_recipient_and_names_nobody(shop: Shop) -> None:
    """A signed notice tells act, purpose and the recipient's own pseudonym of the person, and nothing else."""
    with receiver() as box:
        secret = shop.recipient(box)
        released = shop.read()
        correct(shop.hub, shop.started(1, Right.RECTIFICATION).request_id, {"city": "Oslo"}, shop.dpo)
        restrict(shop.hub, shop.started(2, Right.RESTRICTION).request_id, shop.dpo)
        erase(shop.hub, shop.who(3), shop.dpo)
        tell_due(shop.hub)
    assert all(is_genuine(headers, body, secret) for headers, body in box.arrived)
    told = [json.loads(body) for _, body in box.arrived]
    assert {each["type"] for each in told} == {"subject.rectification", "subject.restriction", "subject.erasure"}
    assert {name for each in told for name in each["data"]["pseudonyms"]} == set(released)
    assert all(set(each) == {"type", "timestamp", "data"} for each in told)
    assert all(set(each["data"]) == {"purpose", "pseudonyms"} for each in told)


def test_art19_a_recipient_who_cannot_be_reached_is_not_forgotten(shop: Shop) -> None:
    """The notice waits and is shown as not told yet; it is posted again under the same id until it is taken."""
    with receiver() as box:
        box.answers = [503]
        shop.recipient(box)
        shop.read()
        erase(shop.hub, shop.who(1), shop.dpo)
        tell_due(shop.hub)
        assert [each.state for each in shop.notices()] == [NoticeState.WAITING]
        shop.hub.clock.forward(minutes=2)  # type: ignore[attr-defined]  # the tests' clock
        tell_due(shop.hub)
    assert [each.state for each in shop.notices()] == [NoticeState.TOLD]
    assert len(set(box.names)) == 1


def test_art19_the_person_is_told_about_those_recipients_if_they_ask(shop: Shop) -> None:
    """The export of the person's data lists who was told of what and when."""
    with receiver() as box:
        shop.recipient(box)
        shop.read()
        correct(shop.hub, shop.started(1, Right.RECTIFICATION).request_id, {"city": "Oslo"}, shop.dpo)
        tell_due(shop.hub)
    done = export(shop.hub, shop.started(1, Right.ACCESS).request_id, Form.JSON, shop.dpo)
    assert "mailing house" in done.content.decode()


def test_art19_the_certificate_of_an_erasure_lists_whom_it_is_told_to(shop: Shop) -> None:
    """The signed certificate names recipient and purpose, and whether the notice had left when it was signed."""
    with receiver() as box:
        shop.recipient(box)
    shop.read()
    done = erase(shop.hub, shop.who(1), shop.dpo)
    with shop.hub.reading() as session:
        note = find_certificate(session, done.erasure_id) or ""
    (listed,) = told_by(note, shop.hub.verifier_key())["recipients_told"]
    assert (listed["recipient"], listed["purpose"], listed["state"]) == ("mailing house", "churn", "waiting")
