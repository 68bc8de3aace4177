"""When and how to reach each customer, as the child process tells it: a message in, a message out (`predict.studies`).

Nothing is kept: channel, part of the day and weekday are chosen anew of the rows of one read
(`predict.next_need.timing`).

Parts in: `contacts` (`predict.next_need.contacts`), `customers` (pseudonym, segment), `reach` (pseudonym and
reach_CHANNEL, as the hub decided: what is not there is closed; hour_HOUR, false where they refused that hour),
`calendar` (`predict.next_need.calendar`). Fields: as_of and at (instants), zone (IANA), language, closed (kinds of days
on which nobody is written to).

Out come `when`, a row a customer, and `told` (JSON): how many contacts, what choosing brought on the newest of them
(`predict.next_need.replay`), and what was answered beside the calendar.
"""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl
from polars.exceptions import PolarsError

from predict.errors import MessageRefused, TooFewCustomers
from predict.feature import LANGUAGES
from predict.field import instant_of
from predict.frames import PSEUDONYM
from predict.next_need.contacts import contacts_of
from predict.next_need.replay import replayed
from predict.next_need.timing import SEGMENT, Slots, best, by_position, next_contact
from predict.next_need.when_words import BY_CHANNEL, WHEN_WORDS
from predict.shares import told_share
from predict.wire import Message, arrow, told

WHEN: Final = "when"
COLUMNS: Final = (
    *(PSEUDONYM, "channel", "weekday", "hour", "contact_at", "position"),
    *("answers", "low", "high", "sent", "answered", "basis", "because"),
)
_LEAST_CONTACTS: Final = 100
_DIGITS: Final = 4


def answer(asked: Message) -> Message:
    """Answer with `when` and `told`.

    Raises:
        MessageRefused: a field says something else than it may.
        TooFewCustomers: there are too few contacts to say anything.
        PredictError: a frame lacks a column.
    """
    slots, language = _slots(asked.fields), _language(asked.fields)
    contacts = contacts_of(asked.frame("contacts"), as_of=instant_of(asked.fields, "as_of"))
    settled = contacts.filter("settled")
    if settled.height < _LEAST_CONTACTS:
        advice = "deliver what was sent and what was answered (table campaign_contacts)"
        raise TooFewCustomers(have=settled.height, need=_LEAST_CONTACTS, of_what="contacts", advice=advice)
    customers = _customers(asked.frame("customers"), contacts)
    channels = settled["channel"].unique().sort().to_list()
    chosen = best(settled, customers, slots, channels=channels, reach=asked.frame("reach"))
    calendar, at = asked.frame("calendar"), instant_of(asked.fields, "at")
    days = next_contact(chosen.drop_nulls("channel"), calendar, slots, at=at, last=contacts)
    rows = chosen.join(days, on=PSEUDONYM, how="left").with_columns(_because(language))
    rows = rows.with_columns(pl.col("answers", "low", "high").round(_DIGITS)).select(COLUMNS).sort(PSEUDONYM)
    positions = by_position(settled, calendar, slots.zone)
    known = {
        "contacts": settled.height,
        "answered": told_share(float(settled["answered"].sum()), settled.height),
        "ways": replayed(settled, customers, slots, channels=channels),
        "positions": [
            {"position": position, **told_share(float(answered), sent)}
            for position, sent, answered in positions.iter_rows()
        ],
    }
    return Message({"ok": True}, {WHEN: arrow(rows), "told": told(known)}, {WHEN: "arrow"})


def _customers(known: pl.DataFrame, contacts: pl.DataFrame) -> pl.DataFrame:
    """Name everybody: those of a segment, and whom we wrote to of whom no segment is known."""
    named = known.select(PSEUDONYM, pl.col(SEGMENT).cast(pl.String)).unique(PSEUDONYM, keep="first")
    others = contacts.select(PSEUDONYM).unique().join(named, on=PSEUDONYM, how="anti")
    return pl.concat([named, others.with_columns(pl.lit(None, dtype=pl.String).alias(SEGMENT))]).sort(PSEUDONYM)


def _because(language: str) -> pl.Expr:
    """Say why this channel, in words that the customer can check."""
    words, by = WHEN_WORDS[language], BY_CHANNEL[language]
    by_channel = pl.col("channel").replace_strict(dict(by), default=None, return_dtype=pl.String)
    figures = [pl.col(name).cast(pl.String) for name in ("answered", "sent")]
    own = pl.format(words["own"], *figures, by_channel)
    shared = [
        pl.when(pl.col("basis") == basis).then(pl.format(words[basis], by_channel)) for basis in (SEGMENT, "everybody")
    ]
    said = pl.coalesce(pl.when(pl.col("basis") == "own").then(own), *shared, pl.lit(words["closed"]))
    return said.alias("because")


def _slots(fields: Mapping[str, Any]) -> Slots:
    zone, closed = fields.get("zone", "UTC"), fields.get("closed", list(Slots().closed))
    if not isinstance(closed, list) or not all(isinstance(one, str) for one in closed):
        raise MessageRefused("field 'closed' must be a list of kinds of days")
    try:
        pl.Series(dtype=pl.Datetime("us", "UTC")).dt.convert_time_zone(str(zone))
    except PolarsError as exc:
        raise MessageRefused("field 'zone' must be a time zone as Europe/Oslo") from exc
    return Slots(closed=tuple(closed), zone=str(zone))


def _language(fields: Mapping[str, Any]) -> str:
    language = fields.get("language")
    if language not in LANGUAGES:
        raise MessageRefused(f"field 'language' must be one of {', '.join(LANGUAGES)}")
    return str(language)
