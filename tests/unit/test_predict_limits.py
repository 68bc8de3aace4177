"""When seats are full: told of straight growth, never of chance, and never far ahead."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from predict.service.limits import COLUMNS, limits

TODAY = date(2026, 3, 2)


def counts(who: int, points: list[tuple[int, int, int]]) -> pl.DataFrame:
    ago, seats, limit = zip(*points, strict=True)
    rows = {"pseudonym": [bytes([who]) * 16] * len(ago), "days_ago": ago, "seats": seats, "seat_limit": limit}
    return pl.DataFrame(rows)


def told(points: list[tuple[int, int, int]]) -> dict[str, object]:
    return limits(counts(1, points), as_of=pl.lit(TODAY)).row(0, named=True)


def test_a_straight_line_is_led_to_its_end() -> None:
    line = told([(300, 40, 100), (200, 60, 100), (100, 80, 100), (0, 96, 100)])
    assert line["because"] is None
    assert abs((line["full_on"] - (TODAY + timedelta(days=15))).days) < 15
    assert line["earliest"] <= line["full_on"] <= line["latest"]


CASES = {
    "reached": [(200, 80, 100), (100, 90, 100), (0, 100, 100)],
    "too_few": [(100, 50, 100), (0, 90, 100)],
    "not_growing": [(300, 50, 100), (200, 60, 100), (100, 49, 100), (10, 55, 100)],
    "too_unsure": [(180, 70, 100), (120, 84, 100), (60, 84, 100), (0, 94, 100)],
    "passed": [(380, 20, 100), (320, 40, 100), (260, 60, 100), (200, 80, 100)],
    "too_far": [(270, 20, 100), (180, 22, 100), (90, 24, 100), (0, 26, 100)],
}


@pytest.mark.parametrize("because", CASES)
def test_without_a_date_there_is_a_reason(because: str) -> None:
    found = told(CASES[because])
    assert found["because"] == because
    assert found["full_on"] is None


def test_counts_under_an_earlier_limit_are_forgotten() -> None:
    found = told([(400, 10, 20), (300, 15, 20), (200, 19, 20), (100, 30, 100), (0, 35, 100)])
    assert found["because"] == "too_few"


def test_a_burst_of_counts_within_days_is_no_pace() -> None:
    assert told([(3, 50, 100), (2, 70, 100), (0, 90, 100)])["because"] == "too_few"


def test_nobody_and_not_told_seats_are_nobody() -> None:
    nobody = counts(1, CASES["reached"]).with_columns(pl.lit(None, dtype=pl.Int64).alias("seat_limit"))
    found = limits(nobody, as_of=pl.lit(TODAY))
    assert found.height == 0
    assert found.columns == list(COLUMNS)


def test_the_true_day_lies_within_the_interval_nine_times_in_ten_and_noise_has_no_date() -> None:
    rng, customers = np.random.default_rng(3), 400
    frames, truth = [], {}
    for who in range(customers):  # a customer a round, for the test alone
        ago = np.sort(rng.choice(np.arange(1, 360), 5, replace=False))
        days, pace = rng.uniform(20, 150), rng.uniform(0.1, 0.25)
        seats = 100 - pace * (days + ago) + rng.normal(0, 1.0, 5)
        key = who.to_bytes(16, "big")
        truth[key] = days
        rows = {"pseudonym": [key] * 5, "days_ago": ago, "seats": np.ceil(seats).astype(np.int64)}
        frames.append(pl.DataFrame(rows).with_columns(seat_limit=pl.lit(100)))
    found = limits(pl.concat(frames), as_of=pl.lit(TODAY)).filter(pl.col("because").is_null())
    days = np.array([truth[key] for key in found["pseudonym"]])
    first, last = ((found[name] - TODAY).dt.total_days().to_numpy() for name in ("earliest", "latest"))
    assert found.height > 200
    assert ((days >= first - 1) & (days <= last + 1)).mean() > 0.85
    flat = pl.concat(frames).with_columns(seats=pl.Series(rng.integers(40, 60, customers * 5)))
    dated = limits(flat, as_of=pl.lit(TODAY))["because"].null_count()
    assert dated < 0.05 * customers
