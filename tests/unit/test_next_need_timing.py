"""When and how to reach a customer: by their own answers where these say something, else as everybody like them."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from predict.errors import FrameRefused
from predict.next_need.calendar import beside, days_until
from predict.next_need.timing import Slots, best, by_position, levels, next_contact, rates

CHANNELS = ("email", "phone", "sms")
SLOTS = Slots()
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def answers(favour: float, *, customers: int = 400, each: int = 30, willing: float = 0.0) -> pl.DataFrame:
    """Contact everybody by lot; customer n answers `favour` times as often by channel n modulo 3."""
    rng = np.random.default_rng(11)
    who = np.repeat(np.arange(customers), each)
    channel = rng.integers(0, 3, who.size)
    rate = 0.08 * np.where(channel == who % 3, favour, 1) * np.exp(willing * rng.normal(size=customers))[who]
    moments = [MONDAY + timedelta(days=int(day), hours=int(hour)) for day, hour in rng.integers(0, 24, (who.size, 2))]
    return pl.DataFrame(
        {
            "pseudonym": [str(one).encode() for one in who],
            "at": moments,
            "channel": [CHANNELS[one] for one in channel],
            "answered": rng.random(who.size) < rate,
        }
    )


def everybody(contacts: pl.DataFrame, segment: str | None = "all") -> pl.DataFrame:
    return contacts.select("pseudonym", segment=pl.lit(segment, dtype=pl.String)).unique().sort("pseudonym")


def share_right(favour: float, willing: float = 0.0) -> float:
    contacts = answers(favour, willing=willing)
    found = best(contacts, everybody(contacts), SLOTS, channels=CHANNELS)
    right = [CHANNELS[int(who) % 3] == channel for who, channel in found.select("pseudonym", "channel").iter_rows()]
    return float(np.mean(right))


def test_whoever_answers_in_one_channel_is_written_to_there() -> None:
    assert share_right(6.0) > 0.8


@pytest.mark.parametrize("willing", [0.0, 1.0])
def test_where_customers_do_not_differ_all_are_reached_alike(willing: float) -> None:
    """Also where some answer to everything and others to nothing: that is no favourite channel."""
    contacts = answers(1.0, willing=willing)
    found = best(contacts, everybody(contacts), SLOTS, channels=CHANNELS)
    most = max(found["channel"].value_counts()["count"].to_list())
    assert most > 0.9 * found.height
    assert set(found["basis"]) == {"segment"}


def test_whom_we_never_wrote_to_is_reached_like_their_segment() -> None:
    contacts = answers(1.0).with_columns(
        answered=(pl.col("channel") == "sms") & (pl.col("pseudonym").cast(pl.String).cast(pl.Int64) % 2 == 0)
    )
    known = (
        contacts.select("pseudonym")
        .unique()
        .with_columns(
            segment=pl.when(pl.col("pseudonym").cast(pl.String).cast(pl.Int64) % 2 == 0)
            .then(pl.lit("answers by sms"))
            .otherwise(pl.lit("silent"))
        )
    )
    new = pl.DataFrame({"pseudonym": [b"new", b"nobody"], "segment": ["answers by sms", None]})
    found = best(contacts, pl.concat([known, new]), SLOTS, channels=CHANNELS)
    told = {one["pseudonym"]: (one["channel"], one["basis"]) for one in found.to_dicts()}
    assert told[b"new"] == ("sms", "segment")
    assert told[b"nobody"][1] == "everybody"


def test_a_rate_lies_within_its_bounds_and_moves_with_own_answers() -> None:
    contacts = levels(answers(6.0), SLOTS)
    found = rates(contacts, everybody(contacts), "channel", CHANNELS)
    assert found.filter((pl.col("low") > pl.col("rate")) | (pl.col("rate") > pl.col("high"))).is_empty()
    assert found["rate"].is_between(0, 1).all()
    shuffled = rates(contacts.reverse(), everybody(contacts).reverse(), "channel", CHANNELS)
    assert shuffled.equals(found)


def test_a_contact_waits_for_the_weekday_an_open_day_and_rest() -> None:
    chosen = pl.DataFrame({"pseudonym": [b"a", b"b", b"c"], "hour": [10, 15, 6], "weekday": [3, 3, 7]})
    calendar = pl.DataFrame({"day": [date(2026, 3, 4)], "kind": ["holiday"]})
    last = pl.DataFrame({"pseudonym": [b"b"], "at": [datetime(2026, 3, 5, 9, tzinfo=UTC)]})
    told = next_contact(chosen, calendar, SLOTS, at=MONDAY, last=last)
    assert told["contact_at"].to_list() == [
        datetime(2026, 3, 11, 10, tzinfo=UTC),
        None,
        datetime(2026, 3, 8, 6, tzinfo=UTC),
    ]


def test_a_holiday_stays_closed_beside_another_kind_of_the_same_day() -> None:
    chosen = pl.DataFrame({"pseudonym": [b"a"], "hour": [10], "weekday": [3]})
    calendar = pl.DataFrame({"day": [date(2026, 3, 4)] * 2, "kind": ["campaign", "holiday"]})
    told = next_contact(chosen, calendar, SLOTS, at=MONDAY)
    assert told["contact_at"].to_list() == [datetime(2026, 3, 11, 10, tzinfo=UTC)]


def test_days_lie_beside_the_calendar() -> None:
    calendar = pl.DataFrame({"day": [date(2026, 5, 1), date(2026, 5, 3)], "kind": ["holiday", "holiday"]})
    days = pl.Series([date(2026, 5, day) for day in (1, 2, 3, 4, 6)])
    places = beside(days, calendar)["position"].to_list()
    assert places == ["holiday", "before holiday", "holiday", "after holiday", "ordinary"]
    assert days_until(days, calendar, "holiday").to_list() == [0, 1, 0, None, None]
    contacts = answers(1.0, customers=20)
    counted = by_position(contacts, pl.DataFrame({"day": [date(2026, 3, 4)], "kind": ["payday"]}))
    assert set(counted["position"]) == {"before payday", "payday", "after payday", "ordinary"}
    assert counted["sent"].sum() == contacts.height


def test_what_lacks_a_column_is_refused() -> None:
    with pytest.raises(FrameRefused, match="channel"):
        levels(answers(1.0, customers=2).drop("channel"), SLOTS)
    with pytest.raises(FrameRefused, match="kind"):
        beside(pl.Series([date(2026, 5, 1)]), pl.DataFrame({"day": [date(2026, 5, 1)]}))


def test_an_hour_that_somebody_refused_is_not_chosen_for_them() -> None:
    contacts = answers(1.0, customers=60)
    people = everybody(contacts)
    free = best(contacts, people, SLOTS, channels=CHANNELS)
    usual = free["hour"].mode()[0]
    named = people.select("pseudonym", **{f"reach_{way}": pl.lit(value=True) for way in CHANNELS})
    first = pl.int_range(pl.len()) == 0
    some = best(contacts, people, SLOTS, channels=CHANNELS, reach=named.with_columns((~first).alias(f"hour_{usual}")))
    assert some["hour"][0] != usual
    assert some["hour"][1:].to_list() == free["hour"][1:].to_list()
    never = named.with_columns((~first).alias(f"hour_{hour}") for hour in SLOTS.hours)
    shut = best(contacts, people, SLOTS, channels=CHANNELS, reach=never)
    assert shut["hour"][0] is None, "and at none of ours where they refused all"
    calendar = pl.DataFrame(schema={"day": pl.Date, "kind": pl.String})
    days = next_contact(shut, calendar, SLOTS, at=MONDAY)
    assert days["contact_at"].is_null().to_list() == [True, *[False] * 59]
