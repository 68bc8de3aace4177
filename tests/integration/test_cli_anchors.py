"""Checkpoints carried outside, an old backup put back, a log rewritten: as an operator and a DPO meet them."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from hub.witness.record import trust
from hub.witness.witness import Witness, make_witness
from privacy.verifier import main as verify
from privacy.verifier import verifier_key_of
from tests.integration.cli_desk import AT, VIEW, Desk, stocked
from tests.integration.witness_server import serving

WINBACK = VIEW.replace("name: shopping", "name: gone").replace("purpose: churn", "purpose: winback")


class AnchoredDesk(Desk):
    """A desk whose hub hands its checkpoints to the folder `share` beside the home, or to `anchors`."""

    anchors: str = ""

    def run(self, *words: str, **more: Any) -> Result:
        env = {"VARDE_ANCHORS": self.anchors or f"dir:{self.share}"} | (more.pop("env", None) or {})
        return super().run(*words, env=env, **more)

    @property
    def share(self) -> Path:
        return self.folder / "share"

    def backup(self) -> Path:
        saved = self.folder / "backup"
        shutil.rmtree(saved, ignore_errors=True)
        return Path(shutil.copytree(self.home, saved))

    def restore(self, saved: Path) -> None:
        shutil.rmtree(self.home)
        shutil.copytree(saved, self.home)


@pytest.fixture
def desk(tmp_path: Path) -> AnchoredDesk:
    shop = stocked(tmp_path)
    made = AnchoredDesk(shop.folder, shop.tokens)
    made.share.mkdir()
    for name, view in (("shopping", VIEW), ("gone", WINBACK)):
        made.run("view", "submit", made.file(f"{name}.yaml", view), role="scientist")
        assert made.run("view", "approve", name, "--unchecked", "no_data_yet", role="dpo").exit_code == 0
    return made


@pytest.fixture
def witness(desk: AnchoredDesk) -> Iterator[Witness]:
    made = make_witness(desk.folder / "witness", "witness.example/w1")
    trust(made.folder, verifier_key_of(desk.run("audit", "key").stdout.strip()))
    with serving(made) as url:
        object.__setattr__(desk, "anchors", f"dir:{desk.share} witness:{url}#{made.public_key}")
        yield made


def read(desk: AnchoredDesk, view: str, purpose: str) -> Result:
    out = desk.path(f"{view}.arrow")
    words = ("--purpose", purpose, "--as-of", "2025-06-01", "--use", "help_offered", "--out", out)
    return desk.run("view", "read", view, *words, role="scientist")


def object_to(desk: Desk) -> None:
    assert desk.run("consent", "object", "shop:2", "churn").exit_code == 0


def notes(desk: AnchoredDesk) -> list[str]:
    return sorted(path.read_text(encoding="utf-8") for path in desk.share.rglob("*.note"))


def findings(desk: AnchoredDesk, check: str) -> list[dict[str, Any]]:
    return [each for each in desk.json("doctor") if each["check"] == check]


def test_checkpoint_is_kept_outside_and_verified_against(desk: AnchoredDesk) -> None:
    anchored = desk.run("audit", "anchor", "--format", "csv")
    assert anchored.exit_code == 0
    assert ",published," in anchored.stdout
    assert desk.run("audit", "checkpoint").stdout in notes(desk)
    verified = desk.run("audit", "verify", "--anchor")
    assert verified.exit_code == 0
    assert "anchored" in verified.stdout
    assert "can still be rewritten" in verified.stderr


def test_witness_cosigns_and_its_level_is_told(desk: AnchoredDesk, witness: Witness) -> None:
    assert desk.run("audit", "anchor").exit_code == 0
    verified = desk.run("audit", "verify", "--anchor", "--format", "csv")
    levels = [line.split(",")[:2] for line in verified.stdout.splitlines()]
    assert ["witnessed", f"witness:{witness.name}"] in levels
    assert ["anchored", f"dir:{desk.share}"] in levels
    assert ["signed", "this hub"] in levels


def test_reading_is_open_while_the_anchor_agrees(desk: AnchoredDesk) -> None:
    desk.run("audit", "anchor")
    assert read(desk, "gone", "winback").exit_code == 0
    assert desk.run("audit", "accept-gap", "--yes", role="dpo").exit_code == 4


def test_old_backup_closes_consent_and_marketing_until_the_dpo_confirms(desk: AnchoredDesk) -> None:
    saved = desk.backup()
    object_to(desk)
    desk.run("audit", "anchor")
    desk.restore(saved)
    refused = read(desk, "gone", "winback")
    assert (refused.exit_code, "log_is_behind_its_anchor" in refused.stderr) == (4, True)
    assert read(desk, "shopping", "churn").exit_code == 0, "another basis is not broken by a forgotten withdrawal"
    (fault,) = findings(desk, "anchor_standing")
    assert fault["state"] == "fault"
    assert desk.run("audit", "accept-gap", "--yes").exit_code == 4, "the owner is not the DPO"
    assert desk.run("audit", "accept-gap", role="dpo", stdin="n\n").exit_code != 0
    assert read(desk, "gone", "winback").exit_code == 4
    assert desk.run("audit", "accept-gap", "--yes", role="dpo").exit_code == 0
    assert read(desk, "gone", "winback").exit_code == 0
    assert findings(desk, "anchor_standing") == []
    (confirmed,) = desk.json("audit", "log", "--action", "log.gap_confirmed")
    assert confirmed["fields"]["reason"] == "log_is_behind_its_anchor"


def test_log_goes_on_under_a_new_name_and_the_gap_stays_visible(desk: AnchoredDesk) -> None:
    saved = desk.backup()
    object_to(desk)
    desk.run("audit", "anchor")
    desk.restore(saved)
    assert desk.run("audit", "anchor").exit_code == 0
    assert {note.splitlines()[0].count("/") for note in notes(desk)} == {1, 2}, "varde/<id>, then varde/<id>/1"
    verified = desk.run("audit", "verify", "--anchor")
    assert verified.exit_code == 0
    assert "were lost by a restore" in verified.stderr
    assert "/1+" in desk.run("audit", "anchors").stderr, "the key that a witness must be told"


def test_second_restore_of_the_same_backup_is_noticed_again(desk: AnchoredDesk) -> None:
    saved = desk.backup()
    object_to(desk)
    desk.run("audit", "anchor")
    desk.restore(saved)
    desk.run("audit", "accept-gap", "--yes", role="dpo")
    desk.run("audit", "anchor")
    desk.restore(saved)
    assert read(desk, "gone", "winback").exit_code == 4
    assert desk.run("audit", "anchor").exit_code == 0
    assert notes(desk)[-1].splitlines()[0].endswith("/2")
    verified = desk.run("audit", "verify", "--anchor")
    assert verified.exit_code == 0, "what was lost twice is owned up to, not contradicted"
    assert verified.stderr.count("were lost by a restore") == 2


def test_a_restore_that_lost_only_a_later_log_is_noticed(desk: AnchoredDesk) -> None:
    desk.run("audit", "anchor")
    saved = desk.backup()
    kept = desk.file("kept.note", desk.run("audit", "checkpoint").stdout)
    assert desk.run("audit", "continue", "--from", kept, "--reason", "drill").exit_code == 0
    object_to(desk)
    assert desk.run("audit", "anchor").exit_code == 0
    desk.restore(saved)
    assert "log_is_behind_its_anchor" in read(desk, "gone", "winback").stderr
    assert desk.run("audit", "anchor").exit_code == 0
    assert notes(desk)[-1].splitlines()[0].endswith("/2")
    assert desk.run("audit", "verify", "--anchor").exit_code == 0


def test_log_that_ran_on_beside_its_own_past_is_a_contradiction(desk: AnchoredDesk) -> None:
    saved = desk.backup()
    object_to(desk)
    desk.run("audit", "anchor")
    desk.restore(saved)
    for _ in range(3):  # without its anchors the hub notices nothing, and signs on
        object_to(Desk(desk.folder, desk.tokens))
    refused = desk.run("audit", "anchor")
    assert (refused.exit_code, "another or a longer history" in refused.stderr) == (1, True)
    assert "log_contradicts_its_anchor" in read(desk, "gone", "winback").stderr
    assert desk.run("audit", "accept-gap", "--yes", role="dpo").exit_code == 0
    assert read(desk, "gone", "winback").exit_code == 0
    assert desk.run("audit", "anchor").exit_code == 0, "under a new name it can be anchored again"
    assert desk.run("audit", "verify", "--anchor").exit_code == 1, "but the contradiction does not go away"


def test_witness_notices_an_old_backup_by_itself(desk: AnchoredDesk, witness: Witness) -> None:
    desk.run("audit", "anchor")
    saved = desk.backup()
    object_to(desk)
    assert desk.run("audit", "anchor").exit_code == 0
    shutil.rmtree(desk.share)
    desk.share.mkdir()
    desk.restore(saved)
    assert "log_is_behind_its_anchor" in read(desk, "gone", "winback").stderr


def test_anchor_that_does_not_answer_closes_until_it_does_or_the_dpo_says_so(desk: AnchoredDesk) -> None:
    desk.run("audit", "anchor")
    desk.share.rename(desk.folder / "elsewhere")
    assert "anchor_does_not_answer" in read(desk, "gone", "winback").stderr
    assert desk.run("audit", "anchor").exit_code == 5
    assert desk.run("audit", "verify", "--anchor").exit_code == 5
    told = desk.run("audit", "accept-gap", "--yes", role="dpo")
    assert (AT + timedelta(hours=24)).date().isoformat() in told.stderr
    assert read(desk, "gone", "winback").exit_code == 0
    (desk.folder / "elsewhere").rename(desk.share)
    assert desk.run("audit", "anchor").exit_code == 0
    assert [each["state"] for each in findings(desk, "anchor")] == ["ok"]


def test_without_an_anchor_the_doctor_says_what_cannot_be_noticed(desk: AnchoredDesk) -> None:
    plain = Desk(desk.folder, desk.tokens)
    (finding,) = [each for each in plain.json("doctor") if each["check"] == "anchor"]
    assert (finding["state"], "old restore cannot be noticed" in finding["found"]) == ("warning", True)
    assert plain.run("audit", "anchor").exit_code == 2
    assert "old restore cannot be noticed" in plain.run("audit", "anchors").stderr


def test_command_that_wrote_hands_its_checkpoint_over(desk: AnchoredDesk) -> None:
    before = notes(desk)
    object_to(desk)
    assert len(notes(desk)) == len(before) + 1


def test_anchors_are_listed_with_what_they_keep(desk: AnchoredDesk) -> None:
    rarely = {"VARDE_ANCHORS": f"dir:{desk.share}?every=1d"}
    desk.run("audit", "anchor", env=rarely)
    assert desk.run("consent", "object", "shop:2", "churn", env=rarely).exit_code == 0
    (listed,) = desk.json("audit", "anchors")
    assert (listed["level"], listed["said_last"]) == ("anchored", "published")
    assert listed["entries_since"] == 2, "the objection, and that the address is suppressed"


def test_note_from_an_e_mail_is_compared(desk: AnchoredDesk) -> None:
    saved = desk.backup()
    object_to(desk)
    kept = desk.file("kept.note", desk.run("audit", "checkpoint").stdout)
    assert desk.run("audit", "verify", "--note", kept).exit_code == 0
    desk.restore(saved)
    behind = desk.run("audit", "verify", "--note", kept)
    assert (behind.exit_code, "rolled back" in behind.stderr) == (1, True)


def alone(desk: AnchoredDesk, *files: Path, witnesses: tuple[Witness, ...], quorum: int) -> int:
    """Verify files as an auditor does, who has public keys only; return the exit code."""
    named = [word for each in witnesses for word in ("--witness", str(each.public_key))]
    key = desk.run("audit", "key").stdout.strip()
    return verify(["--key", key, *named, "--quorum", str(quorum), *map(str, files)])


def test_an_auditor_sees_by_proof_and_export_that_witnesses_cosigned(desk: AnchoredDesk, witness: Witness) -> None:
    second = make_witness(desk.folder / "second", "witness.example/w2")
    trust(second.folder, verifier_key_of(desk.run("audit", "key").stdout.strip()))
    with serving(second) as url:
        object.__setattr__(desk, "anchors", f"{desk.anchors} witness:{url}#{second.public_key}")
        kept = desk.folder / "kept.note"
        kept.write_text(desk.run("audit", "checkpoint").stdout)
        desk.run("principal", "list")
        assert desk.run("audit", "anchor").exit_code == 0
        entry, growth, log = (desk.folder / name for name in ("entry", "growth", "log.ndjson"))
        assert desk.run("audit", "prove", "3", "--out", str(entry)).exit_code == 0
        grown = desk.run("audit", "prove", "--consistency", str(kept), "--out", str(growth))
        assert (grown.exit_code, "witness" in grown.stderr) == (0, False)
        assert desk.run("audit", "export", "--out", str(log)).exit_code == 0
    both = (witness, second)
    for file in (entry, log):
        assert alone(desk, file, witnesses=both, quorum=2) == 0
        assert alone(desk, file, witnesses=both[:1], quorum=2) == 1
    key = desk.run("audit", "key").stdout.strip()
    cosigned = ["--key", key, "--witness", str(second.public_key), "--quorum", "1"]
    assert verify([*cosigned, "--kept", str(kept), str(growth)]) == 0


def test_a_proof_that_no_witness_stands_behind_says_so(desk: AnchoredDesk, witness: Witness) -> None:
    object.__setattr__(desk, "anchors", f"witness:http://127.0.0.1:9#{witness.public_key}")
    out = desk.folder / "proof"
    told = desk.run("audit", "prove", "3", "--out", str(out))
    assert (told.exit_code, "varde audit anchor" in told.stderr) == (0, True)
    assert alone(desk, out, witnesses=(witness,), quorum=1) == 1
