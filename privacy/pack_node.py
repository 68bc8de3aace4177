"""One mapping of a policy pack, read strictly: each refusal is a `PolicyInvalid` with place, rule and remedy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TypeVar

from privacy.errors import PolicyInvalid

_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(frozen=True, slots=True, init=False)
class Node:
    """A mapping inside the pack together with its path, so that every refusal can name the place."""

    where: str
    fields: Mapping[str, object]

    def __init__(self, where: str, value: object) -> None:
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise PolicyInvalid(where, "must be a mapping with text keys", "indent its fields below it")
        object.__setattr__(self, "where", where)
        object.__setattr__(self, "fields", value)

    def only(self, known: frozenset[str]) -> None:
        """Refuse a field that is not known."""
        unknown = sorted(set(self.fields) - known)
        if unknown:
            raise PolicyInvalid(f"{self.where}.{unknown[0]}", "unknown field", f"known are {', '.join(sorted(known))}")

    def need(self, key: str) -> object:
        """Return a field that must be there."""
        if key not in self.fields:
            raise PolicyInvalid(f"{self.where}.{key}", "missing", "add the field")
        return self.fields[key]

    def child(self, key: str) -> "Node":
        """Return a mapping below this one."""
        return Node(f"{self.where}.{key}", self.need(key))

    def number(self, key: str, *, default: int | None = None) -> int:
        """Read a whole number of 1 or more."""
        value = self.fields.get(key, default) if default is not None else self.need(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise PolicyInvalid(f"{self.where}.{key}", "must be a whole number of 1 or more", "write it in digits")
        return value

    def flag(self, key: str) -> bool:
        """Read true or false; absent is false."""
        value = self.fields.get(key, False)
        if not isinstance(value, bool):
            raise PolicyInvalid(f"{self.where}.{key}", "must be true or false", "write true or false without quotes")
        return value

    def text(self, key: str) -> str:
        """Read text that is not empty."""
        return text_of(f"{self.where}.{key}", self.need(key))

    def find_text(self, key: str) -> str | None:
        """Read text; None where it is absent."""
        return None if self.fields.get(key) is None else self.text(key)

    def find_instant(self, key: str) -> datetime | None:
        """Read a date (its midnight in UTC) or an instant with its zone."""
        text = self.find_text(key)
        if text is None:
            return None
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            remedy = 'write "2026-01-31" or "2026-01-31T12:00:00Z", in quotes'
            raise PolicyInvalid(f"{self.where}.{key}", "must be a date or an instant", remedy) from None
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)

    def find_date(self, key: str) -> date | None:
        """Read a date; in quotes, for what YAML makes of it without them is no text to keep as JSON."""
        text = self.find_text(key)
        try:
            return None if text is None else date.fromisoformat(text)
        except ValueError:
            raise PolicyInvalid(f"{self.where}.{key}", "must be a date", 'write "2026-01-31", in quotes') from None

    def items(self, key: str) -> list[object]:
        """Read a list; absent is empty."""
        value = self.fields.get(key, [])
        if not isinstance(value, list | tuple):
            raise PolicyInvalid(f"{self.where}.{key}", "must be a list", "write it as [a, b]")
        return list(value)

    def words(self, key: str) -> frozenset[str]:
        """Read a list of texts."""
        where = f"{self.where}.{key}"
        return frozenset(text_of(where, word) for word in self.items(key))


def text_of(where: str, value: object) -> str:
    """Return a value as text that is not empty; raise `PolicyInvalid`."""
    if not isinstance(value, str) or not value.strip():
        raise PolicyInvalid(where, "must be text that is not empty", "write it in quotes")
    return value


def word_of(kind: Callable[[str], _Word], where: str, word: str) -> _Word:
    """Return one of the known words; raise `PolicyInvalid`."""
    try:
        return kind(word)
    except ValueError as exc:
        raise PolicyInvalid(where, "not one of the known words", "see the glossary for the list") from exc
