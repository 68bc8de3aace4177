from pathlib import Path

import pytest

from hub.anchors.anchor import Outcome
from hub.anchors.directory import DirectoryAnchor
from hub.errors import ServiceUnreachable
from tests.builders_anchor import AT_ONCE, stated
from tests.builders_log import ALog

LOG = ALog()
FORK = LOG.fork(at=3)


@pytest.fixture
def anchor(tmp_path: Path) -> DirectoryAnchor:
    return DirectoryAnchor(tmp_path, AT_ONCE)


def test_checkpoints_are_added_and_read_back(anchor: DirectoryAnchor) -> None:
    assert anchor.look(stated(LOG, 5)).outcome is Outcome.EMPTY
    for size in (5, 9, 120):
        assert anchor.publish(stated(LOG, size)).outcome is Outcome.PUBLISHED
    assert sorted(anchor.notes(LOG.origin)) == sorted(LOG.note(size) for size in (5, 9, 120))
    assert anchor.look(stated(LOG, 130)).size == 120, "the newest by size, not by the name's letters"


def test_publishing_again_changes_nothing(anchor: DirectoryAnchor) -> None:
    anchor.publish(stated(LOG, 5))
    (before,) = anchor.folder.rglob("*.note")
    stamp = before.stat().st_mtime_ns
    assert anchor.publish(stated(LOG, 5)).outcome is Outcome.PUBLISHED
    assert [path.stat().st_mtime_ns for path in anchor.folder.rglob("*.note")] == [stamp]


def test_log_that_is_shorter_was_rolled_back(anchor: DirectoryAnchor) -> None:
    anchor.publish(stated(LOG, 9))
    for seen in (anchor.look(stated(LOG, 7)), anchor.publish(stated(LOG, 7))):
        assert (seen.outcome, seen.size, seen.note) == (Outcome.AHEAD, 9, LOG.note(9))
    assert list(anchor.notes(LOG.origin)) == [LOG.note(9)]


def test_other_history_is_a_contradiction_and_is_not_kept(anchor: DirectoryAnchor) -> None:
    anchor.publish(stated(LOG, 9))
    for size in (9, 14):
        assert anchor.look(stated(FORK, size)).outcome is Outcome.CONTRADICTED
        assert anchor.publish(stated(FORK, size)).outcome is Outcome.CONTRADICTED
    assert list(anchor.notes(LOG.origin)) == [LOG.note(9)]


def test_note_is_never_written_over(anchor: DirectoryAnchor) -> None:
    anchor.publish(stated(LOG, 2))
    (path,) = anchor.folder.rglob("*.note")
    assert anchor.publish(stated(LOG, 9, signed=2)).outcome is Outcome.PUBLISHED
    path.rename(path.with_name(f"{9:020d}.note"))  # somebody left another note under the name that comes next
    seen = anchor.publish(stated(LOG, 9))
    assert (seen.outcome, seen.why) == (Outcome.CONTRADICTED, "other_note_of_that_size")


def test_note_that_does_not_verify_is_a_contradiction(anchor: DirectoryAnchor) -> None:
    anchor.publish(stated(LOG, 2))
    (path,) = anchor.folder.rglob("*.note")
    path.write_bytes(b"\xff nonsense")
    assert anchor.look(stated(LOG, 5)).why == "note_does_not_verify"


def test_share_that_is_not_mounted_is_unreachable_and_not_written_past(tmp_path: Path) -> None:
    anchor = DirectoryAnchor(tmp_path / "share", AT_ONCE)
    assert anchor.publish(stated(LOG, 5)).outcome is Outcome.UNREACHABLE
    assert not anchor.folder.exists()
    with pytest.raises(ServiceUnreachable, match="NotADirectoryError"):
        list(anchor.notes(LOG.origin))


def test_logs_after_a_restore_are_kept_apart(anchor: DirectoryAnchor) -> None:
    second = ALog(origin=f"{LOG.origin}/1")
    anchor.publish(stated(LOG, 9))
    assert anchor.publish(stated(second, 2)).outcome is Outcome.PUBLISHED
    assert list(anchor.notes(second.origin)) == [second.note(2)]


def test_log_without_a_checkpoint_yet_is_compared_and_not_published(anchor: DirectoryAnchor) -> None:
    assert anchor.publish(stated(LOG, 4, signed=0)).outcome is Outcome.EMPTY
    anchor.publish(stated(LOG, 9))
    assert anchor.look(stated(LOG, 4, signed=0)).outcome is Outcome.AHEAD
