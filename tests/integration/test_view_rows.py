"""Views whose rows are machines and messages, through the gate: owners decide, keys leave under pseudonyms."""

from datetime import UTC, datetime

import polars as pl
import pytest

from hub.authentication import Scope, acting_principal, add, authenticate
from hub.compose import Hub
from hub.consents import Subject, Wish, record_wish
from hub.errors import AccessRefused
from hub.views.errors import SpecRefused
from hub.views.gateway import PSEUDONYM, Gateway
from hub.views.registry import approve, submit
from ingest.contract.load import contract_of_yaml
from ingest.pipeline.delivery import ingest_file
from ingest.store.record import find_records
from privacy.terms import ActChannel, ConsentAct, EntityKind, PurposeId, Role
from tests.view_builders import WITHOUT_CHECK

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
TEXTS = "{nb: Navn, nn: Namn, sv: Namn, en: Name, de: Name}"
VIEW = """
name: {name}
version: 1
grain: {grain}
purpose: {purpose}
consumer: test
description: Rows that are less than a customer.
as_of_grid: day
expires_days: 7
k: 1
features:
  f: {feature}
texts:
  f: {texts}
"""
READINGS = """
contract: readings
version: 1
source: plant
owner: plant-team
table: asset_readings
format: {kind: csv, delimiter: ",", encoding: utf-8, timezone: UTC}
basis: {purposes: {service: contract, churn: legitimate_interests}, notice: privacy-2025-01, notice_given: true}
key: [no]
person: {column: customer}
columns:
  at: {to: event_time, type: instant}
  machine: {to: asset_ref}
  heat: {to: value, type: number}
constants: {metric: heat}
"""
MAIL = """
contract: mail
version: 1
source: plant
owner: desk
table: messages
format: {kind: csv, delimiter: ",", encoding: utf-8, timezone: UTC}
key: [no]
person: {column: customer}
columns:
  no: {to: message_ref}
  thread: {to: thread_ref}
  at: {to: event_time, type: instant}
  way: {to: direction, values: {in: in, out: out}}
  text: {to: text_redacted}
constants: {channel: email}
"""


@pytest.fixture
def plant(hub_factory, tmp_path) -> Hub:
    """Two customers: one has two machines, each has written one message."""
    hub = hub_factory()
    readings = ["no,customer,at,machine,heat", "1,anna,2025-05-01 10:00:00,M1,20.5"]
    readings += [
        "2,anna,2025-05-02 10:00:00,M1,22.5",
        "3,anna,2025-05-03 10:00:00,M2,9",
        "4,bo,2025-05-03 10:00:00,M3,7",
    ]
    mail = [
        "no,thread,customer,at,way,text",
        "1,t1,anna,2025-05-01 10:00:00,in,Maskinen er varm",
        "2,t2,bo,2025-05-02 10:00:00,in,Takk",
        "3,t2,bo,2025-05-02 11:00:00,out,Bare hyggelig",
        "4,,bo,2025-05-03 10:00:00,in,Ha det",
    ]
    for name, contract, lines in (("r", READINGS, readings), ("m", MAIL, mail)):
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join(lines) + "\n")
        ingest_file(contract_of_yaml(contract), path, hub.ports(acting_principal(hub).principal_id))
    return hub


def approved(hub: Hub, name: str, grain: str, purpose: str, feature: str) -> None:
    """Submit and approve a view of one feature."""
    me, everything = acting_principal(hub), frozenset({"*"})
    _, token = add(hub, f"dpo-{name}", Scope(role=Role.DPO, purposes=everything, views=everything), me)
    submit(hub, VIEW.format(name=name, grain=grain, purpose=purpose, feature=feature, texts=TEXTS), me)
    approve(hub, name, authenticate(hub, token), WITHOUT_CHECK)


def rows(hub: Hub, name: str, purpose: str) -> pl.DataFrame:
    return Gateway(hub).read(acting_principal(hub), name, purpose=purpose, as_of=AS_OF).frame


def wish(hub: Hub, key: str, act: ConsentAct, purpose: str) -> None:
    with hub.reading() as session:
        index = hub.indexes().source_key("plant", EntityKind.PERSON).token_of(key)
        record = find_records(session, [index])[index]
    said = Wish(act=act, purpose=PurposeId(purpose), channel=ActChannel.AGENT)
    record_wish(hub, Subject(records=(record,)), said, acting_principal(hub))


def test_a_machine_leaves_under_a_pseudonym_beside_its_owners(plant: Hub) -> None:
    approved(plant, "machines", "asset", "service", "{op: max, table: asset_readings, column: value}")
    frame = rows(plant, "machines", "service")
    assert frame.columns == [PSEUDONYM, "asset", "f"]
    assert frame.schema["asset"] == pl.Binary
    assert set(frame["asset"].bin.size()) == {16}
    assert frame["asset"].n_unique() == 3
    assert frame[PSEUDONYM].n_unique() == 2
    assert sorted(frame["f"]) == [7.0, 9.0, 22.5]
    assert rows(plant, "machines", "service").equals(frame)


def test_an_owner_who_objects_takes_the_machines_along(plant: Hub) -> None:
    approved(plant, "machines", "asset", "service", "{op: count, table: asset_readings}")
    wish(plant, "anna", ConsentAct.RESTRICTED, "service")
    assert rows(plant, "machines", "service")["f"].to_list() == [1]


def test_redacted_text_leaves_message_by_message_for_a_purpose_that_lists_it(plant: Hub) -> None:
    approved(plant, "words", "message", "satisfaction", "{op: text, table: messages, column: text_redacted}")
    assert rows(plant, "words", "satisfaction").is_empty()
    wish(plant, "bo", ConsentAct.GIVEN, "satisfaction")
    frame = rows(plant, "words", "satisfaction")
    assert frame.columns == [PSEUDONYM, "message", "f"]
    assert sorted(frame["f"]) == ["Bare hyggelig", "Ha det", "Takk"]


def test_messages_of_one_thread_leave_under_one_pseudonym_of_the_purpose(plant: Hub) -> None:
    approved(plant, "threads", "message", "satisfaction", "{op: thread, table: messages, column: thread_ref}")
    wish(plant, "anna", ConsentAct.GIVEN, "satisfaction")
    wish(plant, "bo", ConsentAct.GIVEN, "satisfaction")
    frame = rows(plant, "threads", "satisfaction")
    assert frame.schema["f"] == pl.Binary
    assert set(frame["f"].drop_nulls().bin.size()) == {16}
    assert sorted(frame["f"].value_counts()["count"]) == [1, 1, 2], "of what no source numbers nothing is told"
    assert set(frame["f"].drop_nulls()).isdisjoint(frame["message"])


def test_a_thread_is_named_among_messages_alone(plant: Hub) -> None:
    asked = ("{op: thread, table: tickets, column: ticket_ref}", "{op: last, table: messages, column: thread_ref}")
    for place, feature in enumerate(asked):
        with pytest.raises(SpecRefused, match="identifier"):
            approved(plant, f"v{place}", "message", "satisfaction", feature)
    with pytest.raises(SpecRefused, match="identifier"):
        approved(plant, "v2", "person", "satisfaction", "{op: thread, table: messages, column: thread_ref}")


def test_redacted_text_is_refused_for_a_purpose_that_does_not_list_it(plant: Hub) -> None:
    text = VIEW.format(
        name="words",
        grain="message",
        purpose="churn",
        feature="{op: text, table: feedback, column: text_redacted}",
        texts=TEXTS,
    )
    with pytest.raises(AccessRefused, match="redacted_text"):
        submit(plant, text, acting_principal(plant))
