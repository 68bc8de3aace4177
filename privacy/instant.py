"""Instants: aware UTC in Python, whole microseconds since 1970 in every database.

An integer sorts, compares and indexes alike on SQLite and PostgreSQL; a naive datetime is refused at the door.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def microseconds_of(at: datetime) -> int:
    """Return whole microseconds since 1970-01-01 UTC.

    Raises:
        ValueError: `at` has no time zone: local time is not an instant.

    """
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (at - EPOCH) // _MICROSECOND


def instant_of(microseconds: int) -> datetime:
    """Return the aware UTC datetime of whole microseconds since 1970."""
    return EPOCH + timedelta(microseconds=microseconds)


class Instant(TypeDecorator[datetime]):
    """A column of instants."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Store microseconds."""
        return None if value is None else microseconds_of(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ANN401, ARG002 - SQLAlchemy's signature
        """Give back an aware datetime."""
        return None if value is None else instant_of(int(value))
