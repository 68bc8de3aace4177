"""Settings: the environment wins over `varde.toml` in the home; secrets are never in that file.

| variable | meaning | default |
|---|---|---|
| VARDE_HOME | folder of this hub | ./varde-home |
| VARDE_DATABASE_URL | control database | SQLite file in the home |
| VARDE_KEYSTORE_URL | key store, a database of its own | SQLite file in the home |
| VARDE_LAKE_URL | sealed lake | folder in the home |
| VARDE_KEK | `file:/path`, `aws-kms:KEY?region=R`, `vault:MOUNT/KEY`, `env:NAME` (development) | key/kek in the home |
| VARDE_ENGINE | who groups the events of views: `polars`, `spark`, or `sc://HOST:PORT` (Spark Connect) | polars |
| VARDE_MATCHING | how records are joined: by a `model`, or by `exact` rules | as the home was made (a new one: model) |
| VARDE_COUNTRY | the controller's seat: NO, SE, DK, FI, IS, DE, with a Land as DE-BY; its holidays and authority | NO |
| VARDE_CONTROLLER | name and contact of the controller, as people who ask for their data are told it | none |
| VARDE_ANCHORS | where checkpoints are kept outside, addresses with spaces between (a list in the file) | none |
| VARDE_MAIL | the mail server for letters to customers, `smtp://HOST:587?from=ADDRESS` | none |
| VARDE_PUBLIC_URL | where customers reach this hub, `https://HOST`: links in letters begin with it | none |
| VARDE_LEDGER_COPY | folder outside the home for the copy of the ledger of erasures and objections | none |
| VARDE_RECIPIENT_NETWORKS | networks that are not public and where recipients may be told, as 10.1.0.0/16 | none |
| VARDE_UNREAD_MIB | how many MiB answers over HTTP may hold that were built and are not read to their end | 1024 |
| VARDE_SMTP_USER, VARDE_SMTP_PASSWORD | login at the mail server of letters or of a `mailto:` anchor | none |
| VARDE_LANGUAGE_MODEL | proposes words of letters: `http://127.0.0.1:PORT/PATH?model=NAME`, on this machine | none |
| VARDE_WINBACK_TOKEN | token of a service: as it, `varde serve` sends approved win-back letters | none: people send |
| VARDE_WINBACK_HOURS | in which hours of working days at the seat, as 9-18 | 8-20 |
| VARDE_TOKEN | token of the principal who acts | the owner's token file in the home |
| VAULT_ADDR, VAULT_TOKEN, VAULT_NAMESPACE, VAULT_CACERT | where Vault is; only with `vault:` | none |

AWS credentials are found by boto3 as everywhere (instance role, AWS_PROFILE, ...). See docs/guides/keys.md.
Who else may say who a customer is, `[[issuer]]` in the file: see docs/guides/customer-identity.md.
What customers are worth, `[value]` in the file: margins, months and discount, see docs/guides/predictions.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NoReturn, Self
from urllib.parse import urlsplit

from hub.errors import SettingsInvalid
from hub.settings_file import CONFIG_FILE, document_of, tables_of, texts_of, value_of
from privacy.secret import SecretText

EXACT: Final = "exact"
MODEL: Final = "model"
DUCKDB: Final = "duckdb"
POLARS: Final = "polars"
SPARK: Final = "spark"
DEFAULT_HOME: Final = "varde-home"
_IN_FILE: Final = {
    "database_url": "VARDE_DATABASE_URL",
    "keystore_url": "VARDE_KEYSTORE_URL",
    "lake_url": "VARDE_LAKE_URL",
    "kek": "VARDE_KEK",
    "engine": "VARDE_ENGINE",
    "matching": "VARDE_MATCHING",
    "matching_engine": "VARDE_MATCHING_ENGINE",
    "anchors": "VARDE_ANCHORS",
    "ledger_copy": "VARDE_LEDGER_COPY",
    "country": "VARDE_COUNTRY",
    "controller": "VARDE_CONTROLLER",
    "mail": "VARDE_MAIL",
    "public_url": "VARDE_PUBLIC_URL",
    "recipient_networks": "VARDE_RECIPIENT_NETWORKS",
    "unread_mib": "VARDE_UNREAD_MIB",
    "winback_hours": "VARDE_WINBACK_HOURS",
    "language_model": "VARDE_LANGUAGE_MODEL",
}
_ISSUERS: Final = "issuer"
_VAULT: Final = ("VAULT_ADDR", "VAULT_TOKEN", "VAULT_NAMESPACE", "VAULT_CACERT")
_DIGITS: Final = 10
_THIS_MACHINE: Final = (None, "127.0.0.1", "::1", "localhost")
_HOURS: Final = re.compile(r"([0-9]{1,2})-([0-9]{1,2})", re.ASCII)
_DAY: Final = 24
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+-]*):(.*)", re.DOTALL)


class KekScheme(StrEnum):
    """The kinds of key-encryption key, by the word before the colon of VARDE_KEK."""

    FILE = "file"
    ENVIRONMENT = "env"
    AWS_KMS = "aws-kms"
    VAULT = "vault"


@dataclass(frozen=True, slots=True, kw_only=True)
class KekSetting:
    """Which key-encryption key, and the variables that reaching it takes: no others are handed on."""

    scheme: KekScheme
    place: str
    environment: Mapping[str, str] = field(repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        hidden = {name: SecretText(value) for name, value in self.environment.items()}
        object.__setattr__(self, "environment", hidden)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the key or the token in clear."""
        raise TypeError("a KekSetting is never pickled")

    @classmethod
    def of(cls, url: str, environment: Mapping[str, str]) -> Self:
        """Read VARDE_KEK; a path alone is a file.

        Raises:
            SettingsInvalid: the word before the colon is none of ours.

        """
        match = _SCHEME.fullmatch(url)
        if match is None or match[1] == KekScheme.FILE:
            return cls(scheme=KekScheme.FILE, place=str(_folder_of("VARDE_KEK", url)))
        try:
            scheme = KekScheme(match[1])
        except ValueError:
            remedy = f"Use a path or {', '.join(f'{each}:' for each in KekScheme)} (docs/guides/keys.md)"
            raise SettingsInvalid("VARDE_KEK", "there is no such kind of key-encryption key", remedy) from None
        wanted = {KekScheme.ENVIRONMENT: (match[2],), KekScheme.VAULT: _VAULT}.get(scheme, ())
        taken = {name: environment[name] for name in wanted if environment.get(name)}
        return cls(scheme=scheme, place=match[2], environment=taken)

    @property
    def file(self) -> Path:
        """Where the key file is.

        Raises:
            SettingsInvalid: the key-encryption key is not a file.

        """
        if self.scheme is not KekScheme.FILE:
            raise SettingsInvalid("VARDE_KEK", "it is not a file", "Use a path or file:/path")
        return Path(self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where everything of one hub is."""

    home: Path
    database_url: str = field(repr=False)  # may hold a password
    keystore_url: str = field(repr=False)
    lake_root: Path
    kek: KekSetting
    engine: str = field(repr=False)  # may hold a token
    matching: str | None  # None: as the home was made, which `open_hub` puts here
    token: str | None = field(repr=False)
    anchors: tuple[str, ...] = field(default=(), repr=False)  # a mail address is about a person
    smtp_login: tuple[str, str] | None = field(default=None, repr=False)
    ledger_copy: Path | None = None
    matching_engine: str = DUCKDB
    country: str = "NO"
    controller: str = ""
    mail: str | None = field(default=None, repr=False)  # likewise
    public_url: str | None = None
    recipient_networks: str = ""
    unread_mib: int = 1_024
    winback_token: str | None = field(default=None, repr=False)
    winback_hours: tuple[int, int] = (8, 20)
    language_model: str | None = None
    issuers: tuple[Mapping[str, Any], ...] = ()
    value: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("database_url", "keystore_url", "token", "winback_token"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else SecretText(value))
        if self.smtp_login is not None:
            object.__setattr__(self, "smtp_login", tuple(map(SecretText, self.smtp_login)))

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with passwords and the token in clear."""
        raise TypeError("Settings are never pickled")

    @classmethod
    def load(cls, environment: Mapping[str, str], home: Path | None = None) -> Self:
        """Read the environment and the home's `varde.toml`.

        Raises:
            SettingsInvalid: an unknown name or a value that cannot be used; names the setting and the remedy.

        """
        folder = (home or Path(environment.get("VARDE_HOME") or DEFAULT_HOME)).expanduser().absolute()
        document = document_of(folder / CONFIG_FILE)
        issuers = tables_of(document, _ISSUERS)
        value = value_of(document)
        found = texts_of(document, _IN_FILE)
        found.update({key: environment[name] for key, name in _IN_FILE.items() if environment.get(name)})
        database_url = found.get("database_url", f"sqlite:///{folder / 'control.db'}")
        keystore_url = found.get("keystore_url", f"sqlite:///{folder / 'keystore.db'}")
        if database_url == keystore_url:
            why = "it is the control database: one backup would hold the keys and what they seal"
            raise SettingsInvalid("VARDE_KEYSTORE_URL", why, "Name a database of its own")
        return cls(
            home=folder,
            database_url=database_url,
            keystore_url=keystore_url,
            lake_root=_folder_of("VARDE_LAKE_URL", found.get("lake_url", str(folder / "lake"))),
            kek=KekSetting.of(found.get("kek", str(folder / "key" / "kek")), environment),
            engine=_engine_of(found.get("engine", POLARS)),
            matching=_matching_of(found["matching"]) if "matching" in found else None,
            matching_engine=_matching_engine_of(found.get("matching_engine", DUCKDB)),
            token=environment.get("VARDE_TOKEN") or None,
            anchors=tuple(found.get("anchors", "").split()),
            smtp_login=_login_of(environment),
            ledger_copy=_folder_of("VARDE_LEDGER_COPY", found["ledger_copy"]) if "ledger_copy" in found else None,
            country=found.get("country", "NO"),
            controller=found.get("controller", ""),
            mail=found.get("mail"),
            public_url=found.get("public_url"),
            recipient_networks=found.get("recipient_networks", ""),
            unread_mib=_mebibytes_of(found.get("unread_mib", "1024")),
            winback_token=environment.get("VARDE_WINBACK_TOKEN") or None,
            winback_hours=_hours_of(found.get("winback_hours", "8-20")),
            language_model=found.get("language_model"),
            issuers=issuers,
            value=value,
        )

    @property
    def kek_file(self) -> Path | None:
        """The key file, None where a key service or a variable holds the key-encryption key."""
        return self.kek.file if self.kek.scheme is KekScheme.FILE else None

    @property
    def owner_token_file(self) -> Path:
        """The token that `varde init` made for the account that owns the home."""
        return self.home / "owner.token"

    @property
    def restore_marker(self) -> Path:
        """The file that lies in the home from the first step of a restore to the last."""
        return self.home / "restore.pending"

    @property
    def checks_folder(self) -> Path:
        """Where it is kept what `varde source check` counted: names and counts, no row."""
        return self.home / "checks"

    @property
    def models_folder(self) -> Path:
        """Where trained models rest: no personal data, never pickle."""
        return self.home / "models"


def _login_of(environment: Mapping[str, str]) -> tuple[str, str] | None:
    user, password = environment.get("VARDE_SMTP_USER"), environment.get("VARDE_SMTP_PASSWORD")
    return (user, password) if user and password else None


def _folder_of(name: str, url: str) -> Path:
    plain = url.removeprefix("file://").removeprefix("file:")
    if "://" in plain:
        raise SettingsInvalid(name, "only local files are supported so far", "Use a path or file:/path")
    return Path(plain).expanduser().absolute()


def _engine_of(engine: str) -> str:
    """Take the engine of views; rows and the keys of their files go there, so to another machine by TLS only."""
    address = urlsplit(engine)
    if engine not in (POLARS, SPARK) and (address.scheme != "sc" or not address.hostname):
        remedy = f"Use {POLARS}, {SPARK} or sc://HOST:PORT (docs/guides/spark.md)"
        raise SettingsInvalid("VARDE_ENGINE", "there is no such engine", remedy)
    if address.hostname not in _THIS_MACHINE and "use_ssl=true" not in address.path.split(";"):
        raise SettingsInvalid("VARDE_ENGINE", "rows would leave this machine in clear", "Add /;use_ssl=true")
    return SecretText(engine)  # it may hold a token


def _mebibytes_of(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < _DIGITS) or not int(text):
        raise SettingsInvalid("VARDE_UNREAD_MIB", "it is no number of MiB", "Write a whole number, 1 or more")
    return int(text)


def _hours_of(text: str) -> tuple[int, int]:
    match = _HOURS.fullmatch(text)
    begin, end = (int(match[1]), int(match[2])) if match else (0, 0)
    if not begin < end <= _DAY:
        raise SettingsInvalid("VARDE_WINBACK_HOURS", "these are no hours of a day", "Write from and to, as 8-20")
    return begin, end


def _matching_engine_of(engine: str) -> str:
    if engine not in (DUCKDB, SPARK):
        remedy = f"Use {DUCKDB} (this process) or {SPARK} (docs/guides/matching.md)"
        raise SettingsInvalid("VARDE_MATCHING_ENGINE", "there is no such engine", remedy)
    return engine


def _matching_of(matching: str) -> str:
    if matching not in (EXACT, MODEL):
        remedy = f"Use {EXACT} (rules that anybody can check) or {MODEL} (docs/guides/matching.md)"
        raise SettingsInvalid("VARDE_MATCHING", "people are joined in no such way", remedy)
    return matching
