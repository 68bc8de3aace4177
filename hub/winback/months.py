"""Names of months as letters write them."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

_NORWEGIAN: Final = (
    *("januar", "februar", "mars", "april", "mai", "juni"),
    *("juli", "august", "september", "oktober", "november", "desember"),
)
_MONTHS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "nb": _NORWEGIAN,
        "nn": _NORWEGIAN,
        "sv": (
            *("januari", "februari", "mars", "april", "maj", "juni"),
            *("juli", "augusti", "september", "oktober", "november", "december"),
        ),
        "en": (
            *("January", "February", "March", "April", "May", "June"),
            *("July", "August", "September", "October", "November", "December"),
        ),
        "de": (
            *("Januar", "Februar", "März", "April", "Mai", "Juni"),
            *("Juli", "August", "September", "Oktober", "November", "Dezember"),
        ),
    }
)


def month_in_words(day: date, language: str) -> str:
    """Write a month and its year: oktober 2025."""
    return f"{_MONTHS[language][day.month - 1]} {day.year}"
