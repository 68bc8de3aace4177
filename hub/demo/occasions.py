"""What comes up in customers' lives besides trouble, and what follows from it: a case at the desk, or a purchase.

Bursts of errors, peaks of use, teams that grow into the limit of their plan, projects that end, companies with a busy
season. What follows is drawn here, so that it can be left out (`hub.demo.planted`) while the occasions stay: then
nothing about them tells who writes or buys.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import Floats, flags, stream
from hub.demo.planted import Planted

WINDOW_DAYS: Final = 730
MAINTENANCE: Final = "MAINT-1"
CAPACITY: Final = "CAP-1"
UPGRADE: Final = "upgrade"
_PER_YEAR: Final = {"bursts": 1.3, "peaks": 0.5}
_GROWING: Final = 0.22  # users whose team fills its seats
_HAS_PROJECT: Final = 0.14  # contact persons who lead one
_BUSY: Final = 0.2  # companies with a season of their own
_CASE: Final = {"error_burst": 0.65, "use_peak": 0.45, "limit": 0.6, "return": 0.3}
_CATEGORY: Final = {"error_burst": "function_error", "use_peak": "usability", "limit": "price", "return": "usability"}
_WAIT: Final = {"error_burst": (1, 16), "use_peak": (7, 28), "limit": (-5, 12), "return": (0, 10)}
_BUYS: Final = {"use_peak": 0.45, "limit": 0.6, "project_end": 0.6, "season_peak": 0.5}
_WHAT: Final = {"use_peak": UPGRADE, "limit": UPGRADE, "project_end": MAINTENANCE, "season_peak": CAPACITY}
_LATER: Final = {"use_peak": (15, 55), "limit": (3, 28), "project_end": (48, 75), "season_peak": (-45, -20)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasions:
    """Days count from the start of the window; only what lies within a customer's time with us.

    bursts: entity, day (errors over ten days). peaks: entity, day, weeks, factor (on use). growth: entity, start_day,
    limit_day (the seats of the plan are full), first (share of seats at the start). projects: entity, project, day,
    length. seasons: entity, month (1-12), day (beginning of each year's busy month).
    cases: entity, day, trigger, category: what brings somebody to the desk.
    needs: entity, trigger, day, product, bought_day (null: nothing bought).
    """

    bursts: pl.DataFrame
    peaks: pl.DataFrame
    growth: pl.DataFrame
    projects: pl.DataFrame
    seasons: pl.DataFrame
    cases: pl.DataFrame
    needs: pl.DataFrame


def occasions_of(
    seed: int, people: pl.DataFrame, customers: pl.DataFrame, pauses: pl.DataFrame, planted: Planted
) -> Occasions:
    """Draw the occasions and what follows from them; `customers` and `pauses` as in `hub.demo.lives`."""
    rng = stream(seed, "occasions")
    there = customers.select(
        "entity", "user", since=pl.max_horizontal("joined_day", 0.0), end=pl.col("left_day").fill_null(WINDOW_DAYS)
    )
    users = there.filter("user")
    bursts = _now_and_then(rng, users, "bursts")
    peaks = _now_and_then(rng, users, "peaks")
    peaks = peaks.with_columns(
        weeks=pl.Series(rng.integers(4, 9, peaks.height)), factor=pl.Series(rng.uniform(1.6, 2.4, peaks.height))
    )
    growth = _growing(rng, users)
    projects = _projects(rng, people, there)
    seasons = _seasons(rng, people, there)
    back = pauses.filter(pl.col("end_day") - pl.col("start_day") > 28).select("entity", day="end_day")  # noqa: PLR2004 - four weeks
    moments = {
        "error_burst": bursts.select("entity", "day"),
        "use_peak": peaks.select("entity", "day"),
        "limit": growth.select("entity", day="limit_day"),
        "return": back.join(users, on="entity", how="semi"),
        "project_end": projects.select("entity", day=pl.col("day") + pl.col("length")),
        "season_peak": seasons.filter(pl.col("day") > WINDOW_DAYS / 2).select("entity", "day"),
    }
    return Occasions(
        bursts=bursts,
        peaks=peaks,
        growth=growth,
        projects=projects,
        seasons=seasons,
        cases=_cases(stream(seed, "cases"), moments, there, planted.help),
        needs=_needs(stream(seed, "needs"), moments, there, planted.needs),
    )


def _now_and_then(rng: np.random.Generator, users: pl.DataFrame, what: str) -> pl.DataFrame:
    """Let something come up at any time, so many times a year on average."""
    times = rng.poisson(_PER_YEAR[what] * (users["end"] - users["since"]).clip(lower_bound=0).to_numpy() / 365)
    rows = users[pl.Series(np.repeat(np.arange(users.height), times))]
    day = rows["since"].to_numpy() + rng.random(rows.height) * (rows["end"] - rows["since"]).to_numpy()
    return rows.select("entity", day=pl.Series(day))


def _growing(rng: np.random.Generator, users: pl.DataFrame) -> pl.DataFrame:
    """Let the teams of some users grow until the seats are full."""
    grows = users.filter(pl.Series(flags(rng, users.height, _GROWING)))
    start = grows["since"].to_numpy() + rng.uniform(0, 200, grows.height)
    frame = grows.with_columns(
        start_day=pl.Series(start),
        limit_day=pl.Series(start + rng.uniform(150, 420, grows.height)),
        first=pl.Series(rng.uniform(0.3, 0.6, grows.height)),
    )
    return frame.filter(pl.col("start_day") < pl.col("end")).select("entity", "start_day", "limit_day", "first")


def _projects(rng: np.random.Generator, people: pl.DataFrame, there: pl.DataFrame) -> pl.DataFrame:
    """Let some contact persons lead a project that ends while they are customers."""
    leads = people.filter(pl.col("organisation").is_not_null()).select("entity")
    leads = leads.filter(pl.Series(flags(rng, leads.height, _HAS_PROJECT))).join(there, on="entity", how="left")
    first = leads["since"].to_numpy()
    frame = leads.with_columns(
        day=pl.Series(first + rng.random(leads.height) * np.maximum(WINDOW_DAYS - 30 - first, 1)),
        length=pl.Series(rng.uniform(60, 240, leads.height)),
    )
    stays = (pl.col("day") + pl.col("length") < pl.col("end")) | (pl.col("end") >= WINDOW_DAYS)
    return frame.filter(stays).select("entity", "day", "length").with_row_index("project")


def _seasons(rng: np.random.Generator, people: pl.DataFrame, there: pl.DataFrame) -> pl.DataFrame:
    """Give some companies a busy month, the same for all who work there, in both years."""
    count = int(people["organisation"].fill_null(0).to_numpy().max()) + 1
    busy = pl.DataFrame({"organisation": np.arange(count), "at": rng.uniform(30, 335, count)})
    busy = busy.filter(pl.Series(flags(rng, count, _BUSY)))
    firm = people.select("entity", "organisation").join(busy, on="organisation", how="inner")
    years = pl.concat([firm.select("entity", day=pl.col("at") + year * 365.0) for year in (0, 1)])
    inside = years.join(there, on="entity").filter(pl.col("day").is_between("since", "end") & pl.col("user"))
    return inside.select("entity", "day")


def _cases(
    rng: np.random.Generator, moments: dict[str, pl.DataFrame], there: pl.DataFrame, share: float
) -> pl.DataFrame:
    """Draw who writes to the desk because of what came up."""
    parts = [pl.DataFrame(schema={"entity": pl.Int64, "day": pl.Float64, "trigger": pl.String, "category": pl.String})]
    for trigger, chance in _CASE.items():
        moment = moments[trigger]
        day = moment["day"].to_numpy() + rng.uniform(*_WAIT[trigger], moment.height)
        happens = pl.Series(flags(rng, moment.height, chance * share))
        part = moment.select("entity", day=pl.Series(day), trigger=pl.lit(trigger), category=pl.lit(_CATEGORY[trigger]))
        parts.append(part.filter(happens))
    return _while_there(pl.concat(parts), there)


def _needs(
    rng: np.random.Generator, moments: dict[str, pl.DataFrame], there: pl.DataFrame, share: float
) -> pl.DataFrame:
    """Draw who buys because of what came up."""
    parts = []
    for trigger, chance in _BUYS.items():
        moment = _while_there(moments[trigger], there)
        after: Floats = moment["day"].to_numpy() + rng.uniform(*_LATER[trigger], moment.height)
        buys = pl.Series(flags(rng, moment.height, chance * share))
        parts.append(
            moment.select(
                "entity",
                trigger=pl.lit(trigger),
                day="day",
                product=pl.lit(_WHAT[trigger]),
                bought_day=pl.Series(after).set(~buys, None),
            )
        )
    needs = pl.concat(parts).join(there.select("entity", "end"), on="entity", how="left", maintain_order="left")
    in_time = (pl.col("bought_day") < pl.col("end")) & (pl.col("bought_day") >= 0)
    return needs.with_columns(bought_day=pl.when(in_time).then("bought_day")).drop("end").sort("day", "entity")


def _while_there(moments: pl.DataFrame, there: pl.DataFrame) -> pl.DataFrame:
    """Keep what lies within a customer's time with us."""
    held = moments.join(there.select("entity", "since", "end"), on="entity", how="left", maintain_order="left")
    return held.filter((pl.col("day") >= pl.col("since")) & (pl.col("day") < pl.col("end"))).drop("since", "end")
