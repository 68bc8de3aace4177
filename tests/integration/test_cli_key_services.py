"""The command line with a key service: a home made and used under Vault, exit 5 without it."""

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.compose import open_hub
from hub.errors import NotAuthenticated
from hub.settings import Settings
from hub.workspace import open_workspace
from privacy.errors import KekUnavailable
from privacy.keys import KeyKind
from tests.integration.cli_desk import Desk
from tests.vault_fake import KEY, MOUNT, TOKEN, VaultFake


@pytest.fixture
def vault() -> Iterator[VaultFake]:
    fake = VaultFake()
    fake.start()
    yield fake
    fake.stop()


def environment(fake: VaultFake) -> dict[str, str]:
    return {"VARDE_KEK": f"vault:{MOUNT}/{KEY}", **fake.environment}


def test_a_home_under_vault_has_no_key_file_and_stops_without_vault(tmp_path: Path, vault: VaultFake) -> None:
    desk, env = Desk(tmp_path), environment(vault)
    assert desk.run("init", env=env).exit_code == 0
    assert not (desk.home / "key").exists()
    assert desk.run("audit", "verify", env=env).exit_code == 0
    asked = [path.rpartition("/v1/")[2] for method, path in vault.requests if method == "POST"]
    assert asked == [f"{MOUNT}/encrypt/{KEY}", f"{MOUNT}/decrypt/{KEY}"]  # one a process, whatever it opens
    vault.sealed = True
    down = desk.run("audit", "verify", env=env)
    assert down.exit_code == 5
    assert "sealed" in down.stderr
    vault.sealed, vault.denied = False, True
    refused = desk.run("audit", "verify", env=env)
    assert refused.exit_code == 5
    vault.denied = False
    assert desk.run("audit", "verify", env=env).exit_code == 0
    assert not any(TOKEN in each.output + each.stderr for each in (down, refused))


def test_nothing_of_the_key_service_is_kept_on_disk(tmp_path: Path, vault: VaultFake) -> None:
    desk, env = Desk(tmp_path), environment(vault)
    assert desk.run("init", env=env).exit_code == 0
    first = next(body for body in vault.bodies if "batch_input" in body)
    sent = base64.b64decode(first["batch_input"][0]["plaintext"])[-32:]
    files = b"".join(path.read_bytes() for path in desk.home.rglob("*") if path.is_file())
    assert len(sent) == 32
    assert not any(word in files for word in (sent, sent.hex().encode(), base64.b64encode(sent), TOKEN.encode()))


def test_doctor_looks_at_the_key_service(tmp_path: Path, vault: VaultFake) -> None:
    desk, env = Desk(tmp_path), environment(vault)
    desk.run("init", env=env)
    found = {row["check"]: row for row in json.loads(desk.run("doctor", "--format", "json", env=env).stdout)}
    assert found["key_service"]["state"] == "ok"
    assert f"vault:{MOUNT}/{KEY}:v1" in found["key_service"]["found"]
    vault.denied = True
    done = desk.run("doctor", "--format", "json", env=env)
    found = {row["check"]: row for row in json.loads(done.stdout)}
    assert (done.exit_code, found["key_service"]["state"]) == (2, "fault")


def test_a_key_in_a_variable_is_warned_about_on_every_start(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    env = {"VARDE_KEK": "env:MY_KEK", "MY_KEK": base64.b64encode(os.urandom(32)).decode()}
    for words in (("init",), ("audit", "verify"), ("doctor",)):
        told = desk.run(*words, env=env)
        assert "DEVELOPMENT" in told.stderr.upper()
        assert env["MY_KEK"] not in told.output + told.stderr
    found = {row["check"]: row for row in json.loads(desk.run("doctor", "--format", "json", env=env).stdout)}
    assert found["key_service"]["state"] == "warning"
    assert "development" in found["key_service"]["found"]


def test_an_unknown_kind_of_key_is_a_matter_of_configuration(tmp_path: Path) -> None:
    told = Desk(tmp_path).run("init", env={"VARDE_KEK": "gcp-kms:Zq7"})
    assert told.exit_code == 2
    assert "aws-kms:" in told.stderr
    assert "Zq7" not in told.stderr


def asked(fake: VaultFake) -> int:
    """How many generation keys Vault's own log shows that it unwrapped."""
    pairs = zip(fake.requests, fake.bodies, strict=True)
    return sum(len(body["batch_input"]) for (_, path), body in pairs if "/decrypt/" in path)


def reconciled(desk: Desk, env: dict[str, str]) -> dict[str, object]:
    (found,) = json.loads(desk.run("audit", "reconcile", "--format", "json", env=env).stdout)
    return dict(found)


def test_with_a_key_service_the_count_is_evidence_because_the_two_agree(tmp_path: Path, vault: VaultFake) -> None:
    desk, env = Desk(tmp_path), environment(vault)
    runs = ("init", "init", "audit verify", "audit key", "audit receipt 0", "doctor", "principal list")
    broken = ("erase nobody:1", "view read nothing --purpose churn", "audit prove 999")
    for words in (*runs, *broken, "keys rotate-kek", "keys rotate-domain churn", "keys retire"):
        desk.run(*words.split(), env=env)
    vault.rotate()
    assert desk.run("keys", "rotate-kek", "--to", env["VARDE_KEK"], env=env).exit_code == 0
    for _ in range(2):
        found = reconciled(desk, env)
        assert (found["strength"], found["generations"]) == ("evidence", asked(vault))


def test_who_unwraps_elsewhere_is_seen_in_the_key_services_log(tmp_path: Path, vault: VaultFake) -> None:
    desk, env = Desk(tmp_path), environment(vault)
    desk.run("init", env=env)
    desk.run("audit", "verify", env=env)
    thief = open_hub(Settings.load(env, desk.home))
    thief.named_key(KeyKind.INDEX, "identity")  # a program that opens keys and keeps no count
    told = desk.run("audit", "reconcile", env=env)
    assert reconciled(desk, env)["generations"] == asked(vault) - 1
    assert "somebody" in told.stderr
    assert "elsewhere" in told.stderr


def test_python_opens_a_home_whose_key_is_in_a_service(
    tmp_path: Path, vault: VaultFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, env = Desk(tmp_path), environment(vault)
    desk.run("init", env=env)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    ours = open_workspace(desk.home).hub.verifier_key()
    assert open_workspace(desk.home, environment=env).hub.verifier_key() == ours
    with pytest.raises(KekUnavailable):
        open_workspace(desk.home, environment={})
    monkeypatch.setenv("VARDE_TOKEN", "of nobody")
    with pytest.raises(NotAuthenticated):
        open_workspace(desk.home)
