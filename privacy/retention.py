"""How long each kind of row is kept (GDPR Art. 5(1)(e)), and which laws order that it be kept for longer.

Rules kept here:
- a period in days, months or years ends with the last hour of its last day; a month that has no such day ends it with
  its own last day (Regulation (EEC, Euratom) No 1182/71, Art. 3(2)(c)); days are those of UTC, so all that one day
  decides is decided alike at every hour of it;
- a rule for a purpose narrows what that purpose may see; the rule for no purpose says when the row goes for all;
- a statutory hold never lengthens a use: the row is kept and read for nothing but the law's own purpose (Art. 17(3)(b),
  18(2));
- whether something is over is asked by one date, the cut: what started before midnight UTC of it is over. So the same
  answer is a predicate on a column, a bound on a file, and a line in a plan.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, assert_never

from privacy.terms import DataCategory

MONTHS_A_YEAR: Final = 12
NOTHING: Final = date.min
"""The cut before which nothing lies."""
EVERYTHING: Final = date.max
"""The cut before which everything lies."""
NOT_A_CONTACT: Final = frozenset({"sent", "delivered", "bounced", "opened"})
"""What happened to a message without the person's doing. CNIL, deliberation SAN-2020-003 of 28 July 2020 (Spartoo): an
e-mail may be opened inadvertently; a click on a link in it is a contact."""


class RetentionStart(StrEnum):
    """From which instant a period is counted."""

    EVENT_TIME = "event_time"  # when the thing happened
    ARRIVAL = "arrival"  # when the batch landed; a row of the lake carries none, and counts from its event
    LAST_CONTACT = "last_contact"  # the last thing that the person did of their own accord
    RELATION_END = "relation_end"  # when the customer's last contract ended, or the last purchase was made
    ABSOLUTE = "absolute"  # a date: until then, whatever happened when


OF_PERSON: Final = frozenset({RetentionStart.LAST_CONTACT, RetentionStart.RELATION_END})
"""Starts that belong to a person rather than to a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """Keep what a `table` holds of a `data_category` for so many `days` or `months` after `starts`, or `until` a date.

    `purpose` is whose reads the rule narrows; None: it says when the row goes. `statutory` names the law that orders
    the time, `source` where the time comes from.

    Raises:
        ValueError: none or several of days, months and until; a date without `starts` absolute; or below 1: a row that
            is never kept is not ingested in the first place.

    """

    table: str
    data_category: DataCategory
    days: int | None = None
    months: int | None = None
    until: date | None = None
    starts: RetentionStart = RetentionStart.EVENT_TIME
    statutory: str | None = None
    purpose: str | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        if (self.days, self.months, self.until).count(None) != 2:  # noqa: PLR2004 - three ways to say it, two unused
            raise ValueError("a retention rule says days, months, years or until, one of them")
        if (self.until is None) is (self.starts is RetentionStart.ABSOLUTE):
            raise ValueError("until is the date of a rule that starts: absolute, and of no other")
        if min(self.days or 1, self.months or 1) < 1 or 0 in (self.days, self.months):
            raise ValueError("a retention rule keeps rows for at least 1 day")

    @property
    def name(self) -> str:
        """Name the rule in plans and audit entries: table, category and purpose."""
        return ".".join(word for word in (self.table, self.data_category, self.purpose) if word)

    @property
    def period(self) -> str:
        """Say how long, in ISO 8601."""
        if self.until is not None:
            return self.until.isoformat()
        return f"P{self.days}D" if self.days else f"P{self.months}M"


class HoldStart(StrEnum):
    """From which day a statutory period is counted."""

    FINANCIAL_YEAR = "financial_year"  # end of the financial year of the event
    CALENDAR_YEAR_OF_FINANCIAL_YEAR = "calendar_year_of_financial_year"  # of the calendar year in which that year ended
    CALENDAR_YEAR = "calendar_year"  # end of the calendar year of the event


@dataclass(frozen=True, slots=True, kw_only=True)
class StatutoryHold:
    """A law of a `country` that orders rows of `tables` to be kept for `months` after a year's end.

    `purpose` is the only one that reads them once their own time is over; a policy need not declare it.
    """

    name: str
    country: str
    tables: frozenset[str]
    months: int
    after: HoldStart
    purpose: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookkeeping:
    """Where the controller keeps books, and in which month (1 to 12) its financial year begins."""

    countries: frozenset[str] = frozenset()
    financial_year_starts: int = 1


@dataclass(frozen=True, slots=True)
class ContactEvent:
    """Rows of a table that are a contact by the person: all, or those whose `column` has one of the `values`."""

    table: str
    column: str | None = None
    values: frozenset[str] = frozenset()


NO_BOOKS: Final = Bookkeeping()
"""No country's laws bind; the financial year is the calendar year."""

CONTACT_EVENTS: Final = (
    ContactEvent("orders", "status", frozenset({"placed", "cancelled", "returned"})),
    ContactEvent("subscriptions", "kind", frozenset({"started", "upgraded", "downgraded", "cancelled"})),
    ContactEvent("usage", "kind", frozenset({"login", "feature", "session"})),
    ContactEvent("tickets"),
    ContactEvent("messages", "direction", frozenset({"in"})),
    ContactEvent("feedback"),
    ContactEvent("campaign_contacts", "kind", frozenset({"clicked", "replied"})),
)
"""What counts as a contact by the person where the policy does not say otherwise."""


def cut_of(rule: RetentionRule, *, on: date) -> date:
    """Return the first date that a rule still keeps on a day: whatever started before its midnight (UTC) is over."""
    if rule.until is not None:
        return EVERYTHING if on > rule.until else NOTHING
    if rule.days is not None:
        return minus_days(on, rule.days)
    return first_kept(on, months=rule.months or 0)


def last_day(start: date, *, months: int) -> date:
    """Return the last day of a period of calendar months that began on a date."""
    year, month = _month_after(start, months)
    return date(year, month, min(start.day, monthrange(year, month)[1]))


def first_kept(on: date, *, months: int) -> date:
    """Return the first date whose period of calendar months has not ended before a day: the inverse of `last_day`.

    Where the earlier month has no such day, all of it is over: none of its days reaches so far.
    """
    year, month = _month_after(on, -months)
    if year < date.min.year:
        return NOTHING
    if on.day <= monthrange(year, month)[1]:
        return date(year, month, on.day)
    return date(year, month, monthrange(year, month)[1]) + timedelta(days=1)


def held_until(hold: StatutoryHold, books: Bookkeeping, event: date) -> date:
    """Return the last day on which a law keeps what happened on a date."""
    return last_day(_year_end(hold.after, books, event), months=hold.months)


def first_held(hold: StatutoryHold, books: Bookkeeping, *, on: date) -> date:
    """Return the first date whose events a law still keeps on a day; all later ones are kept, too.

    Years are kept whole, so only their first days can be the answer.
    """
    month = 1 if hold.after is HoldStart.CALENDAR_YEAR else books.financial_year_starts
    kept_years = hold.months // MONTHS_A_YEAR + 2  # the year of the event, and one that a calendar year may add
    starts = (date(year, month, 1) for year in range(max(1, on.year - kept_years), on.year + 1))
    return next((first for first in starts if held_until(hold, books, first) >= on), EVERYTHING)


def midnight(day: date) -> datetime:
    """Return the instant at which a date begins (UTC)."""
    return datetime.combine(day, time.min, UTC)


def date_of(at: datetime) -> date:
    """Return the date of an instant in UTC.

    Raises:
        ValueError: `at` has no time zone.

    """
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(UTC).date()


def expired_before(rule: RetentionRule, *, at: datetime) -> datetime:
    """Return the instant before which the rule's start must lie for a row to be over at `at`.

    Raises:
        ValueError: `at` has no time zone.

    """
    return midnight(cut_of(rule, on=date_of(at)))


def _year_end(after: HoldStart, books: Bookkeeping, event: date) -> date:
    match after:
        case HoldStart.CALENDAR_YEAR:
            return date(event.year, 12, 31)
        case HoldStart.FINANCIAL_YEAR:
            return _financial_year_end(books, event)
        case HoldStart.CALENDAR_YEAR_OF_FINANCIAL_YEAR:
            return date(_financial_year_end(books, event).year, 12, 31)
        case _:
            assert_never(after)


def _financial_year_end(books: Bookkeeping, event: date) -> date:
    """Return the last day of the financial year in which a date lies."""
    year = event.year if event.month < books.financial_year_starts else event.year + 1
    return date(year, books.financial_year_starts, 1) - timedelta(days=1)


def _month_after(start: date, months: int) -> tuple[int, int]:
    """Count calendar months on or back; the year may lie outside what a date can be."""
    year, month = divmod(start.year * MONTHS_A_YEAR + start.month - 1 + months, MONTHS_A_YEAR)
    return year, month + 1


def minus_days(on: date, days: int) -> date:
    """Return the date so many days before, the first there is where there are not so many."""
    return NOTHING if days >= on.toordinal() else on - timedelta(days=days)
