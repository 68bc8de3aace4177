"""`varde text redact` as it is typed: what would be taken out, and nothing kept."""

import json
from pathlib import Path

from tests.integration.cli_desk import bare

MESSAGE = "Hei, ring meg på 912 34 567.\nJeg heter Kari Nordmann\n\n> gammelt svar"


def test_what_would_be_taken_out_is_shown_by_kind_without_a_home(tmp_path: Path) -> None:
    file = tmp_path / "message.txt"
    file.write_text(MESSAGE, "utf-8")
    desk = bare(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    shown = desk.run("text", "redact", str(file), "--format", "json")
    found = [(row["kind"], row["taken_out"]) for row in json.loads(shown.stdout)]
    assert found == [("PHONE", "912 34 567"), ("NAME", "Kari Nordmann")]
    told = desk.run("text", "redact", str(file)).output
    assert "[PHONE_1]" in told
    assert "gammelt" not in told
    assert sorted(tmp_path.rglob("*")) == before


def test_a_message_of_art_9_is_said_to_be_withheld(tmp_path: Path) -> None:
    file = tmp_path / "message.txt"
    file.write_text("Jeg er gravid og vil si opp", "utf-8")
    assert "withheld" in bare(tmp_path).run("text", "redact", str(file)).output


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "message.bin"
    file.write_bytes(b"\xff\xfe\x00")
    assert bare(tmp_path).run("text", "redact", str(file)).exit_code == 2


def test_older_texts_are_counted_and_redacted_again_on_the_command_line(tmp_path: Path) -> None:
    desk = bare(tmp_path)
    assert desk.run("init").exit_code == 0
    assert "would redact 0 texts again" in desk.run("text", "redact-again", "--dry-run").output.lower()
    assert "0 texts again in 0 files" in desk.run("text", "redact-again").output
