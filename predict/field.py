"""Fields of a message that several questions read: an instant, a whole number."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from predict.errors import MessageRefused


def instant_of(fields: Mapping[str, Any], name: str) -> datetime:
    """Read an instant with its time zone.

    Raises:
        MessageRefused: it is missing, no ISO 8601, or names no time zone.
    """
    try:
        at = datetime.fromisoformat(fields[name])
    except (KeyError, TypeError, ValueError) as exc:
        raise MessageRefused(f"field {name!r} must be an instant, as ISO 8601") from exc
    if at.tzinfo is None:
        raise MessageRefused(f"field {name!r} must name its time zone")
    return at


def seed_of(fields: Mapping[str, Any], default: int = 0) -> int:
    """Read the seed of what is drawn.

    Raises:
        MessageRefused: it is no whole number from 0 on.
    """
    seed = fields.get("seed", default)
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise MessageRefused("field 'seed' must be a whole number")
    return seed
