"""The export of a person's own data: all of it by reflection, nothing of others, audited first, never on disk."""

import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, text
from sqlmodel import SQLModel

from hub.accesses import accesses_of
from hub.database.unit import RuleBroken
from hub.erasing import erase
from hub.errors import AccessRefused
from hub.lake import catalogue
from hub.lake.append import append
from hub.lake.storage import LocalFileStore
from hub.me.scores import explain_scores
from hub.migrations.tables import MODULES
from hub.requests.erasing import carry_out, erasure_plan
from hub.requests.export import Form, export
from hub.requests.lake_rows import lake_rows, shown_columns
from hub.requests.opening import CELLS, SEALED
from hub.requests.portable import portable_tables
from hub.requests.reflection import NOT_ABOUT, TableUnclassified, held_rows, way_of
from hub.requests.reviewing import scores_to_review
from ingest.canonical.catalogue import LAKE_TABLES, lake_table_of
from ingest.canonical.table import ColumnKind
from ingest.pipeline.rectify import Rectification, rectify
from privacy.purposes import LANGUAGES
from privacy.request import Right, StepRefused
from privacy.store.erasure import tombstones_among
from privacy.terms import (
    BatchId,
    DataCategory,
    RecordId,
    Role,
    random_id,
)
from tests.audit_faults import broken
from tests.builders import DATABASES, NOON, FixedClock, an_id
from tests.builders_lake import told_to
from tests.conftest import HubFactory
from tests.request_builders import MESSAGES, Office, copied, of_the_present_set, stocked
from tests.shop import ORDERS

ALL: Any = SQLModel.metadata.tables if MODULES else {}
HERS = ("Kari Nordmann", "+4790012345")
OTHERS = ("Per Nordmann", "+4790012346", "Cia Dahl", "cia.dahl@example.org")


@pytest.fixture(params=DATABASES)
def desk(request: pytest.FixtureRequest, hub_factory: HubFactory, tmp_path: Path) -> Office:
    return stocked(hub_factory(request.param), tmp_path)


@pytest.fixture
def small(tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    with copied(tmp_path, clock) as found:
        yield found


def put(desk: Office, table: str, **values: Any) -> None:
    """Append one row to the lake, other columns null."""
    schema = lake_table_of(table).schema
    row = {"event_time": NOON} | values
    frame = pl.DataFrame({name: [row.get(name)] for name in schema}, schema=schema)
    batch = BatchId(random_id())
    staged = append(desk.hub.lake, frame, table=table, batch_id=batch)
    with desk.hub.unit_of_work() as session:
        catalogue.stage(session, staged, batch_id=batch, at=desk.hub.lake.clock(session))
        catalogue.publish(session, batch)


def test_a_person_is_told_everything_of_theirs_and_nothing_of_others(desk: Office) -> None:
    told = desk.exported("shop:k1").decode()
    document = json.loads(told)
    assert [each["source"] for each in document["identity"]] == ["crm", "shop"]
    assert [row["amount_minor"] for row in document["lake"]["orders"]["rows"]] == [11100, 12100, 13100]
    assert [row["act"] for row in document["records"]["consent_event"]["rows"]] == ["given"]
    assert {each["id"] for each in document["purposes"]} == {each.id for each in desk.hub.policy().purposes}
    assert all(word in told for word in HERS)
    assert not [word for word in OTHERS if word in told]
    theirs = [bytes(record).hex() for key in ("shop:k2", "shop:k3") for record in desk.who(key).records]
    assert not [record for record in theirs if record in told]


def test_an_export_opens_only_the_files_that_can_hold_the_person(
    small: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table whose rows name a colleague is the exception: what somebody handled lies in the customers' files."""
    monkeypatch.setattr("hub.lake.append.modulus_for", lambda _rows: 64)
    people = small.who("shop:k1").records
    elsewhere = min(set(range(64)) - {record[0] % 64 for record in people})
    for owner in (small.record("shop:k1"), bytes([elsewhere]) * 16):
        put(small, "usage", person=bytes(owner), kind="login")
        put(small, "tickets", person=bytes(owner))
    opened: list[str] = []
    monkeypatch.setattr(LocalFileStore, "location", told_to(opened))
    found = lake_rows(small.hub.lake, people, [])
    assert {each.table.name: each.frame.height for each in found} == {"orders": 3, "usage": 1, "tickets": 1}
    by_table = Counter(name.partition("/")[0] for name in set(opened))
    assert (by_table["usage"], by_table["tickets"]) == (1, 2)


# -- by reflection ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_table_leads_to_a_person_or_says_why_not(name: str) -> None:
    """A new table fails here until it has a record_id, or stands in NOT_ABOUT with a reason."""
    table = ALL[name]
    if way_of(table) is not None and SEALED in table.columns:
        assert name in CELLS, "say in hub.requests.opening.CELLS how its cells are addressed"


def test_no_reason_is_left_over() -> None:
    assert NOT_ABOUT.keys() - ALL.keys() == set()
    assert CELLS.keys() - ALL.keys() == set()


def test_a_new_column_joins_by_itself_and_a_new_table_too(small: Office) -> None:
    with small.hub.engine.begin() as connection:
        connection.execute(text("ALTER TABLE consent_event ADD COLUMN shoe_size INTEGER DEFAULT 38"))
        connection.execute(text("CREATE TABLE loyalty (record_id BLOB, level VARCHAR, actor BLOB)"))
        for key in ("shop:k1", "shop:k2"):
            row = {"record": bytes(small.record(key)), "level": f"gold-{key}"}
            connection.execute(text("INSERT INTO loyalty VALUES (:record, :level, x'00')"), row)
    changed = MetaData()
    changed.reflect(small.hub.engine)
    changed.remove(changed.tables["alembic_version"])
    with small.hub.reading() as session:
        held = {each.table: each for each in held_rows(session, small.who("shop:k1").records, changed)}
    assert "shoe_size" in held["consent_event"].shown
    assert [row["level"] for row in held["loyalty"].rows] == ["gold-shop:k1"]
    assert held["loyalty"].shown == ("level",)
    assert held["loyalty"].withheld.keys() == {"actor"}


def test_a_table_that_nobody_classified_stops_the_export(small: Office) -> None:
    new = MetaData()
    Table("diary", new, Column("page", Integer), Column("words", String), Column("whose", LargeBinary))
    with small.hub.reading() as session, pytest.raises(TableUnclassified, match="diary"):
        held_rows(session, small.who("shop:k1").records, new)


@pytest.mark.parametrize("name", sorted(LAKE_TABLES))
def test_every_personal_column_of_the_lake_is_shown(name: str) -> None:
    table = LAKE_TABLES[name]
    personal = {each.name for each in table.all_columns if each.category is not DataCategory.NONE}
    others = {each.name for each in table.all_columns if each.kind is ColumnKind.EMPLOYEE}
    assert {each.name for each in shown_columns(table)} >= personal - others - {"person", "organisation"}


def test_a_row_of_every_table_of_the_lake_is_found(small: Office) -> None:
    tables = sorted(set(LAKE_TABLES) - {"calendar", "context"})
    for name in tables:
        figures = dict.fromkeys(("probability", "low", "high"), 0.5) if name == "scores" else {}
        put(small, name, person=bytes(small.record("shop:k3")), **of_the_present_set(small, "shop:k3", name), **figures)
    lake = small.told("shop:k3")["lake"]
    assert sorted(lake) == tables
    assert all(NOON.isoformat() in {row["event_time"] for row in lake[name]["rows"]} for name in tables)


def test_rows_about_two_people_tell_each_of_themselves_only(small: Office) -> None:
    customer, colleague = bytes(small.record("shop:k1")), bytes(small.record("shop:k3"))
    firm = an_id(77)
    put(small, "tickets", person=customer, organisation=firm, employee=colleague, category="CANARY-invoice")
    hers, his = small.exported("shop:k1").decode(), small.exported("shop:k3").decode()
    assert "CANARY-invoice" in hers
    assert colleague.hex() not in hers
    assert firm.hex() not in hers
    assert json.loads(his)["lake"]["tickets"]["handled_for_others"] == [{"event_time": NOON.isoformat()}]
    assert "CANARY-invoice" not in his
    assert customer.hex() not in his


def test_neighbours_who_were_taken_for_one_are_told_apart_once_they_part(small: Office) -> None:
    numbers = {"n1": "+4790011111", "n2": "+4790022222"}
    small.people(*(f"{key},Anna Berg,felles@example.org,{phone},2025-01-01," for key, phone in numbers.items()))
    orders = [f"{key}-o,2025-02-01T10:00:00Z,{key},{amount}.00,P" for key, amount in (("n1", 1), ("n2", 2))]
    small.deliver(ORDERS, "order,at,who,total,state", *orders)
    assert small.who("shop:n1") == small.who("shop:n2")
    asked = Rectification(
        request_id=an_id(5), records=[small.record("shop:n2")], values={"email": "anna2@example.org"}, country="NO"
    )
    rectify(asked, small.hub.ports(small.dpo.principal_id))
    for key, (own, other) in {"n1": ("n1", "n2"), "n2": ("n2", "n1")}.items():
        told = small.exported(f"shop:{key}").decode()
        assert numbers[own] in told
        assert numbers[other] not in told
        assert [row["amount_minor"] for row in json.loads(told)["lake"]["orders"]["rows"]] == [int(own[1]) * 100]


def test_the_words_of_a_message_are_told_without_whom_else_they_name(small: Office) -> None:
    words = "Kari Nordmann her. Ola Hansen (ola.hansen@firma.no) svarte ikke."
    small.deliver(MESSAGES, "message,at,who,way,body", f"m1,2025-02-01T10:00:00Z,k1,I,{words}")
    told = small.told("shop:k1")
    (held,) = told["opened"]["held_text"]
    assert held.startswith("Kari Nordmann her. […] ([…])")
    assert "Hansen" not in str(told)
    assert "Kari" not in told["lake"]["messages"]["rows"][0]["text_redacted"]


# -- identity, audit, disk ------------------------------------------------------------------------------------------


def test_nothing_is_opened_before_the_asker_is_identified_and_somebody_works_on_it(small: Office) -> None:
    request = small.opened()
    with pytest.raises(StepRefused, match="request_not_in_progress"):
        export(small.hub, request.request_id, Form.JSON, small.dpo)
    portable = small.started("shop:k1", Right.PORTABILITY)
    with pytest.raises(StepRefused, match="another_right"):
        export(small.hub, portable.request_id, Form.JSON, small.dpo)
    assert small.audited("request.export") == []


def test_the_intent_is_in_the_log_before_anything_is_opened(small: Office) -> None:
    request = small.started("shop:k1")
    with broken(small.hub.settings.home / "control.db", "leaf_refused"), pytest.raises(RuleBroken):
        export(small.hub, request.request_id, Form.JSON, small.dpo)
    done, intent = audited_after(small, "shop:k2")
    assert intent["opened"] == done["opened"] == 2  # her document, and the letter that acknowledged the request
    assert set(intent["records"]) == set(small.who("shop:k2").records)
    assert done["sha256"]


def audited_after(desk: Office, identifier: str) -> list[Any]:
    desk.exported(identifier)
    return desk.audited("request.export")


def test_the_person_sees_that_they_were_looked_at(small: Office) -> None:
    small.exported("shop:k1")
    acts = {each.act for each in accesses_of(small.hub, small.who("shop:k1").records)}
    assert "request.export.intent" in acts
    assert accesses_of(small.hub, small.who("shop:k2").records) == []


def test_no_clear_word_is_left_on_disk(small: Office) -> None:
    for form in Form:
        small.exported("shop:k1", form)
    files = {path: path.read_bytes() for path in small.hub.settings.home.rglob("*") if path.is_file()}
    clear = [word.encode() for word in (*HERS, "familien@example.org")]
    assert [path for path, content in files.items() if any(word in content for word in clear)] == []


def test_a_role_that_may_not_handle_requests_takes_nothing_out(small: Office) -> None:
    request = small.started("shop:k1")
    with pytest.raises(AccessRefused):
        export(small.hub, request.request_id, Form.JSON, replace(small.dpo, role=Role.SUCCESS))


# -- for people ------------------------------------------------------------------------------------------------------


class Reader(HTMLParser):
    """Reads a page as a screen reader does: language, headings, tables with their captions and header cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_whole_accessible_and_fetches_nothing(small: Office, language: str) -> None:
    page = small.exported("shop:k1", Form.HTML, language).decode()
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    names = [name for name, _ in reader.tags]
    assert reader.tags[0] == ("html", {"lang": language})
    assert (names.count("h1"), names.count("main"), names.count("title")) == (1, 1, 1)
    assert names.count("table") == names.count("caption") > 3
    assert all("scope" in each for name, each in reader.tags if name == "th")
    assert not {"script", "img", "link", "iframe", "object", "form"} & set(names)
    assert not [each for _, each in reader.tags for key in each if key == "src" or key.startswith("on")]
    links = {str(each["href"]) for _, each in reader.tags if "href" in each}
    assert links == {f"#{each['id']}" for name, each in reader.tags if name == "section"}
    levels = [int(name[1]) for name in names if name in {"h1", "h2", "h3"}]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert HERS[0] in page
    assert not [word for word in OTHERS if word in page]


def test_what_a_source_said_cannot_become_markup(small: Office) -> None:
    small.people('k8,"<script>alert(1)</script> & Co",x8@example.org,,2025-01-01,')
    page = small.exported("shop:k8", Form.HTML).decode()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co" in page


# -- to take along ---------------------------------------------------------------------------------------------------


def test_what_is_taken_along_fits_its_schema_and_holds_what_was_given_or_observed(small: Office) -> None:
    put(small, "scores", person=bytes(small.record("shop:k1")), module="churn", probability=0.5)
    put(small, "tickets", person=bytes(small.record("shop:k1")), category="invoice")
    archive = zipfile.ZipFile(io.BytesIO(small.exported("shop:k1", Form.PORTABLE)))
    data, schema = json.loads(archive.read("data.json")), json.loads(archive.read("schema.json"))
    Draft202012Validator(schema).validate(data)
    assert set(data["tables"]) <= portable_tables(small.hub.policy())
    assert "scores" not in data["tables"]
    rows = list(csv.DictReader(io.StringIO(archive.read("tickets.csv").decode())))
    assert [row["category"] for row in rows] == ["invoice"]
    assert schema["properties"]["tables"]["properties"]["tickets"]["items"]["properties"]["category"]["description"]
    (shop, *_) = [each for each in data["identity"] if each["source"] == "shop"]
    assert shop["full_name"] == HERS[0]


def test_a_spreadsheet_runs_nothing_and_a_telephone_stays_one(small: Office) -> None:
    small.people("k9,=1+1,x9@example.org,+4790012399,2025-01-01,")
    archive = zipfile.ZipFile(io.BytesIO(small.exported("shop:k9", Form.PORTABLE)))
    (row,) = csv.DictReader(io.StringIO(archive.read("identity.csv").decode()))
    assert (row["full_name"], row["phone"]) == ("'=1+1", "+4790012399")


class Died(Exception):
    """Stands for the kill -9 of whoever erases."""


@pytest.mark.parametrize("step", ["erasure_intended", "erasure_shredded"])
def test_who_is_being_erased_is_shown_to_nobody_between_the_steps(small: Office, step: str) -> None:
    put(small, "scores", person=bytes(small.record("shop:k1")), module="churn", probability=0.5)
    access, review = small.started("shop:k1"), small.started("shop:k1", Right.HUMAN_REVIEW)
    records = small.who("shop:k1").records

    def died(reached: str) -> None:
        if reached == step:
            raise Died

    with pytest.raises(Died):
        erase(replace(small.hub, reached=died), small.who("shop:k1"), small.dpo)
    with small.hub.reading() as session:
        assert tombstones_among(session, records)
    for form in (Form.JSON, Form.HTML):
        with pytest.raises(StepRefused, match="nothing_held"):
            export(small.hub, access.request_id, form, small.dpo)
    with pytest.raises(StepRefused, match="nothing_held"):
        scores_to_review(small.hub, review.request_id, small.dpo)
    assert explain_scores(small.hub, records, "en", by=small.dpo.principal_id) == []
    assert small.audited("request.export") == []


def test_an_erasure_that_begins_while_an_export_is_gathered_stops_it(small: Office) -> None:
    request, subject = small.started("shop:k1"), small.who("shop:k1")

    def erased(reached: str) -> None:
        if reached == "export_audited":
            erase(small.hub, subject, small.dpo)

    with pytest.raises(StepRefused, match="nothing_held"):
        export(replace(small.hub, reached=erased), request.request_id, Form.JSON, small.dpo)
    assert [each for each in small.audited("request.export") if "sha256" in each] == []


def test_an_erased_person_has_nothing_to_export(small: Office) -> None:
    access = small.started("shop:k3")
    request = small.started("shop:k3", Right.ERASURE)
    assert erasure_plan(small.hub, request.request_id, small.dpo).records == 1
    record = RecordId(small.record("shop:k3"))
    carry_out(small.hub, request.request_id, small.dpo)
    (told,) = small.audited("request.erase")
    assert told["act_id"] == request.request_id
    with pytest.raises(StepRefused, match="nothing_held"):
        export(small.hub, access.request_id, Form.JSON, small.dpo)
    with small.hub.reading() as session:
        held = {each.table for each in held_rows(session, [record])}
    assert held <= {"subject_request", "subject_request_step", "consent_event", "consent_head", "change", "tombstone"}
