"""What a column is called and how a value is written on the page that a person reads; the texts stand in `cells.yaml`.

- serial numbers, random ids, digests and counters are left out: the JSON form has them, and the page says so;
- an amount is written in its currency's own units, an instant and a date as the language has them;
- a word of a closed list is told in the person's language, a purpose by its name in the policy; what a source said
  itself stands as it said it;
- a column that nobody has named yet appears under its own name: nothing is lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from hub.requests.words import called, has_word, word
from ingest.readers.casts.number import minor_digits

Row = Mapping[str, Any]
_MINOR: Final = "_minor"
_TECHNICAL: Final = frozenset(
    (
        "currency",
        "version",
        "ordinal",
        "revision",
        "key_version",
        "form_version",
        "purpose_version",
        "redactor_version",
        "duplicate_of",
        "proven_key",
        "identifier_key",
        "values",  # a letter's; its text has them where they belong
        "remedy",  # for whoever mends the file
    )
)
_REASON_CODES: Final = frozenset({"reason_1", "reason_2", "reason_3"})
"""Told in words above the table; as codes they say nothing."""
_SHARES: Final = frozenset({"probability", "low", "high"})
_WORDED: Final = frozenset(
    (
        *(
            "kind",
            "status",
            "act",
            "channel",
            "channels",
            "direction",
            "state",
            "right",
            "arrival",
            "outcome",
            "reason",
        ),
        *("scope", "by", "grain", "cause", "module", "told_by", "verdict"),
    )
)
"""Columns whose words are of closed lists; any other text is somebody's own and stands as it was written."""
_NAMED: Final = frozenset({"field", "proven_field", "attributes", "column_name"})
_DATES: Final = {"sv": "%Y-%m-%d", "en": "%-d %b %Y"}
_DAY: Final = "%d.%m.%Y"


@dataclass(frozen=True, slots=True)
class Words:
    """The language of a page, the names of purposes in it, and whose clock its times are of (an IANA name)."""

    language: str
    purposes: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"

    def heading(self, column: str) -> str:
        """Return what a column is called."""
        return heading_of(column, self.language)

    def told(self, value: str) -> str:
        """Return a word of a closed list in the language."""
        return word("values", value, self.language) if has_word("values", value) else value

    def dated(self, text: str) -> str:
        """Write an instant or a date as people of the language write it, by the page's clock."""
        return instant_in_words(text, self.language, self.zone)

    def written(self, column: str, row: Row) -> str:
        """Write the value of a column of a row."""
        value = row.get(column)
        if value is None:
            return ""
        if column.endswith(_MINOR):
            return _amount(value, str(row.get("currency") or ""), self.language)
        if column in _SHARES and not isinstance(value, str):
            return f"{100 * value:.0f} %"
        return self._plain(column, value)

    def _plain(self, column: str, value: Any) -> str:  # noqa: ANN401 - any value that JSON holds
        if isinstance(value, bool):
            return self.told("yes" if value else "no")
        if isinstance(value, Mapping):
            return ", ".join(self._plain(column, each) for each in value.values())
        if isinstance(value, Sequence) and not isinstance(value, str):
            return ", ".join(self._plain(column, each) for each in value)
        return self._text(column, str(value))

    def _text(self, column: str, text: str) -> str:
        if column in {"purpose", "purposes"}:
            return ", ".join(self.purposes.get(each) or self.told(each) for each in text.split())
        if column == "rule":  # of a line that was not taken in: worded for whoever mends the file
            return self.told("unfit")
        if column in _NAMED:
            return self.heading(text)
        if column == "canonical_table":
            return called(text, self.language)
        return self.told(text) if column in _WORDED else self.dated(text)


def heading_of(column: str, language: str) -> str:
    """Return what a column is called in a language; one that nobody named by its own name, spaced."""
    name = column.removesuffix(_MINOR)
    return word("columns", name, language) if has_word("columns", name) else name.replace("_", " ")


def shown(columns: Sequence[str]) -> list[str]:
    """Return the columns that a page has, in their order."""
    return [name for name in columns if not _is_technical(name)]


def instant_in_words(text: str, language: str, zone: str) -> str:
    """Write an instant or a date in ISO 8601 as people write it, the instant by a zone's clock; other text as it is.

    Midnight to the microsecond, by UTC's clock or the zone's, is a day that a source gave without a time: it is told as
    a day, for a time would be invented.
    """
    if len(text) < len("2025-01-01") or text[4:5] != "-" or text[10:11] not in {"", "T"}:
        return text
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    whole_day = "T" not in text or at.time() == time.min
    if at.tzinfo is not None and not whole_day:
        at = at.astimezone(ZoneInfo(zone))
        whole_day = at.time() == time.min
    day = at.strftime(_DATES.get(language, _DAY))
    return day if whole_day else f"{day} {at:%H:%M}"


def _is_technical(name: str) -> bool:
    if name in _TECHNICAL or name in _REASON_CODES:
        return True
    return name.endswith(("_id", "_ref")) and name not in {"document_ref", "national_id"}


def _amount(minor: int, currency: str, language: str) -> str:
    digits = minor_digits(currency) if currency else 2
    plain = f"{Decimal(minor).scaleb(-digits):,.{digits}f}"
    if language != "en":  # the comma parts decimals there, a narrow space thousands
        plain = plain.replace(",", "\u202f").replace(".", ",")
    return f"{plain} {currency}".strip()
