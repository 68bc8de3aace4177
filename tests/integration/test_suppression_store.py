"""The list in both databases: entries in the order of commits, lifts beside them, and all of it told to the ledger."""

from pathlib import Path

from sqlalchemy import Engine

from hub.database.engine import engine_of
from hub.database.schema import upgrade
from hub.database.unit import reading, unit_of_work
from privacy.store.ledger import START, entries_after
from privacy.store.suppression import (
    SUPPRESSED,
    NewEntry,
    add_entries,
    entries_among,
    entries_present,
    entries_since,
    lift_sets,
    live_entries,
    newest_entry,
    restore_entries,
)
from privacy.suppression import Attribute, EntryKind
from privacy.terms import ActChannel, ConsentAct, PrincipalId, PurposeId
from tests.builders import NOON, an_id, started

BY = PrincipalId(an_id(9))
ERASED = NewEntry(
    set_id=an_id(1), kind=EntryKind.ERASED, attribute=Attribute.EMAIL_NAME, token=b"a" * 32, at=NOON, reason="erasure"
)
OPT_OUT = NewEntry(
    set_id=an_id(2),
    kind=EntryKind.OPT_OUT,
    attribute=Attribute.EMAIL,
    token=bytes(range(224, 256)),
    at=NOON,
    reason="opt_out",
    purpose=PurposeId("winback"),
    act=ConsentAct.WITHDRAWN,
    channel=ActChannel.ONE_CLICK,
)
EVERY = frozenset(EntryKind)


def filled(engine: Engine) -> Engine:
    with unit_of_work(started(engine)) as session:
        add_entries(session, [ERASED, OPT_OUT], by=BY, at=NOON, key_version=2)
    return engine


def test_entries_are_found_by_their_tokens_however_many_are_asked(control: Engine) -> None:
    with reading(filled(control)) as session:
        one = entries_among(session, [OPT_OUT.token], listed=2)
        many = entries_among(session, [OPT_OUT.token, *(an_id(n) * 2 for n in range(50))], listed=2)
        few = entries_among(session, [OPT_OUT.token], listed=1000)
        assert one.equals(many)
        assert one.equals(few)
        assert one.select("purpose", "act", "channel").row(0) == ("winback", "withdrawn", "one_click")
        assert entries_among(session, [], listed=2).is_empty()
        assert entries_present(session) == {
            (EntryKind.ERASED, Attribute.EMAIL_NAME): 1,
            (EntryKind.OPT_OUT, Attribute.EMAIL): 1,
        }


def test_later_entries_are_those_after_the_newest_that_was_seen(control: Engine) -> None:
    with reading(filled(control)) as session:
        seen = newest_entry(session)
        assert entries_since(session, seen).is_empty()
    with unit_of_work(control) as session:
        add_entries(session, [ERASED], by=BY, at=NOON, key_version=2)
    with reading(control) as session:
        assert entries_since(session, seen)["token"].to_list() == [ERASED.token]


def test_a_lifted_set_is_kept_and_counts_no_more(control: Engine) -> None:
    with unit_of_work(filled(control)) as session:
        lift_sets(session, [ERASED.set_id], by=BY, at=NOON, reason="own_wish")
    with reading(control) as session:
        assert live_entries(session, EVERY)["set_id"].to_list() == [OPT_OUT.set_id]
        assert newest_entry(session) == 2


def test_a_restored_database_is_told_what_it_forgot_once(control: Engine) -> None:
    with reading(filled(control)) as session:
        told = [entry for entry in entries_after(session, START) if entry.kind == SUPPRESSED]
    assert len(told) == 2
    assert max(len(entry.detail) for entry in told) < 112, "lines of the copy outside are short"
    with unit_of_work(control) as session:
        assert restore_entries(session, told) == 0  # it knows them
        lift_sets(session, [ERASED.set_id], by=BY, at=NOON, reason="own_wish")
    with unit_of_work(control) as session:
        assert restore_entries(session, told) == 0  # the lift stands


def test_a_database_that_never_knew_takes_in_what_it_is_told(control: Engine, tmp_path: Path) -> None:
    other = engine_of(f"sqlite:///{tmp_path / 'other.db'}")
    upgrade(other, "control")
    with reading(filled(control)) as session:
        told = [entry for entry in entries_after(session, START) if entry.kind == SUPPRESSED]
        before = live_entries(session, EVERY).drop("actor")
    with unit_of_work(started(other)) as session:
        assert restore_entries(session, told) == 2
        assert restore_entries(session, told) == 0
    with reading(other) as session:
        assert live_entries(session, EVERY).drop("actor").equals(before)
    other.dispose()
