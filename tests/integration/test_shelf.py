"""What lies open in a process is bounded, and found by ids that lie in columns."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.authentication import Scope, acting_principal, add
from hub.compose import Hub
from hub.views.access import Views
from hub.views.opened import Opened
from hub.views.places import Places
from hub.views.registry import approve, submit
from hub.views.shelf import Shelf
from privacy.terms import Role
from tests.integration.test_gateway_fence import AS_OF, VIEW, pseudonym, record_of, shop
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
