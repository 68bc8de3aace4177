"""Instants on the command line: a date, or a date and time with its zone; always UTC inside."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import typer


def instant_from(text: str) -> datetime:
    """Read `2025-01-31`, `2025-01-31T12:00Z` or another ISO 8601 instant; a date is its midnight, UTC.

    Raises:
        BadParameter: it is none of these, or a time without a zone.

    """
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter("write a date as YYYY-MM-DD, or with a time as YYYY-MM-DDThh:mmZ") from None
    if parsed.tzinfo is not None:
        return parsed.astimezone(UTC)
    if len(text.strip()) > len("2025-01-31"):
        raise typer.BadParameter("a time needs its zone: add Z for UTC, or an offset such as +01:00")
    return parsed.replace(tzinfo=UTC)


def end_from(text: str, zone: ZoneInfo) -> datetime:
    """Read the end of something, as `instant_from`; a date is the last day that counts: it ends at midnight in `zone`.

    Raises:
        BadParameter: as `instant_from`.

    """
    at = instant_from(text)
    if len(text.strip()) > len("2025-01-31"):
        return at
    try:
        return (at.replace(tzinfo=zone) + timedelta(days=1)).astimezone(UTC)  # wall clock: 23 hours can be a day, too
    except OverflowError:
        raise typer.BadParameter("that day is after all calendars: write an earlier one") from None
