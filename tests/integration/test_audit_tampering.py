"""Fifty random tamperings of each kind by the owner of the database: all are found given one checkpoint kept elsewhere.

The owner drops the triggers, mends head and kept roots, and at worst holds the signing key. Against the last kind the
self-check is blind, which is shown here as well: it is the reason for anchors.
"""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from hub.database.engine import engine_of
from hub.database.schema import upgrade
from hub.database.unit import reading, unit_of_work
from privacy.audit import AuditFields, entry_bytes
from privacy.merkle import edge_of
from privacy.store.audit_checkpoint import add_checkpoint
from privacy.store.audit_node import rebuild_nodes
from privacy.store.audit_verify import verify_log
from privacy.verifier import Frontier, ProofRejected, leaf_hash
from tests.builders import NOON
from tests.builders_audit import ACTOR, BASE, KEY, PUBLIC, StoredLog, replayed

ENTRIES, ROUNDS = 40, 50
Bodies = list[bytes]
Tampering = Callable[[Bodies, random.Random], Bodies]


def forged(number: int) -> bytes:
    fields = AuditFields(rows=number, outcome="forged")
    return entry_bytes("view.release.intent", at=NOON, actor=ACTOR, fields=fields, salt=bytes(16))


def edit(bodies: Bodies, dice: random.Random) -> Bodies:
    at = dice.randrange(len(bodies))
    return [*bodies[:at], forged(at), *bodies[at + 1 :]]


def delete(bodies: Bodies, dice: random.Random) -> Bodies:
    at = dice.randrange(len(bodies) - 1)
    return bodies[:at] + bodies[at + 1 :]


def insert(bodies: Bodies, dice: random.Random) -> Bodies:
    at = dice.randrange(len(bodies))
    return [*bodies[:at], forged(at), *bodies[at:]]


def swap(bodies: Bodies, dice: random.Random) -> Bodies:
    one, other = dice.sample(range(len(bodies)), 2)
    swapped = list(bodies)
    swapped[one], swapped[other] = bodies[other], bodies[one]
    return swapped


def truncate(bodies: Bodies, dice: random.Random) -> Bodies:
    return bodies[: dice.randrange(1, len(bodies))]


def rewrite(bodies: Bodies, dice: random.Random) -> Bodies:
    """Tell another story of any length from some entry on."""
    at = dice.randrange(len(bodies))
    return bodies[:at] + [forged(number) for number in range(at, at + dice.randrange(1, 60))]


WITHOUT_THE_KEY = (edit, delete, insert, swap, truncate)
KINDS: tuple[Tampering, ...] = (*WITHOUT_THE_KEY, rewrite)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> StoredLog:
    engine = engine_of(f"sqlite:///{tmp_path_factory.mktemp('tampering') / 'control.db'}")
    upgrade(engine, "control")
    return StoredLog(engine).started()


@pytest.fixture(scope="module")
def anchor(log: StoredLog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file outside the owner's reach."""
    path = tmp_path_factory.mktemp("outside") / "checkpoint"
    for _ in range(3):
        log.grow(10)
    path.write_text(log.grow(ENTRIES - 30), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def bodies(log: StoredLog, anchor: Path) -> Bodies:
    with reading(log.engine) as session:
        return [bytes(body) for body in session.scalars(text("SELECT body FROM audit_body ORDER BY leaf_index"))]


def stored(session: Session, bodies: Bodies) -> None:
    """Put these entries in the place of all: leaves, bodies, kept roots and head fit together."""
    for table in ("audit_leaf", "audit_body"):
        for act in ("update", "delete"):
            session.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{act}"))
        session.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - two names of the test
    leaves = [leaf_hash(body) for body in bodies]
    session.execute(
        text("INSERT INTO audit_leaf (leaf_index, leaf_hash) VALUES (:at, :leaf)"),
        [{"at": at, "leaf": leaf} for at, leaf in enumerate(leaves)],
    )
    at = int(NOON.timestamp()) * 1_000_000
    session.execute(
        text(
            "INSERT INTO audit_body (leaf_index, at, action, body) VALUES (:number, :at, 'view.release.intent', :body)"
        ),
        [
            {"number": number, "at": at, "action": "view.release.intent", "body": body}
            for number, body in enumerate(bodies)
        ],
    )
    edge = Frontier().extended(leaves)
    session.execute(
        text("UPDATE audit_head SET size = :size, frontier = :edge"), {"size": edge.size, "edge": edge_of(edge)}
    )
    rebuild_nodes(session, {0: range(edge.size)})


def signed_anew(session: Session) -> None:
    """What only the holder of the log's key can do: forget the old checkpoints and sign the new story."""
    for act in ("update", "delete"):
        session.execute(text(f"DROP TRIGGER IF EXISTS audit_checkpoint_no_{act}"))
    session.execute(text("DELETE FROM audit_checkpoint"))
    add_checkpoint(session, BASE, KEY, at=NOON)


@pytest.mark.parametrize("tamper", KINDS, ids=lambda kind: kind.__name__)
def test_all_of_fifty_are_found_against_an_outside_checkpoint(
    log: StoredLog, bodies: Bodies, anchor: Path, tamper: Tampering
) -> None:
    kept, dice, found = anchor.read_text(encoding="utf-8"), random.Random(tamper.__name__), 0  # noqa: S311 - repeatable
    for _ in range(ROUNDS):
        with unit_of_work(log.engine) as session:
            savepoint = session.begin_nested()
            stored(session, tamper(bodies, dice))
            signed_anew(session)
            with pytest.raises(ProofRejected):
                verify_log(session, PUBLIC, outside=[kept])
            found += 1
            savepoint.rollback()
    assert found == ROUNDS


@pytest.mark.parametrize("tamper", WITHOUT_THE_KEY, ids=lambda kind: kind.__name__)
def test_without_the_key_the_logs_own_checkpoints_show_it(log: StoredLog, bodies: Bodies, tamper: Tampering) -> None:
    dice = random.Random(tamper.__name__)  # noqa: S311 - repeatable
    with unit_of_work(log.engine) as session:
        for _ in range(5):
            savepoint = session.begin_nested()
            stored(session, tamper(bodies, dice))
            with pytest.raises(ProofRejected):
                verify_log(session, PUBLIC)
            savepoint.rollback()


def test_a_rewrite_with_the_key_is_invisible_without_an_outside_checkpoint(
    log: StoredLog, bodies: Bodies, anchor: Path
) -> None:
    """The limit, shown: the log is consistent in itself, so the self-check is content. Only the outside note is not."""
    kept = anchor.read_text(encoding="utf-8")
    with unit_of_work(log.engine) as session:
        savepoint = session.begin_nested()
        stored(session, [forged(number) for number in range(ENTRIES)])
        signed_anew(session)
        assert verify_log(session, PUBLIC).size == ENTRIES
        with pytest.raises(ProofRejected, match="states another root"):
            verify_log(session, PUBLIC, outside=[kept])
        savepoint.rollback()
        assert verify_log(session, PUBLIC, outside=[kept]).outside == 1


def test_the_stand_alone_verifier_sees_it_too(sqlite_control: Engine) -> None:
    log = StoredLog(sqlite_control).started()
    kept = log.grow(ENTRIES)
    with unit_of_work(log.engine) as session:
        stored(session, [forged(number) for number in range(ENTRIES)])
        signed_anew(session)
    assert replayed(log.export())
    with pytest.raises(ProofRejected):
        replayed(log.export(), kept)
