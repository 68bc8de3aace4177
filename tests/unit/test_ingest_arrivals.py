"""What a chunk of people or messages holds after it was read: attributes, acts and texts."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

from ingest.contract.load import contract_of_yaml
from ingest.readers.chunk import Chunk
from tests.unit.format_files import chunks_of, rows_of

PEOPLE = """
contract: news_people
version: 1
source: news
owner: marketing
table: people
format: {kind: csv, dates: "%d.%m.%Y", timezone: Europe/Oslo}
key: [id]
organisation: {column: org, source: crm}
columns:
  mail: {to: email}
  born: {to: birth_date}
  zip: [{to: postcode}, {to: postcode_area}]
  since: {to: customer_since}
consent:
  ok: {purposes: [winback], values: {ja: given, nei: refused, "": unknown}, at: since, notice: n-1}
"""


def people(tmp_path: Path, *rows: str) -> Chunk:
    content = "id,org,mail,born,zip,since,ok\n" + "".join(row + "\n" for row in rows)
    (chunk,) = chunks_of(content.encode(), contract_of_yaml(PEOPLE), tmp_path)
    return chunk


def test_people_come_with_raw_attributes_and_acts(tmp_path: Path) -> None:
    chunk = people(tmp_path, "7, O1 , Kari@x.no ,01.02.1980,0150,03.04.2024,ja", "8,,,,,,")
    assert rows_of(chunk.frame) == [
        {
            "_key": "7", "_organisation_key": "O1", "email": "Kari@x.no", "birth_date": "1980-02-01",
            "postcode": "0150", "postcode_area": "01", "customer_since": date(2024, 4, 3),
            "_consent_0": "given", "_consent_0_at": datetime(2024, 4, 2, 22, tzinfo=UTC),
        },
        {
            "_key": "8", "_organisation_key": None, "email": None, "birth_date": None, "postcode": None,
            "postcode_area": None, "customer_since": None, "_consent_0": None, "_consent_0_at": None,
        },
    ]  # fmt: skip


def test_a_consent_value_that_is_not_listed_is_never_guessed(tmp_path: Path) -> None:
    chunk = people(tmp_path, "7,,a@x.no,,,,kanskje")
    assert chunk.rejected["column"].to_list() == ["ok"]


def test_a_given_consent_with_an_impossible_date_is_refused(tmp_path: Path) -> None:
    chunk = people(tmp_path, "7,,a@x.no,,,31.02.2024,ja")
    assert chunk.frame.is_empty()
    assert chunk.restrictive.is_empty()


def test_a_refusal_counts_even_where_the_row_is_refused(tmp_path: Path) -> None:
    chunk = people(tmp_path, "7,,a@x.no,31.02.1980,,,nei", "8,,a@x.no,31.02.1980,,,ja", ",,a@x.no,31.02.1980,,,nei")
    assert chunk.read == chunk.rejected.height == 3
    assert chunk.restrictive.rows(named=True) == [
        {"_line": 2, "_key": "7", "_consent_0": "refused", "_consent_0_at": None}
    ]


MESSAGES = """
contract: desk_messages
version: 1
source: desk
owner: support
table: messages
format: {kind: ndjson}
key: [id]
person: {column: who}
columns:
  at: {to: event_time}
  id: {to: message_ref}
  subject: {to: text}
  body: {to: text, type: text}
  agent: {to: employee}
  dir: {to: direction}
"""


def test_texts_are_joined_and_employees_are_keys(tmp_path: Path) -> None:
    rows = [
        {
            "id": 1,
            "who": "a",
            "at": "2024-01-01T00:00:00+02:00",
            "subject": "Hei",
            "body": "x\ny",
            "agent": 9,
            "dir": "IN",
        },
        {"id": 2, "who": "a", "at": "2024-01-01", "dir": "out"},
    ]
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (chunk,) = chunks_of(content, contract_of_yaml(MESSAGES), tmp_path)
    assert chunk.frame["_text_text_redacted"].to_list() == ["Hei\nx\ny", None]
    assert chunk.frame["_employee_key"].to_list() == ["9", None]
    assert chunk.frame["direction"].to_list() == ["in", "out"]
    assert chunk.frame["event_time"][0] == datetime(2023, 12, 31, 22, tzinfo=UTC)
