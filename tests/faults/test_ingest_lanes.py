"""One delivery at a time in a lane, and the database itself sees to it: no event twice, no revision's number twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from time import sleep

import pytest
from sqlalchemy import select, update

from hub.compose import Hub
from hub.database.unit import RuleBroken
from ingest.errors import BatchBusy, LaneBusy
from ingest.pipeline.delivery import Summary
from ingest.store import batch as batches
from ingest.store.batch import LEASE, BatchState, Counts
from ingest.tables.batch import Batch
from privacy.terms import BatchId, random_id
from tests.faults.ingest_company import (
    CRM,
    CRM_FIRST,
    CRM_SECOND,
    MAIL,
    MAIL_FIRST,
    NOON,
    SHOP,
    SHOP_FIRST,
    TOLD,
    Ticking,
    deliver_text,
)
from tests.faults.ingest_meaning import assert_in_order, lake_frame, meaning

pytestmark = pytest.mark.faults
KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
HubFactory = Callable[..., Hub]
MAIL_AGAIN = MAIL_FIRST + "m7,c1,2025-05-07 08:00:00,in,Hei igjen\n"
"""Another file, with every event of the first and one more."""

CRM_MORE = CRM_FIRST + f"c9,Kjell,Kvam,kjell@crm.example,,,nb,{TOLD},,\n"
OF_EVENTS = (MAIL, MAIL_FIRST, MAIL_AGAIN)
OF_PEOPLE = (CRM, CRM_FIRST, CRM_MORE)


@pytest.fixture(params=KINDS)
def hub(request: pytest.FixtureRequest, hub_factory: HubFactory) -> Hub:
    return replace(hub_factory(request.param), clock=Ticking())


def interrupted(hub: Hub, step: str, then: Callable[[], object]) -> Hub:
    """Let something happen, once, when a delivery has come to a step."""
    told: list[str] = []

    def reached(at: str) -> None:
        if at == step and not told:
            told.append(at)
            then()

    return replace(hub, reached=reached)


@pytest.mark.parametrize("files", [OF_EVENTS, OF_PEOPLE], ids=["events", "people"])
def test_another_file_of_the_lane_waits_and_then_counts_only_what_is_new(
    files: tuple[str, str, str], hub: Hub, tmp_path: Path
) -> None:
    terms, first, second = files
    refused: list[LaneBusy] = []

    def beside() -> None:
        with pytest.raises(LaneBusy, match="run the same command again when that one has ended") as told:
            deliver_text(hub, terms, second, tmp_path / "second.csv")
        refused.append(told.value)

    summary = deliver_text(interrupted(hub, "all_staged", beside), terms, first, tmp_path / "first.csv")
    assert refused
    after = deliver_text(hub, terms, second, tmp_path / "second.csv")
    assert after.counts.accepted == 1
    assert after.counts.duplicate == summary.counts.accepted + summary.counts.duplicate
    assert_in_order(hub)


@pytest.mark.parametrize("files", [OF_EVENTS, OF_PEOPLE], ids=["events", "people"])
def test_two_files_at_the_same_moment_count_every_row_once(
    files: tuple[str, str, str], hub: Hub, tmp_path: Path
) -> None:
    terms, *contents = files
    gate = Barrier(2)
    summaries: list[Summary] = []

    def take(number: int) -> None:
        gate.wait()
        for _ in range(200):
            try:
                summaries.append(deliver_text(hub, terms, contents[number], tmp_path / f"{number}.csv"))
            except BatchBusy:
                sleep(0.05)
            else:
                return

    racers = [Thread(target=take, args=(number,)) for number in (0, 1)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(summaries) == 2
    accepted = sum(summary.counts.accepted for summary in summaries)
    if terms == MAIL:
        events = lake_frame(hub, "messages")
        assert events.height == events["event_id"].n_unique() == accepted == 6
    else:
        assert accepted == sum(len(revisions) for revisions in meaning(hub)["documents"].values()) == 7
    assert_in_order(hub)


def test_other_lanes_are_free(hub: Hub, tmp_path: Path) -> None:
    """Another source's people, the same source's events: they share no number and no event key."""
    beside: list[Summary] = []

    def others() -> None:
        beside.append(deliver_text(hub, SHOP, SHOP_FIRST, tmp_path / "shop.csv"))
        beside.append(deliver_text(hub, MAIL, MAIL_FIRST, tmp_path / "mail.csv"))

    deliver_text(interrupted(hub, "all_staged", others), CRM, CRM_FIRST, tmp_path / "crm.csv")
    assert [summary.repeated for summary in beside] == [False, False]
    assert_in_order(hub)


def test_a_lane_whose_process_died_is_taken_over_after_its_lease(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    def die() -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr("ingest.pipeline.delivery.give_up", lambda *_: None)  # the dead clear nothing up
        with pytest.raises(Died):
            deliver_text(interrupted(hub, "all_staged", die), CRM, CRM_FIRST, tmp_path / "first.csv")
    early = replace(hub, clock=Ticking(NOON + LEASE - timedelta(seconds=1)))
    with pytest.raises(LaneBusy):
        deliver_text(early, CRM, CRM_SECOND, tmp_path / "second.csv")
    later = replace(hub, clock=Ticking(NOON + LEASE + timedelta(seconds=1)))
    assert not deliver_text(later, CRM, CRM_SECOND, tmp_path / "second.csv").repeated
    with hub.reading() as session:
        states = session.execute(select(Batch.state).order_by(Batch.started_at)).scalars().all()
    assert states == [BatchState.ABORTED.value, BatchState.SETTLED.value]


def test_the_database_itself_allows_one_staged_batch_a_lane(hub: Hub) -> None:
    def row(key: int, lane: str = "people:crm") -> dict[str, object]:
        names = {"contract": "c", "source": "crm", "canonical_table": "people", "lane": lane}
        ids = {"batch_id": random_id(), "principal_id": random_id(), "contract_hash": bytes(32)}
        return names | ids | {"idempotency_key": bytes([key]) * 32}

    first, second = row(1), row(2)
    with hub.unit_of_work() as session:
        assert batches.stage(session, first, at=NOON)
        assert not batches.stage(session, second, at=NOON)
        assert batches.stage(session, row(3, "people:shop"), at=NOON)
        assert batches.flip_visible(session, BatchId(first["batch_id"]), Counts(), at=NOON)
        assert batches.stage(session, second, at=NOON)
    back = update(Batch).where(Batch.batch_id == first["batch_id"]).values(state=BatchState.STAGED.value)
    with pytest.raises(RuleBroken), hub.unit_of_work() as session:
        session.execute(back)
