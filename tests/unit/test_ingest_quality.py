"""A profile of a delivery: counts, shares and shapes, and never a value."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.contract.load import contract_of_yaml
from ingest.quality.category import disagreements_of
from ingest.quality.profile import profile
from ingest.quality.report import QualityReport

CONTRACT = """
contract: NAME
version: 1
source: erp
owner: erp-team
table: orders
format: {kind: csv, delimiter: ";"}
currency: NOK
key: [order_no]
person: {column: customer}
columns:
  at: {to: event_time}
  total: {to: amount_minor}
  state: {to: status}
  chan: {to: channel}
ignore: [note, contact]
freshness_hours: 24
completeness: {channel: 0.9}
"""
START = datetime(2023, 1, 1, tzinfo=UTC)
AT = START + timedelta(days=402)


def rows(channel: str = "Web shop") -> str:
    lines = ["order_no;customer;at;total;state;chan;note;contact"]
    for number in range(400):
        at = (START + timedelta(days=number)).date().isoformat()
        chan = channel if number % 2 else ""
        note = "she called twice about the late parcel and was not amused"
        lines.append(f"{number % 399};C{number % 50};{at};{number},0;placed;{chan};{note};kari{number}@x.no")
    lines.append("9;C1;2023-02-31;1.0;placed;;;")
    lines.append("9;;2023-02-01;1.0;placed;;;")
    return "\n".join(lines).replace(",0;", ".0;") + "\n"


def report(tmp_path: Path, text: str, name: str = "erp_orders") -> QualityReport:
    path = tmp_path / "orders.csv"
    path.write_text(text)
    contract = contract_of_yaml(CONTRACT.replace("NAME", name))
    return profile(contract, path, at=AT, known=lambda keys: keys.is_in(["C0", "C1"]))


@pytest.fixture
def found(tmp_path: Path) -> QualityReport:
    return report(tmp_path, rows())


def test_rows_are_counted_and_faults_named(found: QualityReport) -> None:
    assert (found.read, found.accepted, found.quarantined, found.duplicates) == (402, 400, 2, 1)
    assert {(fault.column, fault.rows) for fault in found.rejections} == {("at", 1), ("customer", 1)}


def test_completeness_span_and_staleness_are_measured(found: QualityReport) -> None:
    assert found.completeness == {"event_time": 1.0, "amount_minor": 1.0, "status": 1.0, "channel": 0.5}
    assert found.months == pytest.approx(399 / 365.25 * 12)
    assert found.hours_stale == pytest.approx(72)
    assert {(breach.what, breach.found) for breach in found.breaches} == {
        ("completeness of channel", 0.5),
        ("hours since the newest event", found.hours_stale),
    }


def test_events_are_linked_to_known_customers(found: QualityReport) -> None:
    assert found.customers == 50
    assert found.linked == pytest.approx(16 / 400)
    assert found.unlinked_rows == 384


def test_unmapped_identifiers_and_free_text_are_noticed(found: QualityReport) -> None:
    assert {(like.column, like.looks_like) for like in found.lookalikes} == {
        ("note", "free text"),
        ("contact", "e-mail address"),
    }


def test_an_identifier_mapped_as_a_code_is_noticed(tmp_path: Path) -> None:
    text = rows().replace("Web shop", "kari.nordmann@example.no")
    found = report(tmp_path, text)
    assert ("chan", "e-mail address", "channel") in {
        (like.column, like.looks_like, like.mapped_to) for like in found.lookalikes
    }
    assert "channel" not in found.categories


def test_shapes_hold_no_value(found: QualityReport) -> None:
    shapes = {(shape.column, shape.pattern) for shape in found.shapes}
    assert ("at", "9999-99-99") in {(column, pattern.replace("9+", "9999")) for column, pattern in shapes}
    assert "kari" not in repr(found)
    assert "amused" not in repr(found)


def test_rare_codes_are_not_shown(tmp_path: Path) -> None:
    text = rows().replace("Web shop", "Kari Nordmann", 3)
    assert report(tmp_path, text).categories["channel"] == {"Web shop": 197}


def test_readiness_is_advised(found: QualityReport) -> None:
    assert [(advice.what.split()[0], advice.met) for advice in found.advice] == [
        ("every", False),
        ("customers", False),
        ("months", True),
        ("months", False),
    ]


def test_sources_that_spell_codes_differently_are_noticed(tmp_path: Path, found: QualityReport) -> None:
    other = report(tmp_path, rows("web-shop"), "shop_orders")
    (difference,) = disagreements_of([found, other])
    assert (difference.column, difference.codes) == ("channel", (("Web shop", "web-shop"),))
    assert disagreements_of([found, found]) == ()
    (strange,) = disagreements_of([found, report(tmp_path, rows("phone"), "phone_orders")])
    assert strange.codes == ()


def test_people_are_profiled_too(tmp_path: Path) -> None:
    contract = contract_of_yaml(
        "contract: p\nversion: 1\nsource: crm\nowner: crm\ntable: people\nformat: {kind: csv}\nkey: [id]\n"
        "columns: {mail: {to: email}}\n"
    )
    path = tmp_path / "p.csv"
    path.write_text("id,mail\n1,a@x.no\n1,\n2,b@x.no\n")
    found = profile(contract, path, at=AT)
    assert (found.read, found.duplicates, found.customers, found.linked) == (3, 1, 2, None)
    assert found.completeness["email"] == pytest.approx(2 / 3)
