"""What service tells beside scores: cases to come, seats that fill up, visits to machines.

| asked | of | fields in | parts in | parts out |
|---|---|---|---|---|
| load | service | until, ahead, holidays | cases (case_age_days, case_category) | rows, told |
| limits | service | until | changes (pseudonym, days_ago, seats, seat_limit) | rows, told |
| visits | maintenance | until, holidays | artefact, frame (to score), whose (pseudonym, owner) | rows, machines, told |

`until` is the first day that is not known (ISO 8601), `holidays` a list of such days, `ahead` a number of days.
"""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

import polars as pl

from predict.errors import MessageRefused
from predict.frames import AS_OF, PSEUDONYM
from predict.likelihood.module import Likelihood
from predict.service.limits import limits
from predict.service.load import ALL, forecast
from predict.service.visits import bundled, due, placed, visits
from predict.wire import Message, arrow, told

BY: Final = ("owner", "service_window")
_TEXTS: Final = ("service_window", "last_part", "last_skill")
_NUMBERS: Final = (
    "days_per_planned_service",
    "days_since_planned_service",
    "days_since_service",
    "service_minutes_mean",
    "warranty_days_left",
)
_SCORES: Final = ("probability", "low", "high")
_FURTHEST: Final = 92


def load(_module: Likelihood, asked: Message) -> Message:
    """Foretell cases by day and topic."""
    until, ahead = _day(asked.fields, "until"), asked.fields.get("ahead")
    if not isinstance(ahead, int) or isinstance(ahead, bool) or not 0 < ahead <= _FURTHEST:
        raise MessageRefused(f"field 'ahead' must be a number of days, 1 to {_FURTHEST}")
    cases = asked.frame("cases").select(
        day=pl.lit(until) - pl.duration(days=pl.col("case_age_days") + 1), topic=pl.col("case_category").cast(pl.String)
    )
    found = forecast(cases, until=until, ahead=ahead, holidays=_holidays(asked.fields))
    of_all = found.rows.filter(pl.col("topic") == ALL)
    return _answer({"rows": found.rows}, found.told | {"expected": float(of_all["expected"].sum())})


def full(_module: Likelihood, asked: Message) -> Message:
    """Tell when seats are full."""
    rows = limits(asked.frame("changes"), as_of=pl.lit(_day(asked.fields, "until")))
    counted = rows.group_by(pl.col("because").fill_null("dated")).len().sort("because")
    return _answer({"rows": rows}, {"customers": rows.height, "by_reason": dict(counted.iter_rows())})


def visited(module: Likelihood, asked: Message) -> Message:
    """Plan visits to the machines that are due."""
    today, off, packed = _day(asked.fields, "until"), _holidays(asked.fields), asked.part("artefact")
    frame = asked.frame("frame")
    scores = module.score(packed, frame, capacity=None).select(PSEUDONYM, AS_OF, *_SCORES)
    machines = _known(frame).join(scores, on=PSEUDONYM).join(asked.frame("whose"), on=PSEUDONYM)
    planned = placed(bundled(due(machines), by=BY), today=today, holidays=off)
    due_on = (pl.lit(today) + pl.duration(days="due_days")).alias("due_on")
    shown = planned.select(PSEUDONYM, "visit_on", due_on, "because", *_SCORES, *_TEXTS)
    rows = visits(planned, by=BY)
    alone = rows.filter(pl.col("machines") == 1).height
    figures = {"machines": frame.height, "due": planned.height, "visits": rows.height, "of_one_machine": alone}
    return _answer({"rows": rows, "machines": shown.sort("visit_on", PSEUDONYM)}, figures)


ANSWERS: Final[Mapping[str, Callable[[Likelihood, Message], Message]]] = MappingProxyType(
    {"load": load, "limits": full, "visits": visited}
)
"""What can be asked."""


def _known(frame: pl.DataFrame) -> pl.DataFrame:
    """Keep what a plan needs of the view; what the view does not tell is not known."""
    kinds = dict.fromkeys(_TEXTS, pl.String) | dict.fromkeys(_NUMBERS, pl.Float64)
    return frame.select(
        PSEUDONYM,
        *(
            (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
            for name, kind in kinds.items()
        ),
    )


def _answer(frames: Mapping[str, pl.DataFrame], figures: Mapping[str, Any]) -> Message:
    parts = {name: arrow(frame) for name, frame in frames.items()}
    return Message({"ok": True}, parts | {"told": told(figures)}, dict.fromkeys(parts, "arrow"))


def _day(fields: Mapping[str, Any], name: str) -> date:
    try:
        return date.fromisoformat(fields[name])
    except (KeyError, TypeError, ValueError) as exc:
        raise MessageRefused(f"field {name!r} must be a day, as ISO 8601") from exc


def _holidays(fields: Mapping[str, Any]) -> list[date]:
    try:
        return [date.fromisoformat(day) for day in fields.get("holidays", [])]
    except (TypeError, ValueError) as exc:
        raise MessageRefused("field 'holidays' must be a list of days, as ISO 8601") from exc
