from datetime import timedelta
from pathlib import Path

import pytest

from hub.anchors.anchor import Level
from hub.anchors.directory import DirectoryAnchor
from hub.anchors.mail import MailAnchor
from hub.anchors.registry import anchors_of
from hub.errors import SettingsInvalid
from hub.settings import Settings
from privacy.cosignature import cosigner_key
from tests.builders import a_key
from tests.builders_log import ALog

VKEY = str(cosigner_key("witness.example/w1", a_key(5)))
LOG = ALog()
LOGIN = {"VARDE_SMTP_USER": "varde", "VARDE_SMTP_PASSWORD": "geheim"}


def settings(tmp_path: Path, *addresses: str, **environment: str) -> Settings:
    return Settings.load({"VARDE_ANCHORS": " ".join(addresses), **environment}, tmp_path / "home")


def test_every_kind_is_made_from_its_address(tmp_path: Path) -> None:
    addresses = (
        f"dir:{tmp_path}/share?every=10m",
        "s3://bucket/prefix?region=eu-north-1&lock=compliance&days=400&every=1h",
        "mailto:dpo@example.org?host=smtp.example.org&from=varde@example.org",
        f"witness:https://witness.example/prefix#{VKEY}",
    )
    made = anchors_of(settings(tmp_path, *addresses, **LOGIN))
    assert [anchor.name for anchor in made] == [
        f"dir:{tmp_path}/share",
        "s3://bucket/prefix",
        "mail:smtp.example.org",
        "witness:witness.example/w1",
    ]
    assert [anchor.level for anchor in made] == [Level.ANCHORED] * 3 + [Level.WITNESSED]
    assert [anchor.every for anchor in made] == [
        timedelta(minutes=10),
        timedelta(hours=1),
        timedelta(days=1),
        timedelta(0),
    ]
    assert isinstance(made[2], MailAnchor)
    assert (made[2].server.user, made[2].server.password, made[2].server.port) == ("varde", "geheim", 587)


def test_list_in_the_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "varde.toml").write_text(f'anchors = ["dir:{tmp_path}/a%20b", "dir:{tmp_path}/c"]\n', encoding="utf-8")
    read = anchors_of(Settings.load({}, home))
    assert [anchor.folder for anchor in read if isinstance(anchor, DirectoryAnchor)] == [
        tmp_path / "a b",
        tmp_path / "c",
    ]
    assert anchors_of(Settings.load({"VARDE_ANCHORS": f"dir:{tmp_path}/d"}, home))[0].name == f"dir:{tmp_path}/d"


def test_no_anchor_is_a_choice(tmp_path: Path) -> None:
    assert anchors_of(Settings.load({}, tmp_path / "home")) == ()


def test_addresses_and_login_are_not_shown(tmp_path: Path) -> None:
    shown = repr(settings(tmp_path, "mailto:dpo@example.org?host=h", **LOGIN))
    assert "dpo@" not in shown
    assert "geheim" not in shown


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("ftp://host/path", "no such kind"),
        ("dir", "no such kind"),
        ("dir:relative", "relative"),
        ("dir:{home}/anchors", "lies in the home"),
        ("dir:{home}/../home/x", "lies in the home"),
        ("dir:/share?every=often", "malformed"),
        ("dir:/share?evry=1m", "no such option"),
        ("s3:///prefix", "malformed"),
        ("s3://bucket?lock=perhaps", "malformed"),
        ("s3://bucket?days=0", "malformed"),
        ("mailto:dpo@example.org", "malformed"),
        ("mailto:dpo?host=smtp.example.org", "malformed"),
        ("mailto:dpo@example.org?host=h&port=smtp", "malformed"),
        ("witness:https://witness.example", "key is malformed"),
        ("witness:https://witness.example#x+y+z", "key is malformed"),
        (f"witness:https://witness.example#{LOG.vkey}", "a log's"),
        (f"witness:http://witness.example#{VKEY}", "in clear"),
        ("dir:/share dir:/share?every=1h", "one name"),
    ],
)
def test_address_that_cannot_be_used_says_why(tmp_path: Path, address: str, why: str) -> None:
    written = address.replace("{home}", str(tmp_path / "home"))
    with pytest.raises(SettingsInvalid, match=why):
        anchors_of(settings(tmp_path, written))


def test_password_in_the_file_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "varde.toml").write_text('anchors = ["dir:/a", "s3://u:geheim@bucket"]\n', encoding="utf-8")
    with pytest.raises(SettingsInvalid, match="password"):
        Settings.load({}, home)
