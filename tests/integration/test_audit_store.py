"""The audit log in its tables: an entry and its act are one, and whatever is altered afterwards is found."""

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from hub.database.unit import unit_of_work
from privacy.audit import AuditFieldRefused, AuditFields
from privacy.checkpoint import verifier_key
from privacy.keys import KeyKind
from privacy.merkle import edge_of
from privacy.store.audit import append_entry, entries, head_of_log, start_log
from privacy.store.audit_checkpoint import add_checkpoint, newest_checkpoint
from privacy.store.audit_verify import Verdict, verify_log
from privacy.store.epoch import bump_epoch_for_all, current_epoch, start_epoch
from privacy.terms import PrincipalId
from privacy.verifier import Frontier, ProofRejected, leaf_hash
from tests.builders import NOON, FixedClock, a_key, an_id

ORIGIN = "varde/test"
KEY = a_key(kind=KeyKind.SIGNING)
PUBLIC = verifier_key(ORIGIN, KEY)
ACTOR = PrincipalId(an_id(1))


def run(session: Session, statement: str, **values: object) -> None:
    session.execute(text(statement), values)


def append(session: Session, *actions: str) -> None:
    for action in actions:
        append_entry(session, action, at=NOON, actor=ACTOR, fields=AuditFields(outcome="done"))


@pytest.fixture
def log(control: Engine) -> Engine:
    return signed_thrice(control)


@pytest.fixture
def sqlite_log(sqlite_control: Engine) -> Engine:
    return signed_thrice(sqlite_control)


def signed_thrice(engine: Engine) -> Engine:
    """Six entries, signed after the second, the fourth and the sixth."""
    with unit_of_work(engine) as session:
        start_log(session)
        start_log(session)
        for first, second in (("a.one", "a.two"), ("b.one", "b.two"), ("c.one", "c.two")):
            append(session, first, second)
            assert add_checkpoint(session, ORIGIN, KEY, at=NOON)
    return engine


def test_a_whole_log_verifies(log: Engine) -> None:
    with unit_of_work(log) as session:
        assert verify_log(session, PUBLIC) == Verdict(size=6, pruned=0, checkpoints=3)
        assert head_of_log(session).size == 6


def test_an_empty_log_verifies_and_is_not_signed(control: Engine) -> None:
    with unit_of_work(control) as session:
        start_log(session)
        assert add_checkpoint(session, ORIGIN, KEY, at=NOON) is None
        assert newest_checkpoint(session) is None
        assert verify_log(session, PUBLIC) == Verdict(size=0, pruned=0, checkpoints=0)


def test_a_head_is_signed_once(log: Engine) -> None:
    with unit_of_work(log) as session:
        assert add_checkpoint(session, ORIGIN, KEY, at=NOON) == newest_checkpoint(session)
        assert verify_log(session, PUBLIC).checkpoints == 3


def test_entries_are_read_newest_first_by_action_and_instant(control: Engine, clock: FixedClock) -> None:
    with unit_of_work(control) as session:
        start_log(session)
        for action in ("view.read", "view.approve", "erase"):
            append_entry(session, action, at=clock.forward(hours=1), actor=ACTOR, fields=AuditFields(rows=7))
        assert [entry.action for _, entry in entries(session)] == ["erase", "view.approve", "view.read"]
        assert [index for index, _ in entries(session, action="view")] == [1, 0]
        assert [entry.action for _, entry in entries(session, since=clock.at)] == ["erase"]
        assert len(entries(session, limit=2)) == 2
        assert entries(session, action="%") == []
        assert entries(session)[0][1].fields == AuditFields(rows=7)


def test_an_act_that_fails_leaves_no_entry(log: Engine) -> None:
    with pytest.raises(LookupError), unit_of_work(log) as session:
        append_then_fail(session)
    with unit_of_work(log) as session:
        assert verify_log(session, PUBLIC).size == 6


def test_an_entry_that_fails_leaves_no_act(control: Engine) -> None:
    with unit_of_work(control) as session:
        start_epoch(session)
        start_log(session)
    with pytest.raises(AuditFieldRefused), unit_of_work(control) as session:
        bump_then_misspell(session)
    with unit_of_work(control) as session:
        assert current_epoch(session) == 1
        assert verify_log(session, PUBLIC).size == 0


def append_then_fail(session: Session) -> None:
    append(session, "d.one")
    raise LookupError("mine")


def bump_then_misspell(session: Session) -> None:
    bump_epoch_for_all(session, kind="policy")
    append_entry(session, "Kari Nordmann", at=NOON, actor=ACTOR, fields=AuditFields())


def test_a_pruned_body_is_counted_and_its_leaf_still_verifies(log: Engine) -> None:
    with unit_of_work(log) as session:
        run(session, "DELETE FROM audit_body WHERE leaf_index < 2")
        assert verify_log(session, PUBLIC) == Verdict(size=6, pruned=2, checkpoints=3)
        assert len(entries(session)) == 4


def test_a_checkpoint_of_another_key_or_log_is_refused(log: Engine) -> None:
    with unit_of_work(log) as session:
        for other in (verifier_key(ORIGIN, a_key(2, KeyKind.SIGNING)), verifier_key("varde/other", KEY)):
            with pytest.raises(ProofRejected):
                verify_log(session, other)


def unlocked(session: Session) -> None:
    """What the owner of the database can always do: take the triggers away."""
    for table in ("audit_leaf", "audit_body", "audit_checkpoint"):
        for act in ("update", "delete"):
            run(session, f"DROP TRIGGER IF EXISTS {table}_no_{act}")


def edit_body(session: Session) -> None:
    body = bytes(session.execute(text("SELECT body FROM audit_body WHERE leaf_index = 3")).scalar_one())
    run(session, "UPDATE audit_body SET body = :body WHERE leaf_index = 3", body=body.replace(b"done", b"none"))


def edit_body_and_leaf(session: Session) -> None:
    body = bytes(session.execute(text("SELECT body FROM audit_body WHERE leaf_index = 3")).scalar_one())
    body = body.replace(b"done", b"none")
    run(session, "UPDATE audit_body SET body = :body WHERE leaf_index = 3", body=body)
    run(session, "UPDATE audit_leaf SET leaf_hash = :leaf WHERE leaf_index = 3", leaf=leaf_hash(body))


def file_under_another_action(session: Session) -> None:
    run(session, "UPDATE audit_body SET action = 'z' WHERE leaf_index = 3")


def file_under_another_instant(session: Session) -> None:
    run(session, "UPDATE audit_body SET at = 7 WHERE leaf_index = 3")


def delete_entry(session: Session) -> None:
    run(session, "DELETE FROM audit_body WHERE leaf_index = 3")
    run(session, "DELETE FROM audit_leaf WHERE leaf_index = 3")


def delete_entry_and_close_the_gap(session: Session) -> None:
    delete_entry(session)
    for table in ("audit_leaf", "audit_body"):
        for index in (4, 5):
            run(session, f"UPDATE {table} SET leaf_index = {index - 1} WHERE leaf_index = {index}")  # noqa: S608 - the table names are constants of the test


def insert_entry(session: Session) -> None:
    append(session, "d.one")
    run(session, "UPDATE audit_head SET size = 6")


def insert_body_alone(session: Session) -> None:
    run(
        session,
        "INSERT INTO audit_body (leaf_index, at, action, body) SELECT 99, at, action, body FROM audit_body "
        "WHERE leaf_index = 3",
    )


def swap_entries(session: Session) -> None:
    for table in ("audit_leaf", "audit_body"):
        for old, new in ((2, 90), (3, 2), (90, 3)):
            run(session, f"UPDATE {table} SET leaf_index = {new} WHERE leaf_index = {old}")  # noqa: S608 - the table names are constants of the test


def cut_off_the_end(session: Session) -> None:
    run(session, "DELETE FROM audit_body WHERE leaf_index >= 4")
    run(session, "DELETE FROM audit_leaf WHERE leaf_index >= 4")


def cut_off_the_end_and_the_head(session: Session) -> None:
    rows = session.execute(text("SELECT leaf_hash FROM audit_leaf WHERE leaf_index < 4 ORDER BY leaf_index"))
    cut_off_the_end(session)
    set_head(session, [bytes(leaf) for leaf in rows.scalars()])


def delete_checkpoints_and_the_end(session: Session) -> None:
    cut_off_the_end_and_the_head(session)
    run(session, "DELETE FROM audit_checkpoint WHERE size = 6")
    run(session, "UPDATE audit_checkpoint SET size = 5 WHERE size = 4")


def move_checkpoint(session: Session) -> None:
    run(session, "UPDATE audit_checkpoint SET size = 3 WHERE size = 2")


def alter_checkpoint(session: Session) -> None:
    run(session, "UPDATE audit_checkpoint SET note = replace(note, 'varde', 'warde') WHERE size = 4")


def alter_head(session: Session) -> None:
    run(session, "UPDATE audit_head SET frontier = :edge", edge=bytes(64))


def set_head(session: Session, leaves: Sequence[bytes]) -> None:
    frontier = Frontier().extended(list(leaves))
    run(session, "UPDATE audit_head SET size = :size, frontier = :edge", size=frontier.size, edge=edge_of(frontier))


TAMPERINGS: list[Callable[[Session], None]] = [
    edit_body,
    edit_body_and_leaf,
    file_under_another_action,
    file_under_another_instant,
    delete_entry,
    delete_entry_and_close_the_gap,
    insert_entry,
    insert_body_alone,
    swap_entries,
    cut_off_the_end,
    cut_off_the_end_and_the_head,
    delete_checkpoints_and_the_end,
    move_checkpoint,
    alter_checkpoint,
    alter_head,
]


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_whatever_is_altered_is_found(sqlite_log: Engine, tamper: Callable[[Session], None]) -> None:
    with unit_of_work(sqlite_log) as session:
        unlocked(session)
        tamper(session)
        with pytest.raises(ProofRejected):
            verify_log(session, PUBLIC)


def test_a_shortened_log_is_never_signed_again(sqlite_log: Engine) -> None:
    """A note over fewer leaves than an earlier one would let the hub tell two stories."""
    with unit_of_work(sqlite_log) as session:
        unlocked(session)
        cut_off_the_end_and_the_head(session)
        append(session, "other.five")
        with pytest.raises(ProofRejected, match="longer than the log"):
            add_checkpoint(session, ORIGIN, KEY, at=NOON)
