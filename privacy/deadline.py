"""When a subject request must be answered (GDPR Art. 12(3)), counted as Regulation (EEC, Euratom) 1182/71 counts.

Rules kept here:
- the day of receipt does not count; a month ends with the day of the same number, or with the last day of a month that
  has none (Art. 3(1) and 3(2)(c) of the Regulation);
- what ends on a Saturday, a Sunday or a public holiday ends with the next working day (Art. 3(4));
- the clock stands still for one thing only: from the day on which proof of identity was asked for until the day on
  which it came (Art. 12(6); EDPB Guidelines 01/2022, paragraph 159). Asking after the time was up stops nothing;
- two further months are had only by saying so, with the reason, before the first month is over.
Days are days at the controller's seat. A deadline is a day: the request is in time until its last hour.
"""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

MONTHS: Final = 1
EXTENDED_MONTHS: Final = 3
_MONTHS_OF_A_YEAR: Final = 12
_DAY: Final = timedelta(days=1)
IsWorkingDay = Callable[[date], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What moves the deadline of one request: days of receipt, of asking for proof of identity, of its coming."""

    received: date
    asked: date | None = None
    proved: date | None = None
    extended: bool = False


def same_day_after(start: date, months: int) -> date:
    """Return the day of the same number so many months later, or the last day of a month that has none."""
    years, month = divmod(start.month - 1 + months, _MONTHS_OF_A_YEAR)
    year, month = start.year + years, month + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))


def next_working_day(day: date, is_working_day: IsWorkingDay) -> date:
    """Return the day itself if it is a working day, else the first one after it."""
    while not is_working_day(day):
        day += _DAY
    return day


def due_on(clock: Clock, is_working_day: IsWorkingDay) -> date | None:
    """Return the last day on which the answer is in time; None while the clock stands still."""
    months = EXTENDED_MONTHS if clock.extended else MONTHS
    plain = same_day_after(clock.received, months)
    if clock.asked is None or clock.asked > next_working_day(plain, is_working_day):
        return next_working_day(plain, is_working_day)
    if clock.proved is None:
        return None
    return next_working_day(plain + max(clock.proved - clock.asked, timedelta()), is_working_day)


def may_extend(clock: Clock, told_on: date, is_working_day: IsWorkingDay) -> bool:
    """Say whether two further months can still be had by telling the person on that day."""
    first = None if clock.extended else due_on(clock, is_working_day)
    return first is not None and told_on <= first
