"""What lies open in a process is bounded, and found by ids that lie in columns."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.authentication import Scope, acting_principal, add
from hub.compose import Hub
from hub.errors import ReadContended
from hub.views.access import Views
from hub.views.ahead import open_ahead
from hub.views.opened import Opened
from hub.views.places import Places
from hub.views.registry import approve, revoke, submit
from hub.views.shelf import Shelf
from privacy.terms import Role
from tests.builders import FixedClock
from tests.integration.test_gateway_fence import AS_OF, VIEW, object_to, pseudonym, record_of, shop
from tests.view_builders import WITHOUT_CHECK

__all__ = ["shop"]  # a fixture
ids = st.sampled_from([b"\xff" * 16, bytes(16), b"\xff" * 8 + bytes(8), b"\x80" + b"\xff" * 15]) | st.binary(
    min_size=16, max_size=16
)


@given(st.lists(st.tuples(ids, st.integers(0, 5))), ids)
def test_places_are_found_as_in_a_list_of_pairs(pairs: list[tuple[bytes, int]], sought: bytes) -> None:
    places = Places.of(
        pl.Series([each for each, _ in pairs], dtype=pl.Binary),
        pl.Series([place for _, place in pairs], dtype=pl.Int64),
    )
    for each in {sought, *(each for each, _ in pairs)}:
        expected = [place for one, place in pairs if one == each]
        assert sorted(places.find_all(each)) == sorted(expected)
        assert (places.find(each) is None) == (not expected)


@pytest.fixture
def three(shop: Hub) -> Hub:
    """Three views whose rows are kept."""
    me, everything = acting_principal(shop), frozenset({"*"})
    dpo, _ = add(shop, "second dpo", Scope(role=Role.DPO, purposes=everything, views=everything), me)
    for name in ("one", "two", "six"):
        submit(shop, VIEW.format(grain="person").replace("name: fence", f"name: {name}"), me)
        approve(shop, name, dpo, WITHOUT_CHECK)
        Views(shop, me)[name].materialise(as_of=AS_OF)
    return shop


def test_the_snapshot_that_was_asked_for_longest_ago_is_closed(three: Hub) -> None:
    views, shelf, sought = (
        Views(three, acting_principal(three)),
        three.memory.of(Shelf),
        pseudonym(three, record_of(three, "c1")),
    )
    views["one"].row(sought, purpose="churn")
    shelf.most_bytes = 5 * shelf.of(three, "one").size_bytes // 2
    for name in ("two", "one", "six"):
        assert views[name].row(sought, purpose="churn") is not None
    assert [shelf.has(name) for name in ("one", "two", "six")] == [True, False, True]
    assert views["two"].row(sought, purpose="churn") is not None, "and opened again when it is asked for"


def test_one_that_is_too_large_is_kept_alone(three: Hub) -> None:
    views, shelf, sought = (
        Views(three, acting_principal(three)),
        three.memory.of(Shelf),
        pseudonym(three, record_of(three, "c1")),
    )
    shelf.most_bytes = 1
    for name in ("two", "one"):
        assert views[name].row(sought, purpose="churn") is not None
    assert [shelf.has(name) for name in ("one", "two")] == [True, False]


def test_the_shelf_changes_only_while_nobody_weighs_it(three: Hub) -> None:
    """Views are opened side by side, and all are weighed by whoever puts one there."""
    shelf, taken = three.memory.of(Shelf), list[bool]()

    class Watched(dict[str, Opened]):
        def pop(self, *asked: object) -> object:  # type: ignore[override]  # it only looks on
            taken.append(shelf._order.locked())
            return super().pop(*asked)  # type: ignore[call-overload]  # what the caller passes on

    shelf._opened = Watched()
    for name in ("one", "one", "two"):
        shelf.bring_on(three, name)
    assert taken == [True, True], "one was there the second time"


def opened_of(hub: Hub) -> dict[str, bytes]:
    shelf = hub.memory.of(Shelf)
    found = {name: shelf.found(name) for name in ("one", "two", "six")}
    return {name: each.snapshot.snapshot_id for name, each in found.items() if each is not None}


def test_what_serves_is_opened_before_anybody_asks(three: Hub, clock: FixedClock) -> None:
    open_ahead(three)
    first = opened_of(three)
    assert len(first) == 3
    anew = Views(three, acting_principal(three))["two"].materialise(as_of=AS_OF)
    object_to(three, record_of(three, "c1"))
    before = {name: three.memory.of(Shelf).found(name) for name in first}
    open_ahead(three)
    assert opened_of(three) == first | {"two": anew.snapshot_id}
    assert three.memory.of(Shelf).found("one") is before["one"], "one customer's no has nothing opened anew"
    clock.forward(days=2)
    three.memory.of(Shelf)._opened.clear()
    open_ahead(three)
    assert not opened_of(three), "nor is anything that serves no more"


def test_nothing_is_closed_for_what_nobody_asked_for(three: Hub) -> None:
    shelf = three.memory.of(Shelf)
    shelf.most_bytes = shelf.of(three, "two").size_bytes
    open_ahead(three)
    assert list(opened_of(three)) == ["two"]


def test_what_is_larger_than_was_thought_closes_others_once_at_most(
    three: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.views.ahead.ROW_BYTES", 0)
    shelf = three.memory.of(Shelf)
    shelf.most_bytes = shelf.of(three, "two").size_bytes
    open_ahead(three)
    asked = shelf.of(three, "two")
    open_ahead(three)
    assert shelf.found("two") is asked


def test_one_that_cannot_be_opened_keeps_no_other_waiting(three: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    bring_on = Shelf.bring_on

    def torn(self: Shelf, hub: Hub, view: str) -> Opened:
        if view == "one":
            raise ReadContended(view)
        return bring_on(self, hub, view)

    monkeypatch.setattr(Shelf, "bring_on", torn)
    with pytest.raises(ReadContended):
        open_ahead(three)
    assert sorted(opened_of(three)) == ["six", "two"]


def test_a_view_that_may_not_be_read_is_left_and_the_others_are_opened(three: Hub) -> None:
    everything = frozenset({"*"})
    dpo, _ = add(three, "third", Scope(role=Role.DPO, purposes=everything, views=everything), acting_principal(three))
    revoke(three, "one", dpo)
    open_ahead(three)
    assert sorted(opened_of(three)) == ["six", "two"]
