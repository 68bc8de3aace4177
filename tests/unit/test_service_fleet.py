"""Readings beside the fleet: a season is no wear, few machines are no fleet, reasons cite what was read."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predict.module import Brief
from predict.service.declaration import MAINTENANCE
from predict.service.fleet import FLEET, as_read, beside_the_fleet
from predict.service.module import MODULES
from tests.unit.service_builders import instant

MODULE = MODULES[MAINTENANCE.name]
CHANGE = "temperature_change_28d"


def read(*, months: int, machines: int, summer: float, seed: int = 1) -> pl.DataFrame:
    """Let machines that fail grow warm before, and all of them in summer."""
    rng = np.random.default_rng(seed)
    frames = []
    for month in range(months):
        failing = rng.random(machines) < 0.15
        season = summer * np.sin(2 * np.pi * (month - 2) / 12)
        frames.append(
            pl.DataFrame(
                {
                    "pseudonym": [number.to_bytes(16, "big") for number in range(machines)],
                    "as_of": [instant(month)] * machines,
                    CHANGE: 4.0 * failing + season + rng.normal(0, 1, machines),
                    "machine_errors_28d": rng.poisson(1 + 2 * failing).astype(np.float64),
                    "repaired": failing & (rng.random(machines) < 0.9),
                }
            )
        )
    return pl.concat(frames)


def test_a_season_that_all_machines_share_changes_no_chance() -> None:
    chances = []
    for summer in (0.0, 5.0):
        frame = read(months=8, machines=250, summer=summer)
        packed = MODULE.train(frame.filter(pl.col("as_of") < instant(6)), Brief(horizon_days=30, features=(), seed=3))
        later = frame.filter(as_of=instant(7)).drop("repaired")
        scores = MODULE.score(packed, later, capacity=None)
        assert MODULE.drift(packed, later, None)["light"] == "green"
        chances.append(scores["probability"].to_numpy())
        # what is cited is what was read, and what is usual is what the fleet reads now
        cited = scores.join(later, on="pseudonym").filter(pl.col("reason_1").str.starts_with(CHANGE))
        assert cited.height > 10
        assert cited["value_1"].to_numpy() == pytest.approx(cited[CHANGE].to_numpy())
        assert cited["usual_1"].to_numpy() == pytest.approx(later[CHANGE].median(), abs=0.5)
    assert chances[0] == pytest.approx(chances[1], abs=1e-6)


READ = st.floats(-50, 50)
FEW_OR_MANY = st.lists(st.none() | READ, min_size=1, max_size=FLEET) | st.lists(
    READ | READ | READ | st.none(), min_size=FLEET, max_size=FLEET + 12
)


@given(FEW_OR_MANY, st.floats(-20, 20))
def test_a_shift_of_the_whole_fleet_is_not_seen(moved: list[float | None], shift: float) -> None:
    frame = pl.DataFrame({"as_of": datetime(2025, 1, 1, tzinfo=UTC), CHANGE: pl.Series(moved, dtype=pl.Float64)})
    shifted = frame.with_columns(pl.col(CHANGE) + shift)
    seen, again = beside_the_fleet(frame)[CHANGE], beside_the_fleet(shifted)[CHANGE]
    known = [one for one in moved if one is not None]
    if len(known) < FLEET:
        assert seen.equals(frame[CHANGE]), "few machines are no fleet"
    else:
        assert seen.drop_nulls().to_list() == pytest.approx([one - np.median(known) for one in known])
        assert again.drop_nulls().to_list() == pytest.approx(seen.drop_nulls().to_list(), abs=1e-9)
    assert seen.is_null().equals(frame[CHANGE].is_null())


def test_instants_are_fleets_of_their_own_and_other_columns_stay() -> None:
    frame = read(months=2, machines=FLEET, summer=9.0).with_columns(temperature_mean_28d=70.0, parts_change=1.0)
    seen = beside_the_fleet(frame)
    assert seen.group_by("as_of").agg(pl.col(CHANGE).median())[CHANGE].to_list() == pytest.approx([0, 0])
    assert seen.drop(CHANGE).equals(frame.drop(CHANGE))
    assert beside_the_fleet(frame.drop("as_of")).equals(frame.drop("as_of")), "it is refused where it is learned"


def test_no_machine_is_scored_as_no_machine() -> None:
    frame = read(months=7, machines=150, summer=1.0)
    packed = MODULE.train(frame, Brief(horizon_days=30, features=(), seed=3))
    scores = MODULE.score(packed, frame.clear().drop("repaired"), capacity=None)
    assert scores.height == 0
    assert as_read(scores, frame.clear()).equals(scores)
