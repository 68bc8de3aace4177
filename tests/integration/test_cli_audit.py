"""`varde audit`: what an auditor is given on the command line, and what comes of it on another machine."""

import stat
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from hub.compose import Hub
from privacy.verifier import ProofRejected, main
from tests.integration.cli_desk import Desk, stocked


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


def test_auditor_checks_proofs_without_the_hub(desk: Desk, tmp_path: Path) -> None:
    files = {name: str(tmp_path / name) for name in ("old", "verifier.py", "receipt", "entry", "growth", "log")}
    Path(files["old"]).write_text(desk.run("audit", "checkpoint").stdout, encoding="utf-8")
    told = desk.run("audit", "verifier", "--out", files["verifier.py"])
    assert sha256(Path(files["verifier.py"]).read_bytes()).hexdigest() in told.stderr
    assert desk.run("audit", "receipt", "0", "--out", files["receipt"]).exit_code == 0
    assert desk.run("view", "approve", "shopping", "--unchecked", "no_data_yet", role="dpo").exit_code == 0
    assert desk.run("audit", "prove", "0", "--out", files["entry"]).exit_code == 0
    assert desk.run("audit", "prove", "--consistency", files["old"], "--out", files["growth"]).exit_code == 0
    assert desk.run("audit", "export", "--out", files["log"]).exit_code == 0
    assert stat.S_IMODE(Path(files["log"]).stat().st_mode) == 0o600
    key = desk.run("audit", "key").stdout.strip()
    command = [sys.executable, "-I", files["verifier.py"], "--key", key, "--kept", files["old"]]
    checked = [files[name] for name in ("entry", "growth", "log", "receipt", "old")]
    ended = subprocess.run([*command, *checked], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.count("VERIFIED") == 5


def test_proofs_are_printed_where_no_file_is_named(desk: Desk) -> None:
    assert desk.run("audit", "prove", "0").stdout.startswith("c2sp.org/tlog-proof@v1\nextra ")
    assert desk.run("audit", "receipt", "0").stdout.startswith("varde-audit-receipt@v1\n")
    assert desk.run("audit", "export").stdout.startswith('{"log":"varde/')
    assert "def verify_inclusion" in desk.run("audit", "verifier").stdout


def test_what_cannot_be_proved_is_said_without_a_traceback(desk: Desk, tmp_path: Path) -> None:
    assert desk.run("audit", "prove").exit_code == 2
    assert desk.run("audit", "prove", "0", "--consistency", "x").exit_code == 2
    assert desk.run("audit", "prove", "100000").exit_code == 2
    assert desk.run("audit", "receipt", "100000").exit_code == 2
    assert desk.run("audit", "prove", "--consistency", str(tmp_path / "absent")).exit_code == 2
    odd = tmp_path / "odd"
    odd.write_text("no note\n", encoding="utf-8")
    assert desk.run("audit", "prove", "0", "--under", str(odd)).exit_code == 1
    assert desk.run("audit", "verify", "--note", str(odd)).exit_code == 1
    assert desk.run("audit", "receipt", "0", role="scientist").exit_code == 4


def test_log_is_compared_with_checkpoints_that_were_kept(desk: Desk, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text(desk.run("audit", "checkpoint").stdout, encoding="utf-8")
    (alone,) = desk.json("audit", "verify")
    (compared,) = desk.json("audit", "verify", "--note", str(kept))
    assert (alone["level"], alone["notes"]) == ("signed", 0)
    assert (compared["level"], compared["notes"]) == ("anchored", 1)
    assert "could have rewritten" in desk.run("audit", "verify").stderr


def test_owner_continues_a_log_after_a_restore(desk: Desk, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text(desk.run("audit", "checkpoint").stdout, encoding="utf-8")
    words = ("audit", "continue", "--from", str(kept), "--reason", "drill")
    assert desk.run(*words, role="dpo").exit_code == 4
    before = desk.json("audit", "log", "--limit", "1")[0]["leaf"]
    assert desk.run(*words).exit_code == 0
    (newest,) = desk.json("audit", "log", "--limit", "1")
    assert (newest["leaf"], newest["action"], newest["fields"]["reason"]) == (before + 1, "log.continued", "drill")
    assert desk.run("audit", "checkpoint").stdout.split("\n")[0].endswith("/1")
    (verdict,) = desk.json("audit", "verify", "--note", str(kept))
    assert (verdict["logs"], verdict["lost"]) == (2, 0)
    export = tmp_path / "log"
    assert desk.run("audit", "export", "--out", str(export)).exit_code == 0
    assert main(["--key", desk.run("audit", "key").stdout.strip(), "--kept", str(kept), str(export)]) == 0
    assert desk.run("audit", "prove", "0").exit_code == 0, "an entry of the log that ended, under its own checkpoint"


def test_kept_roots_are_made_again(desk: Desk) -> None:
    assert desk.run("audit", "rebuild").exit_code == 0
    assert desk.run("audit", "verify").exit_code == 0


def test_what_a_command_wrote_is_signed_when_it_ends(desk: Desk) -> None:
    before = desk.json("audit", "verify")[0]["checkpoints"]
    assert desk.json("audit", "verify")[0]["checkpoints"] == before, "reading signs nothing"
    assert desk.run("view", "approve", "shopping", "--unchecked", "no_data_yet", role="dpo").exit_code == 0
    assert desk.json("audit", "verify")[0]["checkpoints"] == before + 1
    assert desk.run("view", "read", "shopping", "--purpose", "winback").exit_code == 4
    assert desk.json("audit", "verify")[0]["checkpoints"] == before + 2, "a refused attempt is signed as well"
    assert desk.run("audit", "export").stdout.splitlines()[-1].startswith('{"checkpoint"')


def test_a_signature_that_fails_does_not_fail_the_command(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_hub: Hub) -> None:
        raise ProofRejected("the log is shorter than what was signed")

    monkeypatch.setattr(Hub, "checkpoint", refuse)
    assert desk.run("view", "approve", "shopping", "--unchecked", "no_data_yet", role="dpo").exit_code == 0
