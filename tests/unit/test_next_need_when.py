"""When and how customers are reached, as the child tells it: which answer is of what, and whether choosing helped."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predict.errors import FrameRefused, MessageRefused, TooFewCustomers
from predict.feature import LANGUAGES
from predict.next_need.contacts import contacts_of
from predict.next_need.replay import replayed
from predict.next_need.timing import Slots
from predict.studies import load_study
from predict.wire import Message, arrow

AS_OF = datetime(2026, 3, 2, tzinfo=UTC)
CHANNELS = ("email", "phone", "sms")
SCHEMA = {
    "pseudonym": pl.Binary,
    "contact_channel": pl.String,
    "contact_sent_hours": pl.Float64,
    "contact_answered_days": pl.Int64,
}
Row = tuple[bytes, str, float | None, int | None]
events = st.lists(
    st.tuples(
        st.sampled_from((b"a", b"b")), st.sampled_from(("email", "sms", "other")), st.booleans(), st.integers(0, 40)
    ),
    max_size=25,
)


def frame_of(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@given(events)
def test_an_answer_is_of_the_newest_message_through_its_channel_within_a_week(
    some: list[tuple[bytes, str, bool, int]],
) -> None:
    """Against a loop over all pairs; hours are spread, so that no two messages are of one instant."""
    sent = [(who, channel, 24 * day + 1 + at / 2) for at, (who, channel, ours, day) in enumerate(some) if ours]
    answers = [(who, channel, day) for who, channel, ours, day in some if not ours]
    rows: list[Row] = [(*one, None) for one in sent] + [(who, channel, None, day) for who, channel, day in answers]
    told = contacts_of(frame_of(rows), as_of=AS_OF)
    expected = set()
    for who, channel, day in answers:
        before = [one for one in sent if one[:2] == (who, channel) and 24 * day < one[2] <= 24 * (day + 8)]
        expected |= {min(before, key=lambda one: one[2])} if before and channel != "other" else set()
    found = {
        (who, channel, (AS_OF - at) / timedelta(hours=1))
        for who, channel, at in told.filter("answered").select("pseudonym", "channel", "at").iter_rows()
    }
    assert found == expected
    assert told.height == sum(channel != "other" for _, channel, _ in sent)
    assert told.filter(pl.col("settled") != (pl.col("at") <= AS_OF - timedelta(days=8))).is_empty()


def planted(favour: float, *, customers: int = 300, each: int = 24) -> pl.DataFrame:
    """Write to everybody by lot; customer n answers `favour` times as often by channel n modulo 3."""
    rng = np.random.default_rng(5)
    who = np.repeat(np.arange(customers), each)
    channel, hours = rng.integers(0, 3, who.size), rng.integers(200, 5_000, who.size)
    answered = rng.random(who.size) < 0.08 * np.where(channel == who % 3, favour, 1)
    rows = pl.DataFrame(
        {
            "pseudonym": [str(one).encode() for one in who],
            "contact_channel": [CHANNELS[one] for one in channel],
            "contact_sent_hours": hours + 0.5,
            "contact_answered_days": pl.Series(hours // 24, dtype=pl.Int64).set(pl.Series(~answered), None),
        }
    )
    reply = rows.drop_nulls("contact_answered_days").with_columns(
        pl.lit(None, dtype=pl.Float64).alias("contact_sent_hours")
    )
    return pl.concat([rows.with_columns(pl.lit(None, dtype=pl.Int64).alias("contact_answered_days")), reply])


def ask(
    rows: pl.DataFrame, *, closed_for: frozenset[str] = frozenset(), **fields: Any
) -> tuple[pl.DataFrame, dict[str, Any]]:
    everybody = rows.select("pseudonym").unique().sort("pseudonym")
    open_ = {f"reach_{one}": pl.lit(one not in closed_for) for one in CHANNELS}
    parts = {
        "contacts": arrow(rows),
        "customers": arrow(everybody.with_columns(segment=pl.lit("established"))),
        "reach": arrow(everybody.with_columns(**open_)),
        "calendar": arrow(pl.DataFrame({"day": [date(2026, 3, 4)], "kind": ["holiday"]})),
    }
    said = {"as_of": AS_OF.isoformat(), "at": AS_OF.isoformat(), "language": "en", "zone": "Europe/Oslo", **fields}
    answer = load_study("when")(Message(said, parts, dict.fromkeys(parts, "arrow")))
    return answer.frame("when"), json.loads(answer.part("told"))


def test_planted_channels_are_found_and_the_newest_contacts_show_it() -> None:
    rows, told = ask(planted(6.0))
    right = [CHANNELS[int(who) % 3] == channel for who, channel in rows.select("pseudonym", "channel").iter_rows()]
    assert np.mean(right) > 0.8
    by_channel = next(one for one in told["ways"] if one["dimension"] == "channel")
    assert by_channel["holds"]
    assert by_channel["chosen"]["figure"] > 1.5 * by_channel["any"]["figure"]
    own = rows.filter(pl.col("basis") == "own").row(0, named=True)
    assert own["because"].startswith(f"you answered {own['answered']} of {own['sent']} messages by ")
    assert (rows["contact_at"].dt.date() != date(2026, 3, 4)).all(), "closed on a holiday"
    assert {one["position"] for one in told["positions"]} == {"ordinary"}


def test_where_nothing_was_planted_nothing_is_claimed() -> None:
    _, told = ask(planted(1.0))
    assert not any(one["holds"] for one in told["ways"])


def test_customers_who_answer_more_are_no_gain_of_the_channel_that_they_are_written_to_by() -> None:
    """Half of the customers answer often and hear from us by e-mail mostly; no channel changes anything."""
    who = np.repeat(np.arange(150), 20)
    holds = 0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        eager = who % 2 == 0
        contacts = pl.DataFrame(
            {
                "pseudonym": [str(one).encode() for one in who],
                "at": [AS_OF + timedelta(hours=int(hour)) for hour in rng.integers(0, 5_000, who.size)],
                "channel": np.where((rng.random(who.size) < 0.9) == eager, "email", "sms"),
                "answered": rng.random(who.size) < np.where(eager, 0.5, 0.05),
            }
        )
        everybody = contacts.select("pseudonym", segment=pl.lit("all")).unique()
        told = replayed(contacts, everybody, Slots(), channels=("email", "sms"))
        holds += next(one for one in told if one["dimension"] == "channel")["holds"]
    assert not holds


def test_a_closed_channel_is_never_chosen_and_without_any_no_day_is_named() -> None:
    rows, _ = ask(planted(6.0), closed_for=frozenset({"sms"}))
    assert set(rows["channel"]) == {"email", "phone"}
    of_segment = rows.filter(pl.col("basis") == "segment")["because"]
    assert of_segment.str.starts_with("of the channels that are open").all(), "sms may be answered more often"
    shut, _ = ask(planted(6.0), closed_for=frozenset(CHANNELS), language="nb")
    assert shut.select(pl.all_horizontal(pl.col("channel", "contact_at", "answers", "basis").is_null()).all()).item()
    assert set(shut["because"]) == {"ingen kanal er åpen for dette nå"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_customer_is_told_why_in_each_language(language: str) -> None:
    rows, _ = ask(planted(6.0, customers=60), language=language)
    assert rows["because"].null_count() == 0
    assert not rows["because"].str.contains(r"[{}]").any()


def test_of_few_contacts_nothing_is_told_and_a_wrong_question_is_refused() -> None:
    with pytest.raises(TooFewCustomers, match="contacts"):
        ask(planted(1.0, customers=4))
    for wrong in ({"zone": "Middle/Earth"}, {"closed": "holiday"}, {"language": "fi"}):
        with pytest.raises(MessageRefused, match=next(iter(wrong))):
            ask(planted(1.0, customers=4), **wrong)
    with pytest.raises(FrameRefused, match="contact_sent_hours"):
        contacts_of(frame_of([]).drop("contact_sent_hours"), as_of=AS_OF)


def test_hours_are_those_of_the_clock_on_the_wall() -> None:
    """The first fifty are of 09:30 UTC, 10:30 in Oslo, and answered; the others are of 08:30 UTC, and are not."""
    first: list[Row] = [(b"a", "email", 24 * (10 + n) + 14.5, None) for n in range(50)]
    answers: list[Row] = [(b"a", "email", None, 10 + n) for n in range(50)]
    second: list[Row] = [(b"b", "email", 24 * (10 + n) + 15.5, None) for n in range(60)]
    told, _ = ask(frame_of(first + answers + second))
    assert told["hour"].to_list() == [10, 10]
    assert {one.hour for one in told["contact_at"]} == {9}, "ten in Oslo, in winter"


def test_of_few_contacts_no_way_is_judged() -> None:
    contacts = contacts_of(frame_of([(b"a", "email", 300.5 + n, None) for n in range(40)]), as_of=AS_OF)
    everybody = pl.DataFrame({"pseudonym": [b"a"], "segment": ["all"]})
    assert replayed(contacts, everybody, Slots(), channels=("email",)) == []
