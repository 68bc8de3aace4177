"""A no of whoever proved an address holds for those who come to carry it later: nobody is asked whose record it was."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.authentication import acting_principal
from hub.consents import find_subject
from hub.keystore.suppression import suppression_index
from hub.opt_outs import Mailing, Recipient, unsubscribe_headers
from hub.subject_tokens import issue
from hub.suppression.proven import noes_of, note_proven, proven_by
from hub.views.permission import permitted_set
from privacy.keys import KEY_BYTES, Key, KeyKind
from privacy.store.consent import history_of
from privacy.store.subject_token import SubjectScope, SubjectToken
from privacy.store.suppression import live_entries
from privacy.suppression import Attribute, EntryKind, contact_purpose
from privacy.terms import ActChannel, ConsentAct, ContactChannel, EntityKind, KeyId, PurposeId, RecordId, random_id
from tests.builders import DATABASES, FixedClock
from tests.conftest import HubFactory
from tests.identity_builders import KARI, SHARED, Town, deliver, town_of

WINBACK = PurposeId("winback")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LATER = f"new,Kari Holm,{KARI},2025-01-01,yes"


@pytest.fixture(params=DATABASES)
def town(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with town_of(request.getfixturevalue("hub_factory")(request.param), tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def small(hub_factory: HubFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with town_of(hub_factory("sqlite"), tmp_path, monkeypatch) as made:
        yield made


def clicked(town: Town, who: str, address: str) -> None:
    """Click the link of a message that went to an address."""
    until = town.hub.clock() + timedelta(days=30)
    mailing = Mailing(purposes=frozenset({WINBACK}), until=until)
    with town.hub.unit_of_work() as session:
        by = acting_principal(town.hub)
        (headers,) = unsubscribe_headers(town.hub, session, mailing, [Recipient(town.record(who), address)], by)
    path = headers["List-Unsubscribe"].strip("<>").removeprefix("https://hub.example")
    answer = town.call("POST", path, content=b"List-Unsubscribe=One-Click", headers=FORM)
    assert answer.status_code == 200, answer.text


def readable(town: Town, record: RecordId) -> bool:
    rule = town.hub.policy().purpose(WINBACK)
    with town.hub.reading() as session:
        found = permitted_set(session, rule, EntityKind.PERSON, at=town.hub.clock())
    return bytes(record) in set(found.records["record"])


def waiting(town: Town) -> list[tuple[str, str, str]]:
    with town.hub.reading() as session:
        found = live_entries(session, {EntryKind.OPT_OUT})
    return list(found.select("attribute", "purpose", "act").iter_rows())


def test_a_click_holds_for_who_comes_with_the_address_later(town: Town, tmp_path: Path) -> None:
    clicked(town, "kari", KARI.upper())
    assert waiting(town) == [("email", WINBACK, "withdrawn")]
    deliver(town.hub, tmp_path / "later", (LATER, "other,Nils Ask,nils@example.org,2025-01-01,yes"))
    assert not readable(town, town.record("new"))
    assert readable(town, town.record("other"))
    with town.hub.reading() as session:
        acts = history_of(session, [find_subject(town.hub, "shop:new").records[0]])
    assert ConsentAct.WITHDRAWN in {act.event.act for act in acts}
    (told, *_) = town.audited("suppression.note")
    assert (told["rows"], told["outcome"], told["purpose"]) == (1, "proven", WINBACK)


def test_said_twice_it_is_one_entry_and_said_before_without_proof_it_is_still_made(small: Town) -> None:
    token = SubjectToken(
        record_id=small.record("far"),
        scope=SubjectScope.OPT_OUT,
        purposes=frozenset({"*"}),
        expires_at=small.hub.clock() + timedelta(days=1),
    )
    unproven = issue(small.hub, token, acting_principal(small.hub))
    headers = {"Authorization": f"Bearer {unproven}"}
    said = small.call("PUT", f"/v1/me/purposes/{WINBACK}", json={"state": "withdrawn"}, headers=headers)
    assert said.status_code == 200
    assert waiting(small) == []
    clicked(small, "far", SHARED)
    clicked(small, "mor", SHARED)
    assert waiting(small) == [("email", WINBACK, "withdrawn")]


def test_what_a_code_proved_holds_too_and_refusing_a_channel_as_well(small: Town, tmp_path: Path) -> None:
    challenge = small.ask().json()["challenge"]
    token = small.confirm(challenge, small.codes()[1]).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    small.call("PUT", "/v1/me/purposes/churn", json={"state": "objected"}, headers=headers)
    refusal = small.call("PUT", "/v1/me/contact", json={"permissions": {"email": "withdrawn"}}, headers=headers)
    assert refusal.status_code == 200
    by_mail = contact_purpose(ContactChannel.EMAIL)
    assert sorted(waiting(small)) == [("email", "churn", "objected"), ("email", by_mail, "withdrawn")]
    deliver(small.hub, tmp_path / "later", (LATER,))
    with small.hub.reading() as session:
        acts = {(act.purpose, act.event.act) for act in history_of(session, [small.record("new")])}
    assert {("churn", ConsentAct.OBJECTED), (by_mail, ConsentAct.WITHDRAWN)} <= acts


def test_a_yes_waits_for_nobody(small: Town) -> None:
    (proven,) = proven_by(small.hub, "email", [KARI])
    token = SubjectToken(
        record_id=small.record(),
        scope=SubjectScope.VERIFIED,
        purposes=frozenset({"*"}),
        expires_at=small.hub.clock(),
        proven=proven,
    )
    yes = noes_of(token, [(WINBACK, ConsentAct.GIVEN)], ActChannel.API, at=small.hub.clock())
    assert yes == []


def test_a_link_that_is_older_than_the_lists_newest_key_is_heard(small: Town, clock: FixedClock) -> None:
    (proven,) = proven_by(small.hub, "email", [KARI])
    second = Key(key_id=KeyId(random_id()), kind=KeyKind.INDEX, secret=bytes(range(KEY_BYTES)))
    small.hub.keystore.add_named(second, "suppression", 2)
    token = SubjectToken(
        record_id=small.record(),
        scope=SubjectScope.OPT_OUT,
        purposes=frozenset({"*"}),
        expires_at=clock(),
        proven=proven,
    )
    noes = noes_of(token, [(WINBACK, ConsentAct.WITHDRAWN)], ActChannel.ONE_CLICK, at=clock())
    with small.hub.unit_of_work() as session:
        assert note_proven(small.hub, session, noes) == 1
    with small.hub.reading() as session:
        (entry,) = live_entries(session, {EntryKind.OPT_OUT})["token"]
    (_, (newest,)) = suppression_index(small.hub.keystore).versions_of(Attribute.EMAIL, [KARI])
    assert entry == newest
