"""Machines at companies: installed, used, read every week, maintained and repaired. A function of seed and companies.

A machine wears by the hours it runs; a part gives way when the wear passes a limit that nobody sees. Over the last
fifth of that way the temperature rises and errors are reported, so that most failures show weeks ahead; some come out
of nothing. Maintenance takes the wear away, and so does a repair.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import Flags, Floats, Ints, flags, stream
from hub.demo.occasions import WINDOW_DAYS
from hub.demo.rhythm import instant_of

MODELS: Final = {"MX-100": 1.0, "MX-200": 1.15, "TR-7": 0.85}  # how much longer than the first one lasts
PARTS: Final = {"bearing": "mechanic", "belt": "mechanic", "pump": "hydraulics", "control": "electronics"}
WINDOWS: Final = ("weekdays_08_16", "nights", "weekends")
WARNED_FROM: Final = 0.8  # share of a part's life after which readings tell
SUDDEN_SHARE: Final = 0.1
_BLOWS_PER_WEEK: Final = 0.022  # of machines whose next failure nothing announces
_LIFE_HOURS: Final = 2600.0
_OWNS: Final = 0.4
_SINCE: Final = -364  # the service history begins a year before the window
_PLANNED_EVERY: Final = (220.0, 420.0)
_SCHEMA: Final = pl.Schema(
    {
        "machine": pl.Int64,
        "kind": pl.String,
        "part": pl.String,
        "skill": pl.String,
        "minutes": pl.Int64,
        "day": pl.Float64,
        "warned_day": pl.Float64,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """Frames of all machines, `at` in UTC; `failures` is the truth.

    assets: machine, organisation, at (installed), model, warranty_ends_at, service_window, daily_hours (truth).
    readings: machine, organisation, at, metric (operating_hours, temperature, error_count), value, unit.
    services: machine, organisation, at, kind (planned, repair, inspection), part, skill, duration_minutes.
    failures: machine, at, part, warned_at (null: out of nothing).
    """

    assets: pl.DataFrame
    readings: pl.DataFrame
    services: pl.DataFrame
    failures: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """What a simulation leaves behind: per machine and week the wear felt (0-1), and what was done."""

    felt: Floats
    events: pl.DataFrame


def machines_of(seed: int, organisations: pl.Series, *, until: datetime, announced: float = 1.0) -> Machines:
    """Give two companies in five one to five machines and let them run.

    `announced` is the share of failures that readings may tell of before; one in ten comes out of nothing all the same.
    """
    rng = stream(seed, "machines")
    assets = _installed(rng, organisations)
    course = _run(rng, assets, 1 - announced * (1 - SUDDEN_SHARE))
    owners = assets.select("machine", "organisation")
    events = course.events.join(owners, on="machine", how="left", maintain_order="left")
    events = events.with_columns(at=instant_of(pl.col("day"), until)).sort("at", "machine")
    failed = events.filter(pl.col("kind") == "repair")
    return Machines(
        assets=assets.with_columns(
            at=instant_of(pl.col("installed_day"), until),
            warranty_ends_at=instant_of(pl.col("installed_day") + pl.col("warranty_days"), until),
        ).drop("installed_day", "warranty_days"),
        readings=_readings(rng, assets, course.felt, until),
        services=events.select("machine", "organisation", "at", "kind", "part", "skill", duration_minutes="minutes"),
        failures=failed.select("machine", "at", "part", warned_at=instant_of(pl.col("warned_day"), until)),
    )


def _installed(rng: np.random.Generator, organisations: pl.Series) -> pl.DataFrame:
    owners = organisations.filter(pl.Series(flags(rng, len(organisations), _OWNS)))
    owner = np.repeat(owners.to_numpy(), rng.integers(1, 6, len(owners)))
    count = len(owner)
    return pl.DataFrame(
        {
            "machine": np.arange(count),
            "organisation": owner,
            "model": pl.Series(rng.choice(list(MODELS), count), dtype=pl.String),
            "service_window": pl.Series(rng.choice(WINDOWS, count, p=[0.7, 0.2, 0.1]), dtype=pl.String),
            "daily_hours": np.clip(rng.lognormal(np.log(8), 0.35, count), 2, 20),
            "installed_day": rng.uniform(-2200, _SINCE, count),
            "warranty_days": rng.choice([730.0, 1095.0, 1825.0], count),
        }
    )


def _run(rng: np.random.Generator, assets: pl.DataFrame, silent: float) -> _Course:
    """Step all machines through the weeks at once; a share of the failures is silent."""
    count = assets.height
    longer = assets["model"].replace_strict(MODELS, return_dtype=pl.Float64).to_numpy()
    weekly = assets["daily_hours"].to_numpy() * 7 / (_LIFE_HOURS * longer)
    every = rng.uniform(*_PLANNED_EVERY, count)
    limit, wear = _limits(rng, count), rng.uniform(0, 0.7, count)
    due = _SINCE + rng.uniform(0, 1, count) * every
    weeks = np.arange(_SINCE, WINDOW_DAYS, 7.0)
    felt = np.zeros((count, len(weeks)))
    quiet, told, parts = flags(rng, count, silent), np.full(count, np.nan), []
    for number, day in enumerate(weeks):
        wear = wear + weekly * rng.uniform(0.7, 1.3, count)
        blown = flags(rng, count, _BLOWS_PER_WEEK) & quiet  # no wear to be seen, and none needed
        near = np.clip((wear / limit - WARNED_FROM) / (1 - WARNED_FROM), 0, 1) * ~quiet
        felt[:, number] = near
        told = np.where((near > 0) & np.isnan(told), day, told)
        failed = np.where(quiet, blown, wear >= limit)
        planned = (day >= due) & ~failed
        parts.append(_done(rng, day, failed, told, kind="repair"))
        parts.append(_done(rng, day, planned, told, kind="planned"))
        served = failed | planned
        wear, told = np.where(served, rng.uniform(0, 0.1, count), wear), np.where(served, np.nan, told)
        limit = np.where(served, _limits(rng, count), limit)
        quiet = np.where(served, flags(rng, count, silent), quiet)
        due = np.where(planned, day + every, due)
    events = pl.concat([pl.DataFrame(schema=_SCHEMA), *parts])
    return _Course(felt=felt[:, weeks >= 0], events=events.filter(pl.col("day") < WINDOW_DAYS))


def _limits(rng: np.random.Generator, count: int) -> Floats:
    return np.asarray(1.1 * rng.weibull(6, count) + 0.05, dtype=np.float64)


def _done(rng: np.random.Generator, day: float, which: Flags, told: Floats, *, kind: str) -> pl.DataFrame:
    """Write one week's visits of a kind; a repair changes a part, maintenance the belt now and then."""
    machine: Ints = np.flatnonzero(which)
    count = len(machine)
    part = pl.Series(rng.choice(list(PARTS), count), dtype=pl.String)
    worn = pl.Series(flags(rng, count, 1.0 if kind == "repair" else 0.3))
    warned = pl.Series(told[machine]).fill_nan(None)
    hours = rng.lognormal(np.log(150 if kind == "repair" else 90), 0.35, count)
    return pl.DataFrame(
        {
            "machine": machine,
            "kind": pl.Series([kind] * count, dtype=pl.String),
            "part": part.set(~worn, None),
            "skill": part.replace_strict(PARTS, return_dtype=pl.String),
            "minutes": hours.round().astype(np.int64),
            "day": day + rng.uniform(1, 6, count),
            "warned_day": warned if kind == "repair" else pl.Series([None] * count, dtype=pl.Float64),
        },
        schema=_SCHEMA,
    )


def _readings(rng: np.random.Generator, assets: pl.DataFrame, felt: Floats, until: datetime) -> pl.DataFrame:
    """Read each machine every Monday-like day: the hour meter, the temperature and the week's errors."""
    count, weeks = felt.shape
    season = 3 * np.cos(2 * np.pi * (np.arange(weeks) / 52 - 0.55))
    values = {
        "operating_hours": _meter(rng, assets, weeks),
        "temperature": 62 + season + 9 * felt**1.5 + rng.normal(0, 1.0, felt.shape) + rng.normal(0, 3, (count, 1)),
        "error_count": rng.poisson(0.25 + 5 * felt**2).astype(np.float64),
    }
    units = {"operating_hours": "h", "temperature": "C", "error_count": "count"}
    row, week = np.repeat(np.arange(count), weeks), np.tile(np.arange(weeks), count)
    when = pl.DataFrame({"machine": row, "day": week * 7 + 0.25})
    when = when.join(assets.select("machine", "organisation"), on="machine", how="left", maintain_order="left")
    when = when.select("machine", "organisation", at=instant_of(pl.col("day"), until))
    parts = [
        when.with_columns(metric=pl.lit(name), value=pl.Series(matrix.ravel().round(1)), unit=pl.lit(units[name]))
        for name, matrix in values.items()
    ]
    return pl.concat(parts)


def _meter(rng: np.random.Generator, assets: pl.DataFrame, weeks: int) -> Floats:
    """Count hours from the installation on; summer weeks and single weeks differ."""
    daily = assets["daily_hours"].to_numpy()[:, None]
    so_far = daily * -assets["installed_day"].to_numpy()[:, None]
    return np.asarray(so_far + np.cumsum(daily * 7 * rng.uniform(0.85, 1.15, (assets.height, weeks)), axis=1))
