"""Instants on the command line: a date, or a date and time with its zone; always UTC inside."""

from datetime import UTC, datetime

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
