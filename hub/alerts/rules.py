"""Who answers which kind of critical message until when: `alerts.yaml` in the home, else what comes with Varde."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Any, Final

from yaml import YAMLError

from hub.compose import Hub
from hub.errors import SettingsInvalid
from privacy.plain_yaml import load_yaml
from privacy.purposes import LANGUAGES

FILE: Final = "alerts.yaml"
KINDS: Final = ("safety", "legal", "leaving")
"""The gravest first."""
_REMEDY: Final = "`varde voice alerts rules` prints a file to begin with"
_ADDRESS: Final = re.compile(r"[^@\s<>,]+@[^@\s<>,]+")
_MOST_MINUTES: Final = 60 * 24 * 14


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """Who has an alert of a kind on their desk, until when it is to be acknowledged, and who hears of it when not.

    `language` is what mails to both are written in.
    """

    owner: str
    escalate_to: str
    acknowledge_minutes: int
    escalate_minutes: int
    mail: tuple[str, ...]
    escalate_mail: tuple[str, ...]
    language: str = "en"

    def __post_init__(self) -> None:
        """Insist on names and on times that come.

        Raises:
            ValueError: says which part is wrong.

        """
        if not self.owner.strip() or not self.escalate_to.strip():
            raise ValueError("owner and escalate_to need a name")
        for minutes in (self.acknowledge_minutes, self.escalate_minutes):
            if minutes not in range(1, _MOST_MINUTES + 1):
                raise ValueError("minutes are whole numbers from 1 to two weeks")
        if not all(_ADDRESS.fullmatch(one) for one in (*self.mail, *self.escalate_mail)):
            raise ValueError("mail and escalate_mail are lists of addresses")
        if self.language not in LANGUAGES:
            raise ValueError(f"language is one of {', '.join(LANGUAGES)}")

    @property
    def acknowledge(self) -> timedelta:
        """How long from the alert until somebody has seen it."""
        return timedelta(minutes=self.acknowledge_minutes)

    @property
    def escalate(self) -> timedelta:
        """How long after that until the next in line hears of it."""
        return timedelta(minutes=self.escalate_minutes)


def shipped_text() -> str:
    """Return the rules that come with Varde, as text to edit."""
    return files("hub.alerts").joinpath("rules.yaml").read_text(encoding="utf-8")


def rules_of(hub: Hub) -> dict[str, AlertRule]:
    """Read the rules in force, by kind.

    Raises:
        SettingsInvalid: the file in the home makes no sense; says where.

    """
    own = hub.settings.home / FILE
    try:
        return rules_from(own.read_text(encoding="utf-8") if own.exists() else shipped_text())
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsInvalid(FILE, f"it cannot be read ({type(exc).__name__})", _REMEDY) from None


def rules_from(text: str) -> dict[str, AlertRule]:
    """Read rules from YAML; raises as `rules_of`."""
    try:
        read = load_yaml(text)
    except YAMLError:
        raise SettingsInvalid(FILE, "it is no YAML", _REMEDY) from None
    if not isinstance(read, Mapping) or set(read) != set(KINDS):
        raise SettingsInvalid(FILE, f"it must have {', '.join(KINDS)}, and nothing else", _REMEDY)
    return {kind: _rule(kind, read[kind]) for kind in KINDS}


def _rule(kind: str, read: Any) -> AlertRule:  # noqa: ANN401 - whatever stands in the file
    try:
        lists = {name: tuple(read[name]) for name in ("mail", "escalate_mail")}
        return AlertRule(**{**read, **lists})
    except (TypeError, KeyError, ValueError, AttributeError) as exc:
        why = str(exc) if isinstance(exc, ValueError) else "it has not the parts of a rule"
        raise SettingsInvalid(f"{FILE}, {kind}", why, _REMEDY) from None
