"""Settings: the environment wins over the file, unknown names and bad values are refused, no secret is in the file."""

from pathlib import Path

import pytest

from hub.errors import SettingsInvalid
from hub.settings import Settings
from hub.settings_file import CONFIG_FILE


def load(folder: Path, file: str = "", **environment: str) -> Settings:
    if file:
        (folder / CONFIG_FILE).write_text(file, encoding="utf-8")
    return Settings.load(environment, folder)


def test_everything_lies_in_the_home_by_default(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path / 'control.db'}"
    assert settings.keystore_url == f"sqlite:///{tmp_path / 'keystore.db'}"
    assert settings.lake_root == tmp_path / "lake"
    assert settings.kek_file == tmp_path / "key" / "kek"
    assert settings.owner_token_file == tmp_path / "owner.token"
    assert settings.models_folder == tmp_path / "models"
    assert settings.engine == "polars"
    assert settings.token is None


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = 'database_url = "sqlite:///of-the-file"\nlake_url = "/lake-of-the-file"'
    settings = load(tmp_path, file, VARDE_DATABASE_URL="sqlite:///of-the-environment")
    assert settings.database_url == "sqlite:///of-the-environment"
    assert settings.lake_root == Path("/lake-of-the-file")


def test_an_empty_variable_counts_as_none(tmp_path: Path) -> None:
    settings = load(tmp_path, 'lake_url = "/lake-of-the-file"', VARDE_LAKE_URL="", VARDE_TOKEN="")
    assert settings.lake_root == Path("/lake-of-the-file")
    assert settings.token is None


def test_the_home_is_named_by_argument_then_environment_then_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.load({"VARDE_HOME": "/b"}, Path("/a")).home == Path("/a")
    assert Settings.load({"VARDE_HOME": "/b"}).home == Path("/b")
    assert Settings.load({}).home == tmp_path / "varde-home"


@pytest.mark.parametrize("url", ["/keys/kek", "file:/keys/kek", "file:///keys/kek"])
def test_a_file_is_named_by_path_or_url(tmp_path: Path, url: str) -> None:
    assert load(tmp_path, VARDE_KEK=url).kek_file == Path("/keys/kek")


@pytest.mark.parametrize(
    ("file", "named"),
    [
        ('token = "Zq7"', "token"),
        ('datbase_url = "x"', "datbase_url"),
        ("[database_url]", "database_url"),
        ("engine = 7", "engine"),
        ("unread_mib = 0", "VARDE_UNREAD_MIB"),
        ('winback_hours = "20-8"', "VARDE_WINBACK_HOURS"),
        ('winback_hours = "8"', "VARDE_WINBACK_HOURS"),
        ("unread_mib = -1", "VARDE_UNREAD_MIB"),
        ("unread_mib = true", "unread_mib"),
        ('unread_mib = "Zq7"', "VARDE_UNREAD_MIB"),
        ("engine = ", CONFIG_FILE),
        ('engine = "duckdb"', "VARDE_ENGINE"),
        ('engine = "sc://spark.example:15002"', "VARDE_ENGINE"),
        ('engine = "sc://spark.example/;use_ssl=true;token=Zq7"', "engine"),
        ('lake_url = "s3://bucket/Zq7"', "VARDE_LAKE_URL"),
        ('kek = "gcp-kms:Zq7"', "VARDE_KEK"),
        ('kek = "s3://bucket/Zq7"', "VARDE_KEK"),
        ('database_url = "postgresql://varde:Zq7@host/name"', "database_url"),
        ('keystore_url = "postgresql://host/name?user=varde&password=Zq7"', "keystore_url"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name_and_not_repeated(tmp_path: Path, file: str, named: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        load(tmp_path, file)
    assert caught.value.name == named
    assert "Zq7" not in str(caught.value)


def test_a_password_belongs_in_the_environment(tmp_path: Path) -> None:
    url = "postgresql://varde:Zq7@host/name"
    assert load(tmp_path, VARDE_DATABASE_URL=url).database_url == url
    assert "Zq7" not in repr(load(tmp_path, VARDE_DATABASE_URL=url, VARDE_TOKEN="Zq7"))  # noqa: S106 - a canary


def test_a_file_that_is_no_text_or_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsInvalid):
        load(tmp_path)
    (tmp_path / CONFIG_FILE).unlink()
    (tmp_path / CONFIG_FILE).mkdir()
    with pytest.raises(SettingsInvalid):
        load(tmp_path)


def test_key_store_and_control_database_are_two_databases(tmp_path: Path) -> None:
    """In one database the keys would share every backup with what they seal, and the schemas would collide."""
    url = "postgresql://host/name"
    with pytest.raises(SettingsInvalid, match="KEYSTORE"):
        load(tmp_path, VARDE_DATABASE_URL=url, VARDE_KEYSTORE_URL=url)


def test_issuers_are_tables_of_the_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "varde.toml").write_text('[[issuer]]\nissuer = "https://id.example"\n', encoding="utf-8")
    assert [dict(each) for each in Settings.load({}, tmp_path).issuers] == [{"issuer": "https://id.example"}]
    (tmp_path / "varde.toml").write_text('issuer = "https://id.example"\n', encoding="utf-8")
    with pytest.raises(SettingsInvalid, match="no list of tables"):
        Settings.load({}, tmp_path)


def test_what_compares_everybody_is_one_of_two(tmp_path: Path) -> None:
    assert load(tmp_path).matching_engine == "duckdb"
    assert load(tmp_path, 'matching_engine = "spark"').matching_engine == "spark"


def test_how_much_unread_answers_may_hold_is_a_number_of_mebibytes(tmp_path: Path) -> None:
    assert load(tmp_path).unread_mib == 1_024
    assert load(tmp_path, "unread_mib = 2048").unread_mib == 2_048
    assert load(tmp_path, VARDE_UNREAD_MIB="64").unread_mib == 64


@pytest.mark.parametrize("engine", ["polars", "spark", "sc://127.0.0.1:50051", "sc://spark.example/;use_ssl=true"])
def test_views_are_grouped_where_the_setting_says(tmp_path: Path, engine: str) -> None:
    assert load(tmp_path, f'engine = "{engine}"').engine == engine


def test_a_token_for_the_engine_comes_by_the_environment_and_is_not_shown(tmp_path: Path) -> None:
    settings = load(tmp_path, VARDE_ENGINE="sc://spark.example/;use_ssl=true;token=Zq7")
    assert settings.engine.endswith("Zq7")
    assert "Zq7" not in repr(settings)
    with pytest.raises(SettingsInvalid, match="VARDE_MATCHING_ENGINE"):
        load(tmp_path, VARDE_MATCHING_ENGINE="abacus")


def test_what_customers_are_worth_is_a_table_and_refused_by_the_name_of_its_entry(tmp_path: Path) -> None:
    (tmp_path / "varde.toml").write_text("[value]\nmargin = 0.35\n", encoding="utf-8")
    assert Settings.load({}, tmp_path).value == {"margin": 0.35}
    for text, entry in (("[value]\nmargin = 35\n", "value.margin"), ("value = 3\n", "value"), ("", None)):
        (tmp_path / "varde.toml").write_text(text, encoding="utf-8")
        if entry is None:
            assert Settings.load({}, tmp_path).value == {}
            continue
        with pytest.raises(SettingsInvalid, match=entry):
            Settings.load({}, tmp_path)
