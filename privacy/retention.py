"""How long each kind of row is kept (GDPR Art. 5(1)(e)): table, data category, days and from when they count.

Where a statute orders a longer time, the rule names it: an erasure then keeps the row restricted and says
so (Art. 17(3)(b)).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from privacy.terms import DataCategory


class RetentionStart(StrEnum):
    """From which instant the days are counted."""

    EVENT_TIME = "event_time"  # when the thing happened
    ARRIVAL = "arrival"  # when the batch landed
    RELATION_END = "relation_end"  # when the customer's last contract ended


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """Keep rows of `table` and `data_category` for `days` whole days after `starts`.

    `statutory` names the law that orders the time, for example "bokføringsloven § 13", and is None where we
    chose it.

    Raises:
        ValueError: `days` is below 1: a row that is never kept is not ingested in the first place.

    """

    table: str
    data_category: DataCategory
    days: int
    starts: RetentionStart = RetentionStart.EVENT_TIME
    statutory: str | None = None

    def __post_init__(self) -> None:
        if self.days < 1:
            raise ValueError("a retention rule keeps rows for at least 1 day")


def expired_before(rule: RetentionRule, *, at: datetime) -> datetime:
    """Return the instant before which the rule's start must lie for a row to be expired at `at`.

    A row that started exactly then is kept: the days are granted in full.

    Raises:
        ValueError: `at` has no time zone.

    """
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at - timedelta(days=rule.days)
