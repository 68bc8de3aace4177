"""Bands to hold own figures against: data that the controller edits, with where each band comes from.

None is built in: what is usual differs by trade, and a figure without its source would be taken for a fact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from predict.errors import RuleRefused
from predict.winback.kpi import Kpi


class Standing(StrEnum):
    """Where the own figure lies; `UNSURE` where its interval crosses an edge of the band."""

    BELOW = "below"
    WITHIN = "within"
    ABOVE = "above"
    UNSURE = "cannot be told yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What is usual for a figure, in the figure's own unit, and who says so."""

    kpi: str
    low: float
    high: float
    source: str

    def __post_init__(self) -> None:
        """Insist on an order and a source."""
        if self.low > self.high:
            raise RuleRefused(self.kpi, "low lies above high", "exchange the two")
        if not self.source.strip():
            raise RuleRefused(self.kpi, "no source is named", "say where the band comes from")


def bands_of(stored: Sequence[Mapping[str, Any]]) -> tuple[Band, ...]:
    """Read bands from plain JSON values.

    Raises:
        RuleRefused: an entry is not {kpi, low, high, source}, or has no sense.
    """
    try:
        return tuple(
            Band(kpi=str(one["kpi"]), low=float(one["low"]), high=float(one["high"]), source=str(one["source"]))
            for one in stored
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise RuleRefused("bands", "an entry is not {kpi, low, high, source}", "give all four") from exc


def standing(kpi: Kpi, band: Band) -> Standing:
    """Say where the figure lies, only as surely as its interval allows."""
    low, high = kpi.figure.low, kpi.figure.high
    if high < band.low:
        return Standing.BELOW
    if low > band.high:
        return Standing.ABOVE
    return Standing.WITHIN if low >= band.low and high <= band.high else Standing.UNSURE
