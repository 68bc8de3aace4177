"""Point-in-time join: for each pair what the view gave at that instant, whatever came later, and nobody else."""

from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.accesses import accesses_of
from hub.authentication import Scope, acting_principal, add
from hub.compose import Hub
from hub.errors import AccessRefused, HubError, StreamStopped
from hub.views import joined
from hub.views.access import View, Views
from hub.views.compile import check_grid
from hub.views.departure import verify_unchanged
from hub.views.errors import CutRefused, RowsRefused
from hub.views.gateway import Gateway
from hub.views.intent import Reader
from hub.views.joined import MOST_INSTANTS, release_joined
from hub.views.kept import release_kept
from hub.views.load import load_spec
from hub.views.recall import recall_of
from hub.views.registry import approve, submit
from privacy.store.principal import Principal
from privacy.terms import Role
from tests.builders import FixedClock
from tests.integration.test_gateway_fence import AS_OF, VIEW, object_to, pseudonym, record_of, shop
from tests.integration.test_view_quota import TEXT, deliver
from tests.view_builders import WITHOUT_CHECK

__all__ = ["shop"]  # a fixture
DAY = timedelta(days=1)
CHURN = "churn"
NOBODY = b"?" * 16


def view_of(hub: Hub) -> View:
    return Views(hub, acting_principal(hub))["fence_person"]


def pairs(*given: tuple[bytes, datetime]) -> pl.DataFrame:
    schema = {"pseudonym": pl.Binary(), "as_of": pl.Datetime("us", "UTC")}
    return pl.DataFrame(given, schema=schema, orient="row")


def people_of(hub: Hub) -> list[bytes]:
    return [pseudonym(hub, record_of(hub, f"c{n}")) for n in range(1, 6)]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_each_pair_is_what_a_read_at_its_instant_gives(shop: Hub, data: st.DataObject) -> None:
    """The oracle reads the view once for each instant, and looks each pair up."""
    instants = [AS_OF - days * DAY for days in (0, 27, 28, 29, 400)]
    asked = st.tuples(st.sampled_from([*people_of(shop), NOBODY]), st.sampled_from(instants))
    wanted = data.draw(st.lists(asked, min_size=1, max_size=12))
    given = view_of(shop).join(pairs(*wanted), purpose=CHURN)
    reads = {at: dict(view_of(shop).read(purpose=CHURN, as_of=at).iter_rows()) for _, at in wanted}
    expected = [(who, at, reads[at][who]) for who, at in dict.fromkeys(wanted) if who in reads[at]]
    assert list(given.iter_rows()) == expected
    assert given.columns == ["pseudonym", "as_of", "orders_365d"]


def test_what_happens_at_or_after_an_instant_changes_nothing(shop: Hub, tmp_path: Path) -> None:
    wanted = pairs(*((each, at) for each in people_of(shop) for at in (AS_OF - 28 * DAY, AS_OF - 27 * DAY)))
    before = view_of(shop).join(wanted, purpose=CHURN)
    at = AS_OF - 27 * DAY
    late = (f"{at:%Y-%m-%d %H:%M:%S}", "2025-05-20 10:00:00", "2025-05-31 23:59:59")
    lines = [f"{100 + 10 * n + k},c{n},firm,{when},99.00" for n in range(1, 6) for k, when in enumerate(late)]
    deliver(shop, tmp_path / "late.csv", *lines)
    assert view_of(shop).join(wanted, purpose=CHURN).equals(before)
    early = (at - timedelta(seconds=1)).strftime("%Y-%m-%d %H:%M:%S")
    deliver(shop, tmp_path / "early.csv", f"900,c1,firm,{early},1.00")
    assert not view_of(shop).join(wanted, purpose=CHURN).equals(before), "and what happened before does"


def test_only_those_who_are_in_it_are_told_of_it(shop: Hub) -> None:
    one, other = record_of(shop, "c1"), record_of(shop, "c2")
    found = view_of(shop).join(pairs((pseudonym(shop, one), AS_OF)), purpose=CHURN)
    assert found.height == 1
    assert [len(accesses_of(shop, [each])) for each in (one, other)] == [1, 0]


def approve_grouped(shop: Hub) -> Principal:
    """Approve a view in which a number of orders leaves where five customers share it."""
    me, everything = acting_principal(shop), frozenset({"*"})
    dpo, _ = add(shop, "second dpo", Scope(role=Role.DPO, purposes=everything, views=everything), me)
    text = VIEW.format(grain="person").replace("name: fence", "name: grouped")
    text = text.replace("quasi_identifiers: []\nk: 1", "quasi_identifiers: [orders_365d]\nk: 5")
    approve(shop, submit(shop, text, me).name, dpo, WITHOUT_CHECK)
    return me


def test_groups_are_counted_among_everybody_at_each_instant(shop: Hub, tmp_path: Path) -> None:
    """At one instant all five share a number; at the next one of them has ordered again, and no number leaves."""
    view = Views(shop, approve_grouped(shop))["grouped"]
    deliver(shop, tmp_path / "again.csv", f"900,c1,firm,{AS_OF - 3 * DAY:%Y-%m-%d %H:%M:%S},1.00")
    instants = [AS_OF - 5 * DAY, AS_OF - 2 * DAY, AS_OF]
    wanted = pairs(*((each, at) for at in instants for each in people_of(shop)[1:3]))
    given = view.join(wanted, purpose=CHURN)
    reads = {at: dict(view.read(purpose=CHURN, as_of=at).iter_rows()) for at in instants}
    expected = [(who, at, reads[at][who]) for who, at in wanted.iter_rows() if who in reads[at]]
    assert list(given.iter_rows()) == expected
    assert set(given["orders_365d"].to_list()) == {1, None}


def test_whoever_was_counted_in_a_group_is_in_the_release_of_one_row_of_it(shop: Hub) -> None:
    """One of five is asked for; whoever of the five leaves makes the group smaller than was approved."""
    me = approve_grouped(shop)
    wanted = pairs((people_of(shop)[0], AS_OF))
    released = release_joined(Gateway(shop), Reader(principal=me), "grouped", wanted, purpose=CHURN)
    assert released.frame["orders_365d"].to_list() == [1]
    verify_unchanged(shop, released)
    other = record_of(shop, "c2")
    assert [each.view for each in accesses_of(shop, [other])] == ["grouped"]
    assert not recall_of(shop, released.release_id, me).everything
    object_to(shop, other)
    assert recall_of(shop, released.release_id, me).everything
    with pytest.raises(StreamStopped):
        verify_unchanged(shop, released)


def test_who_may_not_be_read_and_who_is_nobody_are_absent_alike(shop: Hub) -> None:
    gone = pseudonym(shop, record_of(shop, "c1"))
    object_to(shop, record_of(shop, "c1"))
    found = view_of(shop).join(pairs((gone, AS_OF), (NOBODY, AS_OF)), purpose=CHURN)
    assert found.is_empty()


def test_a_no_while_it_is_built_is_honoured(shop: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    build, wanted = joined._built, pairs(*((each, AS_OF) for each in people_of(shop)))

    def interrupted(*asked: object) -> object:
        made = build(*asked)  # type: ignore[arg-type]  # what the caller passes on
        object_to(shop, record_of(shop, "c1"))
        return made

    monkeypatch.setattr(joined, "_built", interrupted)
    assert view_of(shop).join(wanted, purpose=CHURN).height == 4


def at_physical(at: int, unit: str) -> pl.DataFrame:
    """A pair at so many units since 1970."""
    return pl.DataFrame({"pseudonym": [NOBODY], "as_of": pl.Series([at]).cast(pl.Datetime(unit, "UTC"))})


UNFIT: Final[tuple[tuple[pl.DataFrame, type[HubError], str], ...]] = (
    (pairs((NOBODY, AS_OF + timedelta(hours=1))), CutRefused, "still_to_come|off_grid"),
    (pairs((NOBODY, AS_OF - timedelta(hours=1))), CutRefused, "off_grid"),
    (pairs((NOBODY, AS_OF + 40 * DAY)), CutRefused, "still_to_come"),
    (pairs(), RowsRefused, "too_many"),
    (pairs(*((NOBODY, AS_OF - n * DAY) for n in range(MOST_INSTANTS + 1))), RowsRefused, "too_many"),
    (pairs((b"short", AS_OF)), RowsRefused, "no_pseudonym"),
    (pairs((NOBODY, AS_OF)).with_columns(as_of=None), RowsRefused, "wrong_columns"),
    (pairs((NOBODY, AS_OF)).with_columns(pl.col("as_of").dt.replace_time_zone(None)), RowsRefused, "wrong_columns"),
    (pairs((NOBODY, AS_OF)).with_columns(label=1), RowsRefused, "wrong_columns"),
    (at_physical(1, "ns"), RowsRefused, "too_fine"),
    (at_physical(-(2**60), "us"), RowsRefused, "out_of_range"),
    (at_physical(2**60, "ms"), RowsRefused, "out_of_range"),
    (pairs((NOBODY, datetime(1, 1, 1, tzinfo=UTC))), RowsRefused, "out_of_range"),
)


def test_what_is_no_list_of_pairs_is_refused(shop: Hub) -> None:
    for wanted, error, rule in UNFIT:
        with pytest.raises(error, match=rule):
            view_of(shop).join(wanted, purpose=CHURN)


def test_nothing_is_read_or_kept_at_an_instant_to_come(shop: Hub, clock: FixedClock) -> None:
    """Its rows would change with every event until then, so that a coarse grid would bind nobody."""
    view, last = view_of(shop), clock().replace(hour=0, minute=0, second=0, microsecond=0)
    for act in (partial(view.read, purpose=CHURN), partial(view.scan, purpose=CHURN), view.materialise):
        with pytest.raises(CutRefused, match="still_to_come"):
            list(act(as_of=last + DAY))  # type: ignore[call-overload]  # none of them returns
    assert view.read(purpose=CHURN, as_of=last).height == 5


@pytest.mark.parametrize("offset", [-14, 0, 14])
@pytest.mark.parametrize("at", [(1, 1, 1), (9999, 12, 31)])
def test_a_year_that_no_data_has_is_refused(at: tuple[int, int, int], offset: int) -> None:
    with pytest.raises(CutRefused, match="out_of_range"):
        check_grid(load_spec(TEXT), datetime(*at, tzinfo=timezone(timedelta(hours=offset))))


def test_a_pair_that_is_given_twice_comes_back_once(shop: Hub) -> None:
    wanted = pairs(*((each, AS_OF) for each in people_of(shop)))
    twice = pl.concat([wanted, wanted])
    features = view_of(shop).join(twice, purpose=CHURN)
    assert features.equals(view_of(shop).join(wanted, purpose=CHURN))
    assert twice.join(features, on=["pseudonym", "as_of"], validate="m:1").height == twice.height == 10


def test_instants_of_another_zone_are_the_same_instants(shop: Hub) -> None:
    who = people_of(shop)[0]
    oslo = pairs((who, AS_OF)).with_columns(pl.col("as_of").dt.convert_time_zone("Europe/Oslo"))
    found = view_of(shop).join(oslo, purpose=CHURN)
    assert found["as_of"].to_list() == [datetime(2025, 6, 1, tzinfo=UTC)]


def test_each_instant_of_a_join_is_one_of_the_reads_that_were_approved(shop: Hub) -> None:
    me, everything = acting_principal(shop), frozenset({"*"})
    dpo, _ = add(shop, "second dpo", Scope(role=Role.DPO, purposes=everything, views=everything), me)
    approve(shop, submit(shop, TEXT, me).name, dpo, WITHOUT_CHECK)
    view, wanted = Views(shop, me)["fence"], pairs((people_of(shop)[0], AS_OF))
    both = pl.concat([wanted, wanted.with_columns(pl.col("as_of") - DAY)])
    third = pl.concat([both, wanted.with_columns(pl.col("as_of") - 2 * DAY)])
    with pytest.raises(AccessRefused, match="reads_used_up"):
        view.join(third, purpose=CHURN)
    view.join(both, purpose=CHURN)
    with pytest.raises(AccessRefused, match="reads_used_up"):
        view.join(wanted, purpose=CHURN)


def test_a_scan_is_a_read_in_batches_and_stops_when_somebody_in_it_changes(shop: Hub) -> None:
    whole = view_of(shop).read(purpose=CHURN, as_of=AS_OF)
    batches = list(view_of(shop).scan(purpose=CHURN, as_of=AS_OF, batch_rows=2))
    assert [each.height for each in batches] == [2, 2, 1]
    assert pl.concat(batches).equals(whole)
    going = view_of(shop).scan(purpose=CHURN, as_of=AS_OF, batch_rows=2)
    next(going)
    object_to(shop, record_of(shop, "c1"))
    with pytest.raises(StreamStopped):
        next(going)


@pytest.mark.parametrize("seconds", [300, 12 * 3600])
def test_a_scan_ends_when_its_time_is_up(shop: Hub, clock: FixedClock, seconds: int) -> None:
    """Nobody acts while a generator rests: its rows would outlast a consent, retention's day and their own expiry."""
    going = view_of(shop).scan(purpose=CHURN, as_of=AS_OF, batch_rows=2)
    next(going)
    clock.forward(seconds=299)
    assert next(going).height == 2
    clock.forward(seconds=seconds - 299)
    with pytest.raises(StreamStopped, match="time is up"):
        next(going)


def test_no_row_leaves_on_the_day_after_its_release(shop: Hub, clock: FixedClock) -> None:
    me, view = Reader(principal=acting_principal(shop)), view_of(shop)
    view.materialise(as_of=AS_OF)
    clock.at = AS_OF + DAY - timedelta(seconds=1)
    kept = release_kept(shop, me, view.name, purpose=CHURN)
    read = Gateway(shop).release(me, view.name, purpose=CHURN, as_of=AS_OF)
    for released in (kept, read):
        verify_unchanged(shop, released)
    clock.forward(seconds=1)
    for released in (kept, read):
        with pytest.raises(StreamStopped, match="time is up"):
            verify_unchanged(shop, released)


def test_a_view_is_described_by_what_was_approved(shop: Hub) -> None:
    view = view_of(shop)
    assert view.schema() == view.read(purpose=CHURN, as_of=AS_OF).schema
    told = view.describe()
    assert (told.view, told.version, told.purpose, told.as_of_grid) == ("fence_person", 1, CHURN, "day")
    (column,) = told.columns
    assert (column.name, column.unit, column.labels["en"]) == ("orders_365d", "count", "Orders")
    assert column.reads == ("orders.event_time",)
    assert told.approved_until is not None
    assert told.snapshot is None
    view.materialise(as_of=AS_OF)
    kept = view.describe().snapshot
    assert kept is not None
    assert (kept.as_of, kept.rows) == (AS_OF, 5)
