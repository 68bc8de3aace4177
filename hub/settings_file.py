"""`varde.toml` in a home: texts by known names and tables of issuers, never a secret."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from hub.errors import SettingsInvalid
from predict.errors import RuleRefused
from predict.value.margins import margins_of

CONFIG_FILE: Final = "varde.toml"
VALUE: Final = "value"


def document_of(path: Path) -> dict[str, Any]:
    """Read the file; one that is not there says nothing.

    Raises:
        SettingsInvalid: it is no TOML, or cannot be read.

    """
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as exc:
        raise SettingsInvalid(CONFIG_FILE, f"it is not TOML ({exc})", "Mend the line it names") from None
    except (OSError, UnicodeDecodeError) as exc:
        why = f"it cannot be read ({type(exc).__name__})"
        raise SettingsInvalid(CONFIG_FILE, why, "Make it a UTF-8 text file of yours") from None


def tables_of(document: dict[str, Any], name: str) -> tuple[Mapping[str, Any], ...]:
    """Take the tables of issuers out, as they are; `hub.identification.issuer` judges what is in them.

    Raises:
        SettingsInvalid: something else stands under their name.

    """
    found = document.pop(name, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise SettingsInvalid(name, "it is no list of tables", "Write [[issuer]]: docs/guides/customer-identity.md")
    return tuple(found)


def value_of(document: dict[str, Any]) -> Mapping[str, Any]:
    """Take out what the company says of customer value: margins, months and discount, checked as they will be used.

    Raises:
        SettingsInvalid: it is no table, or an entry has no sense.

    """
    found = document.pop(VALUE, {})
    if not isinstance(found, dict):
        raise SettingsInvalid(VALUE, "it is no table", "Write [value] and below it margin = 0.35")
    try:
        margins_of(found)
    except RuleRefused as exc:
        raise SettingsInvalid(f"{VALUE}.{exc.entry}", exc.rule, f"{exc.remedy} (docs/guides/predictions.md)") from None
    return found


def texts_of(found: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, str]:
    """Take the texts; `known` leads from each name in the file to that of its variable.

    Raises:
        SettingsInvalid: a name is unknown, a value is no text, or holds a password.

    """
    document = {key: _text_of(key, value) for key, value in found.items()}
    for key, value in document.items():
        if key not in known:
            remedy = f"Known are {', '.join(sorted(known))}; secrets go in the environment"
            raise SettingsInvalid(key, f"unknown in {CONFIG_FILE}", remedy)
        if not isinstance(value, str):
            raise SettingsInvalid(key, "it is not text", "Put the value in quotes")
        if any(map(_holds_password, value.split())):
            remedy = f"Set {known[key]} in the environment instead"
            raise SettingsInvalid(key, f"a password does not belong in {CONFIG_FILE}", remedy)
    return document


def _text_of(key: str, value: Any) -> Any:  # noqa: ANN401 - TOML's types
    """Take a list of addresses as one text, for they hold no spaces, and a number as its digits."""
    if key == "anchors" and isinstance(value, list) and all(isinstance(each, str) for each in value):
        return " ".join(value)
    if key == "unread_mib" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def _holds_password(url: str) -> bool:
    parts = urlsplit(url)
    return parts.password is not None or "password" in parse_qs(parts.query) or ";token=" in parts.path
