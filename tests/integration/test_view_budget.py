"""Figures with noise are paid for before they are computed, once for each question, and never for nothing."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import text

from hub.authentication import acting_principal
from hub.compose import Hub
from hub.database.unit import RuleBroken
from hub.errors import AccessRefused
from hub.inspection.diff import changes_of
from hub.views.budget import spent_of
from hub.views.errors import CutRefused
from hub.views.gateway import Gateway
from hub.views.load import load_spec
from hub.views.registry import submit
from hub.views.summary import MICRO
from hub.views.version import ViewState, newest_version
from privacy.store.audit import entries
from tests.builders import DATABASES
from tests.conftest import HubFactory
from tests.integration.figures_desk import BY_CHANNEL, approved, deliver, desk_lines, dpo_of, view_text
from tests.integration.test_gateway_fence import Interrupted
from tests.integration.test_view_figures import AS_OF, NOISY, object_to

BOTH = pytest.mark.parametrize("desk", DATABASES, indirect=True)
PRIVATE = {"epsilon": 40, "budget": 100, "cells_per_customer": 2}
"""Hardly any noise, so that figures can be compared; two releases can be paid for."""


def noisy_view(*, version: int = 1, **changes: float) -> str:
    """Write a view of figures with noise: by channel, for staff are counted exactly."""
    summary = {"by": BY_CHANNEL, "min_staff": 0, "privacy": {**PRIVATE, **changes}}
    return view_text("noisy", summary, version=version)


@pytest.fixture
def desk(request: pytest.FixtureRequest, hub_factory: HubFactory, tmp_path: Path) -> Hub:
    hub = hub_factory(getattr(request, "param", "sqlite"))
    deliver(hub, tmp_path, desk_lines())
    approved(hub, dpo_of(hub), noisy_view())
    return hub


def read(gateway: Gateway) -> pl.DataFrame:
    return gateway.read(acting_principal(gateway.hub), "noisy", purpose="churn", as_of=AS_OF).frame


def spent(hub: Hub) -> float:
    with hub.reading() as session:
        return spent_of(session, load_spec(view_text("noisy", NOISY))) / MICRO


def test_figures_are_those_of_the_cells_but_for_noise(desk: Hub) -> None:
    found = {row[0]: row[1:] for row in read(Gateway(desk)).rows()}
    assert set(found) == {"mail", "phone", "other", "unknown", "all"}
    assert abs(found["mail"][0] - 20) <= 8
    assert abs(found["mail"][1] - 28) <= 60


def test_a_cell_of_nobody_is_withheld_like_one_of_few(desk: Hub) -> None:
    """Noise around nobody is below k, too: told as 0 customers, it would come with sums of noise."""
    found = {row[0]: row[1:] for row in read(Gateway(desk)).rows()}
    for empty in ("phone", "other", "unknown"):
        assert found[empty] == (None, None, None, True)
    assert not found["mail"][-1], "its neighbours are no reason to withhold it: totals are noisy as well"


def test_the_same_question_gets_the_same_answer_and_spends_nothing(desk: Hub) -> None:
    first = read(Gateway(desk))
    assert spent(desk) == 40
    assert read(Gateway(desk)).equals(first)
    assert spent(desk) == 40
    with desk.reading() as session:
        (entry,) = [entry for _, entry in entries(session, limit=30) if entry.action == "view.spend"]
    assert entry.fields.micro_epsilon == 40 * MICRO


@BOTH
def test_what_would_exceed_the_budget_is_refused_before_anything_is_computed(desk: Hub) -> None:
    read(Gateway(desk))
    object_to(desk, "n1")
    second = read(Gateway(desk))
    assert spent(desk) == 80, "somebody left: it is another question"
    object_to(desk, "n2")
    with pytest.raises(AccessRefused, match=r"budget_used_up.*20 of 100 are left"):
        read(Interrupted(desk, lambda: pytest.fail("it was computed")))
    assert spent(desk) == 80
    assert second.height == 5


def test_who_leaves_while_it_is_read_is_not_in_it_and_it_is_paid_once(desk: Hub) -> None:
    read(Interrupted(desk, lambda: object_to(desk, "n1")))
    assert spent(desk) == 40
    read(Gateway(desk))
    assert spent(desk) == 40, "the answer is that of those who are left"


def test_no_exact_count_of_absent_customers_stands_beside_noise(desk: Hub) -> None:
    for number in range(6):
        object_to(desk, f"n{number}")
    released = Gateway(desk).read(acting_principal(desk), "noisy", purpose="churn", as_of=AS_OF)
    assert released.absent == {}


def test_what_was_spent_on_a_read_that_broke_off_stays_spent(desk: Hub) -> None:
    class Stopped(Exception):
        pass

    def stop() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        read(Interrupted(desk, stop))
    assert spent(desk) == 40


@BOTH
def test_what_was_spent_and_answered_is_never_changed(desk: Hub) -> None:
    read(Gateway(desk))
    for act in (
        "UPDATE view_spend SET micro_epsilon = 0",
        "DELETE FROM view_spend",
        "UPDATE view_answer SET figures = '{}'",
        "DELETE FROM view_answer",
    ):
        with pytest.raises(RuleBroken, match="append-only"), desk.unit_of_work() as session:
            session.execute(text(act))


@BOTH
def test_of_two_readers_of_the_last_budget_one_is_refused(desk: Hub) -> None:
    read(Gateway(desk))
    object_to(desk, "n1")

    def once(_: int) -> str:
        try:
            read(Gateway(desk))
        except AccessRefused as refused:
            return refused.because
        return "read"

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(once, range(2)))
    assert told in (["budget_used_up", "read"], ["read", "read"])  # the second may find the first one's answer
    assert spent(desk) == 80


def test_another_version_spends_of_the_same_account(desk: Hub) -> None:
    read(Gateway(desk))
    again = noisy_view(version=2, budget=70)
    approved(desk, dpo_of(desk), again)
    with pytest.raises(AccessRefused, match="30 of 70 are left"):
        read(Gateway(desk))


def test_a_copy_under_another_name_has_no_budget_of_its_own(desk: Hub) -> None:
    """Three views of one purpose over the same table: what is learned of people adds up, whatever views are called."""
    dpo, me = dpo_of(desk), acting_principal(desk)
    for name in ("one", "another", "third"):
        approved(desk, dpo, view_text(name, NOISY))
    for name in ("one", "another"):
        Gateway(desk).read(me, name, purpose="churn", as_of=AS_OF)
    with pytest.raises(AccessRefused, match=r"budget_used_up.*20 of 100 are left"):
        Gateway(desk).read(me, "third", purpose="churn", as_of=AS_OF)
    assert spent(desk) == 80


def test_whoever_approves_is_told_of_other_figures_of_the_same_acts(desk: Hub) -> None:
    approved(desk, dpo_of(desk), view_text("exact", {}))
    submit(desk, view_text("copied", NOISY), acting_principal(desk))
    with desk.reading() as session:
        row = newest_version(session, "copied", ViewState.SUBMITTED)
        told = changes_of(session, row)[1]
    assert told[-2:] == (
        "exact tells figures of tickets without noise, for churn: the two can be compared",
        "noisy tells figures of tickets with noise, for churn, of the same budget",
    )


def test_nothing_is_spent_on_what_would_be_refused_anyway(desk: Hub) -> None:
    gateway, me = Gateway(desk), acting_principal(desk)
    with pytest.raises(AccessRefused, match="purpose_not_of_view"):
        gateway.read(me, "noisy", purpose="service", as_of=AS_OF)
    for unfit in (AS_OF.replace(hour=3), AS_OF.replace(year=AS_OF.year + 1)):
        with pytest.raises(CutRefused):
            gateway.read(me, "noisy", purpose="churn", as_of=unfit)
    with pytest.raises(AccessRefused, match="role_may_not_read"):
        gateway.read(dpo_of(desk), "noisy", purpose="churn", as_of=AS_OF)
    assert spent(desk) == 0


def test_figures_with_noise_do_not_leave_unpaid(desk: Hub) -> None:
    from functools import partial

    from hub.views.building import RowsAt
    from hub.views.intent import reader_of
    from hub.views.quota import Asked

    gateway, reader = Gateway(desk), reader_of(acting_principal(desk))
    source = partial(gateway._build, "noisy", "churn", RowsAt(AS_OF))
    with pytest.raises(AccessRefused, match="release_not_paid_for"):
        gateway.release_built(reader, "noisy", "churn", Asked(as_of=AS_OF), source)
