"""Customers who ask for help because of what happens to them, for the tests of `predict.service`."""

from datetime import UTC, datetime

import numpy as np
import polars as pl

TOPICS = ("function_error", "price", "usability")
DESCRIBED = [{"name": "errors_28d", "unit": "count"}, {"name": "last_ticket_topic", "role": "level"}]


def instant(month: int) -> datetime:
    return datetime(2024 + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def asking(*, months: int, each: int, strength: float, seed: int = 0) -> pl.DataFrame:
    """Let customers live `months` months: errors and full seats bring them to the desk, with a topic of their own."""
    rng = np.random.default_rng(seed)
    asked, topic, frames = np.zeros(each, dtype=np.bool_), np.full(each, "", dtype=object), []
    for month in range(months):
        errors, fill = rng.poisson(0.6, each).astype(np.float64), rng.uniform(0.2, 1.0, each)
        seen = (asked.astype(np.int64), topic.copy())
        odds = strength * (1.2 * (errors - 1) + 4 * (fill - 0.8)) - 1.0
        asked = rng.random(each) < 1 / (1 + np.exp(-odds))
        weights = np.exp(strength * np.column_stack([2.5 * (errors - 1), 8 * (fill - 0.8), np.zeros(each)]))
        drawn = (rng.random(each)[:, None] > np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)).sum(
            axis=1
        )
        topic = np.where(asked, np.array(TOPICS, dtype=object)[np.minimum(drawn, 2)], topic)
        frames.append(
            pl.DataFrame(
                {
                    "pseudonym": [number.to_bytes(16, "big") for number in range(each)],
                    "as_of": [instant(month)] * each,
                    "errors_28d": errors,
                    "seat_fill": fill,
                    "tickets_30d": seen[0],
                    "last_ticket_topic": pl.Series([one or None for one in seen[1]], dtype=pl.String),
                    "contacted": asked,
                }
            )
        )
    return pl.concat(frames)
