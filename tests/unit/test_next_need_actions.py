"""The next best action: what fits, by what is expected of it, with the chance told; and learning that can be judged."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import polars as pl
import pytest

from predict.errors import FrameRefused, RuleRefused, TooFewCustomers
from predict.next_need.action import NOTHING, ActionCatalogue, action_catalogue_of
from predict.next_need.belief import beliefs
from predict.next_need.suggest import Because, prioritise, suggest
from predict.next_need.worth import Judging, values, with_values

AT: Final = datetime(2026, 3, 2, tzinfo=UTC)
STORED: Final[dict[str, Any]] = {
    "actions": [
        {"name": "call", "needs": ["premium", "licences"], "channels": ["phone"]},
        {"name": "letter", "needs": ["premium"], "channels": ["email", "letter"], "cost_minor": 5_00},
        {"name": "gift", "needs": ["premium"], "channels": ["email"], "cost_minor": 80_00},
        {"name": "spring", "needs": ["premium"], "channels": ["email"], "valid_until": "2026-03-01"},
    ],
    "margins": {"premium": 100_00, "licences": 60_00},
    "channels": {"phone": 4_00, "email": 10, "letter": 1_00},
}
CATALOGUE: Final = action_catalogue_of(STORED)
UNSEEN: Final = pl.DataFrame(schema={"need": pl.String, "action": pl.String, "bought": pl.Boolean})
TRUE: Final = {NOTHING: 0.05, "call": 0.30, "letter": 0.08}


def customers(size: int, need: str | None = "premium", **reach: object) -> pl.DataFrame:
    allowed = {"reach_phone": True, "reach_email": True, "reach_letter": True} | reach
    who = [number.to_bytes(16, "big") for number in range(size)]
    columns = [pl.lit(value, dtype=pl.Boolean).alias(name) for name, value in allowed.items()]
    return pl.DataFrame({"pseudonym": who}).with_columns(
        pl.lit(AT).alias("as_of"), pl.lit(need, dtype=pl.String).alias("need"), *columns
    )


def suggested(frame: pl.DataFrame, seen: pl.DataFrame = UNSEEN, seed: int = 1) -> pl.DataFrame:
    return suggest(frame, CATALOGUE, beliefs(CATALOGUE, seen), at=AT, seed=seed)


def outcome(log: pl.DataFrame, true: Mapping[str, float], seed: int) -> pl.DataFrame:
    """Let each customer buy as often as the action that was chosen makes them."""
    rate = log["action"].replace_strict(dict(true), return_dtype=pl.Float64).to_numpy()
    return log.with_columns(bought=pl.Series(np.random.default_rng(seed).random(log.height) < rate))


def test_an_action_fits_by_need_day_margin_and_channel() -> None:
    """The gift costs more than half the margin, spring is over, and letters may go by post where mail may not."""
    assert set(suggested(customers(50))["options"]) == {"call|letter"}
    assert set(suggested(customers(50, "licences"))["options"]) == {"call"}
    posted = suggested(customers(200, reach_email=None, reach_phone=False))
    assert set(posted["options"]) == {"letter"}
    assert set(posted.filter(pl.col("action") == "letter")["channel"]) == {"letter"}


@pytest.mark.parametrize(
    ("need", "reach", "because"),
    [
        (None, True, Because.NO_NEED),
        ("garden", True, Because.NO_ACTION),
        ("licences", False, Because.NO_CHANNEL),
        ("licences", None, Because.NO_CHANNEL),
    ],
)
def test_where_nothing_is_recommended_the_reason_is_told(need: str | None, reach: object, because: Because) -> None:
    told = suggested(customers(3, need, reach_phone=reach))
    assert set(told["because"]) == {because}
    assert set(told["action"]) == {NOTHING}
    assert told["propensity"].to_list() == [1.0] * 3


def test_the_chance_that_is_logged_is_the_chance_that_was_drawn_with() -> None:
    told = suggested(customers(40_000))
    for action, rows in told.group_by("action"):
        chances = set(rows["propensity"].to_list())
        assert len(chances) == 1
        expected = chances.pop()
        assert rows.height / told.height == pytest.approx(expected, abs=4 * (expected / told.height) ** 0.5), action
        assert expected >= CATALOGUE.explore / 3 * (1 - CATALOGUE.hold_out)
    idle = told.filter(pl.col("action") == NOTHING)
    assert idle["propensity"][0] >= CATALOGUE.hold_out


def test_the_same_seed_gives_the_same_answer_in_any_order() -> None:
    frame = customers(300)
    assert suggested(frame.reverse()).equals(suggested(frame))
    assert not suggested(frame, seed=2).equals(suggested(frame))


def test_it_learns_what_pays_and_the_log_tells_what_each_way_is_worth() -> None:
    """Six rounds of 1,500: calls pay, letters hardly more than nothing; the intervals hold the true values."""
    log = pl.DataFrame()
    for number in range(6):
        seen = UNSEEN if log.is_empty() else log.select("need", "action", "bought")
        log = pl.concat([log, outcome(suggested(customers(1_500), seen, seed=number), TRUE, seed=100 + number)])
    last = log.tail(1_500)["action"].value_counts().sort("count")["action"][-1]
    assert last == "call"
    found = values(with_values(log, CATALOGUE))
    call, letter, idle = 0.30 * 100_00 - 4_00, 0.08 * 95_00 - 10, 0.05 * 100_00
    for way, true in {Judging.BEST: call, Judging.EVENLY: (call + letter) / 2, Judging.NOTHING: idle}.items():
        for each in (found[way].ips, found[way].snips, found[way].dr):
            assert each.low <= true <= each.high, way
    assert found[Judging.BEST].dr.low > found[Judging.NOTHING].dr.high
    assert found[Judging.AS_DONE].dr.figure > found[Judging.EVENLY].dr.figure


def test_where_no_action_changes_anything_nothing_is_done() -> None:
    same = dict.fromkeys(TRUE, 0.05)
    seen = outcome(suggested(customers(20_000)), same, seed=7).select("need", "action", "bought")
    told = suggested(customers(2_000), pl.concat([seen] * 4))
    assert told.filter(pl.col("action") == NOTHING).height > 0.7 * told.height
    assert (told.filter(pl.col("action") != NOTHING)["expected_value_minor"] < 100).all()


def test_the_most_valuable_come_first_as_many_as_can_be_looked_after() -> None:
    both = pl.concat([customers(200), customers(200, "licences").with_columns(pl.col("pseudonym") + b"x")])
    told = suggested(both)
    first = prioritise(told, capacity=25)
    made = told.filter(pl.col("because") == Because.RECOMMENDED)["expected_value_minor"]
    assert first.height == 25
    assert first["expected_value_minor"].to_list() == sorted(made, reverse=True)[:25]


@pytest.mark.parametrize(
    "wrong",
    [
        {"actions": []},
        {"margins": {"premium": 100}},
        {"channels": {"phone": -1, "email": 0, "letter": 0}},
        {"hold_out": 0},
        {"discount": 1},
        {"actions": [{"name": NOTHING, "needs": ["premium"], "channels": ["email"]}]},
        {"actions": [{"name": "a|b", "needs": ["premium"], "channels": ["email"]}]},
        {"unasked": {"share": 1.0}},
        {"actions": [{"name": "a", "needs": ["premium"], "channels": ["email"], "colour": "red"}]},
    ],
)
def test_a_catalogue_without_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RuleRefused):
        action_catalogue_of(STORED | wrong)
    assert isinstance(CATALOGUE, ActionCatalogue)


def test_what_is_missing_or_too_little_says_so() -> None:
    with pytest.raises(FrameRefused, match="reach_phone"):
        suggested(customers(3).drop("reach_phone"))
    few = outcome(suggested(customers(20)), TRUE, seed=1)
    with pytest.raises(TooFewCustomers, match="suggestions"):
        values(with_values(few, CATALOGUE))
