"""What brings a need up: measured beside others alike, named by what was found, and told in words."""

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

from predict.errors import RuleRefused
from predict.feature import LANGUAGES
from predict.module import Brief
from predict.next_need.declaration import NEXT_NEED
from predict.next_need.detect import detected
from predict.next_need.hits import JUDGED_FROM, Verdict, measured
from predict.next_need.module import NextNeed
from predict.next_need.trigger import DEFAULT_TRIGGERS, Sign, as_mapping, triggers_of
from predict.next_need.words import sentences

CUTS = [datetime(2025, month, 1, tzinfo=UTC) for month in (3, 5, 7, 9)]
BY_NAME = {one.name: one for one in DEFAULT_TRIGGERS}


def rows(**columns: list[object]) -> pl.DataFrame:
    height = len(next(iter(columns.values())))
    who = [number.to_bytes(16, "big") for number in range(height)]
    return pl.DataFrame({"pseudonym": who, **columns}).with_columns(as_of=pl.lit(CUTS[0]))


def test_who_is_busy_anyway_makes_no_trigger() -> None:
    """Use grows among those who buy much, and within them it tells nothing: only the own frequency does."""
    size = 400
    frame = rows(
        seat_fill=[0.9 if number % 4 else 0.1 for number in range(size)] + [0.1] * size,
        orders_365d=[20] * size + [0] * size,
        upgraded=[number % 2 == 0 for number in range(size)] + [False] * size,
    )
    trigger = replace(BY_NAME["team_growth"], unless=())
    alone, alike = (
        measured(frame, [trigger], label="upgraded", horizon_days=60, frequency=column)[0]
        for column in (None, "orders_365d")
    )
    assert alone["verdict"] == Verdict.HOLDS
    assert alike["verdict"] == Verdict.NO_EVIDENCE


def test_whom_a_trigger_is_not_open_to_is_not_compared() -> None:
    """Who never had a plan cannot fill its seats: that they never upgrade speaks for no trigger."""
    size = 2 * JUDGED_FROM
    seats = [1.0] * size + [0.2] * size + [None] * 1_000
    upgraded = [number % 2 == 0 for number in range(2 * size)] + [False] * 1_000
    told = measured(
        rows(seat_fill=seats, upgraded=upgraded),
        [BY_NAME["team_growth"]],
        label="upgraded",
        horizon_days=60,
        frequency=None,
    )[0]
    assert told["untargeted"]["of"] == 2 * size
    assert told["verdict"] == Verdict.NO_EVIDENCE


def test_of_few_nothing_is_said_and_they_are_still_told() -> None:
    frame = rows(seat_fill=[0.9] * 5 + [0.1] * 90, upgraded=[True] * 5 + [False] * 90)
    found = measured(frame, DEFAULT_TRIGGERS, label="upgraded", horizon_days=60, frequency=None)
    assert found[0]["verdict"] == Verdict.TOO_FEW
    told = detected(frame.head(1), DEFAULT_TRIGGERS, found).to_dicts()[0]
    assert (told["trigger"], told["need"], told["need_rate"]) == ("team_growth", "licences", None)


def test_a_trigger_without_evidence_is_silent_and_the_strongest_speaks_first() -> None:
    found = [
        {"trigger": "team_growth", "verdict": "no evidence"},
        {"trigger": "use_growth", "verdict": "holds", "gain": {"low": 0.01}, "rate": {"figure": 0.2}}
        | {"untargeted": {"figure": 0.1}},
        {"trigger": "project_end", "verdict": "holds", "gain": {"low": 0.3}, "rate": {"figure": 0.6}}
        | {"untargeted": {"figure": 0.1}},
    ]
    frame = rows(
        seat_fill=[1.0, 1.0, 1.0, None], use_peak_28d=[0.5, 0.5, 0.1, None], project_days_left=[-30, None, None, 0]
    )
    told = detected(frame, DEFAULT_TRIGGERS[:3], found)
    assert told["trigger"].to_list() == ["project_end", "use_growth", None, None]
    assert told["need_rate"].to_list() == [0.6, 0.2, None, None]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_trigger_is_told_in_words_without_a_place_left_over(language: str) -> None:
    told = pl.DataFrame({"trigger": list(BY_NAME), "trigger_value": [-1.0, *[2.0] * (len(BY_NAME) - 1)]})
    said = told.select(sentences(DEFAULT_TRIGGERS, language).alias("said"))["said"]
    assert said.null_count() == 0
    assert not said.str.contains(r"[{}]").any()
    assert said.n_unique() == len(BY_NAME)


def test_a_sentence_names_the_value() -> None:
    told = pl.DataFrame({"trigger": ["use_growth", "project_end", None], "trigger_value": [0.35, -30.0, None]})
    said = told.select(sentences(DEFAULT_TRIGGERS, "en").alias("said"))["said"].to_list()
    assert said[0] == "use grew by 35% against the three months before; a larger plan may fit"
    assert said[1] == "a project ended at most 30 days ago; maintenance may fit"
    assert said[2] is None


def test_triggers_are_data() -> None:
    assert triggers_of(as_mapping(DEFAULT_TRIGGERS)) == DEFAULT_TRIGGERS
    ratio = Sign(feature="a", per="b", at_least=2)
    assert rows(a=[4, 1, 4], b=[2, 2, 0]).select(ratio.met(["a", "b"])).to_series().to_list() == [True, False, None]


@pytest.mark.parametrize(
    "wrong",
    [
        {"signs": []},
        {"signs": [{"feature": "seat_fill"}]},
        {"words": {"en": "only English"}},
        {"reason": "unknown field"},
        {"signs": [{"column": "seat_fill", "at_least": 1}]},
    ],
)
def test_a_trigger_without_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(RuleRefused):
        triggers_of([as_mapping(DEFAULT_TRIGGERS)[0] | wrong])
    with pytest.raises(RuleRefused, match="twice"):
        triggers_of(as_mapping(DEFAULT_TRIGGERS)[:1] * 2)


def test_the_module_tells_need_words_and_both_baselines() -> None:
    size = 240
    frame = pl.concat(
        rows(
            orders_365d=[number % 7 for number in range(size)],
            days_since_last_order=[20 if number % 3 else 90 for number in range(size)],
            days_per_order=[20.0] * size,
            bought=[number % 3 == 0 or number % 7 > 3 for number in range(size)],
        ).with_columns(as_of=pl.lit(cut))
        for cut in CUTS
    )
    module = NextNeed(NEXT_NEED)
    packed = module.train(frame, Brief(horizon_days=60, features=(), history_months=24))
    scores = module.score(packed, frame.filter(pl.col("as_of") == CUTS[3]).reverse(), capacity=None)
    due = scores.filter(pl.col("trigger") == "order_due")
    assert set(scores["trigger"]) <= {"order_due", None}
    said = module.reasons(scores, packed, language="nn")
    assert said.columns == ["pseudonym", "as_of", "reason_1", "reason_2", "reason_3", "suggestion"]
    assert said["suggestion"].null_count() == scores.height - due.height
    told = module.report(packed)
    for text in (told.markdown, told.html):
        assert "popularity" in text
        assert "own frequency" in text
        assert "order_due" in text
