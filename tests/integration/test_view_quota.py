"""How often a view may be read: counted by its releases, under the epoch's lock, so that the last one is taken once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest

from hub.authentication import Scope, acting_principal, add
from hub.compose import Hub
from hub.errors import AccessRefused
from hub.lake.catalogue import files_of, open_intents
from hub.lake.terms import FileState
from hub.views import snapshot
from hub.views.access import Views
from hub.views.gateway import Built, Gateway
from hub.views.intent import Reader
from hub.views.load import load_spec
from hub.views.quota import period_around
from hub.views.registry import approve, submit
from hub.views.spec import Grid
from ingest.contract.load import contract_of_yaml
from ingest.pipeline.delivery import ingest_file
from privacy.terms import Role
from tests.builders import DATABASES, FixedClock
from tests.conftest import HubFactory
from tests.integration.test_gateway_fence import AS_OF, ORDERS, VIEW, entity_of, merge, object_to, record_of
from tests.integration.test_online_rows import lift_objection
from tests.view_builders import WITHOUT_CHECK

DAY = timedelta(days=1)
TEXT = VIEW.format(grain="person").replace("k: 1\n", "k: 1\nreads: {per: week, at_most: 2}\n")
TAUGHT = TEXT.replace("name: fence", "name: taught") + (
    "label: {name: silent, horizon_days: 5, any_of: [{none_within: [{table: orders}]}]}\n"
)


def deliver(hub: Hub, path: Path, *lines: str) -> None:
    path.write_text("\n".join(["no,customer,company,at,total", *lines]) + "\n")
    ingest_file(contract_of_yaml(ORDERS), path, hub.ports(acting_principal(hub).principal_id))


@pytest.fixture(params=DATABASES)
def shop(request: pytest.FixtureRequest, hub_factory: HubFactory, tmp_path: Path) -> Hub:
    """Five customers with one order each; two readings a week are approved."""
    hub, everything = hub_factory(request.param), frozenset({"*"})
    me = acting_principal(hub)
    deliver(hub, tmp_path / "orders.csv", *(f"{n},c{n},firm,2025-05-0{n} 10:00:00,10.00" for n in range(1, 6)))
    dpo, _ = add(hub, "dpo", Scope(role=Role.DPO, purposes=everything, views=everything), me)
    for text in (TEXT, TAUGHT):
        approve(hub, submit(hub, text, me).name, dpo, WITHOUT_CHECK)
    return hub


def read(hub: Hub, as_of: datetime = AS_OF, gateway: type[Gateway] = Gateway) -> int:
    return gateway(hub).read(acting_principal(hub), "fence", purpose="churn", as_of=as_of).frame.height


def test_the_third_read_of_a_week_is_refused_and_told_when_the_next_is(shop: Hub, clock: FixedClock) -> None:
    assert [read(shop), read(shop, AS_OF - DAY)] == [5, 5]
    with pytest.raises(AccessRefused, match=r"2 a week are approved.*2025-06-02 \(UTC\)") as refused:
        read(shop, AS_OF - 2 * DAY)
    assert refused.value.because == "reads_used_up"
    clock.forward(days=1)  # Monday
    assert read(shop, AS_OF - 2 * DAY) == 5


def test_the_same_rows_again_are_free_until_something_came_in(shop: Hub, tmp_path: Path) -> None:
    assert [read(shop), read(shop), read(shop), read(shop, AS_OF - DAY)] == [5, 5, 5, 5]
    assert read(shop) == 5, "both are used up, and these rows left already"
    deliver(shop, tmp_path / "more.csv", "6,c6,firm,2025-05-06 10:00:00,10.00")
    with pytest.raises(AccessRefused, match="reads_used_up"):
        read(shop)


def test_the_same_rows_on_another_day_are_another_read(shop: Hub, clock: FixedClock) -> None:
    """Retention ends rows by days: what a value falls by from one day to the next are events of a known day."""
    for _ in range(2):
        clock.forward(days=1)  # from Monday on
        assert [read(shop), read(shop)] == [5, 5], "counted once a day, then free"
    clock.forward(days=1)
    with pytest.raises(AccessRefused, match="reads_used_up"):
        read(shop)


def test_who_came_in_since_is_not_shown_by_a_free_read(shop: Hub, clock: FixedClock) -> None:
    """Two reads of one instant tell who is new, and what was worked out of them: the second is a read of its own."""
    back = record_of(shop, "c1")
    object_to(shop, back)
    assert read(shop) == 4
    clock.forward(minutes=1)
    lift_objection(shop, back)
    assert read(shop) == 5, "counted"
    object_to(shop, record_of(shop, "c2"))
    assert read(shop) == 4, "nobody in it who was not in the last one: free"
    with pytest.raises(AccessRefused, match="reads_used_up"):
        read(shop, AS_OF - DAY)


def test_who_was_joined_since_is_not_shown_by_a_free_read(shop: Hub) -> None:
    assert [read(shop), read(shop, AS_OF - DAY)] == [5, 5]
    merge(shop, record_of(shop, "c1"), entity_of(shop, record_of(shop, "c2")))
    with pytest.raises(AccessRefused, match="reads_used_up"):
        read(shop)


def test_each_snapshot_counts_because_all_of_its_rows_may_be_read(shop: Hub) -> None:
    view = Views(shop, acting_principal(shop))["fence"]
    view.materialise(as_of=AS_OF)
    view.materialise(as_of=AS_OF - DAY)
    for act in (lambda: view.materialise(as_of=AS_OF - 2 * DAY), lambda: read(shop)):
        with pytest.raises(AccessRefused, match="reads_used_up"):
            act()


def test_reading_kept_rows_frees_no_read_of_what_came_in_since(shop: Hub, tmp_path: Path) -> None:
    """Kept rows are released at the epoch of now, and are of the snapshot's: what came in between is not in them."""
    view = Views(shop, acting_principal(shop))["fence"]
    view.materialise(as_of=AS_OF)
    assert read(shop, AS_OF - DAY) == 5, "both are used up"
    deliver(shop, tmp_path / "more.csv", "6,c1,firm,2025-05-06 10:00:00,10.00")
    assert view.rows(purpose="churn").height == 5, "counted with the snapshot"
    with pytest.raises(AccessRefused, match="reads_used_up"):
        read(shop)


def test_the_last_read_is_not_kept_by_two(shop: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody reads while rows are made: under the lock there is none left, and what was written is taken back."""
    read(shop)

    class Interrupted(Gateway):
        def build(self, view: str, *, purpose: str, as_of: datetime) -> Built:
            built = super().build(view, purpose=purpose, as_of=as_of)
            read(shop, AS_OF - DAY)
            return built

    monkeypatch.setattr(snapshot, "Gateway", Interrupted)
    with pytest.raises(AccessRefused, match="reads_used_up"):
        Views(shop, acting_principal(shop))["fence"].materialise(as_of=AS_OF)
    with shop.reading() as session:
        assert not [*open_intents(session), *files_of(session, table="snapshots", states=list(FileState))]


def test_a_training_release_counts_each_time(shop: Hub) -> None:
    reader, cuts = Reader(principal=acting_principal(shop)), [AS_OF - 12 * DAY, AS_OF - 6 * DAY]
    for _ in range(2):
        Gateway(shop).read_training(reader, "taught", purpose="churn", cuts=cuts, known_until=AS_OF)
    with pytest.raises(AccessRefused, match="reads_used_up"):
        Gateway(shop).read_training(reader, "taught", purpose="churn", cuts=cuts, known_until=AS_OF)


def test_two_who_want_the_last_read_do_not_both_get_it(shop: Hub) -> None:
    """Both have built their frame before either is released: the fence decides, and counts what is committed."""
    read(shop)
    together = Barrier(2)
    ended: list[object] = []

    class Waiting(Gateway):
        def _build(self, view, purpose, build):
            built = super()._build(view, purpose, build)
            together.wait(timeout=20)
            return built

    def reads(days: int) -> Callable[[], None]:
        def run() -> None:
            try:
                ended.append(read(shop, AS_OF - days * DAY, Waiting))
            except AccessRefused as refused:
                ended.append(refused.because)

        return run

    threads = [Thread(target=reads(days)) for days in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(map(str, ended)) == ["5", "reads_used_up"]


@pytest.mark.parametrize(
    ("per", "begins", "ends"),
    [
        (Grid.DAY, (2025, 12, 31), (2026, 1, 1)),
        (Grid.WEEK, (2025, 12, 29), (2026, 1, 5)),
        (Grid.MONTH, (2025, 12, 1), (2026, 1, 1)),
    ],
)
def test_a_period_is_the_calendars(per: Grid, begins: tuple[int, int, int], ends: tuple[int, int, int]) -> None:
    for hour in (0, 23):
        at = datetime(2025, 12, 31, hour, 59, tzinfo=UTC)
        assert period_around(per, at) == (datetime(*begins, tzinfo=UTC), datetime(*ends, tzinfo=UTC))


def test_a_view_that_says_nothing_of_reads_keeps_its_hash_and_one_that_does_has_another() -> None:
    plain = load_spec(VIEW.format(grain="person"))
    assert "reads" not in plain.canonical_json()
    hashes = {load_spec(text).hash for text in (TEXT, TEXT.replace("at_most: 2", "at_most: 3"))}
    assert len(hashes | {plain.hash}) == 3
