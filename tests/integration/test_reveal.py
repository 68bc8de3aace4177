"""Reveals: who may, how often, with whose consent, and what the audit log says before a byte is open."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from hub.anchors.anchoring import Anchoring
from hub.anchors.standing import Because, Closed
from hub.attempts import tell_denials
from hub.compose import Hub
from hub.consents import Wish, find_subject, record_wish
from hub.database.unit import RuleBroken
from hub.erasing import erase
from hub.errors import AccessRefused
from hub.policy.pack import default_pack, pack_of
from hub.reveals.ask import Ask
from hub.reveals.request import request
from hub.reveals.reveal import Revealed, reveal
from privacy.keys import KeyKind
from privacy.pseudonym import PseudonymisationDomain, pseudonym_of
from privacy.store.domain import append_domain, governing_domain
from privacy.store.principal import Principal
from privacy.terms import ActChannel, ConsentAct, PurposeId, Role
from tests.builders import DATABASES, FixedClock, a_key, an_id
from tests.reveal_builders import Company, company, person


@pytest.fixture(params=DATABASES)
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Company:
    if request.param == "sqlite":
        return request.getfixturevalue("here")
    return company(request.getfixturevalue("hub_factory")("postgres"), tmp_path)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(AccessRefused) as refused:
        act()
    assert ". " in str(refused.value), "a refusal says how to mend it"
    return refused.value.because


def test_a_pseudonym_leads_back_to_the_attributes_that_the_purpose_allows(anywhere: Company) -> None:
    found = reveal(anywhere.hub, anywhere.success, anywhere.ask(3))
    (part,) = found.parts
    assert part.source == "shop"
    assert part.attributes == {"full_name": "Person Nr3", "email": "person3@example.org"}
    (intent,), (complete,) = anywhere.audited("reveal.intent"), anywhere.audited("reveal.complete")
    assert intent["act_id"] == complete["act_id"] == found.reveal_id
    assert (intent["opened"], complete["opened"], found.opened) == (1, 1, 1)
    assert (intent["purpose"], intent["reason"], intent["role"]) == ("churn", "help_offered", Role.SUCCESS)
    assert intent["entity"] == anywhere.entity(3)


def test_only_what_was_asked_for_is_shown_and_nothing_of_it_is_printed(here: Company) -> None:
    found = reveal(here.hub, here.success, here.ask(2, attributes=frozenset({"email"})))
    assert [dict(part.attributes) for part in found.parts] == [{"email": "person2@example.org"}]
    assert "person2" not in f"{found!r}{found.parts!r}{found}"
    assert here.audited("reveal.intent")[0]["columns"] == ("email",)


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"purpose": "sales"}, "purpose_unknown"),
        ({"purpose": "winback"}, "purpose_without_reidentification"),
        ({"reason": "curiosity"}, "reason_not_listed"),
        ({"attributes": frozenset({"national_id"})}, "attribute_not_listed"),
        ({"pseudonym": an_id(1)}, "pseudonym_points_nowhere"),
        ({"purpose": "service"}, "pseudonym_points_nowhere"),
        ({"request_id": an_id(1)}, "request_is_for_another_reveal"),
    ],
)
def test_every_denial_names_its_rule_and_is_audited(here: Company, changes: dict[str, Any], because: str) -> None:
    assert refusal(lambda: reveal(here.hub, here.success, here.ask(1, **changes))) == because
    (denied,) = here.audited("reveal.refused")
    assert (denied["reason"], denied["outcome"], denied["attempts"]) == (because, "refused", 1)
    assert denied.get("purpose") == (None if because == "purpose_unknown" else changes.get("purpose", "churn"))
    assert here.audited("reveal.intent") == []


def test_a_role_or_credential_that_was_not_named_may_not(here: Company) -> None:
    bound_elsewhere = person(here.hub, "elsewhere", Role.SUCCESS, here.owner, "service")
    assert refusal(lambda: reveal(here.hub, here.owner, here.ask(1))) == "role_may_not_reveal"
    assert refusal(lambda: reveal(here.hub, bound_elsewhere, here.ask(1))) == "credential_not_bound"
    assert len(here.audited("reveal.refused")) == 2


def test_whoever_keeps_being_refused_fills_no_log(anywhere: Company, clock: FixedClock) -> None:
    nobody = anywhere.ask(1, pseudonym=an_id(1))
    for _ in range(60):
        refusal(lambda: reveal(anywhere.hub, anywhere.success, nobody))
    refusal(lambda: reveal(anywhere.hub, anywhere.success, anywhere.ask(1, reason="curiosity")))
    clock.forward(minutes=1)
    tell_denials(anywhere.hub)
    told = [(each["reason"], each["attempts"]) for each in anywhere.audited("reveal.refused")]
    assert sorted(told) == [
        ("pseudonym_points_nowhere", 1),
        ("pseudonym_points_nowhere", 59),
        ("reason_not_listed", 1),
    ]


@pytest.mark.parametrize(
    ("act", "because"),
    [
        (ConsentAct.RESTRICTED, "person_not_permitted.restricted"),
        (ConsentAct.OBJECTED, "person_not_permitted.objected"),
    ],
)
def test_restriction_means_storage_only_and_an_objection_is_heard(here: Company, act: ConsentAct, because: str) -> None:
    wish = Wish(act=act, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
    record_wish(here.hub, find_subject(here.hub, "shop:k1"), wish, here.owner)
    assert refusal(lambda: reveal(here.hub, here.success, here.ask(1))) == because
    assert reveal(here.hub, here.success, here.ask(2)).opened == 1


class RolledBack(Anchoring):
    """What a process knows whose database is older than what an anchor keeps."""

    def standing(self) -> Closed:
        return Closed(Because.ROLLED_BACK)


def test_nobody_is_revealed_on_a_consent_that_a_restore_may_have_brought_back(here: Company) -> None:
    restored = replace(here.hub, anchoring=RolledBack((), here.hub.anchoring._log))
    consent = here.ask(1, purpose="satisfaction", reason="complaint_answered")
    for act in (reveal, request):
        assert refusal(lambda act=act: act(restored, here.success, consent)) == Because.ROLLED_BACK
    assert reveal(restored, here.success, here.ask(1)).opened == 1, "churn rests on no consent"


def test_a_domain_that_ends_between_two_steps_of_a_reveal_shows_nobody(here: Company, clock: FixedClock) -> None:
    ask = here.ask(1)
    pack = pack_of(default_pack())
    pack["domains"]["churn"]["valid_until"] = (clock() + timedelta(minutes=1)).isoformat()
    here.apply(pack)
    late = replace(here.hub, clock=lambda: clock.forward(seconds=59))  # in time when keys are taken out, and then not
    assert refusal(lambda: reveal(late, here.success, ask)) == "domain_expired"
    assert here.audited("reveal.intent") == []


def test_an_erased_person_is_nowhere(here: Company) -> None:
    ask = here.ask(1)
    erase(here.hub, find_subject(here.hub, "shop:k1"), here.owner)
    because = refusal(lambda: reveal(here.hub, here.success, ask))
    assert because in {"pseudonym_points_nowhere", "person_not_permitted.erased"}


def test_the_hour_is_limited_and_slides(here: Company, clock: FixedClock) -> None:
    here.policy(per_hour=2)
    for number in (1, 2):
        reveal(here.hub, here.success, here.ask(number))
        clock.forward(minutes=20)
    again = person(here.hub, "success", Role.SUCCESS, here.owner)
    for who in (here.success, again):
        assert refusal(lambda who=who: reveal(here.hub, who, here.ask(3))) == "hourly_limit_reached"
    assert reveal(here.hub, here.colleague, here.ask(3)).opened == 1, "the limit is a person's, not the purpose's"
    clock.forward(minutes=20)
    assert reveal(here.hub, here.success, here.ask(3)).opened == 1
    assert refusal(lambda: reveal(here.hub, here.success, here.ask(3))) == "hourly_limit_reached"


def test_requests_are_limited_as_reveals_are(here: Company, clock: FixedClock) -> None:
    here.policy(per_hour=2)
    for number in (1, 2):
        request(here.hub, here.success, here.ask(number))
    again = person(here.hub, "success", Role.SUCCESS, here.owner)
    for who in (here.success, again):
        assert refusal(lambda who=who: request(here.hub, who, here.ask(3))) == "hourly_limit_reached"
    request(here.hub, here.colleague, here.ask(3))
    clock.forward(hours=1)
    request(here.hub, here.success, here.ask(3))
    assert len(here.audited("reveal.request")) == 4


@pytest.mark.parametrize("act", [reveal, request])
def test_many_at_once_do_not_pass_the_limit(
    anywhere: Company, act: Callable[[Hub, Principal, Ask], Revealed | bytes]
) -> None:
    anywhere.policy(per_hour=3)
    asks = [anywhere.ask(number) for number in range(6)]
    done: list[Revealed | bytes | str] = []
    start = threading.Barrier(6)

    def one(number: int) -> None:
        start.wait()
        try:
            done.append(act(anywhere.hub, anywhere.success, asks[number]))
        except AccessRefused as exc:
            done.append(exc.because)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(not isinstance(each, str) for each in done) == 3
    assert [each for each in done if isinstance(each, str)] == ["hourly_limit_reached"] * 3
    assert len(anywhere.audited("reveal.intent" if act is reveal else "reveal.request")) == 3


@pytest.mark.parametrize("at", ["reveal_audited", "keys"])
def test_the_intent_is_committed_before_anything_is_opened(here: Company, at: str, monkeypatch) -> None:
    class Stopped(Exception):
        pass

    def stop(*_args: object, **_more: object) -> None:
        assert len(here.audited("reveal.intent")) == 1, "before the first key is unwrapped"
        raise Stopped

    if at == "keys":
        monkeypatch.setattr(here.hub.keystore, "get", stop)
    else:
        object.__setattr__(here.hub, "reached", stop)
    with pytest.raises(Stopped):
        reveal(here.hub, here.success, here.ask(1))
    assert here.audited("reveal.complete") == []


@pytest.mark.parametrize("nth", [1, 2])
def test_nothing_is_shown_while_the_audit_log_takes_no_entry(anywhere: Company, nth: int) -> None:
    """The first entry is the intent, the second the completion: without either nothing is handed on."""
    ask = anywhere.ask(1)
    with anywhere.hub.reading() as session:
        last = int(session.execute(text("SELECT max(leaf_index) FROM audit_leaf")).scalar_one())
    refuse_entries_after(anywhere.hub, last + nth - 1)
    with pytest.raises(RuleBroken):
        reveal(anywhere.hub, anywhere.success, ask)
    assert len(anywhere.audited("reveal.intent")) == nth - 1


def refuse_entries_after(hub: Hub, last: int) -> None:
    """Let the database refuse every audit entry beyond a number."""
    with hub.unit_of_work() as session:
        if session.get_bind().dialect.name == "sqlite":
            session.execute(
                text(
                    f"CREATE TRIGGER full_log BEFORE INSERT ON audit_leaf WHEN NEW.leaf_index > {last} "
                    "BEGIN SELECT RAISE(ABORT, 'full'); END"
                )
            )
        else:
            session.execute(text(f"ALTER TABLE audit_leaf ADD CONSTRAINT full_log CHECK (leaf_index <= {last})"))


def test_an_old_pseudonym_leads_back_while_its_key_version_is_live(here: Company, clock: FixedClock) -> None:
    old = here.pseudonym(2)
    rotate(here, until=clock() + timedelta(days=7))
    assert here.pseudonym(2) != old
    for pseudonym in (old, here.pseudonym(2)):
        assert reveal(here.hub, here.success, here.ask(2, pseudonym=pseudonym)).opened == 1
    clock.forward(days=7)
    assert refusal(lambda: reveal(here.hub, here.success, here.ask(2, pseudonym=old))) == "pseudonym_points_nowhere"
    assert reveal(here.hub, here.success, here.ask(2)).opened == 1


def rotate(here: Company, until: Any) -> None:
    """Do what a rotation does: a second key, then a record that makes it the current one."""
    here.hub.keystore.add_named(a_key(77, KeyKind.DOMAIN), "churn", 2)
    policy = here.hub.policy()
    with here.hub.unit_of_work() as session:
        record = governing_domain(session, policy, policy.purpose("churn")).record
        rotated = replace(record, keys=record.keys.rotated(until=until))
        append_domain(session, rotated, by=here.owner.principal_id, at=here.hub.clock())


def test_no_pseudonym_rests_in_the_hub_after_a_reveal(here: Company) -> None:
    """A stored pseudonym beside an entity would tie the domain to the person for whoever reads the disk."""
    pseudonyms = [here.pseudonym(number) for number in range(3)]
    for number in (0, 1, 2):
        reveal(here.hub, here.success, here.ask(number))
    here.hub.engine.dispose()
    stored = b"".join(path.read_bytes() for path in here.hub.settings.home.rglob("*") if path.is_file())
    assert here.entity(1) in stored, "the scan finds what is there"
    for pseudonym in pseudonyms:
        assert pseudonym not in stored
        assert pseudonym.hex().encode() not in stored


def test_a_pseudonym_of_another_home_points_nowhere(here: Company) -> None:
    other = PseudonymisationDomain(here.hub.domain("churn").name, 1, bytes(range(32)))
    ask = here.ask(1, pseudonym=pseudonym_of(other, here.entity(1)))
    assert refusal(lambda: reveal(here.hub, here.success, ask)) == "pseudonym_points_nowhere"
