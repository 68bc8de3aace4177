"""Texts of an older redactor are redacted by the newest; nothing else of their rows changes, nobody comes back."""

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from hub import redacting as redacting_again
from hub.compose import Hub
from hub.consents import find_subject
from hub.erasing import erase
from hub.finding import State
from hub.lake import catalogue
from hub.lake.compaction import compact
from hub.lake.purge import purge
from hub.lake.terms import CatalogueFile, FileState
from hub.redacting import count_older, finding, redact_again
from ingest.pipeline import held, redacting
from ingest.pipeline.expiry import expire
from ingest.pipeline.ports import Ports
from privacy.redaction.redactor import REDACTOR_VERSION, Redacted
from privacy.store.audit import entries
from privacy.terms import random_id
from tests.builders import FixedClock
from tests.faults.ingest_company import CRM, CRM_FIRST, MAIL, deliver_text, owner_of
from tests.faults.ingest_meaning import assert_in_order, lake_frame

HubFactory = Callable[..., Hub]
THREADED = MAIL.replace("  text: {to", "  thread: {to: thread_ref}\n  text: {to")
HEADER = "mail,customer,sent,way,thread,text\n"
OLDER = ("Hei, jeg heter Wijtze Qvistgaardur", "Ring Solveig på 912 34 567", "Pakken kom ikke frem")


def mails(first: int, *texts: str, thread: str = "t1", who: str = "c1") -> str:
    rows = (f'm{first + n},{who},2025-05-02 08:00:0{first + n},in,{thread},"{text}"\n' for n, text in enumerate(texts))
    return HEADER + "".join(rows)


def untouched(texts: pl.Series, **_: object) -> Redacted:
    """Redact as a redactor that finds nothing."""
    return Redacted(pl.DataFrame({"text_redacted": texts, "withheld": [False] * len(texts)}), {})


@pytest.fixture
def older(hub_factory: HubFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A home with three messages that version 1 let through whole."""
    hub = hub_factory()
    deliver_text(hub, CRM, CRM_FIRST, tmp_path / "people.csv")
    with monkeypatch.context() as patch:
        patch.setattr(redacting, "redact", untouched)
        patch.setattr(redacting, "REDACTOR_VERSION", 1)
        deliver_text(hub, THREADED, mails(0, *OLDER), tmp_path / "old.csv")
    return hub


def messages(hub: Hub) -> pl.DataFrame:
    return lake_frame(hub, "messages").sort("event_time")


def again(hub: Hub) -> int:
    return redact_again(hub, owner_of(hub).principal_id).rows


def test_older_texts_are_redacted_and_nothing_else_changes(older: Hub) -> None:
    before = messages(older)
    assert before["text_redacted"].to_list() == list(OLDER)
    assert count_older(older) == {("messages", 1): 3}
    assert finding(older).state is State.WARNING
    done = redact_again(older, owner_of(older).principal_id)
    assert (done.rows, done.from_sealed, done.files) == (3, 3, 1)
    after = messages(older)
    text = " ".join(after["text_redacted"])
    assert not any(word in text for word in ("Qvistgaardur", "Solveig", "912"))
    assert after["text_redacted"][2] == OLDER[2]
    assert after["redactor_version"].unique().to_list() == [REDACTOR_VERSION]
    written = ("text_redacted", "redactor_version", "withheld")
    assert after.drop(written).equals(before.drop(written))
    assert finding(older).state is State.OK
    with older.reading() as session:
        assert [entry.fields.rows for _, entry in entries(session, action="text.redact")] == [3]
    assert again(older) == 0
    assert_in_order(older)


def test_what_is_no_longer_held_is_redacted_from_what_is_left_of_it(older: Hub, clock: FixedClock) -> None:
    clock.forward(days=31)
    expire(older.ports(owner_of(older).principal_id))
    done = redact_again(older, owner_of(older).principal_id)
    assert (done.rows, done.from_sealed) == (3, 0)
    assert "Qvistgaardur" not in " ".join(messages(older)["text_redacted"])


def test_a_run_that_breaks_off_is_resumed(older: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(redacting, "redact", untouched)
        patch.setattr(redacting, "REDACTOR_VERSION", 1)
        deliver_text(older, THREADED, mails(5, "Hilsen Wijtze Qvistgaardur"), tmp_path / "more.csv")

    done: list[int] = []

    def second_fails(table: str, rows: pl.DataFrame, ports: Ports, *, opened: held.Seen) -> Iterator[pl.DataFrame]:
        done.append(rows.height)
        if len(done) > 1:
            raise MemoryError
        return held.redacted_again(table, rows, ports, opened=opened)

    with monkeypatch.context() as patch:
        patch.setattr("hub.redacting.redacted_again", second_fails)
        with pytest.raises(MemoryError):
            again(older)
    left = sum(count_older(older).values())
    with older.lake.read_only() as session:
        assert not catalogue.files_of(session, table="messages", states=[FileState.REMOVED])
    assert again(older) == left
    assert count_older(older) == {}


def test_a_file_that_another_writer_replaced_meanwhile_is_met_again(
    older: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver_text(older, THREADED, mails(5, "Takk"), tmp_path / "more.csv")
    done: list[str] = []

    def merging(table: str, rows: pl.DataFrame, ports: Ports, *, opened: held.Seen) -> Iterator[pl.DataFrame]:
        if not done:
            done.append(table)
            compact(older.lake, table, operation_id=random_id())
        return held.redacted_again(table, rows, ports, opened=opened)

    monkeypatch.setattr("hub.redacting.redacted_again", merging)
    assert again(older) == 3
    assert messages(older).height == 4
    assert count_older(older) == {}


def test_a_file_that_was_merged_and_destroyed_before_it_was_read_is_met_again(
    older: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver_text(older, THREADED, mails(5, "Takk"), tmp_path / "more.csv")
    listed, merged = redacting_again._live, []

    def purging(hub: Hub, table: str) -> list[CatalogueFile]:
        files = listed(hub, table)
        if table == "messages" and not merged:
            merged.append(compact(hub.lake, table, operation_id=random_id()))
            purge(hub.lake)
        return files

    monkeypatch.setattr(redacting_again, "_live", purging)
    assert again(older) == 3
    assert count_older(older) == {}


def test_a_file_that_cannot_be_read_hides_nothing_else_from_the_doctor(older: Hub) -> None:
    for file in (older.settings.lake_root / "messages").rglob("*"):
        file.write_bytes(b"no file of ours")
    told = finding(older)
    assert (told.state, "fsck" in told.remedy) == (State.WARNING, True)


def test_nobody_who_was_erased_comes_back(older: Hub) -> None:
    erase(older, find_subject(older, "crm:c1"), owner_of(older))
    again(older)
    assert messages(older).height == 0


def test_a_person_has_one_placeholder_in_all_messages_of_a_thread(hub_factory: HubFactory, tmp_path: Path) -> None:
    hub = hub_factory()
    deliver_text(hub, CRM, CRM_FIRST, tmp_path / "people.csv")
    deliver_text(hub, THREADED, mails(0, "Jeg snakket med Mikkel Fredheim"), tmp_path / "one.csv")
    deliver_text(hub, THREADED, mails(1, "Hei Mikkel", "Mvh Solveig Aasgaard", "Mvh Solveig"), tmp_path / "two.csv")
    deliver_text(hub, THREADED, mails(6, "Hei Mikkel", thread="t2"), tmp_path / "other.csv")
    texts = messages(hub)["text_redacted"].to_list()
    first, theirs, signed, short, elsewhere = (text[text.index("[NAME_") :] for text in texts)
    assert theirs == first != elsewhere
    assert signed == short != first
