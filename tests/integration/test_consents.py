"""Consent acts through the hub: the person is found by what they know, and a no binds every part at once."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from hub.authentication import acting_principal
from hub.compose import Hub
from hub.consents import Subject, Wish, find_subject, history, record_wish
from hub.errors import AccessRefused, SubjectNotFound
from hub.sequencing import sequence
from hub.views.permission import permitted_set
from ingest.identity.clustering import Move
from ingest.identity.comparable import comparable_email, comparable_phone
from ingest.store.batch import BatchState
from ingest.store.move import Cause, apply_moves
from ingest.store.record import KeySpace, add_indexes, drawn_names, find_records, name_records
from ingest.tables.batch import Batch
from privacy.errors import PurposeUnknown
from privacy.store.audit import entries
from privacy.store.audit_verify import verify_log
from privacy.store.bulk import insert_rows
from privacy.store.consent import declare_grounds
from privacy.store.principal import Principal
from privacy.terms import (
    EVERY_PURPOSE,
    ActChannel,
    BatchId,
    ConsentAct,
    EntityId,
    EntityKind,
    PrincipalId,
    PurposeId,
    RecordId,
    Role,
)
from tests.builders import CANARY, DATABASES, NOON, an_id
from tests.conftest import HubFactory

CHURN, BATCH = PurposeId("churn"), BatchId(an_id(60))
SISSEL, PER = f"{CANARY}@example.no", "per@example.no"
PHONE = "+47 22 33 44 55"


@pytest.fixture(params=DATABASES)
def hub(request: pytest.FixtureRequest, hub_factory: HubFactory) -> Hub:
    hub: Hub = hub_factory(request.param)
    deliver(hub)
    return hub


@pytest.fixture
def agent(hub: Hub) -> Principal:
    return acting_principal(hub)


def deliver(hub: Hub) -> None:
    """Sissel is known to crm (1) by e-mail and to erp (1) by phone; Per to crm (2)."""
    with hub.unit_of_work() as session:
        insert_rows(session, Batch, [a_batch()])
        for source, keys in (("crm", ("1", "2")), ("erp", ("1",))):
            tokens = hub.indexes().source_key(source).tokens_of(keys)
            name_records(session, drawn_names(tokens), KeySpace(source=source, kind=EntityKind.PERSON), at=NOON)
            declare_grounds(session, [a_ground(source)])
    known = [("crm", "1", "email", comparable_email(SISSEL)), ("crm", "2", "email", comparable_email(PER))]
    known.append(("erp", "1", "phone", comparable_phone(PHONE)))
    with hub.unit_of_work() as session:
        rows = [an_index(hub, record_of(hub, source, key), field, value) for source, key, field, value in known]
        add_indexes(session, {name: [row[name] for row in rows] for name in rows[0]})


def a_batch() -> dict[str, Any]:
    words = {"contract": "c", "source": "crm", "canonical_table": "people", "state": BatchState.SETTLED.value}
    ids = {"batch_id": BATCH, "contract_hash": bytes(32), "idempotency_key": bytes(32), "principal_id": an_id(9)}
    counts = dict.fromkeys(("rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate", "rows_suppressed"), 0)
    return words | ids | counts | {"started_at": NOON, "lease_until": NOON, "visible_at": NOON}


def a_ground(source: str) -> dict[str, Any]:
    return {
        "source": source,
        "purpose": CHURN,
        "contract": source,
        "legal_basis": "legitimate_interests",
        "notice_version": "privacy-2025-01",
        "notice_given": True,
        "declared_at": NOON,
    }


def an_index(hub: Hub, record: RecordId, field: str, value: str | None) -> dict[str, Any]:
    assert value is not None
    token = hub.indexes().attribute(field).token_of(value)
    versions = {"standardiser_version": 1, "key_version": 1}
    return {"record_id": record, "field": field, "token": token, "batch_id": BATCH} | versions


def record_of(hub: Hub, source: str, key: str) -> RecordId:
    with hub.reading() as session:
        (record,) = find_records(session, [hub.indexes().source_key(source).token_of(key)]).values()
    return record


def merge(hub: Hub) -> None:
    """Join what crm and erp know of Sissel."""
    with hub.unit_of_work() as session:
        pairs = session.execute(text("SELECT record_id, entity_id FROM crosswalk")).all()
        home = {bytes(record): EntityId(bytes(entity)) for record, entity in pairs}
        crm, erp = record_of(hub, "crm", "1"), record_of(hub, "erp", "1")
        cause = Cause(word="test", actor=PrincipalId(an_id(9)), at=NOON)
        apply_moves(session, [Move(erp, home[erp], home[crm])], cause)


def readable(hub: Hub, purpose: str = CHURN) -> set[bytes]:
    with hub.reading() as session:
        found = permitted_set(session, hub.policy().purpose(purpose), EntityKind.PERSON, at=hub.clock())
    return set(found.records["record"].to_list())


def wish(act: ConsentAct, purpose: str = CHURN) -> Wish:
    return Wish(act=act, purpose=PurposeId(purpose), channel=ActChannel.AGENT, language="nb")


def test_a_person_is_found_by_whatever_they_know(hub: Hub) -> None:
    sissel, per = record_of(hub, "crm", "1"), record_of(hub, "crm", "2")
    assert find_subject(hub, f"email:{SISSEL}").records == (sissel,)
    assert find_subject(hub, f"email: {SISSEL.upper()} ").records == (sissel,)
    assert find_subject(hub, "crm:2").records == (per,)
    assert find_subject(hub, per.hex()).records == (per,)
    assert find_subject(hub, "phone:22334455").records == (record_of(hub, "erp", "1"),)


def test_every_way_to_a_merged_person_leads_to_all_their_records(hub: Hub) -> None:
    merge(hub)
    both = tuple(sorted((record_of(hub, "crm", "1"), record_of(hub, "erp", "1"))))
    for identifier in (f"email:{SISSEL}", f"phone:{PHONE}", "crm:1", "erp:1", both[0].hex(), both[1].hex()):
        assert find_subject(hub, identifier).records == both


@pytest.mark.parametrize("kind", ["email:{}@x.no", "email:{}", "phone:{}", "crm:{}", "nowhere:{}", "{}", ":{}", ""])
def test_who_is_not_known_is_not_found_and_not_repeated(hub_factory: HubFactory, kind: str) -> None:
    hub = hub_factory()
    deliver(hub)
    with pytest.raises(SubjectNotFound) as caught:
        find_subject(hub, kind.format("ukjent-9914"))
    assert "ukjent" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("act", [ConsentAct.OBJECTED, ConsentAct.WITHDRAWN, ConsentAct.REFUSED, ConsentAct.RESTRICTED])
@pytest.mark.parametrize("purpose", [CHURN, EVERY_PURPOSE])
def test_a_no_binds_every_part_from_the_next_read_on(hub_factory: HubFactory, act: ConsentAct, purpose: str) -> None:
    hub = hub_factory()
    deliver(hub)
    merge(hub)
    assert len(readable(hub)) == 3
    record_wish(hub, find_subject(hub, f"email:{SISSEL}"), wish(act, purpose), acting_principal(hub))
    assert readable(hub) == {record_of(hub, "crm", "2")}


def test_a_no_outlives_the_merge(hub: Hub, agent: Principal) -> None:
    merge(hub)
    record_wish(hub, find_subject(hub, f"email:{SISSEL}"), wish(ConsentAct.OBJECTED), agent)
    erp, own = record_of(hub, "erp", "1"), EntityId(an_id(77))
    with hub.unit_of_work() as session:
        session.execute(text("UPDATE crosswalk SET entity_id = :own WHERE record_id = :erp"), {"own": own, "erp": erp})
    assert readable(hub) == {record_of(hub, "crm", "2")}


def test_an_act_and_its_entry_are_one(hub: Hub, agent: Principal) -> None:
    subject = find_subject(hub, "crm:1")
    epoch = record_wish(hub, subject, wish(ConsentAct.OBJECTED), agent)
    sequence(hub)
    with hub.reading() as session:
        entry = entries(session, limit=1)[0][1]
        assert (entry.action, entry.actor) == ("consent.objected", agent.principal_id)
        assert (entry.fields.records, entry.fields.epoch) == (subject.records, epoch)
        size = verify_log(session, hub.verifier_key()).size
    with pytest.raises(PurposeUnknown):
        record_wish(hub, subject, wish(ConsentAct.GIVEN, "sales"), agent)
    with hub.reading() as session:
        assert verify_log(session, hub.verifier_key()).size == size
    (told,) = history(hub, subject, agent)
    assert (told.event.act, told.language, told.purpose) == (ConsentAct.OBJECTED, "nb", CHURN)
    with hub.reading() as session:
        assert entries(session, limit=1)[0][1].action == "consent.show"


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.SCIENTIST, Role.SUCCESS, Role.SERVICE])
def test_other_roles_neither_enter_nor_see_acts(hub_factory: HubFactory, role: Role) -> None:
    hub = hub_factory()
    deliver(hub)
    other = replace(acting_principal(hub), role=role)
    subject = Subject(records=(record_of(hub, "crm", "1"),))
    for act in (lambda: record_wish(hub, subject, wish(ConsentAct.GIVEN), other), lambda: history(hub, subject, other)):
        with pytest.raises(AccessRefused):
            act()
