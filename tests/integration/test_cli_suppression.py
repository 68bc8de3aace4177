"""`varde suppression` and `varde consent import`: a list that is kept, looked after and filled from files."""

import json
from pathlib import Path

import pytest

from privacy.terms import ActChannel
from tests.integration.cli_desk import SECRETS, Desk, stocked

HEADER = "identifier,purpose,act,channel,time\n"
PEOPLE = "no,name,mail,phone,since\n"
ASTRID = "1,Astrid Bø-Unik,astrid.aas@example.org,90012345,2024-01-05T10:00:00Z\n"
NAMESAKE = "9,Gro Hansen,astrid.aas@example.org,,2024-01-05T10:00:00Z\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


def taken_in(desk: Desk, name: str, rows: str) -> dict[str, int]:
    (row,) = desk.json("ingest", desk.path("people.yaml"), desk.file(name, PEOPLE + rows))
    return {word: row[word] for word in ("accepted", "quarantined", "suppressed")}


def test_an_erased_person_is_counted_and_may_come_back_by_their_own_wish(desk: Desk) -> None:
    assert desk.run("erase", "shop:1", "--yes").exit_code == 0
    assert taken_in(desk, "again.csv", ASTRID) == {"accepted": 0, "quarantined": 0, "suppressed": 1}
    (listed,) = desk.json("suppression", "list")
    assert (listed["kind"], listed["sets"]) == ("erased", 1)
    assert desk.run("suppression", "lift", "shop:1", "--reason", "own_wish").exit_code == 4
    ended = desk.run("suppression", "lift", "shop:1", "--reason", "own_wish", role="dpo")
    assert ended.exit_code == 0
    assert desk.json("suppression", "list") == []
    assert taken_in(desk, "back.csv", ASTRID + "\n") == {"accepted": 1, "quarantined": 0, "suppressed": 0}


def test_an_unclear_row_waits_for_a_decision(desk: Desk) -> None:
    assert desk.run("erase", "shop:1", "--yes").exit_code == 0
    before = len(desk.json("quarantine", "list"))
    assert taken_in(desk, "one.csv", NAMESAKE) == {"accepted": 0, "quarantined": 1, "suppressed": 0}
    assert desk.run("suppression", "decide", "shop:9", "other", role="dpo").exit_code == 0
    assert "taken in" in desk.run("quarantine", "retry", desk.path("people.yaml")).output
    assert len(desk.json("quarantine", "list")) == before
    assert desk.run("consent", "show", "shop:9").exit_code == 0
    assert desk.run("erase", "shop:9", "--yes").exit_code == 0
    assert taken_in(desk, "two.csv", NAMESAKE + "\n")["suppressed"] == 1


def test_a_row_that_was_theirs_after_all_is_dropped(desk: Desk) -> None:
    assert desk.run("erase", "shop:1", "--yes").exit_code == 0
    taken_in(desk, "one.csv", NAMESAKE)
    assert desk.run("suppression", "decide", "shop:9", "same", role="dpo").exit_code == 0
    desk.run("quarantine", "retry", desk.path("people.yaml"))
    assert not [row for row in desk.json("quarantine", "list") if row["rule"] == "suppressed_unclear"]
    assert desk.run("consent", "show", "shop:9").exit_code == 2


def test_a_key_of_which_nobody_asks_is_not_called_an_erased_persons(desk: Desk) -> None:
    """It would restrict a customer who has nothing to do with it; `other` closes nobody."""
    assert desk.run("erase", "shop:1", "--yes").exit_code == 0
    before = desk.run("consent", "show", "shop:2").stdout
    for more in ((), ("--dry-run",)):
        refused = desk.run("suppression", "decide", "shop:2", "same", *more, role="dpo")
        assert (refused.exit_code, "no_unclear_row" in refused.output) == (4, True)
    assert desk.run("consent", "show", "shop:2").stdout == before
    assert desk.json("suppression", "list")[0]["sets"] == 1
    assert desk.run("suppression", "decide", "shop:2", "other", role="dpo").exit_code == 0


def test_unknown_identifier_is_kept_and_said_so(desk: Desk) -> None:
    ended = desk.run("consent", "withdraw", "email:nobody.yet@example.org", "winback")
    assert ended.exit_code == 0
    assert "Nobody here carries that identifier yet" in ended.output
    assert "nobody.yet" not in ended.output
    row = "8,Nobody Yet,nobody.yet@example.org,,2024-01-05T10:00:00Z\n"
    assert taken_in(desk, "late.csv", row)["accepted"] == 1
    (act,) = desk.json("consent", "show", "shop:8")["acts"]
    assert (act["act"], act["purpose"], act["channel"]) == ("withdrawn", "winback", "agent")


def test_nonsense_is_2_and_not_repeated(desk: Desk) -> None:
    for word in ("email:hemmelig", "hemmelig"):
        ended = desk.run("consent", "object", word, "churn")
        assert (ended.exit_code, "hemmelig" in ended.output) == (2, False)
    assert desk.run("suppression", "lift", "shop:77", "--reason", "mistake", role="dpo").exit_code == 2
    assert desk.run("suppression", "list", role="scientist").exit_code == 4


def test_a_file_of_noes_is_taken_in_once_and_what_is_wrong_is_named_by_line(desk: Desk) -> None:
    lines = (
        "email:astrid.aas@example.org,churn,objected,page,2025-05-01T10:00:00Z",
        "phone:90012345,winback,withdrawn,,",
        "email:somebody.new@example.org,*,withdrawn,link,2025-05-01",
        "shop:2,winback,refused,agent,2025-05-01T10:00:00Z",
        "email:not an address,churn,objected,,",
        "shop:3,no_such,objected,,",
        "shop:3,churn,given,,",
        "shop:3,churn,objected,pigeon,",
        "shop:3,churn,objected,,yesterday",
        "shop:3,churn,objected,,2199-01-01",
        ",churn,objected,,",
        "shop:3,churn",
    )
    path = desk.file("noes.csv", HEADER + "\n".join(lines) + "\n")
    ended = desk.run("consent", "import", path, "--format", "csv")
    assert ended.exit_code == 3
    rejected = [line.split(",")[:2] for line in ended.stdout.splitlines()[1:]]
    named = [["6", "identifier"], ["7", "purpose"], ["8", "act"], ["9", "channel"], ["10", "time"], ["11", "time"]]
    assert sorted(rejected, key=lambda each: int(each[0])) == [*named, ["12", "identifier"], ["13", ""]]
    assert "took 4: 3 acts on records are new, 4 entries" in ended.stderr.replace("\n", " ")
    assert not any(secret in ended.output for secret in (*SECRETS, "somebody.new", "not an address", "pigeon"))
    again = desk.run("consent", "import", path)
    assert "took 4: 0 acts on records are new, 0 entries" in again.stderr.replace("\n", " ")
    acts = {(act["act"], act["purpose"]) for act in desk.json("consent", "show", "shop:1")["acts"]}
    assert acts == {("objected", "churn"), ("withdrawn", "winback")}


def test_a_no_comes_by_letter_telephone_or_email_and_a_refused_word_is_answered_with_the_list(desk: Desk) -> None:
    ways = ("letter", "phone", "email")
    lines = [f"shop:{number},churn,objected,{way},2025-05-01" for number, way in enumerate(ways, start=1)]
    lines += ["shop:1,no_such,objected,,", "shop:1,churn,objected,pigeon,"]
    path = desk.file("noes.csv", HEADER + "\n".join(lines) + "\n")
    ended = desk.run("consent", "import", path, "--format", "json")
    assert ended.exit_code == 3
    rules = {row["column"]: row["rule"] for row in json.loads(ended.stdout)}
    assert rules["channel"].endswith(", ".join(ActChannel))
    assert all(word in rules["purpose"] for word in ("*", "churn", "contact.email"))
    told = {desk.json("consent", "show", f"shop:{number}")["acts"][0]["channel"] for number in (1, 2, 3)}
    assert told == set(ways)
    shown = desk.run("consent", "import", "--help").output
    assert all(word in shown for word in (*ActChannel, "restricted", "contact.CHANNEL"))


def test_a_file_that_is_none_is_refused(desk: Desk) -> None:
    assert desk.run("consent", "import", desk.path("missing.csv")).exit_code == 2
    assert desk.run("consent", "import", desk.file("odd.csv", "who,what\n1,2\n")).exit_code == 2
    assert desk.run("consent", "import", desk.file("odd.csv", HEADER), role="scientist").exit_code == 4


def test_whom_another_system_erased_is_kept_out(desk: Desk) -> None:
    lines = ("shop:21", "email:gone@example.org", "email:post@example.org", "phone:12", "nobody", "shop:21")
    path = desk.file("gone.csv", "identifier\n" + "\n".join(lines) + "\n")
    assert desk.run("suppression", "import", path, role="scientist").exit_code == 4
    ended = desk.run("suppression", "import", path, "--format", "csv", role="dpo")
    assert ended.exit_code == 3
    assert sorted(line.split(",")[0] for line in ended.stdout.splitlines()[1:]) == ["5", "6"]
    assert "took 4: 3 entries" in ended.stderr
    assert "took 4: 0 entries" in desk.run("suppression", "import", path).stderr
    rows = "21,Ask Moe,ask@example.org,,2024-01-05T10:00:00Z\n22,Gro Moe,gone@example.org,,2024-01-05T10:00:00Z\n"
    rows += "23,Ivar Moe,post@example.org,,2024-01-05T10:00:00Z\n"
    assert taken_in(desk, "moe.csv", rows) == {"accepted": 1, "quarantined": 1, "suppressed": 1}
    acts = {act["purpose"] for act in desk.json("consent", "show", "shop:23")["acts"]}
    assert acts == {"contact.email"}
