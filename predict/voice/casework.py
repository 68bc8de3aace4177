"""How fast support cases were answered and solved, against what was promised, by topic, team, priority and channel.

A case counts as soon as it can be judged: answered, or open for longer than was promised, which is late. Young open
cases are not judged yet, and cases without a priority were promised nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from predict.disclosure import LEAST_CUSTOMERS, in_stretch, tellable, tellable_teams
from predict.errors import FrameRefused, RuleRefused
from predict.shares import told_share

CUSTOMER, AGE = "pseudonym", "age_hours"
TEAM: Final = "team"
DIMENSIONS: Final = ("category", TEAM, "priority", "channel")
PROMISED: Final[Mapping[str, tuple[float, float]]] = {
    "urgent": (1.0, 8.0),
    "high": (4.0, 24.0),
    "normal": (24.0, 72.0),
    "low": (72.0, 168.0),
}
"""Hours to the first answer and to the solution, by priority: a starting point; write your own agreement."""
_ACTS: Final = {"answered": "response_hours", "solved": "hours"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What was promised to cases of a priority, in hours."""

    answered: float
    solved: float

    def __post_init__(self) -> None:
        """Insist on a promise that can be kept."""
        if not 0 < self.answered <= self.solved:
            raise RuleRefused(
                "promise", "hours must be above 0, the solution not before the answer", "correct the hours"
            )


def promises_of(hours: Mapping[str, Any]) -> dict[str, Promise]:
    """Read promises as (hours to the answer, hours to the solution) by priority.

    Raises:
        RuleRefused: something else stands there.
    """
    try:
        return {str(name): Promise(answered=float(pair[0]), solved=float(pair[1])) for name, pair in hours.items()}
    except (TypeError, ValueError, IndexError, KeyError):
        raise RuleRefused("promise", "each priority needs two numbers of hours", "write priority: [4, 24]") from None


def verify_cases(cases: pl.DataFrame) -> None:
    """Look whether a frame can be judged.

    Raises:
        FrameRefused: a column is missing, or an age is null or negative.
    """
    for name in (CUSTOMER, "priority", AGE, *_ACTS.values()):
        if name not in cases.columns:
            raise FrameRefused(name, "is missing", "put it into the view")
    if cases.select((pl.col(AGE).is_null() | (pl.col(AGE) < 0)).any()).item():
        raise FrameRefused(AGE, "must be hours from 0 on", "look at cases that were opened in the future")


def judged(cases: pl.DataFrame, promises: Mapping[str, Promise]) -> pl.DataFrame:
    """Say of each case what was in time.

    Args:
        cases: pseudonym, priority, response_hours and hours (null: not yet), age_hours (since it was opened).
        promises: by priority.

    Returns the cases with `answered_judged`, `answered_late`, `solved_judged` and `solved_late`.

    Raises:
        FrameRefused: a column is missing, or an age is null or negative.
    """
    verify_cases(cases)
    flags = []
    for act, column in _ACTS.items():
        hours = {name: getattr(promise, act) for name, promise in promises.items()}
        limit = pl.col("priority").cast(pl.String).replace_strict(hours, default=None, return_dtype=pl.Float64)
        took, waits = pl.col(column), pl.col(column).is_null() & (pl.col(AGE) > limit)
        known = limit.is_not_null() & (took.is_not_null() | waits)
        flags += [
            known.alias(f"{act}_judged"),
            (known & (waits | (took > limit)).fill_null(value=False)).alias(f"{act}_late"),
        ]
    return cases.with_columns(flags)


def as_they_stood(cases: pl.DataFrame, *, hours_ago: float) -> pl.DataFrame:
    """Return the cases of the `SERVICE_DAYS` before an instant so many hours ago, each as it stood then.

    A study tells of fixed stretches of time: what is solved, or opened, since the last one ended is told with the next.
    """
    fresh = cases.filter(in_stretch(pl.col(AGE), hours_ago)).with_columns(pl.col(AGE) - hours_ago)
    return fresh.with_columns(pl.when(pl.col(took) <= pl.col(AGE)).then(took) for took in _ACTS.values())


def measures(cases: pl.DataFrame) -> list[dict[str, Any]]:
    """Tell shares in time and median hours of judged cases, of all and of each level of each dimension.

    `LEAST_CUSTOMERS` stand behind every figure: levels with fewer are left out, and the smallest of the others where
    all that is left out is of fewer (all less what is told would be theirs). A team that the view does not name may be
    of few of us and is in the figures of all alone (`predict.disclosure.tellable_teams`). Of each: by, level, cases,
    customers, answered and solved (`predict.shares.told_share`), answer_hours and solve_hours (medians, an open case
    counting as longer than any; None where half are open).
    """
    told = _measured(cases.with_columns(level=pl.lit("all")), "all")
    for name in DIMENSIONS:
        if name in cases.columns:
            told += _measured(cases.with_columns(level=pl.col(name).cast(pl.String).fill_null("unknown")), name)
    return told


def _measured(cases: pl.DataFrame, by: str) -> list[dict[str, Any]]:
    endless, may_be_told = float("inf"), tellable_teams if by == TEAM else tellable
    grouped = (
        cases.group_by("level")
        .agg(
            *(_if_many(act, pl.col(f"{act}_{what}").sum()) for act in _ACTS for what in ("judged", "late")),
            cases=pl.len(),
            customers=pl.col(CUSTOMER).n_unique(),
            answer_hours=pl.col("response_hours").fill_null(endless).median(),
            solve_hours=pl.col("hours").fill_null(endless).median(),
        )
        .join(may_be_told(cases.with_columns(by=pl.lit(by)), ["by"], "level"), on="level", how="semi")
        .sort("level")
    )
    return [
        {
            "by": by,
            "level": row["level"],
            "cases": row["cases"],
            "customers": row["customers"],
            **{act: told_share(row[f"{act}_judged"] - row[f"{act}_late"], row[f"{act}_judged"]) for act in _ACTS},
            **{name: None if row[name] == endless else row[name] for name in ("answer_hours", "solve_hours")},
        }
        for row in grouped.iter_rows(named=True)
    ]


def _if_many(act: str, figure: pl.Expr) -> pl.Expr:
    """Give a figure of judged cases where they are of `LEAST_CUSTOMERS`; else 0: nothing is known."""
    judged_of = pl.col(CUSTOMER).filter(pl.col(f"{act}_judged")).n_unique()
    return pl.when(judged_of >= LEAST_CUSTOMERS).then(figure).otherwise(0)
