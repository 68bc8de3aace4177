"""Article 21(5) and 21(2): objecting by automated means, and to direct marketing at any time, free of charge."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.authentication import acting_principal
from hub.opt_outs import Mailing, Recipient, unsubscribe_headers
from privacy.store.consent import history_of
from privacy.terms import ActChannel
from tests.conftest import HubFactory
from tests.identity_builders import KARI, Town, town_of


@pytest.fixture
def town(hub_factory: HubFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with town_of(hub_factory("sqlite"), tmp_path, monkeypatch) as made:
        yield made


def noes(town: Town, channel: ActChannel) -> set[str]:
    with town.hub.reading() as session:
        return {act.purpose for act in history_of(session, [town.record()]) if act.event.channel is channel}


def test_art21_5_a_browsers_signal_is_an_objection_to_direct_marketing(town: Town) -> None:
    """`Sec-GPC: 1` of somebody who is known ends every purpose of direct marketing before the answer leaves."""
    challenge = town.ask().json()["challenge"]
    token = town.confirm(challenge, town.codes()[0]).json()["token"]
    answer = town.call("PUT", "/v1/gpc", headers={"Authorization": f"Bearer {token}", "Sec-GPC": "1"})
    assert answer.json() == {"counts_for": "person", "stopped": ["next_need", "winback"]}
    assert noes(town, ActChannel.GPC) == {"next_need", "winback"}


def test_art21_2_a_message_carries_the_means_to_object_to_it(town: Town) -> None:
    """One click in the mail program is enough: no sign-in, no form, no reason, and no charge."""
    mailing = Mailing(purposes=frozenset({"winback"}), until=town.hub.clock() + timedelta(days=90))
    with town.hub.unit_of_work() as session:
        (headers,) = unsubscribe_headers(
            town.hub, session, mailing, [Recipient(town.record(), KARI)], acting_principal(town.hub)
        )
    link = headers["List-Unsubscribe"].strip("<>").removeprefix("https://hub.example")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = town.call("POST", link, content=headers["List-Unsubscribe-Post"].encode(), headers=form)
    assert answer.status_code == 200
    assert noes(town, ActChannel.ONE_CLICK) == {"winback"}
