"""`varde contact` and `varde consent ask`: what a person says of being reached and of being asked."""

from pathlib import Path

import pytest

from tests.integration.cli_desk import Desk, stocked


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


def test_a_wish_is_stated_whole_and_shown(desk: Desk) -> None:
    words = ("--channel", "email", "--channel", "letter", "--hours", "9-17", "--at-most", "2", "--per-days", "30")
    assert desk.run("contact", "set", "shop:1", *words, "--dry-run").exit_code == 0
    assert desk.json("contact", "show", "shop:1")["wish"][0]["hours"] is None
    assert desk.run("contact", "set", "shop:1", *words).exit_code == 0
    (wish,) = desk.json("contact", "show", "shop:1")["wish"]
    assert wish == {
        "channels": ["email", "letter"],
        "hours": "9-17",
        "time_zone": "Europe/Oslo",
        "at_most": 2,
        "per_days": 30,
    }
    assert desk.run("contact", "set", "shop:1").exit_code == 0
    assert desk.json("contact", "show", "shop:1")["wish"][0]["at_most"] is None


@pytest.mark.parametrize(
    "words",
    [
        ("--hours", "nine"),
        ("--hours", "9-9"),
        ("--hours", "9-25"),
        ("--at-most", "3"),
        ("--hours", "9-17", "--time-zone", "No/Where"),
    ],
)
def test_half_a_wish_is_2(desk: Desk, words: tuple[str, ...]) -> None:
    assert desk.run("contact", "set", "shop:1", *words).exit_code == 2


def test_a_channel_is_allowed_and_refused(desk: Desk) -> None:
    assert desk.run("contact", "allow", "shop:1", "phone").exit_code == 0
    assert desk.json("contact", "show", "shop:1")["channels"] == [{"channel": "phone", "permission": "given"}]
    assert desk.run("contact", "refuse", "phone:90012345", "phone").exit_code == 0
    assert desk.json("contact", "show", "shop:1")["channels"] == [{"channel": "phone", "permission": "withdrawn"}]
    waits = desk.run("contact", "refuse", "email:nobody.yet@example.org", "email")
    assert (waits.exit_code, "nobody.yet" in waits.output) == (0, False)
    assert "on 0 records" in waits.output
    assert desk.run("contact", "show", "shop:1", role="scientist").exit_code == 4


def test_asking_is_refused_for_six_months_and_that_is_shown(desk: Desk) -> None:
    assert desk.run("consent", "ask", "shop:1", "winback", "--dry-run").exit_code == 0
    assert desk.run("consent", "ask", "shop:1", "winback").exit_code == 0
    assert desk.run("consent", "withdraw", "shop:1", "winback").exit_code == 0
    standing = {each["purpose"]: each for each in desk.json("consent", "show", "shop:1")["standing"]}
    assert standing["winback"]["not_asked_before_end_of"] == "2025-12-10"
    assert standing["churn"]["not_asked_before_end_of"] is None
    for more in ((), ("--dry-run",)):
        ended = desk.run("consent", "ask", "shop:1", "winback", *more)
        assert (ended.exit_code, "2025-12-10" in ended.output) == (4, True)
    assert desk.run("consent", "ask", "shop:1", "no_such").exit_code == 2
