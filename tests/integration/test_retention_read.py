"""Retention at the gate: rows that are over are in no view, and the customers who are absent by it are counted."""

from datetime import timedelta

import polars as pl
import pytest

from hub.authentication import acting_principal
from hub.compose import Hub
from hub.home import Stores, put_policy_in_force
from hub.policy.pack import default_pack, pack_of
from hub.retention.run import run
from hub.views.gateway import Gateway, Released
from privacy.store.audit import entries
from tests.api.world import AS_OF, World, make_world
from tests.shop import view_text
from tests.view_builders import approve_again

ORDERS = {"table": "orders", "data_category": "behaviour"}


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    """Twelve people, each with an order of January, February and March 2025."""
    return make_world(tmp_path_factory.mktemp("world"))


def govern(world: World, *rules: dict) -> None:
    pack = pack_of(default_pack()) | {"retention": list(rules), "statutory_holds": []}
    stores = Stores(world.hub.engine, world.hub.keystore)
    put_policy_in_force(stores, pack, by=world.owner.principal_id, at=world.hub.clock)
    for name, purpose in (("shopping", "churn"), ("invited", "winback")):  # an approval binds the rules of its tables
        approve_again(world.hub, view_text(name, purpose), world.owner)


def days_since(hub: Hub, year: int, month: int, day: int) -> int:
    return (hub.clock().date() - AS_OF.replace(year=year, month=month, day=day).date()).days


def read(world: World, view: str = "shopping", purpose: str = "churn") -> Released:
    return Gateway(world.hub).read(acting_principal(world.hub), view, purpose=purpose, as_of=AS_OF)


def absent_told(world: World) -> dict[str, int]:
    with world.hub.reading() as session:
        ((_, entry),) = entries(session, action="view.release.intent", limit=1)
    return dict(entry.fields.absent or {})


def test_rows_past_the_rule_are_not_counted_in_any_feature(world: World) -> None:
    govern(world, ORDERS | {"years": 10})
    assert read(world).frame["orders"].to_list() == [3] * 12
    govern(world, ORDERS | {"days": days_since(world.hub, 2025, 2, 1)})
    assert read(world).frame["orders"].to_list() == [2] * 12
    assert "retention" not in absent_told(world)


def test_who_has_only_such_rows_is_absent_by_retention(world: World) -> None:
    """Orders of March lie on its 10th to 19th: from the 15th on they are kept."""
    govern(world, ORDERS | {"days": days_since(world.hub, 2025, 3, 15)})
    released = read(world)
    kept = sum(10 + n % 10 >= 15 for n in range(12))
    assert released.frame.height == kept
    assert released.absent["retention"] == 12 - kept
    assert absent_told(world)["retention"] == 12 - kept


def test_a_rule_for_one_purpose_narrows_that_purpose_alone(world: World) -> None:
    govern(world, ORDERS | {"years": 10}, ORDERS | {"days": 30, "purpose": "churn"})
    assert read(world).frame.height == 0
    assert read(world, "invited", "winback").frame.height == 12


def test_a_run_changes_no_read(world: World) -> None:
    """What a view shows before the rows are deleted is what it shows after: the reads do not wait for the run."""
    govern(world, ORDERS | {"days": days_since(world.hub, 2025, 2, 1)})
    before = read(world).frame
    (done,) = run(world.hub, world.owner)
    assert done.taken_out["orders"] == 12
    assert read(world).frame.equals(before)


def test_a_released_frame_is_of_one_day(world: World) -> None:
    """Midnight between building and releasing: the frame is built again, under the new day's cut."""
    govern(world, ORDERS | {"days": days_since(world.hub, 2025, 2, 1)})
    real, hub = world.hub.clock, world.hub
    calls = iter([real()] * 3)
    object.__setattr__(hub, "clock", lambda: next(calls, real() + timedelta(days=40)))
    try:
        released = read(world)
    finally:
        object.__setattr__(hub, "clock", real)
    assert released.frame.filter(pl.col("orders") > 1).height == 0
