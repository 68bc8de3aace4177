"""Rows that could not be split: what is kept of them, what an erasure leaves, and whether a no in them counted."""

import json
from pathlib import Path

import pytest

from tests.integration.cli_desk import Desk, bare
from tests.shop import people_contract

PEOPLE = people_contract("""consent:
  ok: {purposes: [winback], values: {ja: given, nei: refused, "": unknown}, notice: privacy-2025-01}
""")
HEADER = "no,name,mail,since,ok\n"
SOUND = "7,Kari Unik,kari@unik.example,2024-01-05T10:00:00Z,ja\n"
SHORT = "7,Kari Unik,kari@unik.example,nei\n"
DAMAGED = "7,Kari\0 Unik,kari@unik.example,2024-01-05T10:00:00Z,nei\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = bare(tmp_path)
    assert made.run("init").exit_code == 0
    made.file("consented.yaml", PEOPLE)
    made.file("first.csv", HEADER + SOUND)
    assert made.run("ingest", made.path("consented.yaml"), made.path("first.csv")).exit_code == 0
    return made


def take_in(desk: Desk, rows: str) -> tuple[dict[str, object], str]:
    ended = desk.run("ingest", desk.path("consented.yaml"), desk.file("next.csv", HEADER + rows), "--format", "json")
    assert ended.exit_code == 3, ended.output
    return json.loads(ended.stdout)[0], ended.stderr


def exported(desk: Desk, name: str) -> str:
    assert desk.run("quarantine", "export", "--out", desk.path(name)).exit_code == 0
    return Path(desk.path(name)).read_text(encoding="utf-8")


def winback(desk: Desk) -> str:
    return desk.run("consent", "show", "shop:7", "--format", "json").stdout


def test_nothing_is_kept_of_a_row_whose_owner_cannot_be_told(desk: Desk) -> None:
    take_in(desk, SHORT)
    (listed,) = desk.json("quarantine", "list")
    assert (listed["line"], listed["rule"]) == (2, "the row has too few fields")
    assert "content not kept: whose row it is could not be told" in listed["remedy"]
    content = exported(desk, "out.ndjson")
    assert json.loads(content)["row"] == {"_row": None}
    assert "content not kept" in content
    assert "Kari" not in content


def test_an_erasure_takes_a_damaged_row_with_it(desk: Desk) -> None:
    take_in(desk, DAMAGED + SHORT)
    assert "kari@unik.example" in exported(desk, "before.ndjson")
    planned = desk.run("erase", "shop:7", "--dry-run", "--format", "json")
    rows = {row["where"]: row["rows"] for row in json.loads(planned.stdout)}
    assert rows["quarantine_row"] == 1
    assert desk.run("erase", "shop:7", "--yes").exit_code == 0
    assert "unik" not in exported(desk, "after.ndjson").casefold()
    assert [row["line"] for row in desk.json("quarantine", "list")] == [3]


def test_a_no_in_a_damaged_row_counts(desk: Desk) -> None:
    assert "refused" not in winback(desk)
    row, said = take_in(desk, DAMAGED)
    assert row["unheard"] == 0
    assert "not heeded" not in said
    assert "refused" in winback(desk)


def test_a_no_that_cannot_be_read_is_told(desk: Desk) -> None:
    row, said = take_in(desk, SHORT + SHORT)
    assert row["unheard"] == 2
    assert "2 rows could not be split: an opt-out in them was not heeded; mend and deliver them again" in said
    assert "refused" not in winback(desk)


def test_a_row_whose_owner_cannot_be_told_is_not_tried_again(desk: Desk) -> None:
    take_in(desk, SHORT)
    ended = desk.run("quarantine", "retry", desk.path("consented.yaml"), "--format", "json")
    assert (ended.exit_code, json.loads(ended.stdout)[0]["not_split"]) == (3, 1)
    assert "mend and deliver them again" in ended.stderr
