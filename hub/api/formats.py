"""The forms in which a released frame leaves, and the choice among them by `Accept` (RFC 9110 §12.5.1)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from hub.views.wire import arrow_pieces, csv_pieces, json_pieces, parquet_pieces

ARROW: Final = "application/vnd.apache.arrow.stream"
PARQUET: Final = "application/vnd.apache.parquet"
CSV: Final = "text/csv"
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Format:
    """One form: its media type, and the pieces of a frame in it, with a label where the form has room for one."""

    media_type: str
    pieces: Callable[[pl.DataFrame, dict[str, str]], Iterator[bytes]]


FORMATS: Final[Mapping[str, Format]] = {
    media_type: Format(media_type, pieces)
    for media_type, pieces in (
        *((ARROW, arrow_pieces), (PARQUET, parquet_pieces)),
        *((CSV, csv_pieces), (JSON, json_pieces)),
    )
}
"""In order of preference where the caller has none."""


def format_of(accept: str | None) -> Format | None:
    """Choose the form with the highest quality that the caller accepts; None if there is none."""
    ranges = _ranges(accept or "*/*")
    quality = {media_type: _quality(media_type, ranges) for media_type in FORMATS}
    best = max(quality, key=lambda media_type: quality[media_type])  # the first of equals
    return FORMATS[best] if quality[best] > 0 else None


def _ranges(accept: str) -> dict[str, float]:
    """Read media ranges with their quality; what cannot be read counts as not acceptable."""
    ranges: dict[str, float] = {}
    for part in accept.lower().split(","):
        media_range, *parameters = (piece.strip() for piece in part.split(";"))
        ranges[media_range] = next((_weight(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
    return ranges


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0


def _quality(media_type: str, ranges: Mapping[str, float]) -> float:
    """Return the quality of the most specific range that covers a media type."""
    kind = media_type.partition("/")[0]
    return next((ranges[name] for name in (media_type, f"{kind}/*", "*/*") if name in ranges), 0.0)
