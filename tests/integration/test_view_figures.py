"""Figures of many leave through the one gate; no row does, and nothing of whoever says no in the meantime."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from hub.authentication import Scope, acting_principal, add
from hub.compose import Hub
from hub.consents import Wish, find_subject, record_wish
from hub.errors import AccessRefused, StreamStopped
from hub.inspection.check import check
from hub.inspection.diff import changes
from hub.inspection.explain import explain
from hub.views.departure import verify_unchanged
from hub.views.description import describe
from hub.views.gateway import Gateway
from hub.views.intent import Reader
from hub.views.load import load_spec
from hub.views.recall import recall_of
from hub.views.registry import submit
from hub.views.snapshot import materialise
from privacy.store.audit import entries
from privacy.terms import ActChannel, ConsentAct, PurposeId, Role
from tests.builders import FixedClock
from tests.conftest import HubFactory
from tests.integration.figures_desk import (
    BY_CHANNEL,
    FEATURES,
    MEASURES,
    approved,
    deliver,
    desk_lines,
    dpo_of,
    ticket,
    view_text,
)
from tests.integration.test_gateway_fence import Interrupted, entity_of, merge

ALL = frozenset({"*"})
AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NOISY = {"by": {"often": {"feature": "often"}}, "min_staff": 0, "privacy": {"epsilon": 40, "budget": 100}}


@pytest.fixture
def desk(hub_factory: HubFactory, tmp_path: Path) -> Hub:
    hub = hub_factory()
    deliver(hub, tmp_path, desk_lines())
    return hub


def object_to(hub: Hub, key: str) -> None:
    wish = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
    record_wish(hub, find_subject(hub, f"desk:{key}"), wish, acting_principal(hub))


def read(gateway: Gateway, view: str, as_of: datetime = AS_OF) -> dict[str, tuple[object, ...]]:
    """Read a view by one dimension; return its figures by level."""
    frame = gateway.read(acting_principal(gateway.hub), view, purpose="churn", as_of=as_of).frame
    return {row[0]: row[1:] for row in frame.rows()}


def test_figures_leave_and_no_row_does(desk: Hub) -> None:
    view = approved(desk, dpo_of(desk), view_text("teams", {}))
    released = Gateway(desk).read(acting_principal(desk), view, purpose="churn", as_of=AS_OF)
    assert released.frame.to_dict(as_series=False) == {
        "team": ["north", "south", "all"],
        "customers": [12, 8, 20],
        "handled": [12.0, 16.0, 28.0],
        "minutes_per_case": [30.0, 60.0, 47.0],
        "withheld": [False, False, False],
    }
    assert released.frame.schema == {
        "team": pl.String,
        "customers": pl.Int64,
        "handled": pl.Float64,
        "minutes_per_case": pl.Float64,
        "withheld": pl.Boolean,
    }


def test_no_row_can_be_had_of_it_by_any_other_way(desk: Hub) -> None:
    view, me = approved(desk, dpo_of(desk), view_text("teams", {})), acting_principal(desk)
    with pytest.raises(AccessRefused, match="figures_of_several"):
        materialise(desk, me, view)
    with pytest.raises(AccessRefused, match="figures_of_many"):
        Gateway(desk).read_training(
            Reader(principal=me, module="churn"), view, purpose="churn", cuts=[AS_OF], known_until=desk.clock()
        )
    assert set(Gateway(desk).build(view, purpose="churn", as_of=AS_OF).frame.columns) == {
        *("team", "customers", "handled", "minutes_per_case", "withheld")
    }


def test_a_team_of_four_people_is_withheld_and_so_is_what_would_tell_it(
    hub_factory: HubFactory, tmp_path: Path
) -> None:
    hub = hub_factory()
    north = [ticket(n, f"n{n}", agent=n % 4) for n in range(12)]
    south = [ticket(100 + n, f"s{n}", team="south", agent=10 + n % 6) for n in range(20)]
    deliver(hub, tmp_path, north + south)
    view = approved(hub, dpo_of(hub), view_text("teams", {}))
    found = read(Gateway(hub), view)
    assert found["north"] == found["south"] == (None, None, None, True)
    assert found["all"] == (32, 32.0, 30.0, False)
    with hub.reading() as session:
        intent = next(entry for _, entry in entries(session, limit=9) if entry.action == "view.release.intent")
    assert intent.fields.absent == {"cells.too_few_staff": 1, "cells.complementary": 1}


def test_the_work_of_one_employee_is_no_figure_of_the_team(hub_factory: HubFactory, tmp_path: Path) -> None:
    """Six work in the team, but one alone answers the phone: what they do by phone is withheld."""
    hub = hub_factory()
    mail = [ticket(n, f"n{n}", agent=n % 6) for n in range(12)]
    phone = [ticket(100 + n, f"n{n}", agent=0).replace(",mail,", ",phone,") for n in range(12)]
    deliver(hub, tmp_path, mail + phone)
    dpo = dpo_of(hub)
    by_phone = {"op": "count", "table": "tickets", "window_days": 28, "filter": {"channel": "phone"}}
    features = {"cases": FEATURES["cases"], "by_phone": by_phone}
    for op, told in (("sum", False), ("share", True)):
        measures = {"handled": {"op": "sum", "of": "cases"}, "phoned": {"op": op, "of": "by_phone"}}
        text = view_text(f"phone_{op}", {"measures": measures}, features=features)
        assert (read(Gateway(hub), approved(hub, dpo, text))["north"][0] is not None) is told


def test_an_objection_between_build_and_release_changes_the_figure(desk: Hub) -> None:
    """Four of a level of five are too few: the cell is withheld, not told without them."""
    by_often = {"often": {"feature": "often"}}
    deliver_more = [f"s{n}" for n in range(3)]  # three of the south, to be left with five
    view = approved(desk, dpo_of(desk), view_text("often", {"by": by_often, "totals": False, "min_staff": 0}))
    for key in deliver_more:
        object_to(desk, key)
    assert read(Gateway(desk), view, AS_OF - DAY)["1"] == (17, 22.0, 44.0, False)
    found = read(Interrupted(desk, lambda: object_to(desk, "n1")), view)
    assert found["1"] == (16, 21.0, 44.0, False)


def test_a_cell_that_falls_below_k_while_it_is_read_is_withheld(hub_factory: HubFactory, tmp_path: Path) -> None:
    hub = hub_factory()
    south = [ticket(100 + n, f"s{n}", team="south", agent=n) for n in range(5)]
    deliver(hub, tmp_path, desk_lines()[:12] + south)
    view = approved(hub, dpo_of(hub), view_text("teams", {"totals": False}))
    assert read(Gateway(hub), view, AS_OF - DAY)["south"] == (5, 5.0, 30.0, False)
    found = read(Interrupted(hub, lambda: object_to(hub, "s0")), view)
    assert found["south"] == (None, None, None, True)


def test_two_who_turn_out_to_be_one_while_it_is_read_are_one_customer(desk: Hub) -> None:
    view = approved(desk, dpo_of(desk), view_text("teams", {}))
    one, other = (find_subject(desk, f"desk:{key}").records[0] for key in ("n1", "n2"))
    into = entity_of(desk, other)
    found = read(Interrupted(desk, lambda: merge(desk, one, into)), view)
    assert found["north"] == (11, 12.0, 30.0, False)


def test_somebody_elses_act_does_not_keep_a_figure_from_leaving(desk: Hub) -> None:
    """Nobody's permitted records changed: the figure stands, however often others act."""
    view = approved(desk, dpo_of(desk), view_text("teams", {}))
    object_to(desk, "n1")
    gateway = Interrupted(desk, lambda: object_to(desk, "n1"))
    assert read(gateway, view)["north"][0] == 11


def test_a_stream_of_figures_stops_when_anybody_changes(desk: Hub) -> None:
    view = approved(desk, dpo_of(desk), view_text("teams", {}))
    released = Gateway(desk).read(acting_principal(desk), view, purpose="churn", as_of=AS_OF)
    verify_unchanged(desk, released)
    object_to(desk, "n1")
    with pytest.raises(StreamStopped):
        verify_unchanged(desk, released)
    assert recall_of(desk, released.release_id, acting_principal(desk)).everything


def test_figures_with_and_without_whoever_left_do_not_both_leave(desk: Hub, clock: FixedClock) -> None:
    """The difference of two reads would be the value of who objected in between; a new month changes nothing."""
    view = approved(desk, dpo_of(desk), view_text("teams", {}, reads={"per": "month", "at_most": 9}))
    assert read(Gateway(desk), view) == read(Gateway(desk), view), "the same again is free"
    object_to(desk, "n1")
    for _ in range(2):
        with pytest.raises(AccessRefused, match=r"figures_of_who_moved.*read the next day"):
            read(Gateway(desk), view)
        clock.forward(days=31)
    assert read(Gateway(desk), view, AS_OF + DAY)["north"][0] == 11


def test_what_retention_took_away_since_is_another_read(
    hub_factory: HubFactory, tmp_path: Path, clock: FixedClock
) -> None:
    """From one day to the next a figure falls by one customer's event of three years ago: each read counts."""
    hub = hub_factory()
    deliver(hub, tmp_path, [*desk_lines(), "200,n0,2022-06-02 10:00:00,north,mail,777,a0"])
    minutes = {"op": "sum", "table": "tickets", "column": "handling_minutes", "window_days": None, "top_code": 6000}
    measures = {"minutes": {"op": "sum", "of": "minutes"}}
    changes = {"features": {"minutes": minutes}, "reads": {"per": "month", "at_most": 2}, "as_of_grid": "month"}
    summary = {"measures": measures, "dominance": 1}
    view, seen = approved(hub, dpo_of(hub), view_text("once", summary, **changes)), []
    for _ in range(2):
        clock.forward(days=1)
        seen.append(read(Gateway(hub), view)["north"][0])
        assert read(Gateway(hub), view)["north"][0] == seen[-1], "on one day the same again is free"
    assert seen == [1137.0, 360.0]
    clock.forward(days=1)
    with pytest.raises(AccessRefused, match="reads_used_up"):
        read(Gateway(hub), view)


def test_a_check_counts_cells_by_rule_and_tells_the_author_no_reason(desk: Hub) -> None:
    dpo, me = dpo_of(desk), acting_principal(desk)
    by = {"often": {"feature": "often"}, "team": {"column": "team", "levels": ["north", "south"]}}
    author = add(desk, "author", Scope(role=Role.SCIENTIST, purposes=ALL, views=ALL), me)[0]
    submit(desk, view_text("checked", {"by": by}), author)
    found = check(desk, "checked", dpo, as_of=AS_OF).figures.cells
    assert found is not None
    assert found.withheld == {}
    assert (found.smallest, found.least_staff) == (8, 6)
    assert check(desk, "checked", dpo, as_of=AS_OF).figures.rows == found.released > 0


def test_a_check_tells_its_author_the_same_of_somebody_and_of_nobody(desk: Hub, tmp_path: Path) -> None:
    """An author may write a population of one: what a check tells before approval would be about that one."""
    deliver(desk, tmp_path, [ticket(900, "n1").replace(",mail,", ",visit,")], "visit")
    dpo, me = dpo_of(desk), acting_principal(desk)
    author = add(desk, "author", Scope(role=Role.SCIENTIST, purposes=ALL, views=ALL), me)[0]
    told, known = [], []
    for name, channel, summary in (
        ("one", "visit", {}),
        ("nobody", "fax", {}),
        ("noisy", "visit", NOISY),
    ):
        cut = {"any_of": [{"table": "tickets", "window_days": 28, "filter": {"channel": channel}}]}
        submit(desk, view_text(name, summary, population=cut), author)
        seen = check(desk, name, author, as_of=AS_OF).figures
        told.append((seen.customers, seen.rows, seen.lost, seen.cells.empty, seen.cells.released, seen.cells.withheld))
        known.append(check(desk, name, dpo, as_of=AS_OF).figures.cells.empty)
    assert told == [(20, 0, {}, None, None, {})] * 3
    assert known[0] < known[1]


def test_who_is_absent_is_not_told_beside_figures(desk: Hub) -> None:
    """Exact counts of who is not in figures would say what noise and withheld cells do not."""
    dpo, me = dpo_of(desk), acting_principal(desk)
    reader = add(desk, "reader", Scope(role=Role.SCIENTIST, purposes=ALL, views=ALL), me)[0]
    for n in range(6):
        object_to(desk, f"n{n}")
    views = [approved(desk, dpo, view_text("plain", {})), approved(desk, dpo, view_text("noisy", NOISY))]
    for view, told in zip(views, ({"objected": 6}, {}), strict=True):
        for who, seen in ((me, told), (reader, {})):
            assert Gateway(desk).read(who, view, purpose="churn", as_of=AS_OF).absent == seen


def test_what_changes_is_told_in_sentences() -> None:
    old = load_spec(view_text("teams", {}))
    changed = {
        "measures": {**MEASURES, "handled": {"op": "mean", "of": "cases"}},
        "min_staff": 8,
        "dominance": 20,
        "totals": False,
    }
    assert changes(old, load_spec(view_text("teams", changed))) == (
        "the figure handled: mean of cases; it was the figure handled: sum of cases",
        "totals leave no more",
        "nobody may tell another's amount to within 20 %, before 10 %",
        "at least 8 employees stand behind a cell, not 5",
    )
    by_channel: dict[str, object] = {"by": BY_CHANNEL, "min_staff": 0}
    noisy = load_spec(view_text("teams", {**by_channel, "privacy": {"epsilon": 1, "budget": 5}}))
    assert changes(load_spec(view_text("teams", by_channel)), noisy) == (
        "noise: epsilon 1 a release, 5 in all, 1 cells a customer; it was none",
    )
    assert changes(None, old)[1:3] == (
        "no row leaves any more, but figures of cells",
        "adds cells by team: team of the event (north, south)",
    )


def test_a_view_of_figures_is_described_by_what_leaves(desk: Hub) -> None:
    view = approved(desk, dpo_of(desk), view_text("teams", {}))
    found = describe(desk, acting_principal(desk), view)
    released = Gateway(desk).read(acting_principal(desk), view, purpose="churn", as_of=AS_OF)
    assert found.schema == released.frame.schema
    assert found.columns[0].reads == ("tickets.team",)
    assert "tickets.employee" in found.columns[1].reads, "whoever is counted is told, even where nothing of them leaves"


def test_the_dpo_is_told_that_a_person_counts_in_figures(desk: Hub) -> None:
    dpo = dpo_of(desk)
    view = approved(desk, dpo, view_text("teams", {}))
    assert explain(desk, find_subject(desk, "desk:n1"), view, dpo, as_of=AS_OF).rule == "counts_in_figures"
    object_to(desk, "n1")
    assert explain(desk, find_subject(desk, "desk:n1"), view, dpo, as_of=AS_OF).rule == "objected"
