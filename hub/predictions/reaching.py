"""When and how each customer is best reached, through the gate: two audited reads, and who may be reached.

Contacts come from a view with a row a message, segments from the scoring view of what comes next. What is chosen is a
plan and no leave to write: whoever writes asks again (`hub.contact.release`). Nothing is kept.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from hub.compose import Hub
from hub.contact.release import Outreach, release_check
from hub.predictions.child import ask
from hub.predictions.known_days import known_days
from hub.predictions.lessons import known_until, newest_cut
from hub.predictions.suggested import people_of
from hub.views.gateway import PSEUDONYM, Gateway, Released
from hub.views.intent import Reader
from hub.views.registry import readable_spec
from hub.views.spec import ViewSpec
from predict.next_need.timing import Slots
from predict.next_need.when import WHEN
from predict.studies import STUDY
from predict.wire import Message, arrow
from privacy.contact import Unreached
from privacy.terms import ContactChannel, RecordId

ASKED: Final = "when"
CONTACTS: Final = "next_need_contacts"
CUSTOMERS: Final = "next_need_scoring"
SEGMENT: Final = "life_cycle_stage"
_CHANNELS: Final = {
    "email": ContactChannel.EMAIL,
    "letter": ContactChannel.LETTER,
    "phone": ContactChannel.PHONE,
    "sms": ContactChannel.SMS_WHATSAPP,
}
"""The channels of the view, and the permission that each needs."""
_LATE: Final = (pl.col("because") == Unreached.OUTSIDE_HOURS.value).fill_null(value=False)
_FOR_NOW: Final = (Unreached.TOO_OFTEN.value, Unreached.OUTSIDE_HOURS.value)
"""In the way at this hour, and no reason against a plan for another day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """On which kinds of days nobody is written to, the holidays and the clock (IANA) at the seat, and the language."""

    closed: tuple[str, ...]
    holidays: Collection[date]
    zone: str
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaching:
    """`rows`: one a customer, and `told` for all of them (`predict.next_need.when`); the releases they came of."""

    as_of: datetime
    rows: pl.DataFrame
    told: dict[str, Any]
    released: Released
    customers: Released


def reaching(hub: Hub, who: Reader, wish: Wish) -> Reaching:
    """Say through which channel, on which weekday and at what hour each customer answers best, and on which day next.

    Raises:
        AccessRefused: the gate said no, or a view is not approved.
        ChildFailed: there are too few contacts to tell.

    """
    with hub.reading() as session:  # both, before either is read: half an answer would cost a read
        specs = [readable_spec(session, hub.policy(), name, at=hub.clock()) for name in (CONTACTS, CUSTOMERS)]
    contacts, at = _read(hub, who, specs[0])
    customers, _ = _read(hub, who, specs[1])
    known = customers.frame.select(PSEUDONYM, segment=pl.col(SEGMENT).cast(pl.String))
    everybody = pl.concat([known[PSEUDONYM], contacts.frame[PSEUDONYM]]).unique()
    parts = {
        "contacts": arrow(contacts.frame.drop("message")),
        "customers": arrow(known),
        "reach": arrow(_reach(hub, specs[0], everybody, wish.zone)),
        "calendar": arrow(known_days(hub, holidays=wish.holidays, zone=wish.zone)),
    }
    fields = {
        "as_of": at.isoformat(),
        "at": hub.clock().isoformat(),
        "zone": wish.zone,
        "closed": list(wish.closed),
        "language": wish.language,
    }
    answer = ask(STUDY, ASKED, Message(fields, parts, dict.fromkeys(parts, "arrow")))
    told = json.loads(answer.part("told"))
    until = min(contacts.expires_at, customers.expires_at)  # the rows are made of both
    leaves = min(contacts.leaves_until, customers.leaves_until)
    both = replace(contacts, expires_at=until, leaves_until=leaves)
    return Reaching(as_of=at, rows=answer.frame(WHEN), told=told, released=both, customers=customers)


def _read(hub: Hub, who: Reader, spec: ViewSpec) -> tuple[Released, datetime]:
    at = newest_cut(spec, known_until(hub, spec), hub.clock())
    return Gateway(hub).read(who, spec.name, purpose=spec.purpose, as_of=at), at


def _reach(hub: Hub, spec: ViewSpec, pseudonyms: pl.Series, zone: str) -> pl.DataFrame:
    """Say through which channels, and at which hours, each may be written to: `reach_CHANNEL` and `hour_HOUR`."""
    people, purpose, at = people_of(hub, spec, pseudonyms), hub.policy().purpose(spec.purpose), hub.clock()
    found, records = people.select(PSEUDONYM, "record"), [RecordId(one) for one in people["record"]]
    tomorrow = (at.astimezone(ZoneInfo(zone)) + timedelta(days=1)).replace(minute=0)
    with hub.reading() as session:

        def why_not(channel: ContactChannel, when: datetime) -> pl.DataFrame:
            checked = release_check(session, records, Outreach(channel=channel, purpose=purpose, at=when))
            return found.select("record").join(checked, on="record", how="left", maintain_order="left")

        for name, channel in _CHANNELS.items():  # four
            told = why_not(channel, at)
            open_ = pl.col("because").is_null() | pl.col("because").is_in(_FOR_NOW)
            found = found.with_columns(told.select(open_.alias(f"reach_{name}")).to_series())
        for hour in Slots().hours:  # four, each asked of every channel: hours are told only of a channel that is open
            then = tomorrow.replace(hour=hour)
            late = [why_not(each, then).select(_LATE).to_series() for each in _CHANNELS.values()]
            found = found.with_columns((~pl.any_horizontal(*late)).alias(f"hour_{hour}"))
    return found.drop("record")
