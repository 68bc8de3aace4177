"""From the setting VARDE_KEK to a provider: each kind, what cannot be used, and no library that was not asked for."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from hub.errors import SettingsInvalid
from hub.kek.environment import EnvironmentKek
from hub.kek.file import FileKek, create_key_file
from hub.kek.provider import kek_of
from hub.kek.vault_transit import VaultTransit
from hub.settings import KekSetting
from privacy.errors import KekUnavailable

ROOT = Path(__file__).parents[2]
VAULT = {"VAULT_ADDR": "https://vault.example.org", "VAULT_TOKEN": "Zq7"}


def test_a_path_or_file_is_a_file(tmp_path: Path) -> None:
    create_key_file(tmp_path / "kek")
    plain, named = (kek_of(KekSetting.of(url, {})) for url in (str(tmp_path / "kek"), f"file:{tmp_path / 'kek'}"))
    assert isinstance(plain, FileKek)
    assert plain.kek_id == named.kek_id


def test_a_variable_is_for_32_bytes_in_base64() -> None:
    secret = base64.b64encode(bytes(32)).decode()
    kek = kek_of(KekSetting.of("env:MY_KEK", {"MY_KEK": f" {secret}\n", "OTHER": "Zq7"}))
    assert isinstance(kek, EnvironmentKek)
    assert kek.kek_id.startswith("env-")
    for held in ({}, {"MY_KEK": "Zq7?"}, {"OTHER": secret}):
        with pytest.raises(SettingsInvalid, match="VARDE_KEK") as caught:
            kek_of(KekSetting.of("env:MY_KEK", held))
        assert "Zq7" not in str(caught.value)
    with pytest.raises(KekUnavailable, match="32 bytes"):
        kek_of(KekSetting.of("env:MY_KEK", {"MY_KEK": base64.b64encode(bytes(31)).decode()}))


def test_vault_is_made_without_asking_it() -> None:
    assert isinstance(kek_of(KekSetting.of("vault:transit/varde", VAULT)), VaultTransit)


def test_a_setting_is_handed_only_the_variables_of_its_kind() -> None:
    held = {"A": "1", "VARDE_TOKEN": "Zq7", **VAULT}
    assert KekSetting.of("/keys/kek", held).environment == {}
    assert KekSetting.of("aws-kms:key", held).environment == {}
    assert KekSetting.of("env:A", held).environment == {"A": "1"}
    assert KekSetting.of("vault:transit/varde", held).environment == VAULT


@pytest.mark.parametrize("url", ["gcp-kms:Zq7", "aws:Zq7", "http://Zq7", "c:Zq7"])
def test_an_unknown_kind_is_refused_with_the_known_ones(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="aws-kms:") as caught:
        KekSetting.of(url, {})
    assert "Zq7" not in str(caught.value)


def test_only_a_file_has_a_path() -> None:
    with pytest.raises(SettingsInvalid):
        _ = KekSetting.of("vault:transit/varde", VAULT).file


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def test_the_house_opens_without_any_providers_library() -> None:
    """Core dependencies are enough: neither starting nor the file, variable and Vault providers import boto3."""
    loaded = run(
        "import sys; import hub.cli.app, hub.api.app\n"
        "from hub.kek.provider import kek_of; from hub.settings import KekSetting\n"
        "kek_of(KekSetting.of('vault:a/b', {'VAULT_ADDR': 'https://a', 'VAULT_TOKEN': 't'}))\n"
        "print({'boto3', 'botocore', 'hvac', 'requests', 'httpx'} & set(sys.modules))"
    )
    assert loaded == "set()\n"


def test_a_missing_library_is_told_with_its_remedy() -> None:
    told = run(
        "import sys; sys.modules['boto3'] = None\n"
        "from hub.kek.provider import kek_of; from hub.settings import KekSetting\n"
        "from hub.errors import SettingsInvalid\n"
        "try:\n    kek_of(KekSetting.of('aws-kms:key?region=eu-north-1', {}))\n"
        "except SettingsInvalid as exc:\n    print(exc)"
    )
    assert "pip install 'varde[aws]'" in told
