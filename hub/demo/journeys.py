"""The way from enquiry to after-sales: a tenth of the orders are followed step by step; and projects of companies."""

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import Flags, flags, stream
from hub.demo.lives import Lives
from hub.demo.occasions import WINDOW_DAYS
from hub.demo.rhythm import instant_of

_FOLLOWED: Final = 0.1
_STALLS: Final = 0.02  # steps that are never finished; nothing follows them
_STEPS: Final = {"enquiry": 20.0, "quote": 60.0, "order": 6.0, "delivery": 96.0, "after_sales": 30.0}  # median hours
_TEAMS: Final = ("sales", "sales", "sales", "logistics", "service")
_SPREAD: Final = 0.5
_PHASES: Final = {"analysis": 0.2, "build": 0.55, "go_live": 0.25}  # shares of a project's time


def journeys_of(seed: int, orders: pl.DataFrame, *, until: datetime) -> pl.DataFrame:
    """Draw the steps of some orders.

    Columns: entity, at, step, ended_at (null: unfinished), complete, team.
    """
    rng = stream(seed, "journeys")
    chosen = orders.filter(pl.Series(flags(rng, orders.height, _FOLLOWED)) & (pl.col("status") != "cancelled"))
    count, kinds = chosen.height, len(_STEPS)
    took = np.exp(rng.normal(np.log(list(_STEPS.values())), _SPREAD, (count, kinds)))
    # the order step begins when the order is placed; what was before it is counted back
    begins = np.cumsum(took, axis=1) - took
    begins -= begins[:, [2]]
    stalls = flags(rng, count * kinds, _STALLS).reshape(count, kinds)
    stalls[:, :3] = False  # these led to an order
    reached: Flags = np.cumsum(stalls, axis=1) - stalls == 0
    row, step = np.nonzero(reached)
    began = pl.duration(seconds=pl.lit(pl.Series((begins[row, step] * 3600).astype(np.int64))))
    lasted = pl.duration(seconds=pl.lit(pl.Series((took[row, step] * 3600).astype(np.int64))))
    end = pl.lit(until).dt.cast_time_unit("us")
    frame = chosen.select("entity", "at")[pl.Series(row)].with_columns(
        step=pl.Series(list(_STEPS)).gather(pl.Series(step)),
        team=pl.Series(_TEAMS).gather(pl.Series(step)),
        done=pl.Series(~stalls[row, step]),
        at=pl.col("at") + began,
        ended_at=pl.col("at") + began + lasted,
    )
    done = pl.col("done") & (pl.col("ended_at") < end)
    frame = frame.filter(pl.col("at") < end)
    frame = frame.with_columns(ended_at=pl.when(done).then("ended_at"), complete=done).drop("done")
    return frame.select("entity", "at", "step", "ended_at", "complete", "team").sort("at", "entity", "step")


def projects_of(lives: Lives, *, until: datetime) -> pl.DataFrame:
    """Write the projects of contact persons' companies, a row for each phase that has begun.

    Columns: entity, project (number), at, phase, go_live_at, ends_at (of the project; may lie ahead).
    """
    projects = lives.occasions.projects
    before, parts = 0.0, []
    for phase, share in _PHASES.items():
        parts.append(projects.with_columns(begins=pl.col("day") + before * pl.col("length"), phase=pl.lit(phase)))
        before += share
    whole = pl.concat(parts).filter(pl.col("begins") < WINDOW_DAYS)
    return whole.select(
        "entity",
        "project",
        "phase",
        at=instant_of(pl.col("begins"), until),
        go_live_at=instant_of(pl.col("day") + 0.9 * pl.col("length"), until),
        ends_at=instant_of(pl.col("day") + pl.col("length"), until),
    ).sort("at", "project")
