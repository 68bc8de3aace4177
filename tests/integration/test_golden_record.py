"""Golden records where people meet them: a reveal shows what stands, made of what may be used, at that moment."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from hub.consents import find_subject
from hub.erasing import erase
from hub.errors import AccessRefused
from hub.reconciliation import reconcile
from hub.requests.export import Form
from hub.requests.rectifying import correct
from hub.requests.words import word
from hub.reveals.ask import Ask
from hub.reveals.reveal import Revealed, reveal
from hub.reveals.survivor import Survivor
from ingest.errors import RulesInvalid
from ingest.identity.clustering import Move
from ingest.store.identity import entity_of_record
from ingest.store.move import Cause, apply_moves
from ingest.store.survivorship import apply_rules, find_rules
from ingest.survivorship.golden import DECIDED
from ingest.survivorship.rules import document_of, shipped, shipped_text
from privacy.pseudonym import pseudonym_of
from privacy.purposes import LANGUAGES
from privacy.request import Right
from privacy.terms import DomainName, EntityId, RecordId, Role
from tests.builders import DATABASES, FixedClock
from tests.conftest import HubFactory
from tests.request_builders import CRM, HEAD, Office, copied, stocked
from tests.reveal_builders import person

MAIL = "familien@example.org"
GROUNDS = "{churn: legitimate_interests, winback: consent, service: contract}"


@pytest.fixture(params=DATABASES)
def desk(request: pytest.FixtureRequest, hub_factory: HubFactory, tmp_path: Path) -> Office:
    return stocked(hub_factory(request.param), tmp_path)


@pytest.fixture
def small(tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    with copied(tmp_path, clock) as found:
        yield found


def entity(desk: Office, key: str) -> EntityId:
    with desk.hub.reading() as session:
        found = entity_of_record(session, desk.record(key))
    assert found is not None
    return found


def revealed(desk: Office, key: str, label: str = "a caller", **changes: Any) -> Revealed:
    ask = Ask(
        purpose="churn",
        pseudonym=pseudonym_of(desk.hub.domain(DomainName("churn")), entity(desk, key)),
        reason="help_offered",
        **changes,
    )
    return reveal(desk.hub, person(desk.hub, label, Role.SUCCESS, desk.owner), ask)


def golden(desk: Office, key: str, **changes: Any) -> dict[str, Survivor]:
    return {each.attribute: each for each in revealed(desk, key, **changes).golden}


def ranked(desk: Office, *sources: str, version: int = 2) -> None:
    document = {**document_of(shipped_text()), "version": version, "sources": list(sources)}
    with desk.hub.unit_of_work() as session:
        apply_rules(session, document, by=desk.owner.principal_id, at=desk.hub.clock())


def test_a_reveal_shows_what_stands_whose_word_it_is_and_why(desk: Office) -> None:
    desk.hub.clock.forward(days=1)  # type: ignore[attr-defined]  # the clock of the tests
    desk.people(f"c1,Nordmann Kari,{MAIL.upper()},+4799999999,2025-01-01,", source="crm")
    found = golden(desk, "shop:k1")
    assert {name: (each.value, each.source, each.decided_by) for name, each in found.items()} == {
        "full_name": ("Nordmann Kari", "crm", "recency"),
        "email": (MAIL.upper(), "crm", "only"),
        "phone": ("+4799999999", "crm", "recency"),
    }
    phone = found["phone"]
    assert (phone.agreeing, phone.differing, phone.revision) == (1, 1, 2)
    assert (found["email"].agreeing, found["email"].differing) == (2, 0)
    assert phone.said_at == desk.hub.clock()
    ranked(desk, "shop", "crm")
    assert (golden(desk, "shop:k1")["phone"].value, golden(desk, "shop:k1")["phone"].decided_by) == (
        "+4790012345",
        "source",
    )


def test_only_sources_that_may_be_used_for_the_purpose_have_a_say(desk: Office) -> None:
    """A record that the purpose may not use is neither opened nor counted, however well its source ranks."""
    without = CRM.replace(GROUNDS, "{winback: consent}").replace("version: 1", "version: 2", 1)
    assert without != CRM
    desk.deliver(without, HEAD, f"c1,Kari Nordmann,{MAIL},+4799999999,2025-01-01,")
    ranked(desk, "crm", "shop")
    found = revealed(desk, "shop:k1")
    phone = next(each for each in found.golden if each.attribute == "phone")
    assert (phone.value, phone.source, phone.differing) == ("+4790012345", "shop", 0)
    assert (found.opened, [part.source for part in found.parts]) == (1, ["shop"])


def test_what_the_customer_corrected_stands_against_every_source(desk: Office) -> None:
    desk.people(f"c1,Kari Nordmann,{MAIL},+4799999999,2025-01-01,", source="crm")
    request = desk.started("shop:k1", Right.RECTIFICATION)
    correct(desk.hub, request.request_id, {"phone": "+4790090090"}, desk.dpo)
    ranked(desk, "crm", "shop")
    phone = golden(desk, "shop:k1")["phone"]
    assert (phone.value, phone.decided_by, phone.differing) == ("+4790090090", "correction", 0)
    desk.hub.keep_unwraps()
    before = reconcile(desk.hub)
    found = revealed(desk, "shop:k1")
    (intent,) = desk.audited("reveal.intent")[:1]
    assert intent["opened"] == found.opened == 4, "two records, and a correction of each"
    after = reconcile(desk.hub)
    assert (after.opened - before.opened, after.unwrapped - before.unwrapped) == (4, 4)
    assert (after.unaudited, after.without_act) == (before.unaudited, before.without_act)


def test_news_from_a_source_takes_the_place_of_a_correction(small: Office) -> None:
    request = small.started("shop:k3", Right.RECTIFICATION)
    correct(small.hub, request.request_id, {"email": "right@example.org"}, small.dpo)
    assert golden(small, "shop:k3")["email"].decided_by == "correction"
    small.people("k3,Cia Dahl,moved@example.org,+4790012347,2025-01-01,yes")
    email = golden(small, "shop:k3")["email"]
    assert (email.value, email.decided_by) == ("moved@example.org", "only")


def test_a_detail_that_the_customer_said_there_is_not_does_not_stand(small: Office) -> None:
    request = small.started("shop:k1", Right.RECTIFICATION)
    correct(small.hub, request.request_id, {"phone": None}, small.dpo)
    small.people(f"c2,Kari Nordmann,{MAIL},+4790012345,2025-01-01,", source="crm")
    assert "phone" in {name for part in revealed(small, "shop:k1").parts for name in part.attributes}
    assert "phone" not in golden(small, "shop:k1")


def test_parts_have_their_own_golden_record_back_the_moment_they_are_taken_apart(desk: Office) -> None:
    desk.people("x1,Kari Moe,kari.moe@example.org,+4799999999,2025-01-01,", source="crm")
    before = {key: golden(desk, key) for key in ("shop:k1", "crm:x1")}
    record, home, other = desk.record("crm:x1"), entity(desk, "crm:x1"), entity(desk, "shop:k1")
    move(desk, record, home, other)
    merged = golden(desk, "shop:k1")
    assert merged["email"].differing == 1 or merged["email"].agreeing == 1
    assert merged == golden(desk, "crm:x1"), "one person now, by whichever record"
    move(desk, record, other, home)
    assert {key: golden(desk, key) for key in ("shop:k1", "crm:x1")} == before


def move(desk: Office, record: RecordId, origin: EntityId, to: EntityId) -> None:
    cause = Cause(word="test", actor=desk.owner.principal_id, at=desk.hub.clock())
    with desk.hub.unit_of_work() as session:
        apply_moves(session, [Move(record, origin, to)], cause)


def test_an_export_tells_the_person_which_value_is_used_and_why(desk: Office) -> None:
    desk.people(f"c1,Kari Nordmann,{MAIL},+4799999999,2025-01-01,", source="crm")
    ranked(desk, "shop")
    told = {each["attribute"]: each for each in desk.told("shop:k1")["identity_used"]}
    assert told.keys() == {"full_name", "email", "phone"}
    assert (told["phone"]["value"], told["phone"]["source"]) == ("+4790012345", "shop")
    assert (told["phone"]["decided_by"], told["phone"]["differing"]) == ("source", 1)
    request = desk.started("shop:k1", Right.RECTIFICATION)
    correct(desk.hub, request.request_id, {"phone": "+4790090090"}, desk.dpo)
    told = {each["attribute"]: each for each in desk.told("shop:k1")["identity_used"]}
    assert (told["phone"]["value"], told["phone"]["decided_by"]) == ("+4790090090", "correction")


def test_what_is_on_its_way_in_is_no_value_that_is_used(small: Office) -> None:
    def phone() -> list[str]:
        return [each["value"] for each in small.told("shop:k1")["identity_used"] if each["attribute"] == "phone"]

    before = phone()
    small.people("k1,Kari Nordmann,kari@example.org,+4799999999,2026-01-01,", source="shop")
    after = phone()
    newest = "SELECT batch_id FROM record_revision WHERE record_id = :record ORDER BY revision DESC LIMIT 1"
    with small.hub.unit_of_work() as session:
        session.execute(
            text(f"UPDATE batch SET state = 'staged' WHERE batch_id = ({newest})"),  # noqa: S608 - a constant
            {"record": bytes(small.record("shop:k1"))},
        )
    assert (before, after, phone()) == (["+4790012345"], ["+4799999999"], ["+4790012345"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_it_in_words_where_sources_differ_and_nowhere_else(small: Office, language: str) -> None:
    small.people("c3,Cia Dahl,CIA.DAHL@example.org,,2025-01-01,", source="crm")
    assert word("used", "caption", language) not in small.exported("shop:k3", Form.HTML, language).decode()
    small.people("c3,Cia Dahl,cia.dahl@example.org,+4799999999,2025-01-01,", source="crm")
    page = small.exported("shop:k3", Form.HTML, language).decode()
    table = page.partition(f"<caption>{word('used', 'caption', language)}</caption>")[2].partition("</table>")[0]
    assert table.count("<tr>") == 2, "the head, and the phone number alone"
    assert word("columns", "phone", language) in table


@pytest.mark.parametrize("decided", DECIDED)
def test_every_reason_has_words_in_each_language(decided: str) -> None:
    assert len({word("used", decided, language) for language in LANGUAGES}) > 3


def test_what_is_asked_for_does_not_change_what_stands(small: Office) -> None:
    whole = golden(small, "shop:k1")
    for name in ("full_name", "email", "phone"):
        assert golden(small, "shop:k1", attributes=frozenset({name})) == {name: whole[name]}


def test_nothing_stands_of_who_was_erased(small: Office) -> None:
    ask = Ask(
        purpose="churn",
        pseudonym=pseudonym_of(small.hub.domain(DomainName("churn")), entity(small, "shop:k1")),
        reason="help_offered",
    )
    erase(small.hub, find_subject(small.hub, "shop:k1"), small.owner)
    caller = person(small.hub, "a caller", Role.SUCCESS, small.owner)
    with pytest.raises(AccessRefused):
        reveal(small.hub, caller, ask)


def test_no_value_of_a_golden_record_rests_or_prints(small: Office) -> None:
    found = revealed(small, "shop:k1")
    assert found.golden
    assert MAIL not in f"{found!r}{found.golden!r}{found}"
    with small.hub.reading() as session:
        tables = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
    assert not [name for name in tables if "golden" in name]
    small.hub.engine.dispose()
    stored = b"".join(path.read_bytes() for path in small.hub.settings.home.rglob("*") if path.is_file())
    assert entity(small, "shop:k1") in stored, "the scan finds what is there"
    assert MAIL.encode() not in stored


def test_rules_are_kept_by_version_and_the_highest_holds(desk: Office) -> None:
    with desk.hub.reading() as session:
        assert find_rules(session) == shipped()
    ranked(desk, "crm")
    with desk.hub.reading() as session:
        assert find_rules(session).sources == {"crm"}
    ranked(desk, "crm")  # the same once more changes nothing
    for version in (1, 2):
        with pytest.raises(RulesInvalid, match="write 3"):
            ranked(desk, "shop", version=version)
    ranked(desk, "shop", version=3)
    with desk.hub.reading() as session:
        assert (find_rules(session).version, find_rules(session).sources) == (3, {"shop"})
