"""A contract is refused by name: where, which rule, what to do."""

import json
from pathlib import Path

import pytest

from ingest.canonical.catalogue import TABLES
from ingest.canonical.table import ColumnKind
from ingest.contract.load import contract_of_yaml, load_contract
from ingest.contract.model import ColumnType
from ingest.contract.reference import BEGIN, END, reference_tables
from ingest.contract.schema import contract_schema
from ingest.contract.target import targets_of
from ingest.errors import ContractInvalid
from privacy.terms import ConsentAct, DataCategory, EntityKind, LegalBasis

ORDERS = """
contract: erp_orders
version: 1
source: erp
owner: erp-team
table: orders
format: {kind: csv, delimiter: ",", encoding: utf-8, dates: "%Y-%m-%d %H:%M:%S", timezone: Europe/Oslo}
country: NO
currency: NOK
basis: {purposes: {churn: legitimate_interests, winback: consent}, notice: privacy-2025-01, notice_given: true}
key: [order_no]
person: {column: customer_no}
organisation: {column: org_no, source: crm}
columns:
  order_date: {to: event_time, type: instant}
  total: {to: amount_minor, type: money}
  state: {to: status, type: category, values: {P: placed, C: cancelled}}
constants: {channel: web}
ignore: [internal_note]
freshness_hours: 48
"""

PEOPLE = """
contract: news_people
version: 2
source: news
owner: marketing
table: people
format: {kind: csv}
key: [id]
columns:
  mail: {to: email}
  zip: [{to: postcode}, {to: postcode_area}]
consent:
  ok: {purposes: [winback], values: {yes: given, no: refused, "": unknown}, at: since, notice: n-1}
completeness: {email: 0.8}
"""


def test_a_contract_says_what_was_written() -> None:
    contract = contract_of_yaml(ORDERS)
    assert contract.country == "NO"
    assert contract.basis is not None
    assert contract.basis.purposes["churn"] is LegalBasis.LEGITIMATE_INTERESTS
    assert contract.person is not None
    assert contract.organisation is not None
    assert (contract.person.source, contract.organisation.source) == ("erp", "crm")
    assert contract.mapping_to("amount_minor").type is ColumnType.MONEY
    assert contract.declared_columns == (
        "order_no", "order_date", "total", "state", "internal_note", "customer_no", "org_no",
    )  # fmt: skip


def test_what_an_amount_is_multiplied_with_is_a_declared_column() -> None:
    contract = contract_of_yaml(ORDERS.replace("type: money}", "type: money, times: pieces}"))
    assert contract.beside == ("pieces",)
    assert "pieces" in contract.declared_columns
    assert contract_of_yaml(ORDERS).beside == ()


def test_what_an_attribute_is_followed_by_is_a_declared_column() -> None:
    street = PEOPLE.replace("{to: email}", "{to: email}\n  road: {to: street, followed_by: house_no}")
    contract = contract_of_yaml(street)
    assert contract.beside == ("house_no",)
    assert "house_no" in contract.declared_columns
    with pytest.raises(ContractInvalid, match="followed_by"):
        contract_of_yaml(street.replace("followed_by: house_no", "followed_by: road"))


def test_yaml_words_stay_words() -> None:
    contract = contract_of_yaml(PEOPLE)
    assert contract.consent[0].values == {"yes": ConsentAct.GIVEN, "no": ConsentAct.REFUSED, "": None}
    assert contract.entity_kind is EntityKind.PERSON
    assert [mapping.to for mapping in contract.columns] == ["email", "postcode", "postcode_area"]
    assert contract.columns[0].category is DataCategory.IDENTIFIER


def test_the_hash_follows_content_and_not_comments() -> None:
    once = contract_of_yaml(ORDERS).content_hash
    assert contract_of_yaml("# a remark\n" + ORDERS).content_hash == once
    assert contract_of_yaml(ORDERS.replace("version: 1", "version: 2")).content_hash != once


@pytest.mark.parametrize(
    ("old", "new", "where", "remedy"),
    [
        ("to: status", "to: statu", "columns.state", "'status'"),
        ("to: status", "to: email", "columns.state.to", "status"),
        ("P: placed", "P: sent", "columns.state.values", "placed, cancelled, returned"),
        ("Europe/Oslo", "Europe/Olso", "format.timezone", "Europe/Oslo"),
        ("utf-8", "utf-99", "format.encoding", "cp1252"),
        ("utf-8", "base64", "format.encoding", "cp1252"),
        ("currency: NOK\n", "", "currency", "declare"),
        ("key: [", "kee: [", "", "'key'"),
        ("version: 1", "version: one", "version", ""),
        ("type: money", "type: integer", "columns.total.type", "money"),
        ("[internal_note]", "[total]", "ignore.0", "remove"),
        ("{channel: web}", "{channel: web, status: placed}", "constants.status", "remove"),
        ("{channel: web}", "{chanel: web}", "constants.chanel", "'channel'"),
        ("  state: {to: status, type: category, values: {P: placed, C: cancelled}}\n", "", "columns", "map"),
        ("person: {column: customer_no}\norganisation: {column: org_no, source: crm}\n", "", "person", "declare"),
        ("version: 1", "version: 1\nversion: 2", "line 4", "mend"),
        ("freshness_hours: 48", "completeness: {channel: 0.5}", "completeness.channel", "known"),
        ('delimiter: ","', "delimiter: '\"'", "format.delimiter", "comma"),
        ("type: money}", "type: money, category: special}", "columns.total.category", "behaviour"),
        ("table: orders", "table: people", "columns", ""),
        ("type: money}", "type: money, times: total}", "columns.total.times", "pieces"),
        ("type: instant}", "type: instant, times: internal_note}", "columns.order_date.times", "remove"),
        ("type: money}", "type: money, times: internal_note}", "ignore.0", "remove"),
        ("type: money}", "type: money, followed_by: pieces}", "columns.total.followed_by", "remove"),
    ],
)
def test_a_broken_contract_names_place_and_remedy(old: str, new: str, where: str, remedy: str) -> None:
    assert old in ORDERS
    with pytest.raises(ContractInvalid) as caught:
        contract_of_yaml(ORDERS.replace(old, new))
    assert caught.value.where.startswith(where)
    assert remedy in caught.value.remedy
    assert caught.value.rule


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("key: [id]", "key: [id, mail]", "key"),
        ("key: [id]", "key: [id]\nperson: {column: x}", "person"),
        ("table: people", "table: organisations", "consent"),
        ("given", "granted", "consent.ok.values.yes"),
    ],
)
def test_a_broken_people_contract_is_refused(old: str, new: str, where: str) -> None:
    with pytest.raises(ContractInvalid) as caught:
        contract_of_yaml(
            PEOPLE.replace(old, new).replace("zip: [{to: postcode}, {to: postcode_area}]", "z: {to: city}")
        )
    assert caught.value.where == where


def test_a_missing_file_is_refused_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(ContractInvalid) as caught:
        load_contract(tmp_path / "kari_nordmann.yaml")
    assert "kari" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "contract: [", "a: &x [*x]\n"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ContractInvalid):
        contract_of_yaml(text)


def test_the_published_schema_is_the_code() -> None:
    published = Path("ingest/contract.schema.json").read_text(encoding="utf-8")
    assert json.loads(published) == contract_schema()


def test_the_reference_page_is_the_code() -> None:
    page = Path("docs/guides/contracts.md").read_text(encoding="utf-8")
    generated = page.split(BEGIN)[1].split(END)[0].strip()
    assert generated == reference_tables().strip()


def test_the_examples_of_the_reference_page_are_contracts() -> None:
    page = Path("docs/guides/contracts.md").read_text(encoding="utf-8")
    names = [contract_of_yaml(part.split("```")[0]).name for part in page.split("```yaml")[1:]]
    assert names == ["erp_orders", "newsletter_people"]


def test_no_canonical_table_holds_an_identifier_but_record_ids() -> None:
    for table in TABLES.values():
        assert table.schema.names()[:4] == ["person", "organisation", "event_time", "event_id"]
        for column in table.all_columns:
            if column.category is DataCategory.IDENTIFIER:
                assert column.kind in {ColumnKind.SYSTEM, ColumnKind.EMPLOYEE}
            assert column.meaning
            assert column.unit


def test_nobody_can_map_into_what_the_hub_writes() -> None:
    for name in TABLES:
        assert not {"person", "organisation", "event_id", "redactor_version", "withheld", "currency"} & set(
            targets_of(name)
        )
