"""The voice of the customer: what is told of answers, cases and steps, in one look.

A study learns nothing and scores nobody: frames of approved views in, figures out. What was not delivered, or may not
be read, is named and left out.

| part in | columns |
|---|---|
| answers, from `satisfaction_answers` | pseudonym, kind, score, channel, age_days |
| cases, from `satisfaction_cases` | pseudonym, `wrong.CAUSES`, priority, escalated, both hours, age_days |
| steps, from `satisfaction_steps` | pseudonym, step, hours, age_days |
| texts, from `satisfaction_causes` | pseudonym, age_days and those of `predict.voice.texts.felt` |
| replies, from `satisfaction_exchanges` | those of `predict.writing.exchange` |

Of a case there are `response_hours`, to the first answer, and `hours`, to the solution.

Studies are kept of instants four weeks apart (`predict.disclosure.period_end`), so that two of them, taken off each
other, tell no single answer or case: figures of answers are of whole four weeks, those of service and of how we write
of the newest whole twelve weeks as they stood when these ended; those of proposals, topics and phrases are rounded.

Where it goes wrong is looked for in cases and in texts (`predict.voice.wrong`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from predict.causes.place import AT
from predict.disclosure import SERVICE_DAYS, STUDY_DAYS, period_end
from predict.journey.bottleneck import bottlenecks
from predict.opinion.answers import answers_of, by_period, on_scale
from predict.opinion.trend import Change, changes
from predict.satisfaction.hearing import Ear
from predict.voice.casework import Promise, as_they_stood, judged, measures, verify_cases
from predict.voice.texts import felt, moods
from predict.voice.wrong import places
from predict.writing import study as writing

PARTS: Final = ("answers", "cases", "steps", "texts", "replies")
_FIT: Final = {"answers": on_scale(), "steps": pl.col("hours").is_null() | (pl.col("hours") >= 0)}
"""Rows that tell nothing are left out and counted: answers off their scale, steps that ended before they began."""
_DATED: Final = ("answers", "cases", "steps", "texts")
PERIOD_DAYS: Final = STUDY_DAYS
PERIODS: Final = 13
_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: the instant of the views, what was promised, with which ear to hear, the seed of what is drawn."""

    as_of: datetime
    promises: Mapping[str, Promise]
    seed: int
    ear: Ear


def studied(parts: Mapping[str, pl.DataFrame], question: Question) -> dict[str, Any]:
    """Tell what there is to tell: `as_of`, `missing`, `left_out` (rows by part) and the figures of each part.

    Raises:
        FrameRefused: a part does not keep its contract.
    """
    told: dict[str, Any] = {
        "as_of": question.as_of.isoformat(),
        "missing": [name for name in PARTS if name not in parts or parts[name].is_empty()],
    }
    dated = {
        name: _dated(frame, question.as_of) for name, frame in parts.items() if name in _DATED and not frame.is_empty()
    }
    present = {name: frame.filter(_FIT[name]) if name in _FIT else frame for name, frame in dated.items()}
    told["left_out"] = {name: dated[name].height - frame.height for name, frame in present.items()}
    if "answers" in present:
        answers = answers_of(present["answers"])
        periods = by_period(answers, until=question.as_of, days=PERIOD_DAYS, periods=PERIODS)
        told["scores"] = periods.to_dicts()
        told["changes"] = [_change(one) for one in changes(answers, until=question.as_of)]
    if "cases" in present:
        told |= _service(present["cases"], question)
    if "texts" in present:
        present["texts"] = felt(present["texts"], question.ear)
        told["moods"] = moods(present["texts"])
    if "cases" in present or "texts" in present:
        told["findings"] = places(present.get("cases"), present.get("texts"), seed=question.seed)
    if "steps" in present:
        told["steps"] = [one.told() for one in bottlenecks(present["steps"])]
    if "replies" not in told["missing"]:
        told["writing"] = writing.studied(parts["replies"], hours_ago=_hours_ago(question), seed=question.seed)
    return told


def _service(cases: pl.DataFrame, question: Question) -> dict[str, Any]:
    """Tell promises of the newest whole twelve weeks, each case as it stood when they ended."""
    verify_cases(cases)
    ago = _hours_ago(question)
    stood = judged(as_they_stood(cases, hours_ago=ago), question.promises)
    ended = question.as_of - timedelta(hours=ago)
    return {"service_until": ended.date().isoformat(), "service": measures(stood)}


def _hours_ago(question: Question) -> float:
    """Say how long ago the newest whole twelve weeks ended."""
    return (question.as_of - period_end(question.as_of, SERVICE_DAYS)).total_seconds() / _HOUR


def _dated(frame: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Give each row its instant, as exact as the view is, and its age in hours."""
    days = pl.col("age_days").cast(pl.Float64)
    instant = pl.lit(as_of) - pl.duration(microseconds=(days * timedelta(days=1).total_seconds() * 1e6).cast(pl.Int64))
    return frame.with_columns(instant.alias(AT), age_hours=days * 24)


def _change(one: Change) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "channel": one.channel,
        "before": one.before,
        "now": one.now,
        "gap": {"figure": one.gap.figure, "low": one.gap.low, "high": one.gap.high},
        "customers": one.customers,
        "chance": one.chance,
        "alarming": one.alarming,
    }
