"""What anchors said, kept in both databases; and a server that carries its checkpoints out by itself."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from hub.anchors.anchor import Level, Outcome, Sighting
from hub.anchors.directory import DirectoryAnchor
from hub.anchors.standing import Because, Closed, Confirmation, Open
from hub.anchors.store import Told, confirm, confirmations, kept, note_told
from hub.api.service import serving
from hub.compose import Hub, open_hub
from hub.database.unit import RuleBroken, reading, unit_of_work
from hub.home import make_home
from hub.settings import Settings
from privacy.audit import AuditFields
from privacy.terms import PrincipalId
from tests.builders import NOON, FixedClock, an_id
from tests.builders_anchor import AT_ONCE

SHARE = DirectoryAnchor(Path("share"), AT_ONCE)
DPO = PrincipalId(an_id(3))


def told(size: int, outcome: Outcome, note: str | None = None, *, log: int = 0) -> Told:
    return Told(SHARE, log, size, Sighting(outcome=outcome, size=size, note=note, why="word"))


def test_newest_receipt_and_last_word_are_kept_apart(control: Engine) -> None:
    with unit_of_work(control) as session:
        note_told(session, [], at=NOON)
        note_told(session, [told(9, Outcome.PUBLISHED, "nine")], at=NOON)
        note_told(session, [told(12, Outcome.PUBLISHED, "twelve")], at=NOON + timedelta(minutes=1))
        note_told(session, [told(14, Outcome.UNREACHABLE)], at=NOON + timedelta(minutes=2))
    with reading(control) as session:
        (row,) = kept(session, [SHARE]).values()
    assert (row.size, row.receipt, row.kept_at) == (12, "twelve", NOON + timedelta(minutes=1))
    assert (row.outcome, row.why, row.at) == (Outcome.UNREACHABLE, "word", NOON + timedelta(minutes=2))
    assert row.level == Level.ANCHORED


def test_later_word_about_a_checkpoint_keeps_its_receipt(control: Engine) -> None:
    with unit_of_work(control) as session:
        note_told(session, [told(9, Outcome.PUBLISHED, "nine")], at=NOON)
        note_told(session, [told(9, Outcome.UNREACHABLE)], at=NOON + timedelta(minutes=1))
        receipt = session.execute(text("SELECT receipt FROM audit_anchor")).scalar_one()
        (row,) = kept(session, [SHARE]).values()
    assert receipt == "nine"
    assert (row.size, row.receipt, row.outcome) == (9, "nine", Outcome.UNREACHABLE), "it still keeps that checkpoint"


def test_newer_log_counts_more_than_a_longer_one(control: Engine) -> None:
    with unit_of_work(control) as session:
        note_told(session, [told(90, Outcome.PUBLISHED, "old"), told(2, Outcome.PUBLISHED, "new", log=1)], at=NOON)
        found = kept(session, [SHARE])[SHARE.name]
        assert (found.log, found.size) == (1, 2)


def test_confirmation_is_read_back_and_never_changed(control: Engine) -> None:
    given = Confirmation(1, Because.UNREACHABLE, NOON + timedelta(hours=24)), Confirmation(2, Because.ROLLED_BACK)
    with unit_of_work(control) as session:
        for each in given:
            confirm(session, each, by=DPO, at=NOON, leaf=7)
    with reading(control) as session:
        assert sorted(confirmations(session), key=lambda each: each.log) == list(given)
    for change in ("UPDATE audit_gap SET log = 3", "DELETE FROM audit_gap"):
        with pytest.raises(RuleBroken, match="append-only"), unit_of_work(control) as session:
            session.execute(text(change))


def notes(folder: Path) -> int:
    return len(list(folder.rglob("*.note")))


@pytest.fixture
def hub(tmp_path: Path, clock: FixedClock) -> Hub:
    (tmp_path / "share").mkdir()
    settings = Settings.load({"VARDE_ANCHORS": f"dir:{tmp_path}/share?every=1h"}, tmp_path / "home")
    make_home(settings, clock=clock)
    return open_hub(settings, clock=clock)


def test_server_hands_its_checkpoint_over_at_start_and_stop(hub: Hub, tmp_path: Path, clock: FixedClock) -> None:
    async def run() -> None:
        async with serving(hub):
            assert notes(tmp_path) == 1
            clock.forward(hours=2)
            with hub.unit_of_work() as session:
                hub.audit(session, "test.act", DPO, AuditFields(rows=1))

    asyncio.run(run())
    assert notes(tmp_path) == 2


def test_next_checkpoint_waits_for_the_anchors_interval(hub: Hub, clock: FixedClock) -> None:
    def grow() -> list[Outcome]:
        with hub.unit_of_work() as session:
            hub.audit(session, "test.act", DPO, AuditFields(rows=1))
        hub.checkpoint()
        return [each.sighting.outcome for each in hub.anchoring.publish()]

    assert grow() == [Outcome.PUBLISHED]
    clock.forward(minutes=59)
    assert grow() == []
    clock.forward(minutes=1)
    assert grow() == [Outcome.PUBLISHED]
    assert hub.anchoring.publish() == [], "nothing new: nothing is handed over"


def test_anchor_that_comes_back_opens_the_hub_by_itself(hub: Hub, tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.rename(tmp_path / "away")
    hub.checkpoint()
    assert hub.anchoring.standing() == Closed(Because.UNREACHABLE)
    (tmp_path / "away").rename(share)
    assert hub.anchoring.standing() == Closed(Because.UNREACHABLE), "a read contacts no anchor"
    hub.anchoring.publish()
    assert hub.anchoring.standing() == Open()


def test_two_processes_are_no_rollback(hub: Hub) -> None:
    """One signs and publishes while the other has only begun to look."""
    other = open_hub(hub.settings, clock=hub.clock)
    looked = other.anchoring._statement
    hub.checkpoint()

    def late():
        statement = looked()
        if not notes(hub.settings.home.parent):
            with hub.unit_of_work() as session:
                hub.audit(session, "test.act", DPO, AuditFields(rows=1))
            hub.checkpoint()
            hub.anchoring.publish()
        return statement

    other.anchoring._statement = late
    assert other.anchoring.standing() == Open()
    with hub.reading() as session:
        assert session.execute(text("SELECT count(*) FROM audit_continuation")).scalar_one() == 0
