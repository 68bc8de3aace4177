"""Who answers to what is sent: by channel, hour and weekday, each customer as they are."""

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import stream
from hub.demo.lived import Truth
from hub.demo.rhythm import instant_of, start_of

CHANNELS: Final = ("email", "sms", "phone")
HOURS: Final = (8, 12, 17, 20)
_USUAL_ANSWER: Final = 0.05
_PER_CUSTOMER: Final = 24


def answers_of(seed: int, truth: Truth, until: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Draw contacts sent by lot, and who answers: two dozen a customer, by random channel, hour and weekday.

    Returns the contacts (entity, at, channel, hour (UTC), weekday (1 is Monday), answered) and the truth (entity,
    channel, hour, weekday: what the customer answers to best). Answers are three times as likely in the right channel,
    twice at the right hour, and half as likely again on the right weekday.
    """
    rng = stream(seed, "answers")
    share = truth.lives.planted.answers
    entities = truth.people["entity"]
    count = len(entities)
    best = pl.DataFrame(
        {
            "entity": entities,
            "channel": pl.Series(rng.choice(CHANNELS, count, p=[0.6, 0.25, 0.15]), dtype=pl.String),
            "hour": rng.choice(HOURS, count),
            "weekday": rng.integers(1, 6, count),
        }
    )
    rows = pl.Series(np.repeat(np.arange(count), _PER_CUSTOMER))
    sent = len(rows)
    monday = 7 - start_of(until).weekday()
    week, weekday = rng.integers(0, 100, sent), rng.integers(1, 6, sent)
    hour = rng.choice(HOURS, sent)
    day = pl.Series("day", monday + 7 * week + weekday - 1 + hour / 24)
    contacts = pl.DataFrame(
        {
            "entity": entities.gather(rows),
            "day": day,
            "channel": pl.Series(rng.choice(CHANNELS, sent), dtype=pl.String),
            "hour": hour,
            "weekday": weekday,
        }
    )
    right = [(contacts[name] == best[name].gather(rows)).to_numpy() for name in ("channel", "hour", "weekday")]
    more = [1 + share * factor * hit for factor, hit in zip((2.0, 1.0, 0.5), right, strict=True)]
    answered = rng.random(sent) < _USUAL_ANSWER * np.prod(more, axis=0)
    contacts = contacts.with_columns(at=instant_of(pl.col("day"), until), answered=pl.Series(answered)).drop("day")
    return contacts.sort("at", "entity"), best
